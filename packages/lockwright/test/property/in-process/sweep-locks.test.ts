/**
 * The sweep of `sweep.test.ts` over locks with several faces, keys or borrowers: each scenario is run once to count its
 * microtask steps s, then again for every k = 0 … s with a disturbance at step k. At rest nothing is left, and all works.
 */
import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import {
  acquireAll,
  CapacityLimiter,
  type Guard,
  KeyedMutex,
  KeyedSemaphore,
  type LocalLock,
  Mutex,
  ReadWriteLock,
  StampedLock,
  StripedMutex,
  type WaitOptions,
} from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { coreOfFace } from "./core-access.js";

const TIMEOUT = 50;

/** One run: locks of its own, a subject that is disturbed and others that are not. */
interface Scene {
  /** Every lock that may be closed or cancelled, and must be free in the end. */
  readonly locks: readonly LocalLock[];
  /** What the disturbance aims at, with the options to be passed on. */
  subject(options: WaitOptions): Promise<unknown>;
  /** Others that get in its way, before and after it. */
  readonly before?: readonly (() => Promise<unknown>)[];
  readonly after?: readonly (() => Promise<unknown>)[];
  /** What is left, as numbers that must all be 0. */
  left(): readonly number[];
}

async function pass(ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
}

async function hold(wait: Promise<Guard>, ticks: number): Promise<void> {
  const guard = await wait;
  await pass(ticks);
  guard.release();
}

async function useAll(wait: Promise<Guard>): Promise<void> {
  await hold(wait, 1);
}

function faces(lock: ReadWriteLock): Pick<Scene, "locks" | "left"> {
  const core = coreOfFace(lock.read);
  const locks = [lock.read, lock.upgradeable, lock.write];
  return {
    locks,
    left: () => [
      core.capacity - core.free,
      core.inspect().span,
      ...locks.map((face) => face.stats().waiting),
      core.waitingUpgrade === undefined ? 0 : 1,
    ],
  };
}

const rw = (lock: ReadWriteLock, scene: Omit<Scene, "locks" | "left">): Scene => ({ ...faces(lock), ...scene });

const scenes: Readonly<Record<string, () => Scene>> = {
  "ReadWriteLock.read behind a write": () => {
    const lock = new ReadWriteLock();
    return rw(lock, {
      before: [() => hold(lock.write.acquire(), 3)],
      subject: (options) => lock.read.run(() => pass(1), options),
      after: [() => hold(lock.write.acquire(), 1), () => hold(lock.read.acquire(), 1)],
    });
  },
  "ReadWriteLock.write behind readers": () => {
    const lock = new ReadWriteLock();
    return rw(lock, {
      before: [() => hold(lock.read.acquire(), 2), () => hold(lock.upgradeable.acquire(), 4)],
      subject: (options) => useAll(lock.write.acquire(options)),
      after: [() => hold(lock.read.acquire(), 1), () => hold(lock.upgradeable.acquire(), 1)],
    });
  },
  "an upgrade that waits for readers, a writer behind it": () => {
    const lock = new ReadWriteLock();
    return rw(lock, {
      before: [() => hold(lock.read.acquire(), 6)],
      subject: async (options) => {
        const upgradeable = await lock.upgradeable.acquire(options);
        try {
          await useAll(upgradeable.upgrade(options));
        } finally {
          upgradeable.release();
        }
      },
      after: [() => hold(lock.write.acquire(), 1), () => hold(lock.read.acquire(), 1)],
    });
  },
  "an upgrade whose base is disposed of first": () => {
    const lock = new ReadWriteLock({ policy: "prefer-readers" });
    return rw(lock, {
      before: [() => hold(lock.read.acquire(), 4)],
      subject: async (options) => {
        let upgrade: Promise<Guard>;
        {
          using upgradeable = await lock.upgradeable.acquire(options);
          upgrade = upgradeable.upgrade(options);
          upgrade.catch(() => undefined);
          await pass(4);
        }
        await useAll(upgrade);
      },
      after: [() => hold(lock.write.acquire(), 1), () => hold(lock.read.acquire(), 1)],
    });
  },
  "a downgrade among waiting readers and writers": () => {
    const lock = new ReadWriteLock({ policy: "prefer-writers" });
    return rw(lock, {
      before: [() => hold(lock.read.acquire(), 2)],
      subject: async (options) => {
        const writing = await lock.write.acquire(options);
        await pass(2);
        using reading = writing.downgrade();
        await pass(1);
        reading.tryUpgrade()?.release(); // throws when the lock was closed meanwhile
      },
      after: [() => hold(lock.read.acquire(), 2), () => hold(lock.write.acquire(), 1)],
    });
  },
  "StampedLock.readOptimistic beside a write": () => {
    const lock = new StampedLock();
    const core = coreOfFace(lock.read);
    return {
      locks: [lock.read, lock.write],
      left: () => [core.capacity - core.free, core.inspect().span, core.waiting],
      before: [() => pass(1).then(() => hold(lock.write.acquire(), 3))],
      subject: (options) => lock.readOptimistic(() => pass(3), { ...options, attempts: 1 }),
      after: [() => hold(lock.write.acquire(), 2)],
    };
  },
  "CapacityLimiter, on behalf of a borrower": () => {
    const limiter = new CapacityLimiter<string>(1);
    return {
      locks: [limiter],
      left: () => [limiter.stats().held, limiter.stats().waiting, limiter.borrowers.size],
      before: [() => hold(limiter.acquire({ borrower: "before" }), 3)],
      subject: (options) => limiter.run(() => pass(1), { ...options, borrower: "subject" }),
      after: [() => hold(limiter.acquire({ borrower: "after" }), 1)],
    };
  },
  "KeyedMutex, one key": () => {
    const mutex = new KeyedMutex();
    return {
      locks: [mutex.at("a")],
      left: () => [mutex.size, mutex.at("a").stats().waiting],
      before: [() => hold(mutex.acquire("a"), 3)],
      subject: (options) => mutex.run("a", () => pass(1), options),
      after: [() => hold(mutex.acquire("a"), 1)],
    };
  },
  "KeyedMutex.acquireAll among others": () => {
    const mutex = new KeyedMutex();
    return {
      locks: ["a", "b", "c"].map((key) => mutex.at(key)),
      left: () => [mutex.size],
      before: [() => hold(mutex.acquire("b"), 5), () => hold(mutex.acquire("c"), 9)],
      subject: (options) => useAll(mutex.acquireAll(["c", "a", "b"], options)),
      after: [() => hold(mutex.acquire("a"), 1), () => hold(mutex.acquireAll(["c", "b"]), 1)],
    };
  },
  "KeyedSemaphore, heavy behind light": () => {
    const semaphore = new KeyedSemaphore(2);
    return {
      locks: [semaphore.at("a")],
      left: () => [semaphore.size],
      before: [() => hold(semaphore.acquire("a"), 3)],
      subject: (options) => semaphore.run("a", () => pass(1), { ...options, weight: 2 }),
      after: [() => hold(semaphore.acquire("a"), 1)],
    };
  },
  "StripedMutex.acquireAll over shared stripes": () => {
    const mutex = new StripedMutex<number>(2, { hash: (key) => key });
    return {
      locks: [mutex.at(0), mutex.at(1)],
      left: () => [mutex.size],
      before: [() => hold(mutex.acquire(0), 3), () => hold(mutex.acquire(3), 6)],
      subject: (options) => useAll(mutex.acquireAll([1, 2, 3], options)),
      after: [() => hold(mutex.acquire(1), 1)],
    };
  },
  "acquireAll over locks of several kinds": () => {
    const [mutex, limiter, lock, keyed] = [new Mutex(), new CapacityLimiter(1), new ReadWriteLock(), new KeyedMutex()];
    const locks = [mutex, limiter, lock.write, keyed.at("key")];
    return {
      locks: [...locks, lock.read],
      left: () => [...locks.map((each) => each.stats().held + each.stats().waiting), keyed.size],
      before: [() => hold(lock.read.acquire(), 5), () => hold(limiter.acquire(), 3)],
      subject: (options) => useAll(acquireAll(locks, options)),
      after: [() => hold(mutex.acquire(), 1), () => hold(lock.write.acquire(), 1)],
    };
  },
};

interface Stage {
  readonly scene: Scene;
  readonly controller: AbortController;
  readonly clock: TestPlatform;
}

const disturbances: Readonly<Record<string, (stage: Stage) => void>> = {
  "an abort": ({ controller }) => controller.abort(),
  "a timeout": ({ clock }) => clock.advance(TIMEOUT),
  cancelWaiters: ({ scene }) => void scene.locks.map((lock) => lock.cancelWaiters()),
  "cancelWaiters of the first and an abort": ({ scene, controller }) => {
    scene.locks[0]!.cancelWaiters();
    controller.abort();
  },
  "an abort and a release by another in one step": ({ scene, controller }) => {
    const passing = scene.locks.map((lock) => lock.tryAcquire());
    controller.abort();
    for (const guard of passing) guard?.release();
  },
  close: ({ scene }) => void scene.locks.map((lock) => lock.close()),
};

/** Runs a scene with a disturbance after `at` steps; gives the number of steps it took. */
async function play(
  make: () => Scene,
  disturb: (stage: Stage) => void,
  at: number,
  isClosing: boolean,
): Promise<number> {
  using clock = installTestPlatform();
  const controller = new AbortController();
  const scene = make();
  const all = [
    ...(scene.before ?? []),
    () => scene.subject({ signal: controller.signal, timeout: TIMEOUT }),
    ...(scene.after ?? []),
  ];
  let isOver = false;
  const over = Promise.allSettled(all.map((start) => start())).then(() => (isOver = true));
  let steps = 0;
  for (; !isOver && steps < 200; steps += 1) {
    if (steps === at) disturb({ scene, controller, clock });
    await Promise.resolve();
  }
  await over;
  // A closed key keeps its entry.
  const left = isClosing ? scene.locks.map((lock) => lock.stats().held + lock.stats().waiting) : scene.left();
  expect(left, `disturbed at step ${at}`).toEqual(left.map(() => 0));
  const listeners = getEventListeners(controller.signal, "abort").length;
  expect([listeners, hasAbortGroup(controller.signal)], `disturbed at step ${at}`).toEqual([0, false]);
  expect([pendingDeadlines(), clock.timers.size], `disturbed at step ${at}`).toEqual([0, 0]);
  if (!isClosing) for (const lock of scene.locks) (await lock.acquire()).release();
  return steps;
}

describe.each(Object.keys(scenes))("%s", (name) => {
  test.each(Object.keys(disturbances))("%s at any step leaks nothing [I2 I4 I5]", async (disturbance) => {
    const [make, disturb] = [scenes[name]!, disturbances[disturbance]!];
    const isClosing = disturbance === "close";
    const steps = await play(make, () => undefined, -1, false);
    expect(steps).toBeGreaterThan(3);
    for (let at = 0; at <= steps; at += 1) await play(make, disturb, at, isClosing);
  });
});
