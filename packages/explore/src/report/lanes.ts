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

/** What the runtime calls code that belongs to no strand it knows; there may be one for each completion. */
const CALLBACK = "callback";

/** One lane for each strand, in order of appearance, and one for all callbacks. */
function allLanes({ strands }: Trace, rows: readonly TimelineRow[], names: TraceNames): readonly Lane[] {
  const seen = new Set<number>();
  for (const { cells } of rows) for (const { strand } of cells) seen.add(strand);
  const callbacks = new Set<number>();
  const lanes: Lane[] = [];
  for (const strand of [...seen].toSorted((a, b) => a - b)) {
    if (strands[strand]?.name !== CALLBACK) lanes.push({ name: names.strand(strand), strands: new Set([strand]) });
    else if (callbacks.add(strand).size === 1) lanes.push({ name: "callbacks", strands: callbacks });
  }
  return lanes;
}

/** All lanes, or when there are more than `max`, those that matter for the failure and one for the rest. */
export function lanesOf(trace: Trace, rows: readonly TimelineRow[], names: TraceNames, max: number): readonly Lane[] {
  const lanes = allLanes(trace, rows, names);
  if (lanes.length <= max) return lanes;
  const weight = weights(trace, rows);
  const weightOf = ({ strands }: Lane): number => Math.max(...[...strands].map((strand) => weight.get(strand) ?? 0));
  const chosen = new Set(lanes.toSorted((a, b) => weightOf(b) - weightOf(a)).slice(0, max - 1));
  const others = new Set(lanes.filter((lane) => !chosen.has(lane)).flatMap(({ strands }) => [...strands]));
  return [...lanes.filter((lane) => chosen.has(lane)), { name: `${others.size} others`, strands: others }];
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
