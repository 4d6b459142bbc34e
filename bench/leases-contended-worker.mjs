/**
 * One of the processes on one lock: `node leases-contended-worker.mjs <peer> <folder> <hold ms>`.
 *
 * Says "ready" when it has opened what it needs, starts on "go", records when it asked, entered and left (CLOCK_MONOTONIC,
 * which all processes share), and sends the three as flat milliseconds after "stop".
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import lockfile from "proper-lockfile";
import { openLockSpace } from "../packages/lockwright/dist/leases/index.js";

const [peer, folder, hold] = process.argv.slice(2);
const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Takes the lock by the peer's own means; resolves to what gives it back. */
const peers = {
  lockwright: async () => {
    const space = await openLockSpace(`sqlite:${folder}/locks.db`);
    await space.mutex("warm").run(() => {}); // the keeper and the socket are up before the clock runs
    const mutex = space.mutex("m");
    return async () => {
      const lease = await mutex.acquire();
      return () => lease.release();
    };
  },
  // As its own README has it for "wait for the lock", with the shortest waits that do not flood the disk.
  "proper-lockfile": async () => {
    const options = { retries: { forever: true, minTimeout: 1, maxTimeout: 20, factor: 1.5, randomize: true } };
    return () => lockfile.lock(join(folder, "file"), options);
  },
};

const acquire = await peers[peer]();
const events = [];
let isOver = false;
process.on("message", async (message) => {
  if (message === "stop") isOver = true;
  if (message !== "go") return;
  while (!isOver) {
    const asked = now();
    const release = await acquire();
    const entered = now();
    await sleep(Number(hold));
    events.push(asked, entered, now());
    await release();
  }
  process.send(events, () => process.exit(0));
});
process.send("ready");
