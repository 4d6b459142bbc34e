/**
 * A run that reached the step limit is a suspicion only: the schedule may have been unfair to the strand that everybody
 * waits for. It runs again, the same up to {@link FAIR_FROM} decisions, then fair, for four times as long.
 */
import type { Run } from "../runtime/run.js";
import type { Schedule } from "../schedule.js";
import type { Executor } from "./executor.js";

/** Decisions that stay as they were, at most: half of a short run. */
const FAIR_FROM = 500;

/** What became of a suspicion. */
export interface LivelockVerdict {
  /** The schedule with its fair suffix. */
  readonly schedule: Schedule;
  readonly run: Run;
}

/** Runs a suspect again with a fair suffix. */
export async function runFairly(executor: Executor, suspect: Schedule): Promise<LivelockVerdict> {
  const fairFrom = Math.min(FAIR_FROM, executor.options.maxSteps >> 1);
  const schedule: Schedule = {
    fidelity: suspect.fidelity,
    deviations: suspect.deviations.filter((each) => each.kind === "hold" || each.at < fairFrom),
    fairFrom,
  };
  const run = await executor.once({ ...executor.jobOf(schedule), keepsLive: true });
  return { schedule, run };
}
