/**
 * What a run left behind. *Leak*: a strand that still waits, or a lock that is still held, when everything else has
 * settled. *Unfinished*: a strand that went on after the body had returned, whether or not it ended later.
 */
import type { Site } from "../sites.js";
import { oneLine, TraceNames } from "../trace-names.js";
import type { Trace } from "../trace.js";

/** A strand that outlives the body. */
export interface Unfinished {
  readonly strand: number;
  /** Where it waited when the body returned; undefined for one that only began after that. */
  readonly site: Site | undefined;
}

/** Says who still waits and what is still held at the end of a run that settled, a line each. */
export function leakLines(trace: Trace): readonly string[] {
  const names = new TraceNames(trace);
  const parked = trace.parked.map((each) => `${names.parked(each)}, and nothing will wake it`);
  const held = trace.held.map(({ name, holders }) => {
    const who = holders.map((strand) => names.strand(strand)).join(", ");
    return `${oneLine(name)} is still held by ${who}`;
  });
  return [...parked, ...held];
}

/** Lists the strands that outlive the body; none when the body never returned. */
export function unfinishedStrands(trace: Trace): readonly Unfinished[] {
  const { bodyEnd, steps, parked, strands } = trace;
  if (bodyEnd === undefined) return [];
  const later = new Set(parked.map(({ strand }) => strand));
  for (const { events } of steps.slice(bodyEnd + 1)) for (const { strand } of events) later.add(strand);
  const waitsAt = new Map<number, Site>();
  for (const { events } of steps.slice(0, bodyEnd + 1))
    for (const event of events) if (event.kind === "parks") waitsAt.set(event.strand, event.site);
  return [...later]
    .filter((strand) => strand >= 0 && strands[strand]?.path !== "t")
    .map((strand) => ({ strand, site: waitsAt.get(strand) }));
}

/** Says which strands outlive the body, a line each. */
export function unfinishedLines(trace: Trace): readonly string[] {
  const names = new TraceNames(trace);
  return unfinishedStrands(trace).map(({ strand, site }) => {
    const name = names.strand(strand);
    return site === undefined
      ? `${name} began after the body had returned`
      : `${name} waited at ${names.await(site)} when the body returned`;
  });
}
