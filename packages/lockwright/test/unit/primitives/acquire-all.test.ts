import { describe, expect, test } from "vitest";
import {
  acquireAll,
  type Guard,
  KeyedMutex,
  type LocalLock,
  Mutex,
  ReadWriteLock,
  Semaphore,
  StripedMutex,
} from "../../../src/index.js";
import { codeOf, rejectionOf, settle } from "../../support/settling.js";
import { installTestPlatform } from "../../support/test-platform.js";

/** A lock of somebody else's: only the face of ours. */
function foreign(inner: LocalLock): LocalLock {
  return {
    name: `foreign ${inner.name}`,
    acquire: (options) => inner.acquire(options),
    tryAcquire: (options) => inner.tryAcquire(options),
    run: (fn, options) => inner.run(fn, options),
    runSync: (fn) => inner.runSync(fn),
    stats: () => inner.stats(),
    whenAvailable: (options) => inner.whenAvailable(options),
    cancelWaiters: (reason) => inner.cancelWaiters(reason),
    close: (reason) => inner.close(reason),
  };
}

/** Holds each lock in turn and sees which are taken by then: the order in which they are taken. */
async function orderOf(locks: readonly LocalLock[]): Promise<number[]> {
  const counts: number[] = [];
  for (const lock of locks) {
    const hold = lock.tryAcquire()!;
    const all = codeOf(acquireAll(locks));
    await settle(40);
    counts.push(locks.filter((other) => other !== lock && other.stats().available === 0).length);
    lock.cancelWaiters();
    await all;
    hold.release();
  }
  return counts;
}

describe("order", () => {
  test("locks are taken in the order in which they were built, whatever the order given", async () => {
    const [a, b, c] = [new Mutex(), new Semaphore(1), new Mutex()];
    expect(await orderOf([c, a, b])).toEqual([2, 0, 1]);
    expect(await orderOf([b, c, a])).toEqual([1, 2, 0]);
  });

  test("keys of one keyed lock are taken in its order, between the locks built before and after it", async () => {
    const before = new Mutex();
    const keyed = new KeyedMutex<string>();
    const after = new Mutex();
    expect(await orderOf([after, keyed.at("b"), keyed.at("a"), before])).toEqual([3, 2, 1, 0]);
  });

  test("callers with the same locks in opposite orders all finish", async () => {
    const rw = new ReadWriteLock();
    const locks = [new Mutex(), foreign(new Mutex()), new KeyedMutex().at("key"), rw.write, new Semaphore(1)];
    let inside = 0;
    let turns = 0;
    const work = async (mine: readonly LocalLock[]): Promise<void> => {
      for (let turn = 0; turn < 20; turn += 1) {
        const all = await acquireAll(mine);
        inside += 1;
        expect(inside).toBe(1);
        await settle(2);
        inside -= 1;
        turns += 1;
        all.release();
      }
    };
    await Promise.all([work(locks), work(locks.toReversed()), work([...locks.slice(2), ...locks.slice(0, 2)])]);
    expect(turns).toBe(60);
    for (const lock of locks) expect(lock.stats()).toMatchObject({ held: 0, waiting: 0 });
  });
});

describe("taking", () => {
  test("a lock named twice is taken once, two views of one key too", async () => {
    const mutex = new Mutex();
    const keyed = new KeyedMutex<string>();
    const striped = new StripedMutex<number>(2, { hash: (key) => key });
    const all = await acquireAll([mutex, keyed.at("a"), mutex, keyed.at("a"), striped.at(1), striped.at(3)]);
    expect([mutex.stats().held, keyed.size, striped.size, String(all)]).toEqual([
      1,
      1,
      1,
      "GuardSet { of: 3 locks, held }",
    ]);
    all.release();
    expect([mutex.stats().held, keyed.size, striped.size]).toEqual([0, 0, 0]);
  });

  test("two faces of one read-write lock are refused, for it would wait for itself", async () => {
    const rw = new ReadWriteLock({ name: "config" });
    const other = new Mutex();
    await expect(acquireAll([other, rw.read, rw.write])).rejects.toThrow(/two faces of one lock: "config"/);
    expect([other.stats().held, rw.read.stats().held]).toEqual([0, 0]);
    const all = await acquireAll([rw.read, new ReadWriteLock().write]);
    expect(rw.read.stats().held).toBe(1);
    all.release();
  });

  test("one deadline and one signal bound all of it, and what was taken is given back", async () => {
    using platform = installTestPlatform();
    const locks = [new Mutex({ name: "first" }), new Mutex({ name: "second" })] as const;
    const holds: Guard[] = locks.map((lock) => lock.tryAcquire()!);
    const late = rejectionOf(acquireAll(locks, { timeout: 20 }));
    platform.advance(15);
    holds[0]!.release();
    await settle();
    platform.advance(5);
    expect((await late).message).toContain('not all of 2 locks were free within 20 ms: "second" was not');
    expect(locks[0].locked).toBe(false);
    const controller = new AbortController();
    const aborted = rejectionOf<unknown>(acquireAll(locks, { signal: controller.signal }));
    await settle();
    controller.abort("no");
    expect([await aborted, locks[0].locked, platform.timers.size]).toEqual(["no", false, 0]);
  });

  test("a lock that is closed on the way gives all back", async () => {
    const locks = [new Mutex(), new Mutex()] as const;
    const hold = locks[1].tryAcquire()!;
    const all = codeOf(acquireAll(locks));
    await settle();
    locks[1].close();
    expect(await all).toBe("LW_CLOSED");
    expect(locks[0].locked).toBe(false);
    hold.release();
  });

  test("a hold that somebody ended meanwhile does not keep the others from being given back", async () => {
    const inner: Guard[] = [];
    const first = new Mutex();
    const spying = foreign(first);
    spying.acquire = async (options) => {
      const guard = await first.acquire(options);
      inner.push(guard);
      return guard;
    };
    const second = new Mutex();
    const all = await acquireAll([spying, second]);
    inner[0]!.release();
    all.release();
    expect([first.locked, second.locked]).toEqual([false, false]);
  });
});

describe("bad input", () => {
  test("anything but locks is refused, and nothing is taken", async () => {
    const mutex = new Mutex();
    const loose = (value: unknown): never => value as never;
    for (const wrong of [undefined, null, 7, mutex, "ab", [mutex, 7], [mutex, null], [mutex, {}]]) {
      await expect(acquireAll(loose(wrong))).rejects.toThrow(TypeError);
    }
    expect(mutex.locked).toBe(false);
  });

  test("an option that one of the locks refuses is refused before the first is taken", async () => {
    const mutex = new Mutex({ name: "plain" });
    const semaphore = new Semaphore(3);
    await expect(acquireAll([semaphore, mutex], { weight: 2 })).rejects.toThrow(/"plain" has no weights/);
    await expect(acquireAll([foreign(semaphore)], { timeout: -1 })).rejects.toThrow(RangeError);
    await expect(acquireAll([], { signal: 7 as never })).rejects.toThrow(/signal must be an AbortSignal/);
    const all = await acquireAll([semaphore, new Semaphore(2)], { weight: 2 });
    expect(semaphore.available).toBe(1);
    all.release();
    expect(semaphore.available).toBe(3);
  });
});

describe("deadlocks through a set", () => {
  test("a set goes in as holding: what it holds already is refused at once", async () => {
    const [a, b] = [new Mutex({ name: "a" }), new Mutex({ name: "b" })];
    const keyed = new KeyedMutex<string>();
    const set = await acquireAll([a, b]);
    const keys = await keyed.acquireAll(["x", "y"]);
    expect(await codeOf(b.acquire({ holding: set }))).toBe("LW_DEADLOCK");
    expect(await codeOf(keyed.acquire("y", { holding: keys }))).toBe("LW_DEADLOCK");
    const free = await new Mutex().acquire({ holding: [set, keys] });
    free.release();
    set.release();
    expect(await codeOf(b.acquire({ holding: set }))).toBe("LW_NOT_HELD");
    keys.release();
    const empty = await acquireAll([]);
    empty.release();
    (await a.acquire({ holding: empty })).release();
  });

  test("what a set has while it waits for the rest closes a ring", async () => {
    const [a, b] = [new Mutex({ name: "a" }), new Mutex({ name: "b" })];
    const held = await b.acquire();
    const all = acquireAll([a, b]);
    await settle();
    expect(await codeOf(a.acquire({ holding: held }))).toBe("LW_DEADLOCK");
    held.release();
    (await all).release();
    expect([a.locked, b.locked]).toEqual([false, false]);
  });

  test("a detached set waits in silence, and a foreign lock's guard is nobody's", async () => {
    const [a, b] = [new Mutex({ name: "a" }), new Mutex({ name: "b" })];
    const held = await b.acquire();
    const all = acquireAll([a, b], { detached: true });
    await settle();
    const waiting = a.acquire({ holding: held });
    held.release();
    (await all).release();
    (await waiting).release();
    const [first, second] = [foreign(new Mutex({ name: "first" })), new Mutex({ name: "second" })];
    (await acquireAll([first, second])).release();
    expect([a.locked, b.locked, second.locked]).toEqual([false, false, false]);
  });
});
