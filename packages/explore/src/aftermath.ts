/** What a run that passed left behind, as far as it was asked to be looked for. */
import { leakLines, unfinishedLines } from "./detect/leaks.js";
import { ScheduleError } from "./errors.js";
import type { Detector } from "./options.js";
import type { Run } from "./runtime/run.js";
import type { Trace } from "./trace.js";

/** Says that something was left behind; what it was is known once the run is recorded. */
export class Aftermath extends ScheduleError {
  readonly what: "leak" | "unfinished";

  constructor(what: Aftermath["what"], headline: string) {
    super("LW_SCHEDULE", headline);
    this.what = what;
  }

  /** The same with everything named. */
  told(trace: Trace): ScheduleError {
    const lines = this.what === "leak" ? leakLines(trace) : unfinishedLines(trace);
    return new ScheduleError("LW_SCHEDULE", [this.message, ...lines].join("\n  "));
  }
}

/** Makes the look at runs that passed; undefined when nothing is asked for. */
export function inspector(detect: readonly Detector[]): ((run: Run) => Error | undefined) | undefined {
  const findsLeaks = detect.includes("leak");
  const findsUnfinished = detect.includes("unfinished");
  if (!findsLeaks && !findsUnfinished) return undefined;
  return (run) => {
    if (findsLeaks && run.live > 0) return new Aftermath("leak", "leak: calls still wait after everything has settled");
    if (findsUnfinished && run.liveAtReturn > 0)
      return new Aftermath("unfinished", "unfinished: calls outlive the body");
    return undefined;
  };
}
