/**
 * The part of a wrong history that is worth looking at: up to the first return that no order explains (every beginning
 * of a linearizable history is one too, so there is a first), and from the last moment before it at which nothing was
 * under way. What the state may be at that moment is told along.
 */
import { type Model, searchOrders, StateBudget } from "./checker.js";
import { hasReturned, type Operation } from "./history.js";
import { isEqual, showValue } from "./values.js";

/** A wrong part of a history. */
export interface BadWindow<S, O> {
  readonly operations: readonly Operation<O>[];
  /** The operation whose return no order explains. */
  readonly culprit: Operation<O>;
  /** What the state may be before the first of them. */
  readonly starts: readonly S[];
}

const MAX_STARTS = 100;

/** The history as it was at moment `end`. */
function until<O>(operations: readonly Operation<O>[], moment: number): readonly Operation<O>[] {
  return operations
    .filter(({ call }) => call < moment)
    .map((each) => (each.end <= moment ? each : { ...each, end: Infinity, result: undefined }));
}

/** Moments before `moment` at which nothing was under way, the last one first; -1 is the beginning. */
function quietMoments(operations: readonly Operation<unknown>[], moment: number): readonly number[] {
  const ends = operations.map(({ end }) => end).filter((end) => end < moment);
  const isQuiet = (at: number): boolean => operations.every(({ call, end }) => call > at || end <= at);
  return [...ends.filter(isQuiet).toSorted((a, b) => b - a), -1];
}

/** All states in which the operations before the window may have left the model; undefined: too many. */
function statesAfter<S, O>(
  model: Model<S, O>,
  operations: readonly Operation<O>[],
  budget: StateBudget,
): readonly S[] | undefined {
  const equal = model.equal?.bind(model) ?? isEqual;
  const states: S[] = [];
  const outcome = searchOrders(model, operations, [model.init()], budget, (state) => {
    if (!states.some((each) => equal(each, state))) states.push(state);
    return states.length > MAX_STARTS;
  });
  return outcome === "none" ? states : undefined;
}

/** Finds the window of `part`, a history of one key that no order explains. */
export function findBadWindow<S, O>(
  model: Model<S, O>,
  part: readonly Operation<O>[],
  states: number,
): BadWindow<S, O> {
  const budget = new StateBudget(states);
  const ends = part.filter(hasReturned).toSorted((a, b) => a.end - b.end);
  const isWrong = ({ end }: Operation<O>): boolean =>
    searchOrders(model, until(part, end), [model.init()], budget, () => true) === "none";
  const culprit = ends.find(isWrong) ?? ends.at(-1)!;
  for (const moment of quietMoments(part, culprit.end)) {
    const starts = statesAfter(
      model,
      part.filter(({ end }) => end <= moment),
      budget,
    );
    if (starts === undefined) continue;
    const operations = until(part, culprit.end).filter(({ call }) => call > moment);
    return { operations, culprit, starts };
  }
  return { operations: until(part, culprit.end), culprit, starts: [model.init()] };
}

const MAX_BAR = 60;

function bar({ call, end }: Operation<unknown>, first: number, last: number, scale: number): string {
  const at = (moment: number): number => Math.round((moment - first) * scale);
  const from = at(call);
  const length = Math.max(1, at(Math.min(end, last)) - from - 1);
  return `${" ".repeat(from)}├${"─".repeat(length)}${end === Infinity ? "→" : "┤"}`;
}

/** Draws the window: a line for each operation, from its call to its return. */
export function drawWindow<S, O>({ operations, culprit, starts }: BadWindow<S, O>, key: string | undefined): string {
  const first = Math.min(...operations.map(({ call }) => call));
  const last = Math.max(...operations.map(({ call, end }) => (end === Infinity ? call + 1 : end)));
  const scale = Math.min(4, MAX_BAR / Math.max(1, last - first));
  const byClient = operations.toSorted((a, b) => a.client - b.client || a.call - b.call);
  const bars = byClient.map((each) => bar(each, first, last, scale));
  const width = Math.max(...bars.map(({ length }) => length));
  const lines = byClient.map((each, at) => {
    const result = hasReturned(each) ? showValue(each.result) : "no return: it may have happened or not";
    const mark = each.call === culprit.call ? "   ◄ no order explains this" : "";
    return `  client ${each.client + 1}  ${bars[at]!.padEnd(width)}  ${showValue(each.op)} → ${result}${mark}`;
  });
  const shown = starts.slice(0, 5).map(showValue).join(" or ");
  const of = key === undefined ? "" : ` of key ${showValue(key)}`;
  return [`state before${of}: ${shown}${starts.length > 5 ? " or …" : ""}`, ...lines].join("\n");
}
