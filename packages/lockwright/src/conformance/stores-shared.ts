/** Read-write locks and semaphores over a store. */
import assert from "node:assert/strict";
import { assertFree, rejectsWith, storeCase, type StoreCase, until, untilWaiting } from "./stores.js";

const readWrite: readonly StoreCase[] = [
  storeCase("readers share, a writer waits for all of them, a reader behind it waits too", ["fifo"], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const lock = one!.readWriteLock("book");
    const readers = [await lock.read.acquire(), await two!.readWriteLock("book").read.acquire()];
    const order: string[] = [];
    const writer = two!.readWriteLock("book").write.run(() => void order.push("writer"));
    await untilWaiting(one!, "book", 1);
    const late = lock.read.run(() => void order.push("late reader"));
    await untilWaiting(one!, "book", 2);
    assert.equal(await lock.read.tryAcquire(), undefined);
    await Promise.all(readers.map((reader) => reader.release()));
    await Promise.all([writer, late]);
    assert.deepEqual(order, ["writer", "late reader"]);
    await assertFree(one!, "book");
  }),
  storeCase("consecutive readers are let in together when the writer leaves [G4]", ["fifo"], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const writer = await one!.readWriteLock("many").write.acquire();
    const waits = [two!, one!, two!].map((space) => space.readWriteLock("many").read.acquire());
    await untilWaiting(one!, "many", 3);
    const last = two!.readWriteLock("many").write.acquire();
    await untilWaiting(one!, "many", 4);
    await writer.release();
    const readers = await Promise.all(waits);
    assert.equal((await one!.inspect("many")).holders.length, 3);
    for (const reader of readers) await reader.release();
    await (await last).release();
  }),
  storeCase("the write side and the mutex of a name are one lock", [], async (trial) => {
    const space = await trial.space();
    const mutex = await space.mutex("same").acquire();
    assert.equal(await space.readWriteLock("same").write.tryAcquire(), undefined);
    assert.equal(await space.readWriteLock("same").read.tryAcquire(), undefined);
    await mutex.release();
  }),
];

const upgrade: readonly StoreCase[] = [
  storeCase("a lone reader upgrades at once, in place, with a new token", ["fencing:tokens"], async (trial) => {
    const space = await trial.space();
    const lock = space.readWriteLock("up");
    const reader = await lock.read.acquire();
    const writer = await reader.upgrade();
    assert.ok(writer.token > reader.token);
    assert.equal(reader.state, "released");
    assert.equal((await space.inspect("up")).holders.length, 1);
    assert.equal(await lock.read.tryAcquire(), undefined);
    await reader.release();
    writer.check();
    await writer.release();
    await assertFree(space, "up");
  }),
  storeCase("an upgrade waits ahead of the queue until the other readers are gone", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const reader = await one!.readWriteLock("ahead").read.acquire();
    const other = await two!.readWriteLock("ahead").read.acquire();
    const order: string[] = [];
    const writer = two!.mutex("ahead").run(() => void order.push("writer"));
    await untilWaiting(one!, "ahead", 1);
    const upgrading = reader.upgrade();
    await untilWaiting(one!, "ahead", 2);
    await other.release();
    const upgraded = await upgrading;
    order.push("upgraded");
    await upgraded.release();
    await writer;
    assert.deepEqual(order, ["upgraded", "writer"]);
  }),
  storeCase("a second upgrader fails at once with LW_DEADLOCK, and the first goes on", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const first = await one!.readWriteLock("both").read.acquire();
    const second = await two!.readWriteLock("both").read.acquire();
    const upgrading = first.upgrade();
    await untilWaiting(one!, "both", 1);
    await rejectsWith(second.upgrade(), "LW_DEADLOCK");
    second.check();
    await second.release();
    await (await upgrading).release();
    await assertFree(one!, "both");
  }),
  storeCase("a failed upgrade leaves the read lease as it was", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const reader = await one!.readWriteLock("fails").read.acquire();
    const other = await two!.readWriteLock("fails").read.acquire();
    await rejectsWith(reader.upgrade({ timeout: 0 }), "LW_TIMEOUT");
    await rejectsWith(reader.upgrade({ timeout: 20 }), "LW_TIMEOUT");
    const reason = new Error("mine");
    await assert.rejects(reader.upgrade({ signal: AbortSignal.abort(reason) }), reason);
    await untilWaiting(one!, "fails", 0);
    reader.check();
    await reader.renew();
    await (await two!.readWriteLock("fails").read.acquire({ timeout: 1000 })).release();
    await other.release();
    await (await reader.upgrade()).release();
    await assertFree(one!, "fails");
  }),
];

const semaphores: readonly StoreCase[] = [
  storeCase("a semaphore admits as many as it has permits, by weight [G1]", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const heavy = await one!.semaphore("gpu", 4).acquire({ weight: 3 });
    const light = await two!.semaphore("gpu", 4).acquire();
    assert.equal(await one!.semaphore("gpu", 4).tryAcquire(), undefined);
    assert.equal((await one!.inspect("gpu")).used, 4);
    await heavy.release();
    await (await two!.semaphore("gpu", 4).acquire({ weight: 3, timeout: 1000 })).release();
    await light.release();
    await assertFree(one!, "gpu");
  }),
  storeCase("a heavy head blocks lighter waiters behind it [G3]", ["fifo"], async (trial) => {
    const space = await trial.space();
    const gate = space.semaphore("gate", 3);
    const held = await gate.acquire({ weight: 2 });
    const order: string[] = [];
    const heavy = gate.run(() => void order.push("heavy"), { weight: 3 });
    await untilWaiting(space, "gate", 1);
    const light = gate.run(() => void order.push("light"));
    await untilWaiting(space, "gate", 2);
    assert.equal(await gate.tryAcquire(), undefined);
    await held.release();
    await Promise.all([heavy, light]);
    assert.deepEqual(order, ["heavy", "light"]);
  }),
  storeCase("resize lets in at once who fits now", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const held = await one!.semaphore("grow", 1).acquire();
    const waits = [two!.semaphore("grow", 1).acquire(), two!.semaphore("grow", 1).acquire()];
    await untilWaiting(one!, "grow", 2);
    await one!.semaphore("grow", 1).resize(3);
    const leases = await Promise.all(waits);
    for (const lease of [held, ...leases]) await lease.release();
    await assertFree(one!, "grow");
  }),
  storeCase("a shrunk semaphore takes nothing back and admits nobody until it fits [G1]", [], async (trial) => {
    const space = await trial.space();
    const limit = space.semaphore("shrink", 3);
    const leases = [await limit.acquire(), await limit.acquire(), await limit.acquire()];
    await limit.resize(1);
    for (const lease of leases) lease.check();
    await leases[0]!.release();
    await leases[1]!.release();
    assert.equal(await limit.tryAcquire(), undefined);
    await leases[2]!.release();
    const one = await limit.tryAcquire();
    assert.ok(one);
    assert.equal(await limit.tryAcquire(), undefined);
    await one.release();
  }),
  storeCase("a semaphore resized to 0 is paused, and goes on when it grows", [], async (trial) => {
    const space = await trial.space();
    const limit = space.semaphore("pause", 2);
    await limit.resize(0);
    assert.equal(await limit.tryAcquire(), undefined);
    const wait = limit.acquire();
    await untilWaiting(space, "pause", 1);
    await limit.resize(1);
    await (await wait).release();
    assert.equal((await space.inspect("pause")).capacity, 1);
  }),
  storeCase("a weight that can never fit is refused with LW_WEIGHT", [], async (trial) => {
    const space = await trial.space();
    await rejectsWith(space.semaphore("few", 2).acquire({ weight: 3 }), "LW_WEIGHT");
    await rejectsWith(space.semaphore("few", 2).tryAcquire({ weight: 3 }), "LW_WEIGHT");
    assert.equal((await space.inspect("few")).used, 0);
  }),
  storeCase(
    "a name in use as one kind is refused as another with LW_CONFLICT, and free again once idle",
    [],
    async (trial) => {
      const [one, two] = await trial.spaces(2);
      const mutex = await one!.mutex("kind").acquire();
      await rejectsWith(two!.semaphore("kind", 2).acquire(), "LW_CONFLICT");
      await rejectsWith(two!.semaphore("kind", 2).resize(3), "LW_CONFLICT");
      await mutex.release();
      const permit = await two!.semaphore("kind", 2).acquire();
      await rejectsWith(one!.mutex("kind").acquire(), "LW_CONFLICT");
      await rejectsWith(one!.readWriteLock("kind").read.acquire(), "LW_CONFLICT");
      await permit.release();
      await (await one!.mutex("kind").acquire()).release();
      await until(one!, "kind", (state) => state.holders.length === 0);
    },
  ),
];

/** Read-write locks and semaphores. */
export const sharedCases: readonly StoreCase[] = [...readWrite, ...upgrade, ...semaphores];
