/** Which strands get a column of their own. */
import type { TraceNames } from "../trace-names.js";
import type { Trace } from "../trace.js";
import { departuresOf } from "./explanation.js";
import type { TimelineRow } from "./timeline.js";

/** A column: one strand, or all that found no room. */
export interface Lane {
  readonly name: string;
  readonly strands: ReadonlySet<number>;
}

/** Strands in order of appearance; when there are more than `max`, those that matter for the failure, and one for the rest. */
export function lanesOf(trace: Trace, rows: readonly TimelineRow[], names: TraceNames, max: number): readonly Lane[] {
  const lane = (strand: number): Lane => ({ name: names.strand(strand), strands: new Set([strand]) });
  const seen = new Set<number>();
  for (const { cells } of rows) for (const { strand } of cells) seen.add(strand);
  const inOrder = [...seen].toSorted((a, b) => a - b);
  if (inOrder.length <= max) return inOrder.map(lane);
  const weight = weights(trace, rows);
  const chosen = new Set(inOrder.toSorted((a, b) => (weight.get(b) ?? 0) - (weight.get(a) ?? 0)).slice(0, max - 1));
  const others = new Set(inOrder.filter((strand) => !chosen.has(strand)));
  return [
    ...inOrder.filter((strand) => chosen.has(strand)).map(lane),
    { name: `${others.size} others`, strands: others },
  ];
}

/** Departures before what waits in the end, before who moves most. */
function weights(trace: Trace, rows: readonly TimelineRow[]): ReadonlyMap<number, number> {
  const weight = new Map<number, number>();
  const add = (strand: number, by: number): void => void weight.set(strand, (weight.get(strand) ?? 0) + by);
  for (const { cells } of rows) for (const { strand } of cells) add(strand, 1);
  for (const { strand } of trace.parked) add(strand, 1e6);
  for (const departure of departuresOf(trace)) {
    add(departure.kind === "pick" ? departure.slow.strand : departure.strand, 1e9);
    if (departure.fast !== undefined) add(departure.fast.strand, 1e9);
  }
  return weight;
}
