import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  acquireAll,
  CapacityLimiter,
  KeyedMutex,
  KeyedSemaphore,
  Mutex,
  ReadWriteLock,
  StampedLock,
  StripedMutex,
} from "../../../src/index.js";

const loose = (value: unknown): never => value as never;

interface Misuse {
  readonly what: string;
  readonly call: (locks: Locks) => unknown;
  readonly error: "TypeError" | "RangeError";
  readonly says: RegExp;
}

interface Locks {
  readonly rw: ReadWriteLock;
  readonly stamped: StampedLock;
  readonly limiter: CapacityLimiter<string>;
  readonly keyed: KeyedMutex;
  readonly semaphore: KeyedSemaphore;
  readonly striped: StripedMutex;
}

let locks: Locks;
beforeEach(() => {
  locks = {
    rw: new ReadWriteLock({ name: "rw" }),
    stamped: new StampedLock({ name: "stamped" }),
    limiter: new CapacityLimiter(2, { name: "limiter" }),
    keyed: new KeyedMutex({ name: "keyed" }),
    semaphore: new KeyedSemaphore(2, { name: "semaphore" }),
    striped: new StripedMutex(2, { name: "striped" }),
  };
});

/** Nothing held, nothing waited for, no entry. */
afterEach(() => {
  const { rw, stamped, limiter, keyed, semaphore, striped } = locks;
  const faces = [rw.read, rw.upgradeable, rw.write, stamped.read, stamped.write, limiter];
  for (const { held, waiting } of faces.map((face) => face.stats())) assert.deepEqual([held, waiting], [0, 0]);
  assert.deepEqual([keyed.size, semaphore.size, striped.size, limiter.borrowers.size, limiter.total], [0, 0, 0, 0, 2]);
});

function numbers(argument: string, least: number, make: (value: never) => unknown): Misuse[] {
  const type = `${argument} must be a number`;
  const range = `${argument} must be a whole number of at least ${least}`;
  const rows: [unknown, Misuse["error"], string][] = [
    [undefined, "TypeError", `${type}, got undefined`],
    ["3", "TypeError", `${type}, got "3"`],
    [null, "TypeError", `${type}, got null`],
    [Number.NaN, "RangeError", `${range}, got NaN`],
    [least - 1, "RangeError", `${range}, got ${least - 1}`],
    [1.5, "RangeError", `${range}, got 1.5`],
    [Infinity, "RangeError", `${range}, got Infinity`],
    [2 ** 53, "RangeError", `${range}, got 9007199254740992`],
  ];
  return rows.map(([value, error, says]) => ({
    what: `${argument} ${String(value)}`,
    call: () => make(loose(value)),
    error,
    says: new RegExp(says),
  }));
}

/** Options that every constructor refuses alike. */
function lockOptions(kind: string, make: (options: never) => unknown): Misuse[] {
  const row = (what: string, options: unknown, error: Misuse["error"], says: RegExp): Misuse => ({
    what: `${kind} with ${what}`,
    call: () => make(loose(options)),
    error,
    says,
  });
  return [
    row("options null", null, "TypeError", /options must be an object, got null/),
    row("options as text", "name", "TypeError", /options must be an object, got "name"/),
    row("a name that is no text", { name: 7 }, "TypeError", /name must be a string, got 7/),
    row("an unknown order", { order: "random" }, "TypeError", /order must be/),
    row("ageing without an order [25]", { ageing: 2 }, "TypeError", /ageing goes with order/),
    row("ageing 0", { order: "priority", ageing: 0 }, "RangeError", /ageing .* got 0/),
    row("maxWaiters -1", { maxWaiters: -1 }, "RangeError", /maxWaiters .* got -1/),
    row("maxWaiters NaN", { maxWaiters: Number.NaN }, "RangeError", /maxWaiters .* got NaN/),
    row("maxWaiters as text", { maxWaiters: "3" }, "TypeError", /maxWaiters must be a number/),
  ];
}

const constructions: readonly Misuse[] = [
  ...lockOptions("ReadWriteLock", (options) => new ReadWriteLock(options)),
  ...lockOptions("StampedLock", (options) => new StampedLock(options)),
  ...lockOptions("CapacityLimiter", (options) => new CapacityLimiter(1, options)),
  ...lockOptions("KeyedMutex", (options) => new KeyedMutex(options)),
  ...lockOptions("KeyedSemaphore", (options) => new KeyedSemaphore(1, options)),
  ...lockOptions("StripedMutex", (options) => new StripedMutex(1, options)),
  ...numbers("total", 0, (value) => new CapacityLimiter(value)),
  ...numbers("permits", 1, (value) => new KeyedSemaphore(value)),
  ...numbers("stripes", 1, (value) => new StripedMutex(value)),
  {
    what: "an unknown policy",
    call: () => new ReadWriteLock({ policy: loose("random") }),
    error: "TypeError",
    says: /policy must be "fair", "prefer-readers" or "prefer-writers", got "random"/,
  },
  {
    what: "a policy that every object has",
    call: () => new ReadWriteLock({ policy: loose("toString") }),
    error: "TypeError",
    says: /policy must be/,
  },
  {
    what: "a policy that is no text",
    call: () => new ReadWriteLock({ policy: loose(null) }),
    error: "TypeError",
    says: /policy must be .* got null/,
  },
  {
    what: "a preference with an order of its own [25]",
    call: () => new ReadWriteLock({ policy: "prefer-readers", order: "priority" }),
    error: "TypeError",
    says: /policy "prefer-readers" is an order of its own: leave order out, got "priority"/,
  },
  {
    what: "a preference with ageing 0",
    call: () => new ReadWriteLock({ policy: "prefer-writers", ageing: 0 }),
    error: "RangeError",
    says: /ageing .* got 0/,
  },
  {
    what: "a lifo read-write lock",
    call: () => new ReadWriteLock({ order: "lifo" }),
    error: "TypeError",
    says: /order must be "fifo" or "priority" here, got "lifo"/,
  },
  {
    what: "a lifo stamped lock",
    call: () => new StampedLock({ order: "lifo" }),
    error: "TypeError",
    says: /order must be "fifo" or "priority" here/,
  },
  {
    what: "compare as text",
    call: () => new KeyedMutex({ compare: loose("asc") }),
    error: "TypeError",
    says: /compare must be a function, got "asc"/,
  },
  {
    what: "hash as a number",
    call: () => new StripedMutex(2, { hash: loose(7) }),
    error: "TypeError",
    says: /hash must be a function, got 7/,
  },
];

const synchronous: readonly Misuse[] = [
  ...numbers("total", 0, (value) => (locks.limiter.total = value)),
  {
    what: "a weight on a face",
    call: ({ rw }) => rw.read.tryAcquire({ weight: 1 }),
    error: "TypeError",
    says: /"rw" has no weights/,
  },
  {
    what: "a weight on a limiter",
    call: ({ limiter }) => limiter.tryAcquire({ weight: 1 }),
    error: "TypeError",
    says: /"limiter" has no weights/,
  },
  {
    what: "a weight of 0 on a key [52]",
    call: ({ semaphore }) => semaphore.tryAcquire("k", { weight: 0 }),
    error: "RangeError",
    says: /weight .* got 0/,
  },
  {
    what: "options null on a key",
    call: ({ semaphore }) => semaphore.tryAcquire("k", loose(null)),
    error: "TypeError",
    says: /options must be an object, got null/,
  },
  {
    what: "tryAcquireAll of text",
    call: ({ keyed }) => keyed.tryAcquireAll("abc"),
    error: "TypeError",
    says: /keys must be an iterable, such as an array, got "abc"/,
  },
  {
    what: "tryAcquireAll of undefined",
    call: ({ keyed }) => keyed.tryAcquireAll(loose(undefined)),
    error: "TypeError",
    says: /keys must be an iterable/,
  },
  {
    what: "a stamp of undefined",
    call: ({ stamped }) => stamped.validate(loose(undefined)),
    error: "TypeError",
    says: /stamp must be what tryOptimisticRead gave, got undefined/,
  },
  {
    what: "a write with a stamp as text",
    call: ({ stamped }) => stamped.tryWrite(loose("0")),
    error: "TypeError",
    says: /stamp must be/,
  },
  {
    what: "runSync with a promise on a face",
    call: ({ rw }) => rw.write.runSync(async () => 1),
    error: "TypeError",
    says: /must not return a promise/,
  },
  {
    what: "runSync with a promise on a key",
    call: ({ keyed }) => keyed.at("k").runSync(async () => 1),
    error: "TypeError",
    says: /must not return a promise/,
  },
];

/** Wrong options of a wait, for every method that takes them. */
function waits(what: string, call: (locks: Locks, options: never) => unknown): Misuse[] {
  const row = (options: unknown, error: Misuse["error"], says: RegExp): Misuse => ({
    what: `${what} with ${says.source.split(" ")[0]} wrong: ${JSON.stringify(options)}`,
    call: (of) => call(of, loose(options)),
    error,
    says,
  });
  return [
    row(null, "TypeError", /options must be an object, got null/),
    row({ timeout: "1s" }, "TypeError", /timeout must be a number of milliseconds, got "1s"/),
    row({ timeout: -1 }, "RangeError", /timeout must be 0 or more/),
    row({ timeout: Number.NaN }, "RangeError", /timeout must be 0 or more/),
    row({ signal: null }, "TypeError", /signal must be an AbortSignal, got null/),
    row({ signal: {} }, "TypeError", /signal must be an AbortSignal, got an object/),
  ];
}

const asynchronous: readonly Misuse[] = [
  ...waits("read.acquire", ({ rw }, options) => rw.read.acquire(options)),
  ...waits("write.whenAvailable", ({ rw }, options) => rw.write.whenAvailable(options)),
  ...waits("upgrade", async ({ rw }, options) => {
    const guard = rw.upgradeable.tryAcquire()!;
    try {
      return await guard.upgrade(options);
    } finally {
      guard.release();
    }
  }),
  ...waits("readOptimistic", ({ stamped }, options) => stamped.readOptimistic(() => 1, options)),
  ...waits("limiter.acquire", ({ limiter }, options) => limiter.acquire(options)),
  ...waits("keyed.acquire", ({ keyed }, options) => keyed.acquire("k", options)),
  ...waits("keyed.acquireAll", ({ keyed }, options) => keyed.acquireAll(["k"], options)),
  ...waits("semaphore.run", ({ semaphore }, options) => semaphore.run("k", () => 1, options)),
  ...waits("striped.acquireAll", ({ striped }, options) => striped.acquireAll(["k"], options)),
  ...waits("at().whenAvailable", ({ keyed }, options) => keyed.at("k").whenAvailable(options)),
  ...waits("acquireAll", ({ rw, keyed }, options) => acquireAll([rw.read, keyed.at("k")], options)),
  ...waits("acquireAll of nothing", (_of, options) => acquireAll([], options)),
  {
    what: "a priority on a fair face [25]",
    call: ({ rw }) => rw.read.acquire({ priority: 1 }),
    error: "TypeError",
    says: /"rw" takes no priority/,
  },
  {
    what: "a weight in an upgrade",
    call: async ({ rw }) => {
      using guard = rw.upgradeable.tryAcquire()!;
      return await guard.upgrade(loose({ weight: 2 }));
    },
    error: "TypeError",
    says: /"rw" has no weights/,
  },
  {
    what: "attempts -1",
    call: ({ stamped }) => stamped.readOptimistic(() => 1, { attempts: -1 }),
    error: "RangeError",
    says: /attempts .* at least 0, got -1/,
  },
  {
    what: "attempts 1.5",
    call: ({ stamped }) => stamped.readOptimistic(() => 1, { attempts: 1.5 }),
    error: "RangeError",
    says: /attempts .* got 1.5/,
  },
  {
    what: "attempts as text",
    call: ({ stamped }) => stamped.readOptimistic(() => 1, { attempts: loose("3") }),
    error: "TypeError",
    says: /attempts must be a number/,
  },
  {
    what: "readOptimistic without a function",
    call: ({ stamped }) => stamped.readOptimistic(loose(undefined)),
    error: "TypeError",
    says: /fn must be a function, got undefined/,
  },
  {
    what: "a body that is no function on a key",
    call: ({ keyed }) => keyed.run("k", loose("fn")),
    error: "TypeError",
    says: /fn must be a function, got "fn"/,
  },
  {
    what: "weight 0 on a key [52]",
    call: ({ semaphore }) => semaphore.acquire("k", { weight: 0 }),
    error: "RangeError",
    says: /weight .* got 0/,
  },
  {
    what: "a weight on a keyed mutex",
    call: ({ keyed }) => keyed.acquire("k", { weight: 1 }),
    error: "TypeError",
    says: /"keyed\[k\]" has no weights/,
  },
  {
    what: "a weight for all keys",
    call: ({ keyed }) => keyed.acquireAll(["k"], { weight: 1 }),
    error: "TypeError",
    says: /"keyed" has no weights/,
  },
  {
    what: "keys as text",
    call: ({ keyed }) => keyed.acquireAll("ab"),
    error: "TypeError",
    says: /keys must be an iterable/,
  },
  {
    what: "locks that are one lock",
    call: ({ keyed }) => acquireAll(loose(keyed.at("k"))),
    error: "TypeError",
    says: /locks must be an iterable, such as an array, got an object/,
  },
  {
    what: "a lock that is a keyed lock",
    call: ({ keyed, rw }) => acquireAll([rw.write, loose(keyed)]),
    error: "TypeError",
    says: /locks must hold locks/,
  },
  {
    what: "a lock that is a read-write lock",
    call: ({ rw }) => acquireAll([new Mutex(), loose(rw)]),
    error: "TypeError",
    says: /locks must hold locks, got an object/,
  },
];

function refusalOf(misuse: Misuse): unknown {
  return expect.objectContaining({ name: misuse.error, message: expect.stringMatching(misuse.says) });
}

describe("a synchronous call throws and leaves all as it was", () => {
  test.each([...constructions, ...synchronous])("on $what", (misuse) => {
    let error: unknown;
    try {
      misuse.call(locks);
    } catch (caught) {
      error = caught;
    }
    expect(error).toEqual(refusalOf(misuse));
  });
});

describe("an async method rejects, never throws, and leaves all as it was", () => {
  test.each(asynchronous)("on $what", async (misuse) => {
    const answer = misuse.call(locks) as Promise<unknown>;
    expect(Object.getPrototypeOf(answer)).toBe(Promise.prototype);
    expect(await answer.catch((error: unknown) => error)).toEqual(refusalOf(misuse));
  });
});

describe("spent guards", () => {
  test("after a downgrade and an upgrade the old guard does nothing, whatever is called on it", async () => {
    const { rw } = locks;
    const writing = rw.write.tryAcquire()!;
    const reading = writing.downgrade();
    const spent = expect.objectContaining({ code: "LW_NOT_HELD" });
    for (const call of [() => writing.release(), () => writing.downgrade()]) expect(call).toThrow(spent);
    reading.release();
    for (const call of [() => reading.release(), () => reading.tryUpgrade()]) expect(call).toThrow(spent);
    const upgradeable = rw.upgradeable.tryAcquire()!;
    const upgraded = await upgradeable.upgrade();
    for (const call of [() => upgradeable.release(), () => upgradeable.tryUpgrade()]) expect(call).toThrow(spent);
    await expect(upgradeable.upgrade()).rejects.toEqual(spent);
    upgraded.release();
    expect(() => upgraded.release()).toThrow(spent);
    upgradeable.release();
    await expect(upgradeable.upgrade()).rejects.toEqual(spent);
  });

  test("a guard of several is spent after one release", async () => {
    const all = await locks.keyed.acquireAll(["a", "b"]);
    all.release();
    expect(() => all.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
  });
});

describe("hostile callers", () => {
  test("an option getter that throws rejects and takes nothing", async () => {
    const options = {
      get timeout(): number {
        throw new Error("getter");
      },
    };
    const { rw, keyed, limiter } = locks;
    const calls = [
      rw.read.acquire(options),
      keyed.acquire("k", options),
      keyed.run("k", () => 1, options),
      keyed.acquireAll(["k"], options),
      limiter.acquire(options),
      acquireAll([rw.write], options),
    ];
    for (const call of calls) await expect(call).rejects.toThrow("getter");
  });

  test("a polluted Object.prototype.then does not turn the guard of several into a thenable", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- the hostility under test
    Object.defineProperty(Object.prototype, "then", { value: () => undefined, configurable: true });
    try {
      const all = await locks.keyed.acquireAll(["a"]);
      expect(all.held).toBe(true);
      all.release();
    } finally {
      delete (Object.prototype as { then?: unknown }).then;
    }
  });
});
