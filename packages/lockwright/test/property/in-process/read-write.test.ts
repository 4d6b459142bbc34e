import fc from "fast-check";
import { expect, test } from "vitest";
import { ReadWriteLock, type ReadWritePolicy } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { Asks, expectNoDeadlines } from "./asks.js";
import { coreOfFace } from "./core-access.js";
import { commandSequences, type Real } from "./read-write-model.js";
import { ReferenceReadWrite } from "./reference-read-write.js";

const policies: readonly ReadWritePolicy[] = ["fair", "prefer-readers", "prefer-writers"];

test.each(policies)("a %s read-write lock behaves like the obvious reference [I1–I6, RW1–RW4]", async (policy) => {
  await fc.assert(
    fc.asyncProperty(commandSequences, async (commands) => {
      using clock = installTestPlatform();
      const lock = new ReadWriteLock({ policy });
      const real: Real = { lock, asks: new Asks(clock), guards: new Map() };
      await fc.asyncModelRun(() => ({ model: new ReferenceReadWrite(policy), real }), commands);
      const core = coreOfFace(lock.read);
      // Each round ends what is held and what is then granted.
      for (let round = 0; round < 3; round += 1) {
        for (const face of [lock.read, lock.upgradeable, lock.write]) face.cancelWaiters();
        for (const guard of real.guards.values()) guard[Symbol.dispose]();
        for (let step = 0; step < 8; step += 1) await Promise.resolve();
      }
      expect([core.waiting, core.free, core.inspect().span]).toEqual([0, core.capacity, 0]);
      expectNoDeadlines(clock);
    }),
    { numRuns: 150 },
  );
});
