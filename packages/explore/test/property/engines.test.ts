/** The fast engine is the reference engine, only faster: same verdict, steps, decisions, log and trace. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Fidelity, Strategy } from "../../src/schedule.js";
import { partialOrderSampling } from "../../src/strategies/pos.js";
import { pct } from "../../src/strategies/pct.js";
import { uniform } from "../../src/strategies/random.js";
import { type Engine, runBody } from "../support/run.js";
import { bodyOf, type Script, scripts } from "../support/scripted-strands.js";

const strategies: readonly (() => Strategy)[] = [
  () => uniform(0.2),
  () => pct(3, 0.2),
  () => partialOrderSampling(0.2),
];

async function outcomeOn(engine: Engine, script: Script, seed: number, fidelity: Fidelity): Promise<object> {
  const log: string[] = [];
  const strategy = strategies[seed % strategies.length]!();
  strategy.begin?.({ seed, steps: 20 });
  const { run, hashes, trace } = await runBody(bodyOf(script, log), {
    engine,
    strategy,
    fidelity,
    seed,
    maxSteps: 300,
  });
  const { outcome, step, picks, holds, deviations, now, events, live } = run;
  const parked = trace.parked.map(({ chain }) => chain.map(({ ordinal }) => ordinal));
  return { outcome, step, picks, holds, deviations, now, events, live, hashes, parked, log };
}

describe("both engines agree", () => {
  test.each(["external", "holds", "all"] as const)("on random programs at fidelity %s", async (fidelity) => {
    await fc.assert(
      fc.asyncProperty(scripts, fc.nat(1_000_000), async (script, seed) => {
        const reference = await outcomeOn("async", script, seed, fidelity);
        expect(await outcomeOn("fast", script, seed, fidelity)).toEqual(reference);
        // And a run is a function of its seed.
        expect(await outcomeOn("fast", script, seed, fidelity)).toEqual(reference);
      }),
      { numRuns: 150 },
    );
  });
});
