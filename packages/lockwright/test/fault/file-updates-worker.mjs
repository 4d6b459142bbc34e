/**
 * One of the processes that update one JSON file: `node file-updates-worker.mjs <folder> <name> <updates> [--unlocked]`.
 *
 * Update number i adds i to the worker's own list in the file; after the write has resolved, i is appended to the worker's
 * log. Killed and started again it goes on after its log: an update that is in the file but not in the log was written
 * and not acknowledged, and is not made twice.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fencedWriteFile, openLockSpace } from "../../dist/leases/index.js";

const [folder, name, updates, mode] = process.argv.slice(2);
const file = join(folder, "state.json");
const log = join(folder, `${name}.log`);
const acknowledged = existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean).length : 0;

/** Reads, changes and hands over the new text; nothing to write when the update is there already. */
async function change(update, write) {
  const state = JSON.parse(readFileSync(file, "utf8"));
  const list = (state[name] ??= []);
  if (list.includes(update)) return;
  list.push(update);
  await write(JSON.stringify(state));
}

async function fenced(space, update) {
  for (;;) {
    try {
      return await space.mutex("state").run((lease) => change(update, (text) => fencedWriteFile(file, text, lease)));
    } catch (error) {
      // Starved for a whole ttl, on a machine full of processes: refused, so nothing was written.
      if (error.code !== "LW_LEASE_LOST" && error.code !== "LW_STALE_TOKEN") throw error;
    }
  }
}

/** The negative control: the same without a lock, and written in place. */
async function unlocked(update) {
  await change(update, async (text) => {
    await sleep(1);
    writeFileSync(file, text);
  });
}

const space = mode === "--unlocked" ? undefined : await openLockSpace(`sqlite:${folder}/locks.db`);
for (let update = acknowledged; update < Number(updates); update += 1) {
  if (space === undefined) await unlocked(update).catch(() => {}); // what it reads may be torn: that is the point
  else await fenced(space, update);
  appendFileSync(log, `${update}\n`);
}
await space?.close();
