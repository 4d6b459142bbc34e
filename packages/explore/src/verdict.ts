/** Turns how a run ended into the error that a person gets. */
import { Aftermath } from "./aftermath.js";
import { deadlockLines } from "./detect/deadlock.js";
import { ScheduleError } from "./errors.js";
import type { Outcome } from "./runtime/outcome.js";
import { type Site, siteAt } from "./sites.js";
import type { Trace } from "./trace.js";
import { uncontrolledMessage } from "./world/uncontrolled.js";

/** `file:line` of a site. */
export function lineOfSite(site: Site | undefined): string {
  return site === undefined ? "an unknown line" : `${site.file}:${site.line}`;
}

/** Gives the error for an outcome that is a failure. */
export function errorOf(outcome: Outcome, trace: Trace): Error {
  switch (outcome.kind) {
    case "failed":
      if (outcome.error instanceof Aftermath) return outcome.error.told(trace);
      return outcome.isUnhandled ? unhandled(outcome.error) : asError(outcome.error);
    case "deadlock":
      return new ScheduleError("LW_DEADLOCK", deadlock(trace));
    case "step-limit":
      return new ScheduleError("LW_LIVELOCK", livelock(trace));
    case "spinning":
      return new ScheduleError("LW_LIVELOCK", spinning(outcome.what, outcome.site));
    case "uncontrolled":
      return new ScheduleError("LW_UNCONTROLLED", uncontrolledMessage(outcome.requests, outcome.parked));
    case "mismatch":
      return new ScheduleError("LW_REPLAY_MISMATCH", outcome.message);
    default:
      return new ScheduleError("LW_SCHEDULE", "the run passed");
  }
}

/** An error is handed on as it is; anything else that was thrown becomes the cause of one. */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  // Errors of another realm (a vm context, jsdom) are errors too.
  if (typeof thrown === "object" && thrown !== null && "message" in thrown && "stack" in thrown) return thrown as Error;
  return new ScheduleError("LW_SCHEDULE", `the body threw ${String(thrown)}, which is no Error`, { cause: thrown });
}

function unhandled(reason: unknown): ScheduleError {
  const what = reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason);
  return new ScheduleError("LW_UNHANDLED", `a rejection was handled by nobody: ${what}`, { cause: reason });
}

function deadlock(trace: Trace): string {
  return ["deadlock: the body waits and nothing can happen any more", ...deadlockLines(trace)].join("\n  ");
}

function livelock(trace: Trace): string {
  const last = trace.steps.at(-1)?.taken;
  const where = last?.site === undefined ? (last?.line ?? "an unknown line") : lineOfSite(last.site);
  return `livelock: ${trace.steps.length} steps without an end, though nobody was passed over for long; the last at ${where}`;
}

function spinning(what: string, site: number): string {
  const where = siteAt(site);
  const place = where === undefined ? "" : ` at ${lineOfSite(where)} (${where.text})`;
  return `livelock: ${what} without end${place}, with nothing from outside in between`;
}
