/** Wrong calls of map, mapStream, RateLimiter, AdaptiveLimiter and TaskGroup: the error, and that nothing has changed. */
import { describe, expect, test } from "vitest";
import { AdaptiveLimiter, RateLimiter, Semaphore, TaskGroup } from "../../../src/index.js";

interface Misuse {
  readonly what: string;
  readonly call: () => unknown;
  readonly error: "TypeError" | "RangeError";
  readonly says: RegExp;
}

const loose = (value: unknown): never => value as never;
const semaphore = new Semaphore(2, { name: "s" });
const rate = new RateLimiter({ rate: 1, per: 60_000, burst: 3, name: "r" });
const adaptive = new AdaptiveLimiter({ initial: 2, name: "a" });
const group = new TaskGroup({ name: "g" });
const one = (): number => 1;

function state(): readonly unknown[] {
  const { held, waiting } = semaphore.stats();
  const limits = adaptive.stats();
  return [
    held,
    waiting,
    rate.check().remaining,
    rate.waiting,
    limits.held,
    limits.waiting,
    adaptive.limit,
    String(group),
  ];
}

const UNTOUCHED = [0, 0, 3, 0, 0, 0, 2, 'TaskGroup { name: "g", open, children: 0 }'];

/** Each of `values` for the option `name`: numbers give a RangeError, the rest a TypeError. */
function rows(name: string, values: readonly unknown[], call: (value: never) => unknown): Misuse[] {
  return values.map((value) => ({
    what: `${name}: ${typeof value === "string" ? JSON.stringify(value) : String(value)}`,
    call: () => call(loose(value)),
    error: typeof value === "number" ? "RangeError" : "TypeError",
    says: new RegExp(`^${name.replace("(", "\\(").replace(")", "\\)")} `),
  }));
}

const NO_COUNT = [0, -1, 1.5, Number.NaN, "3", null, true];
const NO_DURATION = [-1, Number.NaN, "5", null];
const NO_FUNCTION = ["fn", null, true];

const synchronous: readonly Misuse[] = [
  ...rows("rate", [0, -1, Number.NaN, Infinity, "5", null, undefined], (value) => new RateLimiter({ rate: value })),
  ...rows("per", [0, -1, Number.NaN, Infinity, "5", null], (per) => new RateLimiter({ rate: 1, per })),
  {
    what: "a rate too small for the clock",
    call: () => new RateLimiter({ rate: 1e-300, per: 1e300 }),
    error: "RangeError",
    says: /^per \/ rate must be a finite number above 0, got Infinity/,
  },
  ...rows("burst", [...NO_COUNT, Infinity], (burst) => new RateLimiter({ rate: 1, burst })),
  ...rows("algorithm", ["leaky", null], (algorithm) => new RateLimiter({ rate: 1, algorithm })),
  ...rows("maxWaiters", [-1, 0.5, Number.NaN, "1"], (maxWaiters) => new RateLimiter({ rate: 1, maxWaiters })),
  ...rows("name", [null, true], (name) => new RateLimiter({ rate: 1, name })),
  ...rows("options", [undefined, "50", null], (options) => new RateLimiter(options)),
  ...rows("weight", NO_COUNT, (weight) => rate.tryAcquire({ weight })),
  ...rows("weight", NO_COUNT, (weight) => rate.check({ weight })),
  ...rows("options", ["1", null], (options) => rate.tryAcquire(options)),
  ...rows("options", ["1", null], (options) => rate.check(options)),
  ...rows("ms", [...NO_DURATION, Infinity, undefined], (ms) => rate.pauseFor(ms)),
  ...rows("algorithm", ["bbr", null], (algorithm) => new AdaptiveLimiter({ algorithm })),
  ...rows("min", [...NO_COUNT, Infinity], (min) => new AdaptiveLimiter({ min })),
  ...rows("max", [...NO_COUNT, Infinity], (max) => new AdaptiveLimiter({ max })),
  ...rows("initial", [...NO_COUNT, Infinity, 1001], (initial) => new AdaptiveLimiter({ initial })),
  {
    what: "max below min",
    call: () => new AdaptiveLimiter({ min: 5, max: 4 }),
    error: "RangeError",
    says: /^max must be at least min \(5\), got 4/,
  },
  {
    what: "initial below min",
    call: () => new AdaptiveLimiter({ min: 5, initial: 4 }),
    error: "RangeError",
    says: /^initial must be from min \(5\) to max \(1000\), got 4/,
  },
  ...rows("order", ["random"], (order) => new AdaptiveLimiter({ order })),
  ...rows("options", ["8", null], (options) => new AdaptiveLimiter(options)),
  {
    what: "a weight on an adaptive limiter",
    call: () => adaptive.tryAcquire({ weight: 1 }),
    error: "TypeError",
    says: /"a" has no weights/,
  },
  ...rows("fn", NO_FUNCTION, (fn) => adaptive.runSync(fn)),
  {
    what: "runSync with an async function",
    call: () => adaptive.runSync(async () => 1),
    error: "TypeError",
    says: /must not return a promise/,
  },
  {
    what: "an unknown outcome",
    call: () => {
      using guard = adaptive.tryAcquire()!;
      guard.outcome(loose("failed"));
    },
    error: "TypeError",
    says: /^kind must be "ok", "drop" or "ignore", got "failed"/,
  },
  ...rows("limit", [0, -1, 1.5, Number.NaN, "3", null], (limit) => new TaskGroup({ limit })),
  {
    what: "a foreign object as limit",
    call: () => new TaskGroup({ limit: loose({ run: one }) }),
    error: "TypeError",
    says: /^limit must be a number or a Semaphore, got an object/,
  },
  ...rows("onError", ["stop", null], (onError) => new TaskGroup({ onError })),
  ...rows("signal", [null, "signal"], (signal) => new TaskGroup({ signal })),
  ...rows("name", [null, true], (name) => new TaskGroup({ name })),
  ...rows("options", ["8", null], (options) => new TaskGroup(options)),
  ...rows("items", [null, undefined, true], (items) => semaphore.mapStream(items, one)),
  ...rows("fn", NO_FUNCTION, (fn) => semaphore.mapStream([1], fn)),
  ...rows("ordered", ["yes", null], (ordered) => semaphore.mapStream([1], one, { ordered })),
  ...rows("stopOnError", ["yes", null], (stopOnError) => semaphore.mapStream([1], one, { stopOnError })),
  ...rows("options", ["8", null], (options) => semaphore.mapStream([1], one, options)),
];

const asynchronous: readonly Misuse[] = [
  ...rows("items", [null, undefined, true], (items) => semaphore.map(items, one)),
  {
    what: "an object that is no iterable",
    call: () => semaphore.map(loose({ length: 1 }), one),
    error: "TypeError",
    says: /^items must be iterable, got an object/,
  },
  ...rows("fn", NO_FUNCTION, (fn) => semaphore.map([1], fn)),
  ...rows("weight", ["1", null, true], (weight) => semaphore.map([1], one, { weight })),
  ...rows("weight(item)", NO_COUNT, (weight) => semaphore.map([1], one, { weight: () => weight })),
  ...rows("onProgress", ["1", null], (onProgress) => semaphore.map([1], one, { onProgress })),
  ...rows("timeout", NO_DURATION, (timeout) => semaphore.map([1], one, { timeout })),
  ...rows("signal", [null, "signal"], (signal) => semaphore.map([1], one, { signal })),
  ...rows("stopOnError", ["yes", null], (stopOnError) => semaphore.map([1], one, { stopOnError })),
  ...rows("options", ["8", null], (options) => semaphore.map([1], one, options)),
  ...rows("weight", NO_COUNT, (weight) => rate.acquire({ weight })),
  ...rows("timeout", NO_DURATION, (timeout) => rate.acquire({ timeout })),
  ...rows("signal", [null, "signal"], (signal) => rate.acquire({ signal })),
  ...rows("options", ["8", null], (options) => rate.acquire(options)),
  {
    what: "a priority for a rate",
    call: () => rate.acquire(loose({ priority: 1 })),
    error: "TypeError",
    says: /"r" takes no priority/,
  },
  {
    what: "a weight on an adaptive limiter",
    call: () => adaptive.acquire({ weight: 1 }),
    error: "TypeError",
    says: /"a" has no weights/,
  },
  ...rows("timeout", NO_DURATION, (timeout) => adaptive.acquire({ timeout })),
  ...rows("options", ["8", null], (options) => adaptive.acquire(options)),
  ...rows("fn", NO_FUNCTION, (fn) => adaptive.run(fn)),
  ...rows("fn", NO_FUNCTION, (fn) => group.spawn(fn)),
  ...rows("name", [null, true], (name) => group.spawn(one, { name })),
  ...rows("options", ["8", null], (options) => group.spawn(one, options)),
  ...rows("fn", NO_FUNCTION, (fn) => TaskGroup.run(fn)),
  ...rows("limit", [0, "3"], (limit) => TaskGroup.run(one, { limit })),
];

function refusalOf(misuse: Misuse): unknown {
  return expect.objectContaining({ name: misuse.error, message: expect.stringMatching(misuse.says) });
}

describe("a synchronous call throws", () => {
  test.each([...synchronous])("on $what", (misuse) => {
    let error: unknown;
    try {
      misuse.call();
    } catch (caught) {
      error = caught;
    }
    expect(error).toEqual(refusalOf(misuse));
    expect(state()).toEqual(UNTOUCHED);
  });
});

describe("an async method rejects and never throws synchronously", () => {
  test.each([...asynchronous])("on $what", async (misuse) => {
    const answer = misuse.call() as Promise<unknown>;
    expect(Object.getPrototypeOf(answer)).toBe(Promise.prototype);
    expect(await answer.catch((error: unknown) => error)).toEqual(refusalOf(misuse));
    expect(state()).toEqual(UNTOUCHED);
  });
});

describe("hostile callers", () => {
  test("an option getter that throws rejects map and acquire, and takes nothing", async () => {
    const options = {
      get timeout(): number {
        throw new Error("getter");
      },
    };
    await expect(semaphore.map([1], one, options)).rejects.toThrow("getter");
    await expect(rate.acquire(options)).rejects.toThrow("getter");
    await expect(adaptive.acquire(options)).rejects.toThrow("getter");
    expect(state()).toEqual(UNTOUCHED);
  });

  test("an iterable that throws when it is opened fails the map", async () => {
    const items = {
      [Symbol.iterator]: (): never => {
        throw new Error("cannot open");
      },
    };
    await expect(semaphore.map(items, one)).rejects.toThrow("cannot open");
    expect(state()).toEqual(UNTOUCHED);
  });

  test("a body that returns a hostile thenable fails its item and frees the permit", async () => {
    const hostile = {
      // oxlint-disable-next-line unicorn/no-thenable -- the hostility under test
      get then(): never {
        throw new Error("hostile");
      },
    };
    await expect(semaphore.map([1], () => loose(hostile))).rejects.toThrow("hostile");
    const holds = [semaphore.tryAcquire()!, semaphore.tryAcquire()!];
    const queued = semaphore.run(() => loose(hostile));
    holds[0]!.release();
    await expect(queued).rejects.toThrow("hostile");
    holds[1]!.release();
    await expect(adaptive.run(() => loose(hostile))).rejects.toThrow("hostile");
    await expect(TaskGroup.run(() => loose(hostile))).rejects.toThrow("hostile");
    expect(state()).toEqual(UNTOUCHED);
  });

  test("onProgress may use the semaphore, and close it: the map then fails with LW_CLOSED", async () => {
    const own = new Semaphore(1);
    const seen: number[] = [];
    const map = own.map([1, 2, 3], one, {
      onProgress: ({ done }) => {
        own.tryAcquire()?.release();
        seen.push(done);
        if (done === 2) own.close();
      },
    });
    await expect(map).rejects.toMatchObject({ code: "LW_CLOSED" });
    expect([seen, own.stats().held]).toEqual([[1, 2], 0]);
  });
});
