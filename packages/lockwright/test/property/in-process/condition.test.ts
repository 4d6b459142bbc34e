import fc from "fast-check";
import { expect, test } from "vitest";
import { Condition, Mutex } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { Asks, expectNoDeadlines } from "./asks.js";
import { commands, type Real } from "./condition-model.js";
import { ReferenceCondition } from "./reference-condition.js";

test("a condition behaves like the obvious reference [C1 C2 C3 L1 L2 I3]", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      using clock = installTestPlatform();
      const condition = new Condition(new Mutex());
      const real: Real = { condition, asks: new Asks(clock), guards: new Map() };
      await fc.asyncModelRun(() => ({ model: new ReferenceCondition(), real }), sequence);
      // At rest: whoever waits is failed by the close, has the mutex back in turn, and leaves.
      condition.lock.close();
      for (let round = 0; round < 200 && condition.lock.stats().waiting + condition.lock.stats().held > 0; round += 1) {
        for (const guard of real.guards.values()) if (guard.held) guard.release();
        for (let tick = 0; tick < 8; tick += 1) await Promise.resolve();
      }
      expect([condition.waiting, condition.lock.locked, condition.lock.stats().waiting]).toEqual([0, false, 0]);
      expectNoDeadlines(clock);
    }),
    { numRuns: 400 },
  );
}, 60_000);
