/** One order as an HTML table: a lane per strand, a row per step, and for each row what is known of it. */
import type { Site } from "../sites.js";
import { fileLineOf, oneLine, type Place, placeOf, TraceNames } from "../trace-names.js";
import type { Trace, TraceEvent, TraceOption, TraceStep } from "../trace.js";
import { type Fold, foldMiddle } from "./columns.js";
import { type Lane, lanesOf } from "./lanes.js";
import { type Markup, markup, prose } from "./markup.js";
import { cellText, type TimelineCell, timelineOf, type TimelineRow } from "./timeline.js";

const MAX_ROWS = 1000;
const MAX_LANES = 12;
const MAX_EVENTS = 60;
const HUES = 9;
const MAX_TEXT = 300;

/** A table and what stands around it. */
export interface OrderTable {
  readonly title: string;
  readonly trace: Trace;
  /** How it ended; undefined: it passes. */
  readonly failure: string | undefined;
  /** Step at which the two orders part; undefined when there is only one, or they never do. */
  readonly fork: number | undefined;
  readonly numbers: EventNumbers;
}

interface Frame {
  readonly names: TraceNames;
  readonly lanes: readonly Lane[];
  readonly trace: Trace;
  readonly numberOf: (step: TraceStep) => number;
}

/** Numbers events so that the same one has one number in both tables: the n-th completion of its kind, strand and place. */
export class EventNumbers {
  readonly #numbers = new Map<string, number>();

  /** Gives what numbers the steps of one trace, asked in their order. */
  of({ strands }: Trace): (step: TraceStep) => number {
    const seen = new Map<string, number>();
    return ({ taken }) => {
      const path = strands[taken?.strand ?? -1]?.path;
      const kind = JSON.stringify([taken?.kind, taken?.label, path, taken?.site, taken?.line]);
      const rank = (seen.get(kind) ?? 0) + 1;
      seen.set(kind, rank);
      const key = `${rank} ${kind}`;
      if (!this.#numbers.has(key)) this.#numbers.set(key, this.#numbers.size);
      return this.#numbers.get(key)!;
    };
  }
}

/** A place in full: `file:line:column`. */
function fullPlace(at: Place | undefined): string {
  if (at === undefined) return "";
  const { file, line } = fileLineOf(at);
  const column = typeof at === "string" ? "" : `:${at.column}`;
  return `${oneLine(file, MAX_TEXT)}:${line}${column}`;
}

function source(site: Site): Markup {
  const owner = site.owner === "" ? "" : ` in ${oneLine(site.owner)}`;
  return markup`${code(site.text)} ${place(fullPlace(site) + owner)}`;
}

function code(text: string): Markup {
  return markup`<code>${oneLine(text, MAX_TEXT)}</code>`;
}

function place(text: string): Markup {
  return markup`<span class="place">${text}</span>`;
}

function completion(option: TraceOption, names: TraceNames): Markup {
  return markup`${prose(names.option(option))} of ${names.strand(option.strand)} ${place(fullPlace(placeOf(option)))}`;
}

const ACCESS = { r: "reads", w: "writes", rw: "reads and writes" } as const;

function eventMarkup(event: TraceEvent): Markup {
  switch (event.kind) {
    case "begins":
      return markup`begins ${source(event.site)}`;
    case "parks":
      return markup`waits at ${source(event.site)}${event.isHeld && ", held: it takes longer than it does today"}`;
    case "issues":
      return markup`starts ${code(event.label)} ${place(fullPlace(event.line))}`;
    case "note":
      return markup`notes “${oneLine(event.text, MAX_TEXT)}”`;
    case "lock":
      return markup`lock ${oneLine(event.lock)}: ${event.event}`;
    case "access":
      return markup`${ACCESS[event.access]} ${code(event.location)} ${source(event.site)}`;
    default:
      return markup`returns`;
  }
}

function details(step: TraceStep, isDeparture: boolean, names: TraceNames): Markup {
  const { taken, native, events, width, choice, isRejection } = step;
  const options = width > 1 && markup` <span class="hint">option ${choice} of ${width}</span>`;
  const shown = events
    .slice(0, MAX_EVENTS)
    .map((each) => markup`<li>${names.strand(each.strand)} ${eventMarkup(each)}</li>`);
  const more = events.length > MAX_EVENTS && markup`<li>and ${events.length - MAX_EVENTS} more</li>`;
  return markup`<h2>step ${step.step}, ${step.time} ms${isDeparture && ", a departure from native order"} <small class="hint">hash ${step.hash}</small></h2>
<p>${taken === undefined ? "the body is called" : markup`${isRejection ? "rejects" : "completes"}: ${completion(taken, names)}`}${options}</p>
${native !== undefined && markup`<p>native order goes on with ${completion(native, names)}</p>`}
<ul>${shown}${more}</ul>`;
}

function cellMarkup(cell: TimelineCell, names: TraceNames, isShared: boolean): Markup {
  const kind = cell.isPassedOver ? " waits" : cell.isRejection ? " rejects" : "";
  const who = isShared ? `${names.strand(cell.strand)}: ` : "";
  const at = names.place(cell.place);
  return markup`<span class="cell${kind}" title="${at}">${who}${cellText(cell)} ${place(at)}</span>`;
}

function rowMarkup(row: TimelineRow, { lanes, names, trace, numberOf }: Frame): Markup {
  const step = trace.steps[row.step]!;
  const { isDeparture } = row;
  const lane = ({ strands }: Lane, at: number): Markup => {
    const cells = row.cells.filter(({ strand }) => strands.has(strand));
    return markup`<td class="lane lane-${at % HUES}">${cells.map((cell) => cellMarkup(cell, names, strands.size > 1))}</td>`;
  };
  const first = markup`${isDeparture && "► "}${row.step}<template>${details(step, isDeparture, names)}</template>`;
  return markup`<tr data-step="${row.step}" data-event="${numberOf(step)}" tabindex="0"${isDeparture && markup` class="departs"`}><td class="n">${first}</td><td class="n">${row.time}</td>${lanes.map(lane)}</tr>
`;
}

function foldMarkup({ folded }: Fold, span: number): Markup {
  return markup`<tr class="fold"><td colspan="${span}">… ${folded} steps folded …</td></tr>
`;
}

function ending(failure: string | undefined, span: number): Markup {
  if (failure === undefined) return markup`<tr class="passes"><td colspan="${span}">passes</td></tr>`;
  return markup`<tr class="fails"><td colspan="${span}">✗ ${oneLine(failure, MAX_TEXT)}</td></tr>`;
}

/** Draws one order. */
export function orderTable({ title, trace, failure, fork, numbers }: OrderTable): Markup {
  const names = new TraceNames(trace);
  const rows = timelineOf(trace);
  const lanes = lanesOf(trace, rows, names, MAX_LANES);
  const frame = { names, lanes, trace, numberOf: numbers.of(trace) };
  const span = lanes.length + 2;
  const part = markup`<tr class="fork"><td colspan="${span}">from here on the two orders differ</td></tr>
`;
  const body = foldMiddle(rows, MAX_ROWS, ({ isDeparture, step }) => isDeparture || step === fork).map((row) =>
    "folded" in row ? foldMarkup(row, span) : markup`${row.step === fork && part}${rowMarkup(row, frame)}`,
  );
  const heads = lanes.map(({ name }, at) => markup`<th scope="col" class="lane lane-${at % HUES}">${name}</th>`);
  return markup`<section aria-label="${title}"><h2>${title} <small>${trace.steps.length} steps, ${trace.strands.length} strands</small></h2>
<div class="scroll"><table><thead><tr><th scope="col">step</th><th scope="col">ms</th>${heads}</tr></thead>
<tbody>${body}${ending(failure, span)}</tbody></table></div></section>
`;
}
