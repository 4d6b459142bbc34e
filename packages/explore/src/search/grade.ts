/**
 * How real a failure is. Computed from the shrunk schedule, and for one that needs a hold by looking for the same failure
 * without: grade C says "not found by completion and timer order alone within so many schedules", no more.
 */
import { costOf, type Grade, type Schedule } from "../schedule.js";
import { BoundedSearch } from "./bounded.js";
import type { Executor, Job } from "./executor.js";
import { Sampling } from "./sampling.js";
import { signatureOf } from "./signature.js";

/** Schedules spent at most on a stricter look. */
const MAX_STRICTER = 2000;

/** A failure with its grade: the cheapest schedule that shows it at that grade. */
export interface Graded {
  readonly grade: Grade;
  readonly schedule: Schedule;
}

/** Grades `schedule`. */
export async function grade(executor: Executor, schedule: Schedule, signature: string, seed: number): Promise<Graded> {
  const { external, hold } = costOf(schedule.deviations);
  if (hold > 0) {
    const stricter = await findWithoutHolds(executor, signature, seed);
    if (stricter === undefined) return { grade: "C", schedule };
    return { grade: costOf(stricter.deviations).external === 0 ? "A" : "B", schedule: stricter };
  }
  return { grade: external === 0 ? "A" : "B", schedule: { ...schedule, fidelity: "external" } };
}

async function findWithoutHolds(executor: Executor, signature: string, seed: number): Promise<Schedule | undefined> {
  const bounded = new BoundedSearch("external", { external: 3, hold: 0 });
  const sampling = new Sampling(["pct", "random", "pos"], "external", seed);
  let left = MAX_STRICTER;
  let isBounded = true;
  let found: Schedule | undefined;
  const next = (): Job | undefined => {
    if (left-- === 0) return undefined;
    const job = left > MAX_STRICTER / 2 ? bounded.next() : undefined;
    isBounded = job !== undefined;
    return { ...(job ?? sampling.next(executor.decisions)), keepsLive: true };
  };
  await executor.search(next, (run) => {
    if (isBounded) bounded.ran(run);
    if (signatureOf(run) !== signature) return false;
    found = { fidelity: "external", deviations: run.deviations };
    return true;
  });
  return found;
}
