/**
 * What a command costs as waiters (to 100 000) and holders (to 10 000) grow, on the memory and the sqlite store: no faster
 * than log n. Microseconds, medians; the store's commands themselves, without the loops above.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLockStore } from "../packages/lockwright/dist/leases/index.js";
import { flags, keep, median, printTable, printVerdicts, verdict } from "./leases-support.mjs";

const OPS = flags.quick ? 100 : 400;
const FOREVER = 1e8;
const EXCLUSIVE = 1_000_000;
const sizes = (most) => [1, 10, 100, 1000, 10_000, 100_000].filter((size) => size <= most);

/** Median microseconds of `OPS` runs. */
async function timed(run) {
  const times = [];
  for (let at = 0; at < OPS; at += 1) {
    const start = performance.now();
    await run(at);
    times.push((performance.now() - start) * 1000);
  }
  return median(times);
}

class Crowd {
  constructor(store, resource, capacity) {
    this.store = store;
    this.resource = resource;
    this.capacity = capacity;
    this.next = 0;
  }

  acquire(weight, { ttl = FOREVER } = {}) {
    const id = `i${this.next++}`;
    const { resource, capacity } = this;
    return {
      type: "acquire",
      resource,
      id,
      process: this.store.process,
      capacity,
      weight,
      ttl,
      patience: FOREVER,
      queue: true,
      barging: false,
    };
  }

  /** Adds `count` at once, a thousand in each transaction; gives their commands and answers. */
  async add(count, weight) {
    const commands = Array.from({ length: count }, () => this.acquire(weight));
    const results = [];
    for (let at = 0; at < count; at += 1000) results.push(...(await this.store.execute(commands.slice(at, at + 1000))));
    return commands.map(({ id }, at) => ({ id, token: results[at].token }));
  }

  async one(command) {
    const [result] = await this.store.execute([command]);
    return result;
  }
}

/** A mutex with `size` in its queue: look alive, join and leave at the end, hand over to the head. */
async function waiters(store, size) {
  const crowd = new Crowd(store, `waiters-${size}`, EXCLUSIVE);
  const { resource } = crowd;
  const queue = await crowd.add(size + 1, EXCLUSIVE);
  let head = 0; // an array of 100 000 is moved whole by shift()
  let holder = queue[head++];
  const heartbeat = await timed((at) =>
    crowd.one({ type: "heartbeat", resource, id: queue[1 + ((at * 7919) % size)].id }),
  );
  const joinAndLeave = await timed(async () => {
    const command = crowd.acquire(EXCLUSIVE);
    await crowd.one(command);
    await crowd.one({ type: "cancel", resource, id: command.id });
  });
  const handOver = await timed(async () => {
    const last = crowd.acquire(EXCLUSIVE);
    await crowd.one(last);
    queue.push(last);
    await crowd.one({ type: "release", resource, id: holder.id, token: holder.token });
    const { id } = queue[head++];
    holder = { id, token: (await crowd.one({ type: "heartbeat", resource, id })).token };
  });
  return { size, heartbeat, "join and leave": joinAndLeave, "hand over": handOver };
}

/** A semaphore of 10 000 with `size` holders: renew, take and give back. */
async function holders(store, size) {
  const crowd = new Crowd(store, `holders-${size}`, 20_000);
  const { resource } = crowd;
  const held = await crowd.add(size, 1);
  const renew = await timed((at) =>
    crowd.one({ type: "renew", resource, ...held[(at * 7919) % size], ttl: FOREVER + at }),
  );
  const takeAndGive = await timed(async () => {
    const command = crowd.acquire(1);
    const { token } = await crowd.one(command);
    await crowd.one({ type: "release", resource, id: command.id, token });
  });
  return { size, renew, "take and give back": takeAndGive };
}

/** From a hundred on, where every store is past its small form: the cost against the logarithm. */
function judge(title, rows) {
  const base = rows.find((row) => row.size === 100);
  const worst = rows.at(-1);
  return Object.keys(base)
    .filter((key) => key !== "size")
    .map((key) => {
      const allowed = Number((Math.log2(worst.size) / Math.log2(base.size)).toFixed(2));
      return verdict(`${title}, ${key}: ${worst.size} / 100`, worst[key] / base[key], allowed);
    });
}

const folder = mkdtempSync(join(tmpdir(), "lockwright-bench-"));
const tables = [];
for (const url of ["memory:", `sqlite:${folder}/locks.db`]) {
  const store = await openLockStore(url);
  store.listen(() => {});
  for (const [what, run, most] of [
    ["waiters", waiters, flags.quick ? 10_000 : 100_000],
    ["holders", holders, 10_000],
  ]) {
    await run(store, 3); // compiled before it is measured
    const rows = [];
    for (const size of sizes(most)) rows.push(await run(store, size));
    const title = `${store.name}, ${String(what)}`;
    console.log(`\n${title}: microseconds`);
    printTable(rows);
    tables.push({ name: title, rows, verdicts: judge(title, rows) });
  }
  await store.close();
}
rmSync(folder, { recursive: true });
printVerdicts(tables.flatMap((table) => table.verdicts));
keep("leases-scale", [], { unit: "microseconds", tables });
