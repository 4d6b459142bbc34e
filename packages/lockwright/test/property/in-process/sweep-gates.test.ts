/**
 * Aborted at any step leaks nothing, for the primitives without holders and for the condition. Each scenario is run once to
 * count its microtask steps s, then again for every k = 0 … s with a disturbance at step k. At rest: nobody waits, no
 * group, no deadline, no timer, and the primitive works.
 */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import {
  AutoResetEvent,
  Barrier,
  Condition,
  CountDownLatch,
  LifoQueue,
  ManualResetEvent,
  PriorityQueue,
  Queue,
  SingleFlight,
} from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

const TIMEOUT = 50;

/** What the subject of a scenario passes, and what disturbs it. */
interface Stage {
  readonly controller: AbortController;
  readonly clock: TestPlatform;
  readonly options: { readonly signal: AbortSignal; readonly timeout: number };
}

/** A primitive on a stage. */
interface Play {
  /** The subject, and the others it meets. */
  run(): Promise<unknown>;
  /** Disturbances of this primitive's own. */
  readonly own?: Readonly<Record<string, () => void>>;
  /** What must be so at rest, after which it must still work. */
  rest(): Promise<void>;
}

type Scenario = (stage: Stage) => Play;

const ticks = async (count: number): Promise<void> => {
  for (let tick = 0; tick < count; tick += 1) await Promise.resolve();
};
const quiet = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);

const manual: Scenario = ({ options }) => {
  const event = new ManualResetEvent();
  return {
    run: () =>
      Promise.all([
        quiet(event.wait(options)),
        ticks(3).then(() => event.set()),
        ticks(1).then(() => quiet(event.wait(options))),
      ]),
    own: { reset: () => event.reset() },
    async rest() {
      expect(event.waiting).toBe(0);
      event.set();
      await event.wait();
    },
  };
};

const auto: Scenario = ({ options }) => {
  const event = new AutoResetEvent();
  let passed = 0;
  const wait = (): Promise<unknown> => quiet(event.wait(options).then(() => (passed += 1)));
  return {
    run: () => Promise.all([wait(), wait(), ticks(2).then(() => event.set()), ticks(4).then(() => event.set())]),
    async rest() {
      expect(event.waiting).toBe(0);
      // Each set let one pass or is stored, at most once; none is lost while somebody waits.
      if (passed === 2) expect(event.tryWait()).toBe(false);
      else expect(event.tryWait()).toBe(true);
      event.set();
      await event.wait();
    },
  };
};

const latch: Scenario = ({ options }) => {
  const it = new CountDownLatch(2);
  return {
    run: () =>
      Promise.all([quiet(it.wait(options)), ticks(2).then(() => it.countDown()), ticks(4).then(() => it.countDown())]),
    async rest() {
      expect([it.waiting, it.count]).toEqual([0, 0]);
      await it.wait();
    },
  };
};

const barrier =
  (onTrip: (() => void) | undefined): Scenario =>
  ({ options }) => {
    const it = new Barrier(2, onTrip === undefined ? {} : { onTrip });
    // Others come until somebody has met the subject or it has left.
    return {
      run: () => {
        const subject = quiet(it.wait(options));
        return Promise.all([subject, ticks(3).then(() => it.waiting > 0 && quiet(it.wait()))]);
      },
      own: { reset: () => it.reset(), abort: () => it.abort() },
      async rest() {
        expect(it.waiting).toBe(0);
        it.reset();
        expect(await Promise.allSettled([it.wait(), it.wait()])).toHaveLength(2);
        expect(it.waiting).toBe(0);
      },
    };
  };

const condition: Scenario = ({ options }) => {
  const it = new Condition();
  const waitOnce = async (mine: Parameters<Condition["wait"]>[1]): Promise<void> => {
    const guard = await it.lock.acquire();
    try {
      await it.wait(guard, mine);
    } finally {
      guard.release();
    }
  };
  const notify = async (after: number): Promise<void> => {
    await ticks(after);
    const guard = await it.lock.acquire();
    it.notify(guard);
    await ticks(2);
    guard.release();
  };
  return {
    run: async () => {
      const all = [quiet(waitOnce(options)), quiet(waitOnce(options)), quiet(notify(3)), quiet(notify(4))];
      await Promise.all(all);
    },
    own: { "cancelWaiters of the mutex": () => void it.lock.cancelWaiters() },
    async rest() {
      expect([it.waiting, it.lock.locked, it.lock.stats().waiting]).toEqual([0, false, 0]);
      const wait = waitOnce({});
      await ticks(2);
      await notify(0);
      await wait;
    },
  };
};

const waitFor: Scenario = (stage) => {
  const it = new Condition();
  let isReady = false;
  return {
    run: () =>
      Promise.all([
        quiet(it.lock.run((guard) => it.waitFor(guard, () => isReady, stage.options), stage.options)),
        ticks(5).then(() =>
          quiet(
            it.lock.run((guard) => {
              isReady = true;
              it.notifyAll(guard);
            }),
          ),
        ),
      ]),
    own: { "close of the mutex": () => it.lock.close() },
    async rest() {
      expect([it.waiting, it.lock.locked, it.lock.stats().waiting]).toEqual([0, false, 0]);
    },
  };
};

const makeQueue: Readonly<Record<string, (capacity: number) => Queue<number>>> = {
  Queue: (capacity) => new Queue<number>({ capacity }),
  LifoQueue: (capacity) => new LifoQueue<number>({ capacity }),
  PriorityQueue: (capacity) => new PriorityQueue<number>({ capacity, compare: (a, b) => a - b, ageing: 2 }),
};

/** Three puts and three takes; whatever happens, an item is taken, still in, or was never put. */
const queue =
  (make: (capacity: number) => Queue<number>, capacity: number): Scenario =>
  ({ options }) => {
    const it = make(capacity);
    const put = new Set<number>();
    const taken: number[] = [];
    const putOne = (item: number): Promise<unknown> => quiet(it.put(item, options).then(() => put.add(item)));
    const takeOne = (): Promise<unknown> => quiet(it.take(options).then((item) => taken.push(item)));
    return {
      run: () =>
        Promise.all([
          putOne(1),
          putOne(2),
          ticks(2).then(takeOne),
          ticks(3).then(takeOne),
          ticks(4).then(takeOne),
          ticks(6).then(() => putOne(3)),
        ]),
      own: {
        "shutdown, drain": () => void it.shutdown(),
        "shutdown, now": () => it.shutdown("now").forEach((item) => taken.push(item)),
      },
      async rest() {
        expect(it.stats()).toMatchObject({ putting: 0, taking: 0 });
        while (it.size > 0) taken.push(it.tryTake()!);
        expect(taken.length, "no item came out twice").toBe(new Set(taken).size);
        expect(new Set(taken), "what was put came out").toEqual(put);
        if (it.closed) return;
        const take = it.take();
        await it.put(7);
        expect(await take).toBe(7);
      },
    };
  };

const iteration: Scenario = () => {
  const it = new Queue<number>({ capacity: 1 });
  const producer = it.producer();
  const seen: number[] = [];
  return {
    run: () =>
      Promise.all([
        (async () => {
          for await (const item of it) {
            seen.push(item);
            await Promise.resolve();
            it.taskDone();
            if (item === 3) break;
          }
        })(),
        quiet(
          (async () => {
            for (let item = 1; item <= 4; item += 1) await producer.put(item);
          })(),
        ).then(() => producer.close()),
        quiet(ticks(40).then(() => it.shutdown("now"))),
      ]),
    own: { shutdown: () => void it.shutdown(), "the producer closes": () => producer.close() },
    async rest() {
      expect(it.stats()).toMatchObject({ size: 0, putting: 0, taking: 0, producers: 0, closed: true });
      expect(seen).toEqual([1, 2, 3].slice(0, seen.length));
    },
  };
};

const flights: Scenario = ({ options: { signal } }) => {
  const it = new SingleFlight<string, number>();
  const fetch = async (): Promise<number> => {
    await ticks(4);
    return 1;
  };
  return {
    run: () =>
      Promise.all([
        quiet(it.run("k", fetch, { signal })),
        ticks(2).then(() => quiet(it.run("k", fetch, { signal }))),
        ticks(3).then(() => quiet(it.run("other", fetch))),
      ]),
    own: { forget: () => void it.forget("k") },
    async rest() {
      expect(it.size).toBe(0);
      expect(await it.run("k", async () => 2)).toBe(2);
    },
  };
};

const scenarios: Readonly<Record<string, Scenario>> = {
  ManualResetEvent: manual,
  AutoResetEvent: auto,
  CountDownLatch: latch,
  Barrier: barrier(undefined),
  "Barrier, onTrip throws": barrier(() => {
    throw new Error("trip");
  }),
  "Condition, wait": condition,
  "Condition, waitFor": waitFor,
  "Queue, rendezvous": queue(makeQueue["Queue"]!, 0),
  ...Object.fromEntries(
    Object.entries(makeQueue).flatMap(([name, make]) => [
      [`${name}(1)`, queue(make, 1)],
      [`${name}, endless`, queue(make, Infinity)],
    ]),
  ),
  "Queue, iteration and producer": iteration,
  SingleFlight: flights,
};

const common: Readonly<Record<string, (stage: Stage) => void>> = {
  "an abort": ({ controller }) => controller.abort("aborted"),
  "a timeout": ({ clock }) => clock.advance(TIMEOUT),
  "an abort and a timeout in one step": ({ controller, clock }) => {
    controller.abort("aborted");
    clock.advance(TIMEOUT);
  },
};

/** Runs a scenario, disturbed by `what` after `at` steps; gives the number of steps it took. */
async function perform(scenario: Scenario, what: string | undefined, at: number): Promise<number> {
  using clock = installTestPlatform();
  const controller = new AbortController();
  const stage: Stage = { controller, clock, options: { signal: controller.signal, timeout: TIMEOUT } };
  const play = scenario(stage);
  let isOver = false;
  const ended = play.run().then(() => (isOver = true));
  let steps = 0;
  for (; !isOver && steps < 300; steps += 1) {
    if (steps === at) (play.own?.[what!] ?? (() => common[what!]!(stage)))();
    await Promise.resolve();
  }
  // Who waits for a partner that a disturbance took away leaves by its timeout.
  if (!isOver) clock.advance(TIMEOUT);
  await ended;
  expect(getEventListeners(controller.signal, "abort").length, `${what} at step ${at}`).toBe(0);
  expect(hasAbortGroup(controller.signal), `${what} at step ${at}`).toBe(false);
  expect([pendingDeadlines(), clock.timers.size], `${what} at step ${at}`).toEqual([0, 0]);
  await play.rest();
  return steps;
}

function disturbancesOf(scenario: Scenario): readonly string[] {
  using clock = installTestPlatform();
  const controller = new AbortController();
  const { own = {} } = scenario({ controller, clock, options: { signal: controller.signal, timeout: TIMEOUT } });
  return [...Object.keys(common), ...Object.keys(own)];
}

describe.each(Object.entries(scenarios))("%s", (_name, scenario) => {
  test.each(disturbancesOf(scenario))("%s at any step leaks nothing [W1 W2 B1 B3 C1 F1]", async (what) => {
    const steps = await perform(scenario, undefined, -1);
    expect(steps).toBeGreaterThan(1);
    for (let at = 0; at <= steps; at += 1) await perform(scenario, what, at);
  });
});
