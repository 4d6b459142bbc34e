/** Uniform choice among the options of each decision; under `holds`, each await held with a fixed probability. */
import { type RunPlan, seeded, type Strategy } from "../schedule.js";

/** Gives the uniform strategy. `holdShare` is the probability of a hold, 0 to 1. */
export function uniform(holdShare = 0): Strategy {
  let random = seeded(0);
  const strategy: Strategy = {
    begin({ seed }: RunPlan) {
      random = seeded(seed);
    },
    pick: (options) => Math.floor(random() * options.length),
  };
  return holdShare === 0 ? strategy : { ...strategy, hold: () => random() < holdShare };
}
