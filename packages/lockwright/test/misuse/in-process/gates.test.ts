import { describe, expect, test } from "vitest";
import {
  AutoResetEvent,
  Barrier,
  Condition,
  CountDownLatch,
  LifoQueue,
  ManualResetEvent,
  Mutex,
  PriorityQueue,
  Queue,
  Semaphore,
  SingleFlight,
  type WaitOptions,
} from "../../../src/index.js";

const loose = (value: unknown): never => value as never;

/** One wrong call and the error it must get: its class and the words its message must have. */
type Row = readonly [what: string, call: () => unknown, error: "TypeError" | "RangeError", says: RegExp];

/** Wrong values of a count, and what is said of each. */
function counts(name: string, least: number, call: (value: never) => unknown): Row[] {
  const range = new RegExp(`^${name} must be a whole number of at least ${least}, got`);
  const type = new RegExp(`^${name} must be a number, got`);
  return [
    ...[Number.NaN, -1, least - 1, 1.5, 2 ** 53, -Infinity].map((value): Row => [
      `${name} of ${value}`,
      () => call(loose(value)),
      "RangeError",
      range,
    ]),
    ...["2", null, {}, 3n].map((value): Row => [
      `${name} of ${typeof value} ${String(value)}`,
      () => call(loose(value)),
      "TypeError",
      type,
    ]),
  ];
}

/** Wrong options objects and names. */
function named(what: string, make: (options: never) => unknown): Row[] {
  return [
    [`${what} with options null`, () => make(loose(null)), "TypeError", /^options must be an object, got null/],
    [`${what} with options as text`, () => make(loose("x")), "TypeError", /^options must be an object, got "x"/],
    [
      `${what} with a name that is no text`,
      () => make(loose({ name: 7 })),
      "TypeError",
      /^name must be a string, got 7/,
    ],
  ];
}

const compare = (a: number, b: number): number => a - b;

const constructions: readonly Row[] = [
  ...named("ManualResetEvent", (options) => new ManualResetEvent(options)),
  ...named("AutoResetEvent", (options) => new AutoResetEvent(options)),
  ...named("CountDownLatch", (options) => new CountDownLatch(1, options)),
  ...named("Barrier", (options) => new Barrier(1, options)),
  ...named("Queue", (options) => new Queue(options)),
  ...named("LifoQueue", (options) => new LifoQueue(options)),
  [
    "an event set to text",
    () => new ManualResetEvent({ set: loose("yes") }),
    "TypeError",
    /^set must be true or false/,
  ],
  ["an event set to 1", () => new AutoResetEvent({ set: loose(1) }), "TypeError", /^set must be true or false, got 1/],
  ...counts("count", 0, (value) => new CountDownLatch(value)),
  ["a latch without a count", () => new CountDownLatch(loose(undefined)), "TypeError", /^count must be a number/],
  ["an endless latch", () => new CountDownLatch(Infinity), "RangeError", /^count .* got Infinity/],
  ...counts("parties", 1, (value) => new Barrier(value)),
  ["a barrier without parties [69]", () => new Barrier(loose(undefined)), "TypeError", /^parties must be a number/],
  ["an endless barrier [69]", () => new Barrier(Infinity), "RangeError", /^parties .* got Infinity/],
  [
    "onTrip as text",
    () => new Barrier(1, { onTrip: loose("log") }),
    "TypeError",
    /^onTrip must be a function, got "log"/,
  ],
  ...counts("capacity", 0, (capacity) => new Queue({ capacity })),
  ...counts("capacity", 1, (capacity) => new LifoQueue({ capacity })),
  ...counts("capacity", 1, (capacity) => new PriorityQueue({ capacity, compare })),
  [
    "a PriorityQueue without options",
    () => new PriorityQueue(loose(undefined)),
    "TypeError",
    /^compare must be a function/,
  ],
  ["a PriorityQueue with null", () => new PriorityQueue(loose(null)), "TypeError", /^options must be an object/],
  ["compare missing", () => new PriorityQueue(loose({})), "TypeError", /^compare must be a function, got undefined/],
  ["compare as text", () => new PriorityQueue({ compare: loose("rank") }), "TypeError", /^compare .* got "rank"/],
  ...counts("ageing", 1, (ageing) => new PriorityQueue({ compare, ageing })),
  [
    "ageing of Infinity",
    () => new PriorityQueue({ compare, ageing: Infinity }),
    "RangeError",
    /^ageing .* got Infinity/,
  ],
  [
    "a condition of a Semaphore [68]",
    () => new Condition(loose(new Semaphore(1))),
    "TypeError",
    /^lock must be a Mutex/,
  ],
  ["a condition of an event [68]", () => new Condition(loose(new ManualResetEvent())), "TypeError", /^lock must be/],
  ["a condition of null [68]", () => new Condition(loose(null)), "TypeError", /^lock must be a Mutex, got null/],
  ["a condition of text [68]", () => new Condition(loose("m")), "TypeError", /^lock must be a Mutex, got "m"/],
];

const event = new ManualResetEvent();
const auto = new AutoResetEvent();
const latch = new CountDownLatch(2);
const barrier = new Barrier(2);
const mutex = new Mutex();
const condition = new Condition(mutex);
const guard = mutex.tryAcquire()!;
const queue = new Queue<number>({ capacity: 2 });
const flights = new SingleFlight<string, number>();
queue.tryPut(1);

const calls: readonly Row[] = [
  ...counts("n", 1, (n) => latch.countDown(n)),
  ...counts("n", 1, (n) => queue.taskDone(n)),
  ...counts("n", 1, (n) => condition.notify(guard, n)),
  ["notify with no guard [63]", () => condition.notify(loose(undefined)), "TypeError", /^guard must be a guard of/],
  ["notifyAll with text [63]", () => condition.notifyAll(loose("guard")), "TypeError", /^guard must be a guard of/],
  ["an unknown shutdown mode", () => queue.shutdown(loose("later")), "TypeError", /^mode must be "drain" or "now"/],
];

const waits: Readonly<Record<string, (options?: WaitOptions) => Promise<unknown>>> = {
  "ManualResetEvent.wait": (options) => event.wait(options),
  "AutoResetEvent.wait": (options) => auto.wait(options),
  "CountDownLatch.wait": (options) => latch.wait(options),
  "Barrier.wait": (options) => barrier.wait(options),
  "Condition.wait": (options) => condition.wait(guard, options),
  "Condition.waitFor": (options) => condition.waitFor(guard, () => false, options),
  "Queue.put": (options) => queue.put(2, options),
  "Queue.take": (options) => queue.take(options),
  "Queue.join": (options) => queue.join(options),
  "SingleFlight.run": (options) => flights.run("k", () => 1, options as { signal: AbortSignal }),
};

const badOptions: readonly (readonly [unknown, "TypeError" | "RangeError", RegExp])[] = [
  [100, "TypeError", /^options must be an object, got 100/],
  [null, "TypeError", /^options must be an object, got null/],
  [{ timeout: Number.NaN }, "RangeError", /^timeout must be 0 or more milliseconds .* got NaN/],
  [{ timeout: -1 }, "RangeError", /^timeout .* got -1/],
  [{ timeout: "1s" }, "TypeError", /^timeout must be a number of milliseconds, got "1s"/],
  [{ signal: new AbortController() }, "TypeError", /^signal must be an AbortSignal, got an object/],
  [{ signal: null }, "TypeError", /^signal must be an AbortSignal, got null/],
];

const asynchronous: readonly Row[] = [
  ...Object.entries(waits).flatMap(([what, wait]) =>
    badOptions.map(([options, error, says], at): Row => [
      `${what}, options ${at}`,
      () => wait(loose(options)),
      error,
      says,
    ]),
  ),
  ["wait with no guard [63]", () => condition.wait(loose(undefined)), "TypeError", /^guard must be a guard of/],
  [
    "wait with a look-alike [63]",
    () => condition.wait(loose({ held: true })),
    "TypeError",
    /^guard must be a guard of/,
  ],
  [
    "waitFor with no guard [63]",
    () => condition.waitFor(loose(null), () => true),
    "TypeError",
    /^guard must be a guard/,
  ],
  [
    "waitFor without a predicate",
    () => condition.waitFor(guard, loose(1)),
    "TypeError",
    /^predicate must be a function/,
  ],
  ["a run without a function", () => flights.run("k", loose("fn")), "TypeError", /^fn must be a function, got "fn"/],
  [
    "a run with a timeout",
    () => flights.run("k", () => 1, loose({ timeout: 5 })),
    "TypeError",
    /^run of a SingleFlight takes no timeout/,
  ],
];

function state(): unknown {
  return {
    event: [event.isSet, event.waiting],
    auto: [auto.tryWait(), auto.waiting],
    latch: [latch.count, latch.waiting],
    barrier: [barrier.waiting, barrier.phase, barrier.broken],
    condition: [condition.waiting, guard.held, mutex.stats().waiting],
    queue: queue.stats(),
    flights: flights.size,
  };
}

const UNTOUCHED = state();

function refusalOf([, , error, says]: Row): unknown {
  return expect.objectContaining({ name: error, message: expect.stringMatching(says) });
}

describe("a synchronous call throws and touches nothing", () => {
  test.each([...constructions, ...calls])("on %s", (...row) => {
    let error: unknown;
    try {
      row[1]();
    } catch (caught) {
      error = caught;
    }
    expect(error).toEqual(refusalOf(row));
    expect(state()).toEqual(UNTOUCHED);
  });
});

describe("an async method rejects, never throws synchronously, and touches nothing", () => {
  test.each(asynchronous)("on %s", async (...row) => {
    const answer = row[1]() as Promise<unknown>;
    expect(Object.getPrototypeOf(answer)).toBe(Promise.prototype);
    expect(await answer.catch((error: unknown) => error)).toEqual(refusalOf(row));
    expect(state()).toEqual(UNTOUCHED);
  });

  test.each(Object.entries(waits))("%s: an option getter that throws rejects with that", async (_what, wait) => {
    const options = {
      get signal(): AbortSignal {
        throw new Error("getter");
      },
    };
    await expect(wait(options)).rejects.toThrow("getter");
    expect(state()).toEqual(UNTOUCHED);
  });

  test.each(Object.entries(waits))("%s: an aborted signal rejects with its reason", async (_what, wait) => {
    const reason = { why: "stop" };
    expect(await wait({ signal: AbortSignal.abort(reason) }).catch((error: unknown) => error)).toBe(reason);
    expect(state()).toEqual(UNTOUCHED);
  });
});

describe("nothing is left unhandled", () => {
  test("waits ended by one signal raise no unhandledRejection for callers who handle them", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const controller = new AbortController();
    const { signal } = controller;
    const own = new Condition();
    const all = [
      new ManualResetEvent().wait({ signal }),
      new Barrier(2).wait({ signal }),
      new Queue().take({ signal }),
      own.lock.run((mine) => own.wait(mine, { signal })),
      new SingleFlight<string, number>().run("k", () => new Promise(() => undefined), { signal }),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort("gone");
    const settled = await Promise.allSettled(all);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
    expect(settled.every((each) => each.status === "rejected" && each.reason === "gone")).toBe(true);
  });
});
