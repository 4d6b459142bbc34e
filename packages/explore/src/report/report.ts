/** What an exploration came to, as callers get it. */
import type { Cost, Grade } from "../schedule.js";
import type { Trace } from "../trace.js";

/** A failing schedule. */
export interface Failure {
  /** The program's own error, or a `ScheduleError` that says what is wrong. */
  readonly error: Error;
  readonly message: string;
  /** The generated inputs it failed with, shrunk; absent without `inputs`. */
  readonly inputs?: readonly unknown[];
  readonly grade: Grade;
  /** How it was found: by what, and after how many schedules, itself included. 0 for one that was replayed. */
  readonly found: { readonly by: string; readonly after: number };
  /** Plays the schedule back: `explore(body, { replay: token })`. */
  readonly token: string;
  /** One sentence: what must take longer than what. */
  readonly explanation: string;
  readonly trace: Trace;
}

/** What was looked at. Counts are schedules. */
export interface Coverage {
  readonly runs: number;
  /** How many of them differ from each other. */
  readonly distinct: number;
  /** The highest bound within which every schedule was run; absent when not even native order was. */
  readonly complete?: Cost;
  /** All of it in one line. */
  readonly line: string;
}

/** The result of an exploration. */
export interface Report {
  /** False when there is a failure. */
  readonly ok: boolean;
  readonly failure?: Failure;
  /** Failures of grade C: they need an await inside the program to be slower than it is. */
  readonly latent: readonly Failure[];
  readonly warnings: readonly string[];
  readonly coverage: Coverage;
}
