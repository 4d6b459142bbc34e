import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type Guard, KeyedMutex, KeyedSemaphore, type LocalLock, StripedMutex } from "../../../src/index.js";
import { codeOf, rejectionOf, settle } from "../../support/settling.js";
import { installTestPlatform } from "../../support/test-platform.js";

describe("keys", () => {
  test("they are independent of each other: empty, non-ASCII, NUL and case included [37]", async () => {
    const mutex = new KeyedMutex();
    const keys = ["", "a", "A", "\0", "a\0", "ä", "a\u0308", "日本", "constructor", "__proto__"];
    const guards = keys.map((key) => mutex.tryAcquire(key)!);
    expect(guards.every((guard) => guard.held)).toBe(true);
    expect(mutex.size).toBe(keys.length);
    for (const key of keys) expect(mutex.tryAcquire(key)).toBeUndefined();
    for (const guard of guards) guard.release();
    expect(mutex.size).toBe(0);
  });

  test("they are keys of a Map: objects by identity, NaN equal to itself, -0 to 0, 1 not to '1'", () => {
    const mutex = new KeyedMutex<unknown>();
    const object = {};
    const guards = [object, {}, Number.NaN, 0, "0", 0n, null, undefined, Symbol.for("s"), Symbol("s"), true].map(
      (key) => mutex.tryAcquire(key)!,
    );
    expect(guards.every((guard) => guard.held)).toBe(true);
    for (const key of [object, Number.NaN, -0, Symbol.for("s")]) expect(mutex.tryAcquire(key)).toBeUndefined();
    for (const guard of guards) guard.release();
    expect(mutex.size).toBe(0);
  });

  test("one key is served in order of arrival, others meanwhile [2]", async () => {
    const mutex = new KeyedMutex<string>();
    const served: string[] = [];
    const one = async (key: string, label: string): Promise<void> => {
      const guard = await mutex.acquire(key);
      await settle(3);
      served.push(label);
      guard.release();
    };
    await Promise.all([one("a", "a1"), one("a", "a2"), one("b", "b1"), one("a", "a3")]);
    expect(served).toEqual(["a1", "b1", "a2", "a3"]);
    expect(mutex.size).toBe(0);
  });
});

describe("entries", () => {
  test("an entry exists while its key is held or waited for, and goes in the step that frees it [K2]", async () => {
    const mutex = new KeyedMutex<string>();
    const guard = await mutex.acquire("a");
    const wait = mutex.acquire("a");
    expect(mutex.size).toBe(1);
    guard.release();
    expect(mutex.size, "handed on").toBe(1);
    (await wait).release();
    expect(mutex.size).toBe(0);
  });

  test("a key handed to a waiter keeps its entry: a third caller does not get in [K1]", async () => {
    const mutex = new KeyedMutex<string>();
    const first = mutex.tryAcquire("a")!;
    const second = mutex.acquire("a");
    mutex.tryAcquire("other")!.release();
    first.release();
    mutex.tryAcquire("other")!.release();
    expect(mutex.tryAcquire("a")).toBeUndefined();
    (await second).release();
    mutex.tryAcquire("a")!.release();
  });

  // A holds the key through an old core; it is freed and dropped while B holds a new one; a late act on A's guard and a
  // late cancel must not touch B's.
  test("a late act on an old hold does not touch the successor's entry [K2]", async () => {
    const mutex = new KeyedMutex<string>();
    const old = mutex.tryAcquire("a")!;
    old.release();
    for (const key of ["b", "c"]) mutex.tryAcquire(key)!.release();
    const current = mutex.tryAcquire("a")!;
    expect(() => old.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    old[Symbol.dispose]();
    expect(mutex.at("a").cancelWaiters()).toBe(0);
    expect([mutex.size, mutex.tryAcquire("a")]).toEqual([1, undefined]);
    current.release();
    expect(mutex.size).toBe(0);
  });

  test("what is refused or given up leaves no entry", async () => {
    using platform = installTestPlatform();
    const mutex = new KeyedMutex<string>();
    const semaphore = new KeyedSemaphore<string>(2);
    const loose = (value: unknown): never => value as never;
    await rejectionOf(mutex.acquire("a", { signal: AbortSignal.abort("x") }));
    await rejectionOf(mutex.acquire("b", { timeout: -1 }));
    await rejectionOf(mutex.run("c", loose("no function")));
    await rejectionOf(mutex.run("d", () => 1, { bodyTimeout: -1 }));
    await rejectionOf(semaphore.acquire("e", { weight: 3 }));
    expect(() => semaphore.tryAcquire("f", { weight: 3 })).toThrow(expect.objectContaining({ code: "LW_WEIGHT" }));
    await mutex.at("g").whenAvailable();
    expect(mutex.at("h").stats().available).toBe(1);
    expect(mutex.at("i").cancelWaiters()).toBe(0);
    const hold = mutex.tryAcquire("j")!;
    const late = codeOf(mutex.acquire("j", { timeout: 5 }));
    platform.advance(5);
    expect(await late).toBe("LW_TIMEOUT");
    hold.release();
    expect([mutex.size, semaphore.size]).toEqual([0, 0]);
  });

  test("a whenAvailable caller keeps the entry until it was told, and is not told of a key taken again [53]", async () => {
    const mutex = new KeyedMutex<string>();
    const guard = mutex.tryAcquire("a")!;
    let isTold = false;
    const told = mutex
      .at("a")
      .whenAvailable()
      .then(() => (isTold = true));
    guard.release();
    mutex.tryAcquire("b")!.release();
    const again = mutex.tryAcquire("a")!;
    await settle();
    expect([isTold, mutex.size]).toEqual([false, 1]);
    again.release();
    await told;
    mutex.tryAcquire("b")!.release();
    expect(mutex.size).toBe(0);
    const held = mutex.tryAcquire("a")!;
    const cancelled = codeOf(mutex.at("a").whenAvailable());
    mutex.at("a").cancelWaiters();
    expect(await cancelled).toBe("LW_CANCELLED");
    held.release();
    expect(mutex.size).toBe(0);
  });

  // A watches "a", whose core is the spare. In the tick in which A is told, and before its entry is let go, B uses "b",
  // which drops the idle core of "a", and C takes "a" anew. The old core must not come back.
  test("an entry that was replaced between the news and the letting go does not come back [K1, K2]", async () => {
    const mutex = new KeyedMutex<string>();
    const guard = mutex.tryAcquire("a")!;
    guard.release();
    const again = mutex.tryAcquire("a")!;
    const told = mutex.at("a").whenAvailable();
    let successor: Guard | undefined;
    again.release();
    queueMicrotask(() => {
      mutex.tryAcquire("b")!.release();
      successor = mutex.tryAcquire("a");
    });
    await told;
    await settle();
    expect([successor?.held, mutex.tryAcquire("a")]).toEqual([true, undefined]);
    successor!.release();
    expect(mutex.size).toBe(0);
  });

  test("a closed key stays closed, and its entry with it [K4]", async () => {
    const mutex = new KeyedMutex<string>();
    mutex.at("a").close("gone");
    for (const key of ["b", "c"]) mutex.tryAcquire(key)!.release();
    expect(await rejectionOf(mutex.acquire("a"))).toMatchObject({ code: "LW_CLOSED", cause: "gone" });
    expect(() => mutex.tryAcquire("a")).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
    expect(() => mutex.tryAcquireAll(["a", "b"])).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
    expect(await codeOf(mutex.acquireAll(["b", "a"]))).toBe("LW_CLOSED");
    expect([mutex.size, mutex.at("a").stats().closed, mutex.at("b").stats().closed]).toEqual([1, true, false]);
    expect(mutex.tryAcquire("b")!.held).toBe(true);
  });
});

describe("at", () => {
  test("it is a view: two of the same key are the same lock, kept or not", async () => {
    const mutex = new KeyedMutex<string>({ name: "accounts" });
    const view: LocalLock = mutex.at("ann");
    expect([view.name, mutex.size]).toEqual(["accounts[ann]", 0]);
    const guard = view.tryAcquire()!;
    expect(mutex.at("ann").tryAcquire()).toBeUndefined();
    expect(mutex.at("bob").runSync(() => mutex.size)).toBe(2);
    expect(view.stats()).toEqual({
      name: "accounts[ann]",
      capacity: 1,
      available: 0,
      held: 1,
      waiting: 0,
      closed: false,
    });
    const wait = mutex.acquire("ann");
    expect(view.stats().waiting).toBe(1);
    guard.release();
    (await wait).release();
    expect(await view.run(async () => "value")).toBe("value");
    expect(mutex.size).toBe(0);
  });

  test("errors name the lock and the key", async () => {
    const mutex = new KeyedMutex<unknown>({ name: "accounts" });
    mutex.tryAcquire("ann");
    expect((await rejectionOf(mutex.acquire("ann", { timeout: 0 }))).message).toContain('"accounts[ann]" was not free');
    const key = { toString: () => expect.unreachable("a key's code was run") };
    mutex.tryAcquire(key);
    expect((await rejectionOf(mutex.acquire(key, { timeout: 0 }))).message).toMatch(/"accounts\[object \d+\]"/);
  });
});

describe("acquireAll", () => {
  test("it takes every key once, in one order whatever the order given, and gives all back at once", async () => {
    const mutex = new KeyedMutex<string>({ name: "accounts" });
    const both = await mutex.acquireAll(["b", "a", "b"]);
    expect([both.held, mutex.size, inspect(both)]).toEqual([true, 2, 'GuardSet { of: 2 keys of "accounts", held }']);
    const waits = [mutex.acquire("a"), mutex.acquire("b")];
    both.release();
    expect([both.held, mutex.at("a").stats().held, mutex.at("b").stats().held]).toEqual([false, 1, 1]);
    expect(() => both.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    both[Symbol.dispose]();
    await both[Symbol.asyncDispose]();
    for (const wait of waits) (await wait).release();
    expect(mutex.size).toBe(0);
  });

  test("callers with the same keys in opposite orders all finish", async () => {
    const mutex = new KeyedMutex<number>();
    let inside = 0;
    let turns = 0;
    const work = async (keys: readonly number[]): Promise<void> => {
      for (let turn = 0; turn < 20; turn += 1) {
        using _ = await mutex.acquireAll(keys);
        inside += 1;
        expect(inside).toBe(1);
        await settle(2);
        inside -= 1;
        turns += 1;
      }
    };
    await Promise.all([work([1, 2, 3]), work([3, 2, 1]), work([2, 3, 1])]);
    expect([turns, mutex.size]).toEqual([60, 0]);
  });

  test("the order is total: by type, then by value, objects by when they were first seen", async () => {
    const mutex = new KeyedMutex<unknown>();
    const [first, second, third] = [{}, () => 0, Symbol("third")];
    for (const key of [first, second]) expect(mutex.at(key).name, "seen in this order").toContain("keyed-mutex");
    const values = [false, true, Number.NaN, -1, 0, 2, 1n, 3n, "", "a", "b", Symbol.for("x")];
    const inOrder = [...values, third, null, first, second, undefined];
    // Each is held in turn: whoever waits for a key holds all before it and none after.
    for (const shuffled of [inOrder.toReversed(), [...inOrder.slice(5), ...inOrder.slice(0, 5)]]) {
      for (const [at, key] of inOrder.entries()) {
        const hold = mutex.tryAcquire(key)!;
        const all = codeOf(mutex.acquireAll(shuffled));
        await settle(40);
        expect(mutex.size, `waiting for key ${at}`).toBe(at + 1);
        mutex.at(key).cancelWaiters();
        expect(await all).toBe("LW_CANCELLED");
        hold.release();
      }
    }
  });

  test("compare sets the order, and what it cannot tell apart is told apart all the same", async () => {
    const mutex = new KeyedMutex<string>({ compare: (a, b) => b.length - a.length });
    const hold = mutex.tryAcquire("bb")!;
    const all = mutex.acquireAll(["c", "bb", "aa", "ddd"]);
    await settle();
    expect(["ddd", "aa", "c"].map((key) => mutex.at(key).stats().held)).toEqual([1, 1, 0]);
    hold.release();
    (await all).release();
    expect(mutex.size).toBe(0);
    const throwing = new KeyedMutex<string>({
      compare: () => {
        throw new Error("compare");
      },
    });
    await expect(throwing.acquireAll(["a", "b"])).rejects.toThrow("compare");
    expect(throwing.size).toBe(0);
  });

  test("one deadline bounds all of it, what was taken is given back, and the error says what was missing", async () => {
    using platform = installTestPlatform();
    const mutex = new KeyedMutex<string>({ name: "accounts" });
    const holds = new Map(["a", "b"].map((key) => [key, mutex.tryAcquire(key)!]));
    const all = rejectionOf(mutex.acquireAll(["a", "b", "c"], { timeout: 50 }));
    platform.advance(30);
    holds.get("a")!.release();
    await settle();
    expect(mutex.at("a").stats().held).toBe(1);
    platform.advance(19);
    expect(mutex.at("b").stats().waiting).toBe(1);
    platform.advance(1);
    const error = await all;
    expect(error.code).toBe("LW_TIMEOUT");
    expect(error.message).toContain('not all of 3 keys of "accounts" were free within 50 ms: "accounts[b]" was not');
    expect([mutex.size, platform.timers.size]).toEqual([1, 0]);
    holds.get("b")!.release();
    (await mutex.acquireAll(["a", "b"], { timeout: 0 })).release();
    holds.set("b", mutex.tryAcquire("b")!);
    expect(await codeOf(mutex.acquireAll(["a", "b"], { timeout: 0 }))).toBe("LW_TIMEOUT");
    expect(mutex.size).toBe(1);
  });

  test("one signal bounds all of it, before, between and during the waits", async () => {
    const mutex = new KeyedMutex<string>();
    const controller = new AbortController();
    const hold = mutex.tryAcquire("b")!;
    const all = rejectionOf<unknown>(mutex.acquireAll(["a", "b"], { signal: controller.signal }));
    await settle();
    expect(mutex.size).toBe(2);
    controller.abort("stop");
    expect(await all).toBe("stop");
    expect(mutex.size).toBe(1);
    expect(await rejectionOf<unknown>(mutex.acquireAll(["a"], { signal: AbortSignal.abort("late") }))).toBe("late");
    hold.release();
    expect(mutex.size).toBe(0);
  });

  test("no keys are a guard that holds nothing; text and what is no iterable are refused", async () => {
    const mutex = new KeyedMutex<string>();
    const none = await mutex.acquireAll([]);
    expect(none.held).toBe(true);
    none.release();
    await expect(mutex.acquireAll("abc")).rejects.toThrow(TypeError);
    expect(() => mutex.tryAcquireAll(7 as never)).toThrow(/keys must be an iterable, such as an array, got 7/);
    const keys = (function* (): Generator<string> {
      yield "a";
      throw new Error("source");
    })();
    await expect(mutex.acquireAll(keys)).rejects.toThrow("source");
    expect(mutex.size).toBe(0);
  });

  test("tryAcquireAll takes all or nothing, in one step and without a trace", () => {
    const mutex = new KeyedMutex<string>();
    const hold = mutex.tryAcquire("c")!;
    expect(mutex.tryAcquireAll(["a", "b", "c"])).toBeUndefined();
    expect(mutex.size).toBe(1);
    hold.release();
    const all = mutex.tryAcquireAll(new Set(["c", "a", "b"]))!;
    expect([all.held, mutex.size]).toEqual([true, 3]);
    expect(mutex.tryAcquireAll(["b"])).toBeUndefined();
    all.release();
    expect(mutex.size).toBe(0);
  });

  test("tryAcquireAll does not pass a waiter [I1]", async () => {
    const mutex = new KeyedMutex<string>();
    const hold = mutex.tryAcquire("a")!;
    const wait = mutex.acquire("a");
    hold.release();
    expect(mutex.tryAcquireAll(["a", "b"])).toBeUndefined();
    (await wait).release();
  });
});

describe("KeyedSemaphore", () => {
  test("each key has its own permits and weights, and its entry goes when all are back", async () => {
    const semaphore = new KeyedSemaphore<string>(3, { name: "hosts" });
    const heavy = semaphore.tryAcquire("a", { weight: 2 })!;
    const light = await semaphore.acquire("a");
    expect([semaphore.tryAcquire("a"), semaphore.tryAcquire("b")!.held]).toEqual([undefined, true]);
    const queued = semaphore.acquire("a", { weight: 3 });
    const behind = semaphore.acquire("a");
    heavy.release();
    await settle();
    expect(semaphore.at("a").stats()).toMatchObject({ capacity: 3, held: 1, waiting: 2 });
    light.release();
    (await queued).release();
    (await behind).release();
    expect([semaphore.size, semaphore.name, String(semaphore)]).toEqual([
      1,
      "hosts",
      'KeyedSemaphore { name: "hosts", size: 1 }',
    ]);
    expect(await semaphore.run("c", () => semaphore.size, { weight: 3 })).toBe(2);
    expect(await codeOf(semaphore.acquire("c", { weight: 4 }))).toBe("LW_WEIGHT");
  });

  test("a heavy waiter that gives up lets a lighter one in, and the entry still goes [I4]", async () => {
    const semaphore = new KeyedSemaphore<string>(2);
    const hold = semaphore.tryAcquire("a")!;
    const controller = new AbortController();
    const heavy = rejectionOf<unknown>(semaphore.acquire("a", { weight: 2, signal: controller.signal }));
    const light = semaphore.acquire("a");
    controller.abort("no");
    expect(await heavy).toBe("no");
    hold.release();
    (await light).release();
    expect(semaphore.size).toBe(0);
  });
});

describe("StripedMutex", () => {
  test("keys of one stripe exclude each other, others do not, and equal keys share one", async () => {
    const mutex = new StripedMutex<number>(4, { hash: (key) => key });
    const guard = mutex.tryAcquire(1)!;
    expect([mutex.tryAcquire(5), mutex.tryAcquire(-3), mutex.size]).toEqual([undefined, undefined, 1]);
    const other = mutex.tryAcquire(2)!;
    expect(mutex.size).toBe(2);
    const wait = mutex.acquire(9);
    guard.release();
    (await wait).release();
    other.release();
    expect([mutex.size, mutex.stripes]).toEqual([0, 4]);
  });

  test("acquireAll takes each stripe once, in the order of stripes: keys that share one do not wait for themselves", async () => {
    const mutex = new StripedMutex<number>(4, { hash: (key) => key, name: "files" });
    const all = await mutex.acquireAll([7, 5, 1, 3, 9]);
    expect([mutex.size, String(all)]).toEqual([2, 'GuardSet { of: 2 keys of "files", held }']);
    expect(mutex.tryAcquireAll([3])).toBeUndefined();
    all.release();
    const hold = mutex.tryAcquire(3)!;
    const waiting = mutex.acquireAll([3, 2, 0]);
    await settle();
    expect(mutex.size).toBe(3);
    hold.release();
    (await waiting).release();
    const everything = mutex.tryAcquireAll([0, 1, 2, 3, 4])!;
    expect(mutex.size).toBe(4);
    everything.release();
  });

  test("the default hash spreads keys of every kind, the same key always alike", () => {
    const mutex = new StripedMutex<unknown>(64);
    for (const key of [
      "text",
      1,
      -1,
      1.5,
      Number.NaN,
      2n,
      true,
      null,
      undefined,
      {},
      () => 0,
      Symbol.for("s"),
      Symbol("s"),
    ]) {
      const guard = mutex.tryAcquire(key)!;
      expect(mutex.tryAcquire(key), `again ${String(key)}`).toBeUndefined();
      guard.release();
    }
    const used = new Map<number, number>();
    for (let at = 0; at < 6400; at += 1) {
      const guard = mutex.tryAcquire(`user-${at}`)!;
      const stripe = (mutex as unknown as { table: { stripes: { free: number }[] } }).table.stripes.findIndex(
        (core) => core.free === 0,
      );
      used.set(stripe, (used.get(stripe) ?? 0) + 1);
      guard.release();
    }
    expect(used.size).toBe(64);
    expect(Math.max(...used.values()), "no stripe gets twice its share").toBeLessThan(200);
  });

  test("a hash that gives no whole number is refused, and so is one that throws", async () => {
    const wrong = (hash: unknown): StripedMutex => new StripedMutex(2, { hash: () => hash as number });
    expect(() => wrong(1.5).tryAcquire("a")).toThrow(RangeError);
    expect(() => wrong("1").tryAcquire("a")).toThrow(/hash must give a number, got "1"/);
    const throwing = new StripedMutex(2, {
      hash: () => {
        throw new Error("hash");
      },
    });
    await expect(throwing.acquireAll(["a", "b"])).rejects.toThrow("hash");
    expect(throwing.size).toBe(0);
  });
});

test("async methods of keyed locks reject and never throw, whatever hash or key does", async () => {
  const throwing = new StripedMutex(2, {
    hash: () => {
      throw new Error("hash");
    },
  });
  const calls: (() => Promise<unknown>)[] = [
    () => throwing.acquire("a"),
    () => throwing.run("a", () => 1),
    () => throwing.at("a").acquire(),
    () => throwing.at("a").run(() => 1),
    () => throwing.at("a").whenAvailable(),
  ];
  for (const call of calls) {
    let promise: Promise<unknown> | undefined;
    expect(() => (promise = call())).not.toThrow();
    await expect(promise).rejects.toThrow("hash");
  }
});

test("inspect text of a keyed lock shows its name and how many keys are in use [11]", () => {
  class Accounts extends KeyedMutex<string> {}
  const accounts = new Accounts({ name: "accounts" });
  const guard: Guard = accounts.tryAcquire("ann")!;
  expect(inspect(accounts)).toBe('Accounts { name: "accounts", size: 1 }');
  expect(inspect(guard)).toBe('Guard { lock: "accounts[ann]", held, weight: 1 }');
  expect(inspect(accounts.at("bob"))).toBe('KeyLock { name: "accounts[bob]", held: 0 of 1, waiting: 0 }');
  expect(new KeyedMutex().name).toMatch(/^keyed-mutex-\d+$/);
});
