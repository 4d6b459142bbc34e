/** What listeners are told of locks with faces, keys and borrowers: mode, intent and key filled, one lock for all of it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { channels, type EventChannel, type Grant, type Hook, installHook, type Observed } from "../../../src/events.js";
import { CapacityLimiter, KeyedMutex, ReadWriteLock, StampedLock, StripedMutex } from "../../../src/index.js";
import { codeOf, settle } from "../../support/settling.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => platform[Symbol.dispose]());

/** A hook that writes down what it is told, with what the grant says of itself. */
function recorder(): Hook & { readonly told: string[]; readonly locks: Set<Observed> } {
  const told: string[] = [];
  const locks = new Set<Observed>();
  const note = (what: string, lock: Observed, grant?: Grant): void => {
    locks.add(lock);
    const { mode, intent, key } = grant ?? {};
    told.push([what, lock.ref.name, mode, intent, key].filter((part) => part !== undefined).join(" "));
  };
  return {
    told,
    locks,
    queued: (lock, grant) => note("queued", lock, grant),
    granted: (lock, grant) => note("granted", lock, grant),
    released: (lock, grant) => note("released", lock, grant),
    left: (lock, grant, why) => note(`left:${why}`, lock, grant),
    missed: (lock) => note("missed", lock),
  };
}

/** Listens to every channel while `body` runs. */
async function listen(body: () => Promise<void>): Promise<[string, Record<string, unknown>][]> {
  const heard: [string, Record<string, unknown>][] = [];
  const stops = Object.entries(channels).map(([name, channel]) => {
    const any = channel as EventChannel<unknown>;
    const listener = (message: unknown): void => void heard.push([name, message as Record<string, unknown>]);
    any.subscribe(listener);
    return () => any.unsubscribe(listener);
  });
  try {
    await body();
  } finally {
    for (const stop of stops) stop();
  }
  return heard;
}

describe("ReadWriteLock", () => {
  test("grants tell mode and intent of their side, and all faces are one lock", async () => {
    const hook = recorder();
    using _ = installHook(hook);
    const lock = new ReadWriteLock({ name: "rw" });
    const reader = lock.read.tryAcquire()!;
    const write = lock.write.acquire();
    expect(lock.read.tryAcquire()).toBeUndefined();
    reader.release();
    (await write).release();
    const told = lock.upgradeable.acquire({ intent: "write" });
    (await told).release();
    expect(hook.told).toEqual([
      "granted rw shared read",
      "queued rw exclusive write",
      "missed rw",
      "released rw shared read",
      "granted rw exclusive write",
      "released rw exclusive write",
      "granted rw shared write",
      "released rw shared write",
    ]);
    expect(hook.locks.size).toBe(1);
  });

  test("an upgrade tells that it queued, was granted or left, and came back; a downgrade that it released and was granted", async () => {
    const hook = recorder();
    const lock = new ReadWriteLock({ name: "rw" });
    const [reader, upgradeable] = [lock.read.tryAcquire()!, lock.upgradeable.tryAcquire()!];
    const handle = installHook(hook);
    const late = codeOf(upgradeable.upgrade({ timeout: 5 }));
    platform.advance(5);
    await late;
    const upgrade = upgradeable.upgrade();
    reader.release();
    (await upgrade).release();
    upgradeable.tryUpgrade()!.release();
    upgradeable.release();
    expect(hook.told.splice(0)).toEqual([
      "queued rw exclusive write",
      "left:timeout rw exclusive write",
      "queued rw exclusive write",
      "released rw shared read",
      "granted rw exclusive write",
      "released rw exclusive write",
      "granted rw exclusive write",
      "released rw exclusive write",
      "released rw shared read",
    ]);
    const writing = lock.write.tryAcquire()!;
    const queued = lock.read.acquire();
    const reading = writing.downgrade();
    (await queued).release();
    expect(reading.tryUpgrade()).toBeDefined();
    expect(hook.told).toEqual([
      "granted rw exclusive write",
      "queued rw shared read",
      "released rw exclusive write",
      "granted rw shared read",
      "granted rw shared read",
      "released rw shared read",
      "granted rw exclusive write",
    ]);
    handle[Symbol.dispose]();
  });

  test("a listener that re-enters in the middle of an upgrade or downgrade finds a settled lock", async () => {
    const lock = new ReadWriteLock();
    const seen: unknown[] = [];
    const look = (): void => {
      const guard = lock.read.tryAcquire();
      seen.push(guard !== undefined);
      guard?.[Symbol.dispose]();
    };
    const reader = lock.read.tryAcquire()!;
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const upgrade = upgradeable.upgrade();
    const noop = (): void => {};
    let isBusy = false;
    const once = (): void => {
      if (isBusy) return;
      isBusy = true;
      look();
      isBusy = false;
    };
    using _ = installHook({ queued: noop, left: noop, missed: noop, granted: once, released: once });
    reader.release();
    const writing = await upgrade;
    expect(seen.splice(0), "the upgrade holds before anyone is told").toEqual([false, false]);
    writing.release();
    upgradeable.release();
    expect(lock.write.stats()).toMatchObject({ available: 1, held: 0 });
  });

  test("a named lock tells once that it was created, as the kind it is", async () => {
    const heard = await listen(async () => {
      new ReadWriteLock({ name: "rw" });
      new ReadWriteLock();
      new StampedLock({ name: "st" });
      new CapacityLimiter(3, { name: "li" });
      new KeyedMutex({ name: "ke" });
      new StripedMutex(4, { name: "sp" });
    });
    expect(heard.map(([name, { name: of, kind }]) => [name, of, kind])).toEqual([
      ["created", "rw", "read-write-lock"],
      ["created", "st", "stamped-lock"],
      ["created", "li", "capacity-limiter"],
      ["created", "ke", "keyed-mutex"],
      ["created", "sp", "striped-mutex"],
    ]);
  });
});

describe("keyed locks", () => {
  test("grants name the key, the lock is one, and what a hook keeps on it outlives the entries", async () => {
    const hook = recorder();
    using _ = installHook(hook);
    const mutex = new KeyedMutex<unknown>({ name: "accounts" });
    const guard = mutex.tryAcquire("ann")!;
    [...hook.locks][0]!.probe = "kept";
    const wait = mutex.acquire("ann");
    expect(mutex.tryAcquire("ann")).toBeUndefined();
    guard.release();
    (await wait).release();
    mutex.tryAcquire(7)!.release();
    expect(mutex.tryAcquireAll(["x"])!.held).toBe(true);
    expect(mutex.tryAcquireAll(["w", "x", "y"])).toBeUndefined();
    expect(hook.told).toEqual([
      "granted accounts exclusive ann",
      "queued accounts exclusive ann",
      "missed accounts",
      "released accounts exclusive ann",
      "granted accounts exclusive ann",
      "released accounts exclusive ann",
      "granted accounts exclusive 7",
      "released accounts exclusive 7",
      "granted accounts exclusive x",
      "missed accounts",
    ]);
    expect([hook.locks.size, [...hook.locks][0]!.probe]).toEqual([1, "kept"]);
  });

  test("channels carry the key, its own depth and its own holders", async () => {
    const mutex = new KeyedMutex({ name: "accounts" });
    const heard = await listen(async () => {
      const [ann] = [mutex.tryAcquire("ann")!, mutex.tryAcquire("bob")!];
      platform.advance(3);
      const wait = mutex.acquire("ann");
      const late = codeOf(mutex.acquire("bob", { timeout: 4 }));
      platform.advance(4);
      await late;
      ann.release();
      (await wait).release();
    });
    expect(heard.map(([name, { lock: _lock, ...rest }]) => [name, rest])).toEqual([
      ["granted", { key: "ann", waited: 0, depth: 0 }],
      ["granted", { key: "bob", waited: 0, depth: 0 }],
      ["queued", { key: "ann", depth: 1, holders: [{ since: 1000 }] }],
      ["queued", { key: "bob", depth: 1, holders: [{ since: 1000 }] }],
      ["left", { key: "bob", why: "timeout", waited: 4 }],
      ["released", { key: "ann", held: 7, waiters: 0 }],
      ["granted", { key: "ann", waited: 4, depth: 0 }],
      ["released", { key: "ann", held: 0, waiters: 0 }],
    ]);
    const refs = new Set(heard.map(([, { lock }]) => lock));
    expect([...refs]).toMatchObject([{ name: "accounts", kind: "keyed-mutex", permits: 1 }]);
  });

  test("a listener that takes the freed key while it is told does not lose it to the eviction [K2]", () => {
    const mutex = new KeyedMutex<string>();
    const guard = mutex.tryAcquire("a")!;
    let taken: { held: boolean; release(): void } | undefined;
    const noop = (): void => {};
    const handle = installHook({
      queued: noop,
      granted: noop,
      left: noop,
      missed: noop,
      released: () => void (taken ??= mutex.tryAcquire("a")),
    });
    guard.release();
    handle[Symbol.dispose]();
    mutex.tryAcquire("b")!.release();
    expect([taken?.held, mutex.size, mutex.tryAcquire("a")]).toEqual([true, 1, undefined]);
    taken!.release();
    expect(mutex.size).toBe(0);
  });

  test("a listener that takes one of several keys first makes tryAcquireAll give back the others", () => {
    const mutex = new KeyedMutex<string>();
    const noop = (): void => {};
    let isFirst = true;
    const handle = installHook({
      queued: noop,
      left: noop,
      missed: noop,
      released: noop,
      granted: () => {
        if (!isFirst) return;
        isFirst = false;
        mutex.tryAcquire("b");
      },
    });
    expect(mutex.tryAcquireAll(["a", "b"])).toBeUndefined();
    handle[Symbol.dispose]();
    expect([mutex.size, mutex.at("a").stats().held]).toEqual([1, 0]);
  });

  test("stripes are told by their number", async () => {
    const hook = recorder();
    using _ = installHook(hook);
    const mutex = new StripedMutex<number>(4, { name: "files", hash: (key) => key });
    mutex.tryAcquire(6)!.release();
    expect(hook.told).toEqual(["granted files exclusive 2", "released files exclusive 2"]);
  });
});

test("a limiter and a stamped lock tell theirs", async () => {
  const hook = recorder();
  using _ = installHook(hook);
  const limiter = new CapacityLimiter<string>(1, { name: "seats" });
  await limiter.acquire({ borrower: "ann" });
  const wait = limiter.acquire({ borrower: "bob" });
  expect(limiter.tryAcquire({ borrower: "cid" })).toBeUndefined();
  limiter.release("ann");
  limiter.cancelWaiters();
  await settle();
  (await wait).release();
  const stamped = new StampedLock({ name: "st" });
  stamped.read.tryAcquire()!.release();
  stamped.write.tryAcquire()!.release();
  expect(hook.told).toEqual([
    "granted seats exclusive",
    "queued seats exclusive",
    "missed seats",
    "released seats exclusive",
    "granted seats exclusive",
    "released seats exclusive",
    "granted st shared read",
    "released st shared read",
    "granted st exclusive write",
    "released st exclusive write",
  ]);
});
