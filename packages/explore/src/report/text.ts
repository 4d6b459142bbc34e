/**
 * The timeline for a terminal: one column per strand, one row per step, ► where the schedule departs from native order.
 *
 *     the answer of `read` (bank.ts:11) must take longer than `read` (bank.ts:11)
 *
 *        step    ms │ withdraw #1             │ withdraw #2             │
 *           0     0 │ begins → db.read()      │ begins → db.read()      │ bank.ts:11
 *     ►     1     0 │ (read waits)            │ ✓ read → db.read()      │ bank.ts:11
 *
 * Never more than 60 rows, however long the run was: the middle is folded, departures are kept.
 */
import { modules, natives } from "../natives.js";
import { oneLine, TraceNames } from "../trace-names.js";
import type { Trace } from "../trace.js";
import { fit, type Fold, foldMiddle, widthOf } from "./columns.js";
import { type FailureView, gradeText } from "./failure-view.js";
import { type Lane, lanesOf } from "./lanes.js";
import { cellText, leftovers, type TimelineCell, timelineOf, type TimelineRow } from "./timeline.js";

/** How text is drawn. */
export interface TextOptions {
  /** Characters to a line, 80 to 160; by default what the terminal says (`COLUMNS`), else 100. */
  readonly width?: number;
  readonly isColoured?: boolean;
}

const MAX_ROWS = 60;
const MAX_LIST = 20;
const MAX_MESSAGE_LINES = 12;
const MIN_LANE = 16;
const MAX_PLACE = 26;

type Style = "bold" | "dim" | "red" | "yellow" | "cyan";
type Painter = (style: Style, text: string) => string;

function painter(isColoured: boolean): Painter {
  const { util } = modules;
  if (!isColoured || util === undefined) return (_style, text) => text;
  // Asked for is asked for: newer Nodes would otherwise look at stdout, which may not be where this goes.
  return (style, text) => util.styleText(style, text, { validateStream: false });
}

function widthFrom(width: number | undefined): number {
  const asked = width ?? Number(natives.process?.env["COLUMNS"] ?? Number.NaN);
  return Number.isFinite(asked) ? Math.min(160, Math.max(80, Math.floor(asked))) : 100;
}

interface Layout {
  readonly lanes: readonly Lane[];
  readonly lane: number;
  readonly time: number;
  readonly names: TraceNames;
  readonly paint: Painter;
}

function laneText({ strands }: Lane, cells: readonly TimelineCell[], names: TraceNames, width: number): string {
  const own = cells.filter(({ strand }) => strands.has(strand));
  if (strands.size === 1) return own.map((cell) => cellText(cell, width)).join("; ");
  return own.map((cell) => `${names.strand(cell.strand)}: ${cellText(cell)}`).join("; ");
}

/** Where the strands of a row are: `bank.ts:3,11`, that of the strand whose step it is first. */
function placesText({ cells }: TimelineRow, names: TraceNames): string {
  const lines = new Map<string, Set<string>>();
  for (const { place, isPassedOver } of cells) {
    if (place === undefined || isPassedOver) continue;
    const [file = "", line = ""] = names.place(place).split(/:(?=\d+$)/);
    if (!lines.has(file)) lines.set(file, new Set());
    lines.get(file)!.add(line);
  }
  return [...lines].map(([file, at]) => `${file}:${[...at].join(",")}`).join(" ");
}

function line({ lanes, lane, time, names, paint }: Layout, row: TimelineRow): string {
  const mark = row.isDeparture ? "►" : " ";
  const cells = lanes.map((each) => fit(laneText(each, row.cells, names, lane), lane));
  const place = fit(placesText(row, names), MAX_PLACE);
  const text = `${mark} ${String(row.step).padStart(4)} ${String(row.time).padStart(time)} │${cells.join("│")}│ ${place}`;
  return paint(row.isDeparture ? "yellow" : "dim", text.slice(0, 1)) + text.slice(1).trimEnd();
}

function table(trace: Trace, names: TraceNames, width: number, paint: Painter): string[] {
  const rows = timelineOf(trace);
  const shown = foldMiddle(rows, MAX_ROWS, ({ isDeparture }) => isDeparture);
  const time = Math.max(2, ...shown.map((row) => ("folded" in row ? 0 : String(row.time).length)));
  const places = shown.map((row) => ("folded" in row ? 0 : widthOf(placesText(row, names))));
  const room = width - time - 11 - Math.min(MAX_PLACE, Math.max(0, ...places));
  const lanes = lanesOf(trace, rows, names, Math.max(1, Math.floor(room / (MIN_LANE + 1))));
  const lane = Math.floor(room / Math.max(1, lanes.length)) - 1;
  const layout = { lanes, lane, time, names, paint };
  const head = `  step ${"ms".padStart(time)} │${lanes.map(({ name }) => fit(name, lane)).join("│")}│`;
  const rule = `${"─".repeat(8 + time)}${`┼${"─".repeat(lane)}`.repeat(lanes.length)}┤`;
  const fold = ({ folded }: Fold): string => paint("dim", `       … ${folded} steps folded …`);
  return [paint("bold", head), rule, ...shown.map((row) => ("folded" in row ? fold(row) : line(layout, row)))];
}

/** The message of an error, short enough for a terminal. */
function messageLines({ error }: FailureView): string[] {
  const code = error.code === undefined ? "" : ` [${error.code}]`;
  // oxlint-disable-next-line no-control-regex -- a message may carry escape sequences of a terminal
  const lines = `${error.name}${code}: ${error.message}`.replace(/\u001b\[[0-9;]*m/g, "").split(/\r?\n/);
  const shown = lines.slice(0, MAX_MESSAGE_LINES).map((text) => oneLineKept(text));
  return lines.length > MAX_MESSAGE_LINES ? [...shown, `… ${lines.length - MAX_MESSAGE_LINES} lines more`] : shown;
}

/** One line with its indentation. */
function oneLineKept(text: string): string {
  const indent = /^ */.exec(text)![0].slice(0, 20);
  return indent + oneLine(text.slice(indent.length), 200);
}

function list(heading: string, lines: readonly string[]): string[] {
  const more = lines.length > MAX_LIST ? [`  … and ${lines.length - MAX_LIST} more`] : [];
  return [`${heading}:`, ...lines.slice(0, MAX_LIST).map((text) => `  ${text}`), ...more];
}

/** Draws a timeline alone. */
export function renderTimeline(trace: Trace, options: TextOptions = {}): string {
  const names = new TraceNames(trace);
  return table(trace, names, widthFrom(options.width), painter(options.isColoured === true)).join("\n");
}

/** Draws the whole report of a failure. */
export function renderText(view: FailureView, trace: Trace, options: TextOptions = {}): string {
  const names = new TraceNames(trace);
  const paint = painter(options.isColoured === true);
  const [sentence = "", ...details] = view.explanation.split("\n");
  const [error = "", ...rest] = messageLines(view);
  return [
    paint("bold", oneLine(sentence, 400)),
    ...details.slice(0, MAX_LIST).map(oneLineKept),
    "",
    ...table(trace, names, widthFrom(options.width), paint),
    "",
    paint("red", `✗ ${error}`),
    ...rest.map((text) => `  ${text}`),
    // The message of a deadlock says who waits where.
    ...(view.error.code === "LW_DEADLOCK" ? [] : leftovers(trace, names)).flatMap(([heading, lines]) =>
      list(heading, lines),
    ),
    `test:     ${oneLine(view.test, 200)}`,
    `grade:    ${gradeText(view.grade)}`,
    `replay:   ${paint("cyan", oneLine(view.token, 4000))}`,
    `coverage: ${oneLine(view.coverage, 400)}`,
  ].join("\n");
}
