/**
 * Aborted at any step leaks nothing, for what is built on permits: map, mapStream, queued runs, AdaptiveLimiter, RateLimiter
 * and TaskGroup. Each scenario is run once to count its microtask steps s, then again for every k = 0 … s with a disturbance
 * at step k. At rest: no waiter, all permits back, every source closed, no listener, no deadline, no timer; and it works.
 */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { AdaptiveLimiter, RateLimiter, Semaphore, TaskGroup } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { coreOf } from "./permit-model.js";

const TIMEOUT = 50;

/** A source that knows whether it was left open. */
class Source {
  isOpen = false;
  async *[Symbol.asyncIterator](): AsyncGenerator<number> {
    this.isOpen = true;
    try {
      for (let item = 0; item < 4; item += 1) {
        await Promise.resolve();
        yield item;
      }
    } finally {
      this.isOpen = false;
    }
  }
  *[Symbol.iterator](): Generator<number> {
    this.isOpen = true;
    try {
      for (let item = 0; item < 4; item += 1) yield item;
    } finally {
      this.isOpen = false;
    }
  }
  get sync(): Iterable<number> {
    return { [Symbol.iterator]: () => this[Symbol.iterator]() };
  }
}

class Stage {
  readonly controller: AbortController = new AbortController();
  readonly semaphore: Semaphore = new Semaphore(2);
  readonly adaptive: AdaptiveLimiter = new AdaptiveLimiter({ initial: 1, min: 1, max: 1 });
  readonly rate: RateLimiter = new RateLimiter({ rate: 1000, burst: 1 });
  readonly source: Source = new Source();
  readonly clock: TestPlatform;
  /** Bodies that run now. */
  running = 0;
  readonly options: { readonly signal: AbortSignal; readonly timeout: number };
  readonly body = async (): Promise<void> => {
    this.running += 1;
    try {
      await Promise.resolve();
      await Promise.resolve();
    } finally {
      this.running -= 1;
    }
  };

  constructor(clock: TestPlatform) {
    this.clock = clock;
    this.options = { signal: this.controller.signal, timeout: TIMEOUT };
  }
}

type Scenario = (stage: Stage) => Promise<unknown>;
const ignore = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined);

/** Beside others that use the same semaphore before and after. */
function crowded(scenario: Scenario): Scenario {
  return async (stage) => {
    const { semaphore, body } = stage;
    const before = [1, 2].map(() => ignore(semaphore.run(body)));
    const subject = ignore(scenario(stage));
    const after = [1, 2].map(() => ignore(semaphore.run(body)));
    await Promise.all([...before, subject, ...after]);
  };
}

async function readAll(stage: Stage, stop: number): Promise<void> {
  let read = 0;
  for await (const _result of stage.semaphore.mapStream(stage.source, stage.body, stage.options))
    if (++read === stop) break;
}

const map: Scenario = ({ semaphore, source, body, options }) => semaphore.map(source, body, options);

const scenarios: Readonly<Record<string, Scenario>> = {
  "map, async source": map,
  "map, async source, crowded": crowded(map),
  "map, sync source, crowded": crowded(({ semaphore, source, body, options }) =>
    semaphore.map(source.sync, body, options),
  ),
  "map with weights, crowded": crowded(({ semaphore, source, body, options }) =>
    semaphore.map(source, body, { ...options, weight: (item) => 1 + (item % 2) }),
  ),
  "map whose body throws, crowded": crowded(({ semaphore, source, body, options }) =>
    semaphore.map(
      source,
      async (item) => {
        await body();
        if (item === 1) throw new Error("body");
      },
      options,
    ),
  ),
  "mapStream read to its end, crowded": crowded((stage) => readAll(stage, Infinity)),
  "mapStream left early, crowded": crowded((stage) => readAll(stage, 2)),
  "queued runs": crowded(({ semaphore, body, options }) =>
    Promise.all([1, 2, 3].map(() => ignore(semaphore.run(body, options)))),
  ),
  "queued runs, one with a throwing body": crowded(({ semaphore, body, options }) =>
    Promise.all([
      ignore(semaphore.run(body, options)),
      ignore(semaphore.run(() => Promise.reject(new Error("body")), options)),
    ]),
  ),
  "an adaptive limiter": ({ adaptive, body, options }) =>
    Promise.all(
      [1, 2, 3].map((at) =>
        ignore(at === 2 ? adaptive.acquire(options).then((guard) => guard.release()) : adaptive.run(body, options)),
      ),
    ),
  "a rate limiter": async ({ rate, clock, options }) => {
    const waits = [1, 2, 3].map(() => ignore(rate.acquire(options)));
    for (let tick = 0; tick < 3; tick += 1) {
      await Promise.resolve();
      clock.advance(1);
    }
    await Promise.all(waits);
  },
  "a task group": ({ body, options }) =>
    TaskGroup.run(
      async (group) => {
        void group.spawn(body);
        await group.spawn(body);
      },
      { signal: options.signal },
    ),
  "a task group with a shared limit and a child that fails, crowded": crowded(({ semaphore, body, options }) =>
    TaskGroup.run(
      async (group) => {
        for (let at = 0; at < 3; at += 1) void group.spawn(body);
        await group.spawn(() => Promise.reject(new Error("child")));
      },
      { signal: options.signal, limit: semaphore },
    ),
  ),
};

const disturbances: Readonly<Record<string, (stage: Stage) => void>> = {
  "an abort": ({ controller }) => controller.abort(),
  "a timeout": ({ clock }) => clock.advance(TIMEOUT),
  "a close": ({ semaphore, adaptive }) => {
    semaphore.close();
    adaptive.close();
  },
  cancelWaiters: ({ semaphore, adaptive }) => {
    semaphore.cancelWaiters();
    adaptive.cancelWaiters();
  },
  "a resize to 0 and back": ({ semaphore }) => {
    semaphore.resize(0);
    semaphore.resize(2);
  },
  "a pause": ({ rate }) => rate.pauseFor(1),
};

/** Runs a scenario with a disturbance after `at` steps; gives the number of steps it took. */
async function play(scenario: Scenario, disturb: (stage: Stage) => void, at: number): Promise<number> {
  using clock = installTestPlatform();
  const stage = new Stage(clock);
  let isOver = false;
  const settled = ignore(scenario(stage)).then(() => (isOver = true));
  let steps = 0;
  for (; !isOver && steps < 300; steps += 1) {
    if (steps === at) disturb(stage);
    await Promise.resolve();
    // A rate waits for time and for nothing else.
    if (steps > 50) clock.advance(1);
  }
  await settled;
  const { semaphore, adaptive, rate, controller, source } = stage;
  const rest = {
    running: stage.running,
    free: [semaphore.available, adaptive.stats().available],
    waiting: [semaphore.stats().waiting, adaptive.stats().waiting, rate.waiting],
    span: [coreOf(semaphore).inspect().span, coreOf(adaptive).inspect().span],
    isSourceOpen: source.isOpen,
    listeners: getEventListeners(controller.signal, "abort").length,
    isGrouped: hasAbortGroup(controller.signal),
    deadlines: pendingDeadlines(),
    timers: clock.timers.size,
  };
  expect(rest, `disturbed at step ${at}`).toEqual({
    running: 0,
    free: [2, 1],
    waiting: [0, 0, 0],
    span: [0, 0],
    isSourceOpen: false,
    listeners: 0,
    isGrouped: false,
    deadlines: 0,
    timers: 0,
  });
  if (!semaphore.stats().closed) await semaphore.run(() => undefined);
  return steps;
}

describe.each(Object.keys(scenarios))("%s", (scenarioName) => {
  test.each(Object.keys(disturbances))("%s at any step leaks nothing", async (disturbance) => {
    const [scenario, disturb] = [scenarios[scenarioName]!, disturbances[disturbance]!];
    const steps = await play(scenario, () => undefined, -1);
    expect(steps).toBeGreaterThan(1);
    for (let at = 0; at <= steps; at += 1) await play(scenario, disturb, at);
  });
});
