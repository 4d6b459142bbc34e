import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { type LockOptions, Mutex, Semaphore } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { commandSequences, coreOf, type Real, SIGNALS } from "./permit-model.js";
import { ReferenceSemaphore } from "./reference-semaphore.js";

const subjects: readonly { name: string; capacity: number; make(options: LockOptions): Mutex | Semaphore }[] = [
  { name: "Mutex", capacity: 1, make: (options) => new Mutex(options) },
  { name: "Semaphore(1)", capacity: 1, make: (options) => new Semaphore(1, options) },
  { name: "Semaphore(4)", capacity: 4, make: (options) => new Semaphore(4, options) },
];

const configurations: readonly LockOptions[] = [
  {},
  { maxWaiters: 2 },
  { order: "lifo" },
  { order: "lifo", ageing: 3 },
  { order: "priority" },
  { order: "priority", ageing: 2, maxWaiters: 4 },
];

describe.each(subjects)("$name", (subject) => {
  test.each(configurations)("%j behaves like the obvious reference [I1 I2 I3 I4 I5 I6]", async (options) => {
    await fc.assert(
      fc.asyncProperty(commandSequences, async (commands) => {
        using clock = installTestPlatform();
        const lock = subject.make(options);
        const real: Real = {
          lock,
          isWeighted: lock instanceof Semaphore,
          isPriority: options.order === "priority",
          clock,
          guards: new Map(),
          outcomes: new Map(),
          controllers: Array.from({ length: SIGNALS }, () => new AbortController()),
          ids: 0,
        };
        const model = new ReferenceSemaphore(subject.capacity, options);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        for (const guard of real.guards.values()) guard.release();
        lock.cancelWaiters();
        for (let step = 0; step < 8; step += 1) await Promise.resolve();
        for (const guard of real.guards.values()) guard[Symbol.dispose]();
        lock.cancelWaiters();
        expect([coreOf(lock).waiting, coreOf(lock).inspect().span, pendingDeadlines(), clock.timers.size]).toEqual([
          0, 0, 0, 0,
        ]);
      }),
      { numRuns: 100 },
    );
  });
});
