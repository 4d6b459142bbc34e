/**
 * Partial-order sampling: each thing that becomes ready gets a random priority once, and the highest goes first (the
 * basic form of Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV 2018). It spreads more evenly over
 * truly different orders than a uniform choice at each step does.
 */
import { type Option, type RunPlan, seeded, type Strategy } from "../schedule.js";

/** Gives the strategy. `holdShare` is the probability of a hold, 0 to 1. */
export function partialOrderSampling(holdShare = 0): Strategy {
  let random = seeded(0);
  let priorities = new WeakMap<Option, number>();
  const priorityOf = (option: Option): number => {
    let priority = priorities.get(option);
    if (priority === undefined) priorities.set(option, (priority = random()));
    return priority;
  };
  const strategy: Strategy = {
    begin({ seed }: RunPlan) {
      random = seeded(seed);
      priorities = new WeakMap();
    },
    pick(options) {
      let best = 0;
      let highest = -1;
      options.forEach((option, at) => {
        const priority = priorityOf(option);
        if (priority <= highest) return;
        best = at;
        highest = priority;
      });
      return best;
    },
  };
  return holdShare === 0 ? strategy : { ...strategy, hold: () => random() < holdShare };
}
