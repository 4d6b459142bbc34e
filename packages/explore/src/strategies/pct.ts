/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi, Nagarakatte, ASPLOS 2010): a random priority for
 * each strand, the highest always goes, and at `depth - 1` random decisions the one about to go drops below all others.
 * Finds a bug of depth d among n strands and k decisions with probability at least 1 / (n k^(d-1)).
 *
 * Where we differ: strands appear while the run goes on and get their priority then; all timers are one strand.
 */
import { type Option, type RunPlan, seeded, type Strategy } from "../schedule.js";

/** Gives the strategy. `depth` from 1; `holdShare` is the probability of a hold, 0 to 1. */
export function pct(depth: number, holdShare = 0): Strategy {
  let random = seeded(0);
  let decision = 0;
  let lowest = 0;
  let changes: readonly number[] = [];
  let priorities = new Map<number, number>();
  const priorityOf = ({ strand }: Option): number => {
    let priority = priorities.get(strand.id);
    if (priority === undefined) priorities.set(strand.id, (priority = 1 + random()));
    return priority;
  };
  const highest = (options: readonly Option[]): number => {
    let best = 0;
    for (let at = 1; at < options.length; at += 1) if (priorityOf(options[at]!) > priorityOf(options[best]!)) best = at;
    return best;
  };
  const strategy: Strategy = {
    begin({ seed, steps }: RunPlan) {
      random = seeded(seed);
      decision = lowest = 0;
      priorities = new Map();
      changes = Array.from({ length: depth - 1 }, () => Math.floor(random() * steps));
    },
    pick(options) {
      const best = highest(options);
      if (!changes.includes(decision++)) return best;
      priorities.set(options[best]!.strand.id, (lowest -= 1));
      return highest(options);
    },
  };
  return holdShare === 0 ? strategy : { ...strategy, hold: () => random() < holdShare };
}
