/**
 * A failure as a file: everything the other renderings show, with the hash of each step, and the token, so that the file
 * can be replayed. Versioned; within a version fields are only ever added.
 */
import { ScheduleError } from "../errors.js";
import { readToken } from "../token.js";
import type { Trace } from "../trace.js";
import type { FailureView } from "./failure-view.js";
import { object, oneOf, optional, string, trace, whole } from "./json-shape.js";

const FORMAT = "lockwright-schedule";

/** A failure in a file. */
export interface SavedFailure {
  readonly failure: FailureView;
  readonly trace: Trace;
  /** The same program in native order, for comparison. */
  readonly native?: Trace;
}

const check = object({
  format: oneOf(FORMAT),
  version: oneOf(1),
  failure: object({
    test: string,
    error: object({ name: string, message: string, code: optional(string) }),
    grade: oneOf("A", "B", "C"),
    token: string,
    cost: object({ external: whole, hold: whole }),
    explanation: string,
    coverage: string,
  }),
  trace,
  native: optional(trace),
});

/** Writes a failure as JSON. */
export function writeJson({ failure, trace, native }: SavedFailure): string {
  return `${JSON.stringify({ format: FORMAT, version: 1, failure, trace, native }, null, 1)}\n`;
}

/**
 * Reads what {@link writeJson} wrote; `source` names the file in errors.
 *
 * **Errors** `LW_REPLAY_MISMATCH` when it is no JSON, no schedule, of another version, or has been cut or edited: it
 * names the first value that is wrong.
 */
export function readJson(text: string, source: string): SavedFailure {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw new ScheduleError("LW_REPLAY_MISMATCH", `${source} is no JSON: ${(error as Error).message}`, {
      cause: error,
    });
  }
  try {
    check(content, "");
    const { failure, trace, native } = content as SavedFailure;
    readToken(failure.token);
    return native === undefined ? { failure, trace } : { failure, trace, native };
  } catch (error) {
    throw new ScheduleError("LW_REPLAY_MISMATCH", `${source} is no schedule of ours: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
