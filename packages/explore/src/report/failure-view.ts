/** What every report shows besides the trace. All of it is JSON. */
import type { Cost, Grade } from "../schedule.js";

/** The program's own error, or what the explorer says of the schedule. */
export interface FailureError {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

/** A failing schedule, as reports show it. */
export interface FailureView {
  /** Name of the test or of the exploration. */
  readonly test: string;
  readonly error: FailureError;
  readonly grade: Grade;
  /** What replays it. */
  readonly token: string;
  readonly cost: Cost;
  /** The sentence of `explain`, and below it one line for each further thing to know. */
  readonly explanation: string;
  /** The line of `coverageLine`. */
  readonly coverage: string;
}

/** What a grade means, in a few words. */
export function gradeText(grade: Grade): string {
  if (grade === "A") return "A: fails in the order JavaScript runs today";
  if (grade === "B") return "B: feasible, other completion or timer times suffice";
  return "C: latent, an await inside the program must become slower";
}
