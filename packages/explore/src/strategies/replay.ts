/**
 * A list of departures, played back; beyond the last one native order. Bounded search, shrinking and tokens all run by
 * it.
 *
 * A departure that the run does not offer (fewer options than its choice) is taken as far as possible and told to
 * `mismatch`: a search goes on, a replay says so.
 */
import type { Deviation, Strategy } from "../schedule.js";

/** Gives the strategy that departs exactly as `deviations` say. */
export function replay(deviations: readonly Deviation[], mismatch: (decision: number) => void = () => {}): Strategy {
  const picks = deviations.filter((each) => each.kind === "pick");
  const holds = deviations.filter((each) => each.kind === "hold");
  let decision = 0;
  let nextPick = 0;
  let point = 0;
  let nextHold = 0;
  return {
    begin() {
      decision = nextPick = point = nextHold = 0;
    },
    pick(options) {
      const next = picks[nextPick];
      if (next?.at !== decision++) return 0;
      nextPick += 1;
      if (next.choice < options.length) return next.choice;
      mismatch(decision - 1);
      return options.length - 1;
    },
    hold() {
      if (holds[nextHold]?.at !== point++) return false;
      nextHold += 1;
      return true;
    },
  };
}
