/**
 * The time from kill -9 of a holder to the grant of the one who waits, in another process, and from kill -9 of a
 * `lockwright run` to the command of the next. Milliseconds.
 *
 * What is timed of a wrapped command: from just before the kill until the next command itself looks at the clock. It is
 * date(1), so the figure has the exec and the loading of date in it, but not the way of its output back to us. The wrapper
 * killed holds by a command of one process; flock(1) has no row, since its killed wrapper leaves the command holding.
 *
 * Ours learns of the death from the kernel; the ttl is 10 s. proper-lockfile waits for its stale limit, here the shortest
 * it takes (2 s).
 */
import { fork, spawn } from "node:child_process";
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

/** Milliseconds since the epoch to a few microseconds: Date.now() has whole ones only, performance.now() a zero of its own. */
function wallClock() {
  let offset = Number.NEGATIVE_INFINITY;
  for (let tick = 0; tick < 20; tick += 1) {
    const before = Date.now();
    while (Date.now() === before);
    offset = Math.max(offset, Date.now() - performance.now()); // the reading least late after its tick
  }
  return () => performance.now() + offset;
}

const BIN = fileURLToPath(new URL("../packages/lockwright/bin/lockwright.js", import.meta.url));
const env = { ...process.env, LOCKWRIGHT_STORE: `sqlite:${folder}/run.db` };
const run = (...command) =>
  spawn(process.execPath, [BIN, "run", "r", "--", ...command], { env, stdio: ["ignore", "pipe", "inherit"] });
const firstOutput = (child) =>
  new Promise((resolve) => void child.stdout.once("data", (data) => resolve(String(data))));

async function wrappedTakeovers(rounds) {
  const looker = await openLockSpace(env.LOCKWRIGHT_STORE);
  const now = wallClock();
  const toCommand = [];
  const toOutput = [];
  for (let round = 0; round < rounds; round += 1) {
    const holding = run("sh", "-c", "echo held; exec sleep 60");
    await firstOutput(holding);
    const next = run("date", "+%s%N");
    while ((await looker.inspect("r")).waiters.length === 0) await sleep(5);
    await sleep(300); // a wait as waits are: longer than it takes to get ready
    const killed = now();
    holding.kill("SIGKILL");
    const stamp = await firstOutput(next);
    toOutput.push(now() - killed);
    toCommand.push(Number(BigInt(stamp) / 1000n) / 1000 - killed);
    await new Promise((resolve) => void next.once("exit", resolve));
  }
  await looker.close();
  const row = (name, times) => ({
    name,
    p50: median(times),
    p90: quantile(times, 0.9),
    worst: Math.max(...times),
    rounds,
  });
  return [row("lockwright run, to the next command", toCommand), row("the same, to its output", toOutput)];
}

const wrapped = await wrappedTakeovers(flags.quick ? 10 : 50);
const retries = { forever: true, minTimeout: 1, maxTimeout: 20 };
const theirs = await sample("proper-lockfile, stale 2 s", "proper-lockfile", flags.quick ? 2 : 5, () =>
  lockfile.lock(file, { stale: 2000, retries }),
);
rmSync(folder, { recursive: true });

const rows = [ours, theirs, ...wrapped];
printTable(rows);
const verdicts = [
  verdict("takeover p50 after kill -9, ms", ours.p50, 10),
  verdict("next wrapped command after kill -9 of the wrapper, p50, ms", wrapped[0].p50, 10),
  verdict("the same, worst, ms", wrapped[0].worst, 50),
];
printVerdicts(verdicts);
keep("leases-takeover", ["proper-lockfile"], { unit: "milliseconds", rows, verdicts });
