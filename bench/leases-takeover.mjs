/**
 * The time from kill -9 of a holder to the grant of the one who waits, in another process. Milliseconds.
 *
 * Ours learns of the death from the kernel; the ttl is 10 s. proper-lockfile waits for its stale limit, here the shortest
 * it takes (2 s).
 */
import { fork } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import lockfile from "proper-lockfile";
import { openLockSpace } from "../packages/lockwright/dist/leases/index.js";
import { flags, keep, median, printTable, printVerdicts, quantile, verdict } from "./leases-support.mjs";

const folder = mkdtempSync(join(tmpdir(), "lockwright-bench-"));
const file = join(folder, "file");
writeFileSync(file, "");

function holder(peer) {
  const child = fork(fileURLToPath(new URL("./leases-takeover-worker.mjs", import.meta.url)), [peer, folder], {
    execArgv: ["--no-warnings"],
  });
  return new Promise((resolve) => void child.once("message", () => resolve(child)));
}

/** Kills a holder while `acquire` waits; resolves to milliseconds. */
async function takeover(peer, acquire) {
  const child = await holder(peer);
  const waiting = acquire();
  await sleep(50);
  const killed = performance.now();
  child.kill("SIGKILL");
  const release = await waiting;
  const took = performance.now() - killed;
  await release();
  return took;
}

async function sample(name, peer, rounds, acquire) {
  const times = [];
  for (let round = 0; round < rounds; round += 1) times.push(await takeover(peer, acquire));
  return { name, p50: median(times), p90: quantile(times, 0.9), worst: Math.max(...times), rounds };
}

const space = await openLockSpace(`sqlite:${folder}/locks.db`);
const ours = await sample("lockwright sqlite, ttl 10 s", "lockwright", flags.quick ? 10 : 50, async () => {
  const lease = await space.mutex("m").acquire();
  return () => lease.release();
});
await space.close();
const retries = { forever: true, minTimeout: 1, maxTimeout: 20 };
const theirs = await sample("proper-lockfile, stale 2 s", "proper-lockfile", flags.quick ? 2 : 5, () =>
  lockfile.lock(file, { stale: 2000, retries }),
);
rmSync(folder, { recursive: true });

const rows = [ours, theirs];
printTable(rows);
const verdicts = [verdict("takeover p50 after kill -9, ms", ours.p50, 10)];
printVerdicts(verdicts);
keep("leases-takeover", ["proper-lockfile"], { unit: "milliseconds", rows, verdicts });
