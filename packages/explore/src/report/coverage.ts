/**
 * The line that says what was looked at, and no more than that: printed with every result, also with a success.
 */
import type { Cost } from "../schedule.js";
import { oneLine } from "../trace-names.js";

/** What the search did. */
export interface CoverageView {
  /** Schedules run. */
  readonly runs: number;
  /** Different ones among them. */
  readonly distinct: number;
  /** The largest bound within which every schedule was run, and how many those are; absent when no bound was finished. */
  readonly complete?: Cost & { readonly schedules: number };
  /** The largest bound that was begun. */
  readonly reached?: Cost;
  /** Samplers that went on beyond the bound, in order. */
  readonly strategies: readonly string[];
  /** The most strands of a run. */
  readonly strands: number;
  /** Steps of the longest run. */
  readonly maxSteps: number;
  /** Runs thrown away because they starved somebody. */
  readonly unfair: number;
  /** Packages and files that were seen and not transformed. */
  readonly notInstrumented: readonly string[];
  /** Real I/O took part. */
  readonly isLoose: boolean;
  /** Schedules were left out as equal to others. */
  readonly isReduced?: boolean;
}

const MAX_NAMES = 8;

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** `2 external + 1 held delay`; an infinite bound is none. */
function boundText({ external, hold }: Cost): string {
  if (external === 0 && hold === 0) return "no delay";
  const last = hold === 0 ? external : hold;
  const parts = [external === 0 ? "" : `${external} external`, hold === 0 ? "" : `${hold} held`].filter(Boolean);
  return `${parts.join(" + ")} delay${last === 1 ? "" : "s"}`;
}

function completeText(view: CoverageView, complete: Cost & { schedules: number }): string {
  const bound = complete.external === Infinity ? "" : ` within ${boundText(complete)}`;
  const all = complete.schedules === 1 ? aloneText(complete) : `all ${complete.schedules} schedules`;
  const sampled = view.runs - complete.schedules;
  const beyond = sampled > 0 ? `, and ${sampled} beyond${by(view.strategies)}` : "";
  return `complete${bound}: ${all}${beyond}, ${count(view.strands, "strand")}, at most ${count(view.maxSteps, "step")}`;
}

/** What the one schedule of a finished bound is. */
function aloneText({ external, hold }: Cost): string {
  return external === 0 && hold === 0 ? "native order" : "the only schedule";
}

function by(strategies: readonly string[]): string {
  return strategies.length === 0 ? "" : ` (${strategies.join(", ")})`;
}

function partialText({ runs, distinct, reached, strategies }: CoverageView): string {
  const bounded = reached === undefined ? [] : [boundedText(reached)];
  const samplers = strategies.join(", ");
  const how = [...bounded, ...(samplers === "" ? [] : [samplers])].join(", then ");
  return `${count(runs, "schedule")}${how === "" ? "" : ` (${how})`}, ${distinct} distinct, not exhaustive`;
}

function boundedText(reached: Cost): string {
  const isNative = reached.external === 0 && reached.hold === 0;
  return isNative ? "native order" : `bounded to ${boundText(reached).replace(/ delays?$/, "")}`;
}

/** Says what was covered. */
export function coverageLine(view: CoverageView): string {
  const { complete, unfair, notInstrumented, isLoose, isReduced = false } = view;
  const parts = [complete === undefined ? partialText(view) : completeText(view, complete)];
  if (isReduced) parts.push("partial-order reduction left out schedules it held equal to others");
  if (unfair > 0) parts.push(`${unfair} unfair discarded`);
  if (notInstrumented.length > 0) {
    const more = notInstrumented.length > MAX_NAMES ? ` and ${notInstrumented.length - MAX_NAMES} more` : "";
    parts.push(
      `not instrumented: ${notInstrumented
        .slice(0, MAX_NAMES)
        .map((name) => oneLine(name))
        .join(", ")}${more}`,
    );
  }
  if (isLoose) parts.push("not reproducible: real I/O took part");
  return parts.join("; ");
}
