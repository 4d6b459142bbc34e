/**
 * Aborted at any step leaks nothing. Each scenario is run once to count its microtask steps s, then again for every
 * k = 0 … s with a disturbance at step k. At rest: no waiter, all permits back, no group, no deadline, no timer, and the
 * lock works.
 */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import type { PermitCore } from "../../../src/core/permit-core.js";
import { contendedLocks } from "../../../src/core/drain.js";
import { type Guard, Mutex, ReentrantMutex, Semaphore, taskScope } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { coreOf } from "./permit-model.js";

const TIMEOUT = 50;

type Subject = Mutex | Semaphore | ReentrantMutex;

/** The permit cores under a lock, the one that outsiders take first. */
function coresOf(lock: Subject): readonly PermitCore[] {
  if (!(lock instanceof ReentrantMutex)) return [coreOf(lock)];
  return (lock as unknown as { ladder: { rungs: readonly PermitCore[] } }).ladder.rungs;
}

interface Stage {
  readonly lock: Subject;
  readonly controller: AbortController;
  readonly clock: TestPlatform;
  /** What the subject of the scenario passes. */
  readonly options: { readonly signal: AbortSignal; readonly timeout: number };
}

type Scenario = (stage: Stage) => Promise<unknown>;

async function hold(lock: Subject, ticks: number): Promise<void> {
  const guard = await lock.acquire();
  for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
  guard.release();
}

function ignoreErrors(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch(() => undefined);
}

async function acquireAndRelease({ lock, options }: Stage): Promise<void> {
  const guard: Guard = await lock.acquire(options);
  try {
    await Promise.resolve();
  } finally {
    guard.release();
  }
}

const run: Scenario = ({ lock, options }) => lock.run(async () => undefined, options);
const boundedRun: Scenario = ({ lock, options }) => lock.run(async () => undefined, { ...options, bodyTimeout: 1000 });
const throwingRun: Scenario = ({ lock, options }) =>
  lock.run(async () => {
    await Promise.resolve();
    throw new Error("body");
  }, options);
const throwingNow: Scenario = ({ lock, options }) =>
  lock.run(() => {
    throw new Error("body");
  }, options);

function contended(scenario: Scenario): Scenario {
  return async (stage) => {
    const before = hold(stage.lock, 3);
    const subject = ignoreErrors(scenario(stage));
    const after = ignoreErrors(hold(stage.lock, 1));
    await Promise.all([ignoreErrors(before), subject, after]);
  };
}

const scenarios: Readonly<Record<string, Scenario>> = {
  "acquire, free": acquireAndRelease,
  "acquire, contended": contended(acquireAndRelease),
  "run, free": run,
  "run, contended": contended(run),
  "run with bodyTimeout, contended": contended(boundedRun),
  "run with a throwing body, free": throwingRun,
  "run with a throwing body, contended": contended(throwingRun),
  "run with a body that throws at once": contended(throwingNow),
  "whenAvailable, contended": contended(({ lock, options }) => lock.whenAvailable(options)),
};

const disturbances: Readonly<Record<string, (stage: Stage) => void>> = {
  "an abort": ({ controller }) => controller.abort(),
  "a timeout": ({ clock }) => clock.advance(TIMEOUT),
  close: ({ lock }) => lock.close(),
  cancelWaiters: ({ lock }) => void lock.cancelWaiters(),
  "a resize to 0 and back": ({ lock }) => {
    if (!(lock instanceof Semaphore)) return;
    lock.resize(0);
    lock.resize(1);
  },
  "an abort and a release by another in one step": ({ lock, controller }) => {
    const passing = lock.stats().closed ? undefined : lock.tryAcquire();
    controller.abort();
    passing?.release();
  },
};

const locks: Readonly<Record<string, () => Subject>> = {
  Mutex: () => new Mutex(),
  ReentrantMutex: () => new ReentrantMutex(),
  "Semaphore(1)": () => new Semaphore(1),
  "Mutex, priority": () => new Mutex({ order: "priority", ageing: 2 }),
};

/** Runs a scenario with a disturbance after `at` steps; gives the number of steps it took. */
async function play(
  make: () => Subject,
  scenario: Scenario,
  disturb: (stage: Stage) => void,
  at: number,
): Promise<number> {
  using clock = installTestPlatform();
  const controller = new AbortController();
  const lock = make();
  const stage: Stage = { lock, controller, clock, options: { signal: controller.signal, timeout: TIMEOUT } };
  let isOver = false;
  const settled = ignoreErrors(scenario(stage)).then(() => (isOver = true));
  let steps = 0;
  for (; !isOver && steps < 200; steps += 1) {
    if (steps === at) disturb(stage);
    await Promise.resolve();
  }
  await settled;
  const cores = coresOf(lock);
  const sum = (of: (core: PermitCore) => number): number => cores.reduce((total, core) => total + of(core), 0);
  const listeners = getEventListeners(controller.signal, "abort").length;
  const rest = {
    waiting: sum((core) => core.waiting),
    held: sum((core) => core.held),
    span: sum((core) => core.inspect().span),
    tied: sum((core) => (core.ties?.held.size ?? 0) + (core.ties?.blocked.size ?? 0)),
    contended: contendedLocks().length,
    listeners,
    grouped: hasAbortGroup(controller.signal),
  };
  expect(rest, `disturbed at step ${at}`).toEqual({
    waiting: 0,
    held: 0,
    span: 0,
    tied: 0,
    contended: 0,
    listeners: 0,
    grouped: false,
  });
  expect([pendingDeadlines(), clock.timers.size], `disturbed at step ${at}`).toEqual([0, 0]);
  if (!lock.stats().closed) (await lock.acquire()).release();
  return steps;
}

describe.each(Object.keys(locks))("%s", (lockName) => {
  describe.each(Object.keys(scenarios))("%s", (scenarioName) => {
    test.each(Object.keys(disturbances))("%s at any step leaks nothing [I2 I4 I5]", async (disturbance) => {
      const [make, scenario, disturb] = [locks[lockName]!, scenarios[scenarioName]!, disturbances[disturbance]!];
      const steps = await play(make, scenario, () => undefined, -1);
      expect(steps).toBeGreaterThan(1);
      for (let at = 0; at <= steps; at += 1) await play(make, scenario, disturb, at);
    });
  });
});

/** Each takes the lock again where it holds it, and two siblings fork inside. */
const inside: Readonly<Record<string, Scenario>> = {
  "a run inside a run": ({ lock, options }) =>
    lock.run(async () => lock.run(() => lock.run(() => Promise.resolve()), options)),
  "siblings forked inside a run": ({ lock, options }) =>
    lock.run(async () => {
      const siblings = [1, 2, 3].map(() => ignoreErrors(lock.run(() => Promise.resolve(), options)));
      await Promise.all(siblings);
    }),
  "a child that outlives its hold": ({ lock, options }) => {
    let child: Promise<unknown> = Promise.resolve();
    const outer = lock.run(async () => {
      child = ignoreErrors(Promise.resolve().then(() => lock.run(() => Promise.resolve(), options)));
    });
    return ignoreErrors(outer).then(() => child);
  },
  "an acquire inside, released last": async ({ lock, options }) => {
    let kept: Guard | undefined;
    await ignoreErrors(lock.run(async () => (kept = await lock.acquire(options))));
    kept?.release();
  },
};

describe("ReentrantMutex, entered again", () => {
  describe.each(Object.keys(inside))("%s", (scenarioName) => {
    test.each(Object.keys(disturbances))("%s at any step leaks nothing [L1 L2 I2 I4]", async (disturbance) => {
      const disturb = disturbances[disturbance]!;
      for (const scoped of [false, true]) {
        const within: Scenario = (stage) =>
          scoped ? taskScope(() => inside[scenarioName]!(stage)) : inside[scenarioName]!(stage);
        for (const scenario of [within, contended(within)]) {
          const make = (): Subject => new ReentrantMutex();
          const steps = await play(make, scenario, () => undefined, -1);
          expect(steps).toBeGreaterThan(1);
          for (let at = 0; at <= steps; at += 1) await play(make, scenario, disturb, at);
        }
      }
    });
  });
});

/** Deadlocks whose victim is disturbed: the verdict and the disturbance meet at every step. */
const knots: Readonly<Record<string, Scenario>> = {
  "a nested run, seen on the stack": ({ lock, options, clock }) => {
    const nested = ignoreErrors(lock.run(async () => lock.run(() => Promise.resolve(), { signal: options.signal })));
    const ticks = (async () => {
      for (let tick = 0; tick < 5; tick += 1) await Promise.resolve();
      clock.advance(25);
    })();
    return Promise.all([nested, ticks]);
  },
  "a nested run in a scope": ({ lock, options }) =>
    ignoreErrors(taskScope(() => lock.run(() => lock.run(() => Promise.resolve(), { signal: options.signal })))),
  "an acquire with holding": async ({ lock, options }) => {
    const guard = await lock.acquire();
    await ignoreErrors(lock.acquire({ signal: options.signal, holding: guard }));
    guard.release();
  },
};

describe("deadlocks", () => {
  describe.each(Object.keys(knots))("%s", (scenarioName) => {
    test.each(Object.keys(disturbances))("%s at any step leaks nothing [W2 V3 C1]", async (disturbance) => {
      const disturb = disturbances[disturbance]!;
      for (const scenario of [knots[scenarioName]!, contended(knots[scenarioName]!)]) {
        const make = (): Subject => new Mutex();
        const steps = await play(make, scenario, () => undefined, -1);
        expect(steps).toBeGreaterThan(1);
        for (let at = 0; at <= steps; at += 1) await play(make, scenario, disturb, at);
      }
    });
  });
});
