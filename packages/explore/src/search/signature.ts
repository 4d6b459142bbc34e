/**
 * What makes two failures the same one: name, code and message of the error with its numbers blanked; of a deadlock, the
 * set of awaits at which strands are parked. Shrinking must not end at another bug.
 */
import type { Run } from "../runtime/run.js";
import { siteAt } from "../sites.js";

const NUMBERS = /\d+(?:\.\d+)?/g;
const MAX_MESSAGE = 500;

function textOf(error: unknown): string {
  if (typeof error !== "object" || error === null) return `${typeof error}: ${String(error)}`;
  const { name, code, message } = error as { name?: unknown; code?: unknown; message?: unknown };
  return [name, code, String(message).slice(0, MAX_MESSAGE)].map((part) => String(part ?? "")).join("|");
}

function parkedSites(run: Run): string {
  const sites = new Set<string>();
  for (const { site } of run.liveActivations ?? []) {
    const where = siteAt(site);
    if (where !== undefined) sites.add(`${where.file}#${where.owner}#${where.kind}${where.ordinal}`);
  }
  return [...sites].toSorted().join(",");
}

/** Gives the signature of a run that failed; undefined for one that did not. A deadlock needs a run that keeps its live activations. */
export function signatureOf(run: Run): string | undefined {
  const { outcome } = run;
  switch (outcome?.kind) {
    case "failed":
      return `${outcome.isUnhandled ? "unhandled" : "failed"}:${textOf(outcome.error).replace(NUMBERS, "#")}`;
    case "deadlock":
      return `deadlock:${parkedSites(run)}`;
    case "step-limit":
      return "livelock";
    case "spinning":
      return `spinning:${outcome.what}:${outcome.site}`;
    case "uncontrolled":
      return "uncontrolled";
    default:
      return undefined;
  }
}
