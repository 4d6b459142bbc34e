import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Barrier } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { Asks, expectNoDeadlines } from "./asks.js";
import { commands, type Real } from "./barrier-model.js";
import { ReferenceBarrier } from "./reference-barrier.js";

describe.each([1, 2, 3, 5])("a barrier of %i", (parties) => {
  test("behaves like the obvious reference [W1 W2]", async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        using clock = installTestPlatform();
        const real: Real = { barrier: new Barrier(parties), asks: new Asks(clock) };
        await fc.asyncModelRun(() => ({ model: new ReferenceBarrier(parties), real }), sequence);
        real.barrier.reset();
        expect(real.barrier.waiting).toBe(0);
        expectNoDeadlines(clock);
      }),
      { numRuns: 200 },
    );
  });
});
