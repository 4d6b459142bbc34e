/** Cost and memory by count, never by clock: what a lock keeps, and how many steps it makes, as the number of keys or waiters grows. */
import { describe, expect, test } from "vitest";
import { KeyCore } from "../../../src/core/key-table.js";
import { KeyedMutex, KeyedSemaphore, ReadWriteLock, StripedMutex } from "../../../src/index.js";
import { settle } from "../../support/settling.js";

/** Counts the cores that are asked whether they may go: one step of eviction each. */
function countIdleChecks(run: () => void): number {
  const original = Object.getOwnPropertyDescriptor(KeyCore.prototype, "isIdle")!;
  let checks = 0;
  Object.defineProperty(KeyCore.prototype, "isIdle", {
    ...original,
    get(this: KeyCore) {
      checks += 1;
      return original.get!.call(this) as boolean;
    },
  });
  try {
    run();
  } finally {
    Object.defineProperty(KeyCore.prototype, "isIdle", original);
  }
  return checks;
}

/** Counts the entries of the table's Map, the spare included. */
function entriesOf(lock: KeyedMutex<number> | KeyedSemaphore<number>): number {
  return (lock as unknown as { table: { entries: number } }).table.entries;
}

describe("keys", () => {
  test("a million keys used once leave nothing: size 0, one idle entry kept [K2, K3] (slow)", () => {
    const mutex = new KeyedMutex<number>();
    for (let key = 0; key < 1_000_000; key += 1) mutex.tryAcquire(key)!.release();
    expect([mutex.size, entriesOf(mutex)]).toEqual([0, 1]);
  });

  test("ten thousand keys held at once and given back in any order leave nothing either", () => {
    const semaphore = new KeyedSemaphore<number>(2);
    const guards = Array.from({ length: 10_000 }, (_none, key) => semaphore.tryAcquire(key)!);
    expect(semaphore.size).toBe(10_000);
    for (let at = 0; at < guards.length; at += 1) guards[(at * 7919) % guards.length]!.release();
    expect([semaphore.size, entriesOf(semaphore)]).toEqual([0, 1]);
  });

  test("the steps of an eviction do not grow with the number of keys in use", () => {
    const perRelease = (held: number): number => {
      const mutex = new KeyedMutex<number>();
      for (let key = 0; key < held; key += 1) mutex.tryAcquire(key);
      const checks = countIdleChecks(() => {
        for (let key = -1; key >= -100; key -= 1) mutex.tryAcquire(key)!.release();
      });
      return checks / 100;
    };
    expect(perRelease(10)).toBe(perRelease(10_000));
    expect(perRelease(10)).toBeLessThanOrEqual(4);
  });

  test("a hot key makes one core, however often it is used [K3]", () => {
    const mutex = new KeyedMutex<string>();
    const ids = new Set<unknown>();
    for (let use = 0; use < 1000; use += 1) {
      const guard = mutex.tryAcquire("hot")!;
      ids.add((guard as unknown as { owner: unknown }).owner);
      guard.release();
    }
    expect(ids.size).toBe(1);
  });

  test("a striped mutex makes no entry for any key", () => {
    const mutex = new StripedMutex<number>(8);
    const cores = new Set<unknown>();
    for (let key = 0; key < 10_000; key += 1) {
      const guard = mutex.tryAcquire(key)!;
      cores.add((guard as unknown as { owner: unknown }).owner);
      guard.release();
    }
    expect([cores.size, mutex.size]).toEqual([8, 0]);
  });
});

describe("waiters", () => {
  test("a hundred thousand queued readers come in by one release, in one pass, and leave nothing (slow)", async () => {
    const lock = new ReadWriteLock();
    const writer = lock.write.tryAcquire()!;
    let inside = 0;
    const reads = Array.from({ length: 100_000 }, () => lock.read.run(() => void (inside += 1)));
    expect(lock.read.stats().waiting).toBe(100_000);
    writer.release();
    expect(lock.read.stats()).toMatchObject({ held: 100_000, waiting: 0 });
    await Promise.all(reads);
    expect([inside, lock.write.stats().available]).toEqual([100_000, 1]);
  });

  test("a hundred thousand waiters of one signal leave in one step, readers and writers mixed (slow)", async () => {
    const lock = new ReadWriteLock({ policy: "prefer-readers" });
    const writer = lock.write.tryAcquire()!;
    const controller = new AbortController();
    const { signal } = controller;
    const faces = [lock.read, lock.write, lock.upgradeable];
    const waits = Array.from({ length: 100_000 }, (_none, at) => faces[at % 3]!.acquire({ signal }));
    const outcomes = Promise.allSettled(waits);
    controller.abort();
    expect(faces.map((face) => face.stats().waiting)).toEqual([0, 0, 0]);
    expect((await outcomes).every(({ status }) => status === "rejected")).toBe(true);
    writer.release();
    expect(lock.write.stats().available).toBe(1);
  });

  test("writers of a fair lock are served after the readers that came first and before those that came later, for any number", async () => {
    for (const readers of [1, 10, 100]) {
      const lock = new ReadWriteLock();
      const ahead = Array.from({ length: readers }, () => lock.read.tryAcquire()!);
      let readsBefore = 0;
      let isWritten = false;
      const write = lock.write.run(() => void (isWritten = true));
      // The stream: each reader that leaves is followed by another that asks.
      const stream = ahead.map(async (guard) => {
        guard.release();
        await lock.read.run(() => void (readsBefore += isWritten ? 0 : 1));
      });
      await Promise.all([write, ...stream]);
      await settle();
      expect(readsBefore).toBe(0);
    }
  });
});
