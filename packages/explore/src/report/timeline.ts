/**
 * A trace as a table: one row per step, one cell for each strand that moved in it. Text and HTML draw the same table.
 */
import type { Site } from "../sites.js";
import { oneLine, type Place, placeOf, type TraceNames } from "../trace-names.js";
import type { Trace, TraceEvent, TraceOption, TraceStep } from "../trace.js";

/** What one strand did in one step. */
export interface TimelineCell {
  /** Index of the strand; -1 for code of nobody known. */
  readonly strand: number;
  /** What completed for it, when this step is its own. */
  readonly woken: string | undefined;
  readonly isRejection: boolean;
  /** Timers set, locks, notes: in order. */
  readonly acts: readonly string[];
  /** Where it came to wait. */
  readonly parks: { readonly site: Site; readonly isHeld: boolean } | undefined;
  /** It has ended. */
  readonly isEnd: boolean;
  /** It is what native order would have gone on with. */
  readonly isPassedOver: boolean;
  readonly place: Place | undefined;
}

/** One step. */
export interface TimelineRow {
  readonly step: number;
  readonly time: number;
  /** A choice was made that native order does not make, or an await was held. */
  readonly isDeparture: boolean;
  readonly cells: readonly TimelineCell[];
}

const LOCK_ACTS = { queued: "queues for", granted: "gets", released: "releases", left: "gives up on" } as const;

const BEGINS = "begins";
/** How a note begins. */
const NOTE = "“";

/** A completion in a cell: without its place, which has a column of its own. */
function brief({ kind, label }: TraceOption): string {
  const text = oneLine(label.replace(/^await\s+/, ""));
  if (kind === "settle") return "all settled";
  return kind === "held" ? `${text} goes on` : text;
}

function actOf(event: TraceEvent, isFirst: boolean): string | undefined {
  if (event.kind === "begins") return isFirst ? BEGINS : undefined;
  if (event.kind === "note") return `${NOTE}${oneLine(event.text, 200)}”`;
  if (event.kind === "lock") return `${LOCK_ACTS[event.event]} ${oneLine(event.lock)}`;
  // Externals show where their strand waits; a timer has no other sign.
  if (event.kind === "issues" && event.label.startsWith("set")) return `sets ${oneLine(event.label)}`;
  return undefined;
}

/** The step in which each strand ended, for those that did. */
function ends({ steps, parked }: Trace): ReadonlyMap<number, number> {
  const last = new Map<number, { readonly step: number; readonly kind: TraceEvent["kind"] }>();
  for (const { step, events } of steps) for (const { strand, kind } of events) last.set(strand, { step, kind });
  for (const { strand } of parked) last.delete(strand);
  return new Map(
    [...last].filter(([strand, { kind }]) => strand >= 0 && kind === "returns").map(([s, l]) => [s, l.step]),
  );
}

/** The table of one trace. */
export function timelineOf(trace: Trace): readonly TimelineRow[] {
  const ended = ends(trace);
  const known = new Set<number>();
  return trace.steps.map((step) => {
    const order = [
      ...(step.taken === undefined ? [] : [step.taken.strand]),
      ...step.events.map(({ strand }) => strand),
    ];
    const cells = [...new Set(order)].map((strand) => {
      const cell = cellOf(step, strand, !known.has(strand), ended.get(strand) === step.step);
      known.add(strand);
      return cell;
    });
    const shown = cells.filter(
      ({ woken, acts, parks, isEnd }) => woken !== undefined || acts.length > 0 || parks || isEnd,
    );
    const isHold = step.events.some((event) => event.kind === "parks" && event.isHeld);
    const passedOver = passedOverBy(step, order);
    return {
      step: step.step,
      time: step.time,
      isDeparture: step.native !== undefined || isHold,
      cells: passedOver === undefined ? shown : [...shown, passedOver],
    };
  });
}

function cellOf(step: TraceStep, strand: number, isFirst: boolean, isEnd: boolean): TimelineCell {
  const { taken } = step;
  const isOwn = taken?.strand === strand;
  const own = step.events.filter((event) => event.strand === strand);
  const acts = own.map((event, at) => actOf(event, isFirst && at === 0)).filter((act) => act !== undefined);
  const last = own.findLast((event) => event.kind === "parks");
  const parks = last?.kind === "parks" && !isEnd ? { site: last.site, isHeld: last.isHeld } : undefined;
  return {
    strand,
    woken: isOwn ? brief(taken) : undefined,
    isRejection: isOwn && step.isRejection,
    acts,
    parks,
    isEnd,
    isPassedOver: false,
    place: parks?.site ?? (isOwn ? placeOf(taken) : undefined),
  };
}

/** The cell of the strand that native order would have gone on with, unless it moved all the same. */
function passedOverBy({ native }: TraceStep, moved: readonly number[]): TimelineCell | undefined {
  if (native === undefined || moved.includes(native.strand)) return undefined;
  const nothing = { isRejection: false, acts: [], parks: undefined, isEnd: false, place: placeOf(native) };
  return { ...nothing, strand: native.strand, woken: brief(native), isPassedOver: true };
}

/**
 * A cell as one line of text: `✓ read, gets a → db.write(1)`. With too little room for that, a note of the program is
 * worth more than where its strand comes to wait, and that is worth more than what it did on the way.
 */
export function cellText(cell: TimelineCell, width: number = Infinity): string {
  if (cell.isPassedOver) return `(${cell.woken} waits)`;
  const before = beforeOf(cell);
  const { parks, acts } = cell;
  if (parks === undefined) return before;
  const to = `→ ${oneLine(parks.site.text.replace(/^await\s+/, ""))}${parks.isHeld ? " (held)" : ""}`;
  if (before === "") return to;
  if (before.length + 1 + to.length <= width) return `${before} ${to}`;
  const note = acts.find((act) => act.startsWith(NOTE));
  if (note !== undefined) return `${note} ${to}`;
  if (before === BEGINS) return to;
  const short = cell.woken === undefined ? before : wokenText(cell);
  const room = Math.max(8, width - 1 - Math.min(to.length, Math.floor(width * 0.4)));
  return `${oneLine(short, room)} ${to}`;
}

function wokenText({ woken, isRejection }: TimelineCell): string {
  return `${isRejection ? "✗" : "✓"} ${woken}`;
}

function beforeOf(cell: TimelineCell): string {
  const parts = cell.woken === undefined ? cell.acts : [wokenText(cell), ...cell.acts];
  const text = parts.join(", ");
  if (!cell.isEnd) return text;
  return text === "" ? "■ ends" : `${text} ■`;
}

/** What was left when the run ended: a line each, under a heading each. */
export function leftovers(trace: Trace, names: TraceNames): readonly (readonly [heading: string, lines: string[]])[] {
  // A lock that somebody waits for is told with the waiter.
  const awaited = new Set(trace.parked.map(({ lock }) => lock?.name));
  const lists: [string, string[]][] = [
    ["still waiting", trace.parked.map((parked) => names.parked(parked))],
    [
      "locks still held",
      trace.held
        .filter(({ name }) => !awaited.has(name))
        .map(({ name, holders }) => `${oneLine(name)} by ${holders.map((each) => names.strand(each)).join(", ")}`),
    ],
    ["timers still set", trace.timers.map((timer) => names.option(timer))],
    ["in flight when the body returned", trace.inFlight.map((external) => names.option(external))],
  ];
  return lists.filter(([, lines]) => lines.length > 0);
}
