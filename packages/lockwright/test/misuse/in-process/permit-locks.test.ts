import { describe, expect, test } from "vitest";
import { Mutex, ReentrantMutex, Semaphore } from "../../../src/index.js";

/** One wrong call: the error it must get, and the words its message must have. */
interface Misuse {
  readonly what: string;
  readonly call: () => unknown;
  readonly error: "TypeError" | "RangeError";
  readonly says: RegExp;
}

const loose = (value: unknown): never => value as never;

const constructions: readonly Misuse[] = [
  {
    what: "permits missing [43]",
    call: () => new Semaphore(loose(undefined)),
    error: "TypeError",
    says: /permits must be a number, got undefined/,
  },
  {
    what: "permits as text [43]",
    call: () => new Semaphore(loose("3")),
    error: "TypeError",
    says: /permits must be a number, got "3"/,
  },
  {
    what: "negative permits [43, 51]",
    call: () => new Semaphore(-1),
    error: "RangeError",
    says: /permits must be a whole number of at least 0, got -1/,
  },
  { what: "half a permit [43]", call: () => new Semaphore(1.5), error: "RangeError", says: /permits .* got 1.5/ },
  { what: "NaN permits [43]", call: () => new Semaphore(Number.NaN), error: "RangeError", says: /permits .* got NaN/ },
  {
    what: "endless permits [43]",
    call: () => new Semaphore(Infinity),
    error: "RangeError",
    says: /permits .* got Infinity/,
  },
  {
    what: "an unknown order",
    call: () => new Mutex({ order: loose("random") }),
    error: "TypeError",
    says: /order must be "fifo", "lifo" or "priority", got "random"/,
  },
  {
    what: "a name that is no text",
    call: () => new Mutex({ name: loose(7) }),
    error: "TypeError",
    says: /name must be a string, got 7/,
  },
  {
    what: "ageing with fifo [25]",
    call: () => new Mutex({ ageing: 2 }),
    error: "TypeError",
    says: /ageing goes with order/,
  },
  {
    what: "ageing of 0",
    call: () => new Mutex({ order: "lifo", ageing: 0 }),
    error: "RangeError",
    says: /ageing .* at least 1, got 0/,
  },
  {
    what: "negative maxWaiters",
    call: () => new Mutex({ maxWaiters: -1 }),
    error: "RangeError",
    says: /maxWaiters .* got -1/,
  },
  {
    what: "an unknown deadlock mode",
    call: () => new Mutex({ deadlock: loose("throw") }),
    error: "TypeError",
    says: /deadlock must be "reject", "report" or "off", got "throw"/,
  },
  {
    what: "a reentrant mutex with an unknown deadlock mode",
    call: () => new ReentrantMutex({ deadlock: loose(true) }),
    error: "TypeError",
    says: /deadlock must be .* got true/,
  },
  {
    what: "options that are text",
    call: () => new Mutex(loose("name")),
    error: "TypeError",
    says: /options must be an object, got "name"/,
  },
  {
    what: "options that are null",
    call: () => new Semaphore(1, loose(null)),
    error: "TypeError",
    says: /options must be an object, got null/,
  },
];

const semaphore = new Semaphore(2, { name: "s" });
const mutex = new Mutex({ name: "m" });

const synchronous: readonly Misuse[] = [
  {
    what: "tryAcquire with weight 0 [52]",
    call: () => semaphore.tryAcquire({ weight: 0 }),
    error: "RangeError",
    says: /weight .* at least 1, got 0/,
  },
  {
    what: "tryAcquire with weight -1 [52]",
    call: () => semaphore.tryAcquire({ weight: -1 }),
    error: "RangeError",
    says: /weight/,
  },
  {
    what: "tryAcquire with a weight on a mutex",
    call: () => mutex.tryAcquire({ weight: 1 }),
    error: "TypeError",
    says: /"m" has no weights/,
  },
  { what: "resize to -1", call: () => semaphore.resize(-1), error: "RangeError", says: /permits .* got -1/ },
  { what: "resize to 1.5", call: () => semaphore.resize(1.5), error: "RangeError", says: /permits .* got 1.5/ },
  { what: "resize to text", call: () => semaphore.resize(loose("2")), error: "TypeError", says: /permits .* got "2"/ },
  {
    what: "runSync without a function",
    call: () => mutex.runSync(loose(undefined)),
    error: "TypeError",
    says: /fn must be a function, got undefined/,
  },
  {
    what: "runSync with an async function",
    call: () => mutex.runSync(async () => 1),
    error: "TypeError",
    says: /must not return a promise/,
  },
];

const asynchronous: readonly Misuse[] = [
  {
    what: "acquire with weight 0 [52]",
    call: () => semaphore.acquire({ weight: 0 }),
    error: "RangeError",
    says: /weight .* got 0/,
  },
  {
    what: "acquire with weight NaN [52]",
    call: () => semaphore.acquire({ weight: Number.NaN }),
    error: "RangeError",
    says: /weight .* got NaN/,
  },
  {
    what: "acquire with weight 1.5 [52]",
    call: () => semaphore.acquire({ weight: 1.5 }),
    error: "RangeError",
    says: /weight .* got 1.5/,
  },
  {
    what: "acquire with a weight as text",
    call: () => semaphore.acquire({ weight: loose("1") }),
    error: "TypeError",
    says: /weight must be a number, got "1"/,
  },
  {
    what: "acquire with a weight on a mutex",
    call: () => mutex.acquire({ weight: 1 }),
    error: "TypeError",
    says: /"m" has no weights: leave weight out/,
  },
  {
    what: "acquire with a priority on a fifo lock [25]",
    call: () => mutex.acquire({ priority: 1 }),
    error: "TypeError",
    says: /"m" takes no priority/,
  },
  {
    what: "a priority of NaN",
    call: () => new Mutex({ order: "priority" }).acquire({ priority: Number.NaN }),
    error: "RangeError",
    says: /priority must be a finite number, got NaN/,
  },
  {
    what: "a priority as text",
    call: () => new Mutex({ order: "priority" }).acquire({ priority: loose("high") }),
    error: "TypeError",
    says: /priority must be a number/,
  },
  {
    what: "a timeout of NaN",
    call: () => mutex.acquire({ timeout: Number.NaN }),
    error: "RangeError",
    says: /timeout must be 0 or more milliseconds .* got NaN/,
  },
  {
    what: "a negative timeout",
    call: () => mutex.acquire({ timeout: -1 }),
    error: "RangeError",
    says: /timeout .* got -1/,
  },
  {
    what: "a timeout as text",
    call: () => mutex.acquire({ timeout: loose("1s") }),
    error: "TypeError",
    says: /timeout must be a number of milliseconds, got "1s"/,
  },
  {
    what: "a controller as signal",
    call: () => mutex.acquire({ signal: loose(new AbortController()) }),
    error: "TypeError",
    says: /signal must be an AbortSignal, got an object/,
  },
  {
    what: "null as signal",
    call: () => mutex.acquire({ signal: loose(null) }),
    error: "TypeError",
    says: /signal must be an AbortSignal, got null/,
  },
  {
    what: "detached as text",
    call: () => mutex.acquire({ detached: loose("yes") }),
    error: "TypeError",
    says: /detached must be true or false, got "yes"/,
  },
  {
    what: "detached and holding [25]",
    call: () => mutex.acquire({ detached: true, holding: [] }),
    error: "TypeError",
    says: /detached says .* holding says .* one of them/,
  },
  {
    what: "a lock as holding",
    call: () => mutex.acquire({ holding: loose(mutex) }),
    error: "TypeError",
    says: /holding must be a guard of a lock on this event loop, or several, got an object/,
  },
  {
    what: "null as holding",
    call: () => mutex.acquire({ holding: loose(null) }),
    error: "TypeError",
    says: /holding .* got null/,
  },
  {
    what: "a foreign guard among the holding",
    call: () => mutex.acquire({ holding: loose([{ held: true, release() {} }]) }),
    error: "TypeError",
    says: /holding .* got an object/,
  },
  {
    what: "a reentrant mutex run with holding that is text",
    call: () => new ReentrantMutex().run(() => 1, { holding: loose("me") }),
    error: "TypeError",
    says: /holding .* got "me"/,
  },
  {
    what: "an unknown intent",
    call: () => mutex.acquire({ intent: loose("rw") }),
    error: "TypeError",
    says: /intent must be "read" or "write", got "rw"/,
  },
  {
    what: "options that are a number",
    call: () => mutex.acquire(loose(100)),
    error: "TypeError",
    says: /options must be an object, got 100/,
  },
  {
    what: "run without a function",
    call: () => mutex.run(loose("fn")),
    error: "TypeError",
    says: /fn must be a function, got "fn"/,
  },
  {
    what: "run with options null",
    call: () => mutex.run(() => 1, loose(null)),
    error: "TypeError",
    says: /options must be an object, got null/,
  },
  {
    what: "run with a negative bodyTimeout",
    call: () => mutex.run(() => 1, { bodyTimeout: -5 }),
    error: "RangeError",
    says: /bodyTimeout .* got -5/,
  },
  {
    what: "run with a bodyTimeout as text",
    call: () => mutex.run(() => 1, { bodyTimeout: loose("5") }),
    error: "TypeError",
    says: /bodyTimeout must be a number/,
  },
  {
    what: "whenAvailable with weight 0 [52]",
    call: () => semaphore.whenAvailable({ weight: 0 }),
    error: "RangeError",
    says: /weight/,
  },
  {
    what: "whenAvailable with a bad timeout",
    call: () => mutex.whenAvailable({ timeout: -1 }),
    error: "RangeError",
    says: /timeout/,
  },
];

function refusalOf(misuse: Misuse): unknown {
  return expect.objectContaining({ name: misuse.error, message: expect.stringMatching(misuse.says) });
}

/** Permits and waiters of both locks: a refused call leaves them as they were. */
function state(): readonly number[] {
  return [semaphore, mutex].flatMap((lock) => Object.values(lock.stats()).filter((value) => typeof value === "number"));
}

const UNTOUCHED = [2, 2, 0, 0, 1, 1, 0, 0];

describe("a synchronous call throws", () => {
  test.each([...constructions, ...synchronous])("on $what", (misuse) => {
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
  test.each(asynchronous)("on $what", async (misuse) => {
    const answer = misuse.call() as Promise<unknown>;
    expect(Object.getPrototypeOf(answer)).toBe(Promise.prototype);
    expect(await answer.catch((error: unknown) => error)).toEqual(refusalOf(misuse));
    expect(state()).toEqual(UNTOUCHED);
  });
});

test("a released guard as holding is LW_NOT_HELD, and nothing is taken", async () => {
  for (const lock of [new Mutex({ name: "spent" }), new ReentrantMutex({ name: "spent" })]) {
    const guard = await lock.acquire();
    guard.release();
    const error: unknown = await mutex.acquire({ holding: guard }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "LW_NOT_HELD", message: expect.stringContaining('"spent"') });
    expect(state()).toEqual(UNTOUCHED);
  }
});

describe("hostile bodies", () => {
  test("a thenable whose then throws rejects the run and frees the lock", async () => {
    const hostile = {
      // oxlint-disable-next-line unicorn/no-thenable -- the hostility under test
      get then(): never {
        throw new Error("hostile");
      },
    };
    await expect(mutex.run(() => loose(hostile))).rejects.toThrow("hostile");
    expect(state()).toEqual(UNTOUCHED);
  });

  test("a thenable that settles twice settles the run once", async () => {
    const twice = {
      // oxlint-disable-next-line unicorn/no-thenable -- the hostility under test
      then(resolve: (value: number) => void, reject: (reason: unknown) => void) {
        resolve(1);
        reject(new Error("late"));
        resolve(2);
      },
    };
    expect(await mutex.run(() => loose(twice))).toBe(1);
    expect(state()).toEqual(UNTOUCHED);
  });

  test("an option getter that throws rejects and takes nothing", async () => {
    const options = {
      get timeout(): number {
        throw new Error("getter");
      },
    };
    await expect(mutex.acquire(options)).rejects.toThrow("getter");
    await expect(mutex.run(() => 1, options)).rejects.toThrow("getter");
    expect(state()).toEqual(UNTOUCHED);
  });

  test("a polluted Object.prototype.then does not turn guards into thenables", async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- the hostility under test
    Object.defineProperty(Object.prototype, "then", { value: () => undefined, configurable: true });
    try {
      const guard = await new Mutex().acquire();
      expect(guard.held).toBe(true);
    } finally {
      delete (Object.prototype as { then?: unknown }).then;
    }
  });
});

describe("nothing is left unhandled", () => {
  test("a rejection that comes through resolve raises no unhandledRejection for a caller who handles it", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const busy = new Mutex();
    busy.tryAcquire();
    const controller = new AbortController();
    const waits = Array.from({ length: 10 }, () => busy.acquire({ signal: controller.signal }));
    controller.abort("gone");
    const settled = await Promise.allSettled(waits);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(settled.every((each) => each.status === "rejected" && each.reason === "gone")).toBe(true);
  });
});
