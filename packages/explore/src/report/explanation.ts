/**
 * The one sentence that a failure begins with: what must take longer than what.
 *
 * A departure from native order says exactly that. Something else than option 0 was taken: option 0 must take longer
 * than what was taken. An await was held: it must take longer than whatever came before its strand went on.
 */
import type { Site } from "../sites.js";
import { type Place, placeOf, TraceNames } from "../trace-names.js";
import type { Trace, TraceOption, TraceStep } from "../trace.js";

/** A departure from native order, as a trace tells it. */
export type Departure =
  | { readonly kind: "pick"; readonly step: number; readonly slow: TraceOption; readonly fast: TraceOption }
  | {
      readonly kind: "hold";
      readonly step: number;
      readonly strand: number;
      readonly site: Site;
      /** What came before the strand went on; undefined where nothing recorded did. */
      readonly fast: TraceOption | { readonly strand: number; readonly site: Site } | undefined;
    };

/** Lists the departures of a trace in the order in which they come. */
export function departuresOf(trace: Trace): readonly Departure[] {
  const found: Departure[] = [];
  for (const step of trace.steps) {
    const { native, taken } = step;
    if (native !== undefined && taken !== undefined)
      found.push({ kind: "pick", step: step.step, slow: native, fast: taken });
    step.events.forEach((event, at) => {
      if (event.kind !== "parks" || !event.isHeld) return;
      const { strand, site } = event;
      found.push({ kind: "hold", step: step.step, strand, site, fast: overtaking(trace, step, at) });
    });
  }
  return found;
}

/** What overtook the hold at event `at` of `step`: how far another strand got at once, else the next step not its own. */
function overtaking(
  { steps }: Trace,
  { step, events }: TraceStep,
  at: number,
): TraceOption | { strand: number; site: Site } | undefined {
  const { strand } = events[at]!;
  const reached = events.findLast((event, index) => index > at && event.strand !== strand && event.kind === "parks");
  if (reached?.kind === "parks") return { strand: reached.strand, site: reached.site };
  const next = steps[step + 1]?.taken;
  return next?.kind === "held" && next.strand === strand ? undefined : next;
}

/** Where a departure is: the place of what must take longer. */
export function departurePlace(departure: Departure): Place | undefined {
  return departure.kind === "hold" ? departure.site : placeOf(departure.slow);
}

function nameOf(names: TraceNames, thing: TraceOption | { readonly strand: number; readonly site: Site }): string {
  if ("kind" in thing) return names.option(thing);
  return `${names.strand(thing.strand)} takes to reach ${names.await(thing.site)}`;
}

/** Says what must take longer than what. */
function describe(names: TraceNames, departure: Departure): string {
  const { fast } = departure;
  const isHold = departure.kind === "hold";
  const slow = isHold ? `the await of ${names.await(departure.site)}` : names.option(departure.slow);
  if (fast === undefined) return `${slow} must take longer than it does today`;
  const quick = nameOf(names, fast);
  const strand = isHold ? departure.strand : departure.slow.strand;
  // Two strands of one function meet at one line: then only their names tell them apart.
  if (slow !== quick && !quick.endsWith(slow)) return `${slow} must take longer than ${quick}`;
  return `${slow} in ${names.strand(strand)} must take longer than ${quick} in ${names.strand(fast.strand)}`;
}

/**
 * Says in one sentence why the schedule fails; `details` (the lines of a deadlock) follow, a line each.
 *
 * The first departure is told in full, of further ones only how many there are: the timeline shows them.
 */
export function explain(trace: Trace, details: readonly string[] = []): string {
  const departures = departuresOf(trace);
  const [first, ...more] = departures;
  const sentence =
    first === undefined
      ? "fails in the order JavaScript runs today"
      : `${describe(new TraceNames(trace), first)}${more.length === 0 ? "" : `, and ${more.length} more`}`;
  return [sentence, ...details.map((line) => `  ${line}`)].join("\n");
}
