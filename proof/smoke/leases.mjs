/** Leases over the embedded store on this Node: its driver, the keeper thread under a blocked loop, the takeover after kill -9. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { openLockSpace } from "lockwright/leases";

const folder = mkdtempSync("/tmp/lw-smoke-");
const url = `sqlite:${join(folder, "locks.db")}`;
const bin = join(dirname(createRequire(import.meta.url).resolve("lockwright/package.json")), "bin/lockwright.js");
const env = { ...process.env, LOCKWRIGHT_STORE: url };

// The loop is blocked for three ttls from the very first moment: the keeper thread renews all the same.
const ttl = 700;
const space = await openLockSpace(url, { ttl });
const lease = await space.mutex("busy").acquire();
const until = performance.now() + 3 * ttl;
while (performance.now() < until);
lease.check();
assert.equal(space.stats().renewal, "thread");
await lease.release();

// The command runs under the lock, gets its token, and its exit code is ours.
const printed = execFileSync(process.execPath, [bin, "run", "hello", "--", "sh", "-c", "echo $LOCKWRIGHT_TOKEN"], {
  env,
  encoding: "utf8",
});
assert.equal(printed, "1\n");

// kill -9 of the wrapper: its command dies, and the next starts.
const start = () =>
  spawn(process.execPath, [bin, "run", "k", "--", "sh", "-c", "echo $$; exec sleep 60"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
const holder = start();
const [first] = await once(holder.stdout, "data");
const next = start();
for await (const state of space.watch("k")) if (state.waiters.length === 1) break;
holder.kill("SIGKILL");
await once(next.stdout, "data");
const state = execFileSync("sh", ["-c", `ps -o stat= -p ${Number(first)} || true`], { encoding: "utf8" }).trim();
assert.ok(state === "" || state.startsWith("Z"), `the killed wrapper's command still runs: ${state}`);
next.kill("SIGTERM");
await once(next, "exit");
await space.close();
rmSync(folder, { recursive: true });
