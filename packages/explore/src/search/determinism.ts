/**
 * Runs native order three times before anything else. A program whose runs differ cannot be explored: what a schedule did
 * once it would not do again. State that only the first run sees (a cache, a lazy connection) is told apart from state
 * that never repeats.
 */
import { ScheduleError } from "../errors.js";
import type { Run } from "../runtime/run.js";
import type { Trace, TraceStep } from "../trace.js";
import type { Executor, RecordedRun } from "./executor.js";

/** What the first runs came to. */
export interface FirstRuns {
  /** The one that the others agree with. */
  readonly recorded: RecordedRun;
  readonly trace: Trace;
  readonly warnings: readonly string[];
}

const CAUSES =
  "usual causes: state kept in a module between runs (give reset, or build it in the body), time or random numbers read before this package was loaded, real I/O, finalizers";

/** Runs native order, after `warmup` runs that do not count, and compares. Throws LW_NONDETERMINISTIC. */
export async function runFirst(
  executor: Executor,
  fidelity: Run["fidelity"],
  warmup: number,
  isTracking: boolean,
): Promise<FirstRuns> {
  const schedule = { fidelity, deviations: [] };
  for (let at = 0; at < warmup; at += 1) await executor.once(executor.jobOf(schedule));
  const first = await executor.record(schedule, isTracking);
  const trace = first.recorder.finish(first.run);
  // What ends every run at the same place needs no comparison: the failure is the news.
  if (first.run.outcome?.kind === "uncontrolled" || executor.options.isLoose)
    return { recorded: first, trace, warnings: [] };
  const second = await executor.record(schedule, isTracking);
  const secondTrace = second.recorder.finish(second.run);
  if (isSame(trace, secondTrace, first.run, second.run)) return { recorded: first, trace, warnings: [] };
  const third = await executor.record(schedule, isTracking);
  const thirdTrace = third.recorder.finish(third.run);
  if (!isSame(secondTrace, thirdTrace, second.run, third.run))
    throw new ScheduleError("LW_NONDETERMINISTIC", nondeterministic(secondTrace, thirdTrace));
  const warning = `the first run differs from all later ones (${difference(trace, secondTrace)}): something is set up on first use; give reset, or warmup: 1`;
  return { recorded: second, trace: secondTrace, warnings: [warning] };
}

function isSame(one: Trace, other: Trace, oneRun: Run, otherRun: Run): boolean {
  return (
    oneRun.outcome?.kind === otherRun.outcome?.kind &&
    one.steps.length === other.steps.length &&
    one.steps.at(-1)?.hash === other.steps.at(-1)?.hash
  );
}

function nondeterministic(one: Trace, other: Trace): string {
  return `the same schedule ran differently twice: ${difference(one, other)}; ${CAUSES}`;
}

function difference(one: Trace, other: Trace): string {
  const length = Math.max(one.steps.length, other.steps.length);
  for (let at = 0; at < length; at += 1) {
    const [mine, theirs] = [one.steps[at], other.steps[at]];
    if (mine?.hash !== theirs?.hash) return `step ${at} was ${describe(mine)}, then ${describe(theirs)}`;
  }
  return "both took the same steps and ended differently";
}

function describe(step: TraceStep | undefined): string {
  if (step === undefined) return "past the end";
  const { taken, width, time } = step;
  if (taken === undefined) return "the start";
  const where = taken.site === undefined ? taken.line : `${taken.site.file}:${taken.site.line}`;
  return `"${taken.label}"${where === undefined ? "" : ` (${where})`} of ${width} at ${time} ms`;
}
