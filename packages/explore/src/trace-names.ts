/**
 * What things in a trace are called, wherever a person reads it: one word per thing in the sentence, the timeline, the
 * messages of the detectors.
 *
 * Files are shown by the shortest end of their path that no other file of the trace has: `orders.ts:52`, and
 * `pay/index.ts:3` where there is a second `index.ts`.
 */
import type { Site } from "./sites.js";
import type { Trace, TraceOption, TraceParked } from "./trace.js";

/** Where something is: a site, or `file:line`. */
export type Place = Site | string;

/** A file and a line in it, as they were given. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

const LINE = /^(.*):(\d+)$/s;
const TIMER = /^set(Timeout|Interval) (\d+)$/;
/** How `t.io` labels the second external of a call. */
const ANSWER = ": answer";
const MAX_TEXT = 80;

/** Splits a place; line 0 where the text has none. */
export function fileLineOf(place: Place): FileLine {
  if (typeof place !== "string") return place;
  const found = LINE.exec(place);
  return found === null ? { file: place, line: 0 } : { file: found[1]!, line: Number(found[2]) };
}

/**
 * Gives the place of an option: where it was issued, if that is in the file in which its strand waits, else the await
 * (the innermost known line of a call into code that was not transformed may lie anywhere).
 */
export function placeOf({ site, line }: TraceOption): Place | undefined {
  if (site === undefined || line === undefined) return site ?? line;
  return fileLineOf(line).file === site.file ? line : site;
}

/** Makes text fit for one line: control characters and marks that turn the direction of writing become `·`. */
export function oneLine(text: string, max: number = MAX_TEXT): string {
  const flat = text.replace(/\s+/g, " ").replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/gu, "·");
  return flat.length <= max ? flat : `${flat.slice(0, max - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** The operand of an await, without the keyword. */
function operandOf({ text }: Site): string {
  return oneLine(text.replace(/^await\s+/, ""));
}

function* filesOf(trace: Trace): Iterable<string> {
  const options: (TraceOption | undefined)[] = [...trace.timers, ...trace.inFlight];
  for (const { taken, native, events } of trace.steps) {
    options.push(taken, native);
    for (const event of events) {
      if ("site" in event) yield event.site.file;
      if ("line" in event && event.line !== undefined) yield fileLineOf(event.line).file;
    }
  }
  for (const option of options) {
    if (option?.site !== undefined) yield option.site.file;
    if (option?.line !== undefined) yield fileLineOf(option.line).file;
  }
  for (const { chain } of trace.parked) for (const site of chain) yield site.file;
}

/** Gives each file the shortest end of its path that is its alone. */
function shortNames(files: ReadonlySet<string>): ReadonlyMap<string, string> {
  const short = new Map<string, string>();
  const open = new Map([...files].map((file) => [file, file.split(/[\\/]/).filter((part) => part !== "")]));
  for (let depth = 1; open.size > 0; depth += 1) {
    const count = new Map<string, number>();
    const endOf = (parts: readonly string[]): string => parts.slice(-depth).join("/");
    for (const parts of open.values()) count.set(endOf(parts), (count.get(endOf(parts)) ?? 0) + 1);
    for (const [file, parts] of open) {
      if (count.get(endOf(parts)) !== 1 && depth < parts.length) continue;
      short.set(file, parts.length <= depth ? file : endOf(parts));
      open.delete(file);
    }
  }
  return short;
}

/** Names of what is in one trace. */
export class TraceNames {
  readonly #files: ReadonlyMap<string, string>;
  readonly #strands: readonly string[];

  constructor(trace: Trace) {
    this.#files = shortNames(new Set(filesOf(trace)));
    this.#strands = nameStrands(trace);
  }

  /** `orders.ts:52`; empty for no place. */
  place(place: Place | undefined): string {
    if (place === undefined) return "";
    const { file, line } = fileLineOf(place);
    const name = oneLine(this.#files.get(file) ?? file);
    return line > 0 ? `${name}:${line}` : name;
  }

  /** The name of a strand, with a number where several are called the same. */
  strand(index: number): string {
    return this.#strands[index] ?? "a callback";
  }

  /** A completion as a noun: `` `commit` (orders.ts:52) ``, `the 50 ms timer (orders.ts:41)`. */
  option(option: TraceOption): string {
    const place = this.place(placeOf(option));
    return place === "" ? nounOf(option) : `${nounOf(option)} (${place})`;
  }

  /** An await as a noun: `` `db.read()` (orders.ts:12) ``. */
  await(site: Site): string {
    return `\`${operandOf(site)}\` (${this.place(site)})`;
  }

  /** Where a strand waits: each of its awaits, innermost first, and the lock with its holders. */
  parked({ strand, chain, lock }: TraceParked): string {
    const [innermost, ...outer] = chain;
    const at = innermost === undefined ? "where nothing is known of it" : `at ${this.await(innermost)}`;
    const via = outer.length === 0 ? "" : `, called from ${outer.map((site) => this.place(site)).join(", ")}`;
    return `${this.strand(strand)} waits ${at}${via}${lock === undefined ? "" : this.#lock(lock)}`;
  }

  #lock({ name, holders }: NonNullable<TraceParked["lock"]>): string {
    const who = holders.map((holder) => this.strand(holder)).join(", ");
    return ` for ${oneLine(name)}, ${who === "" ? "which nobody known holds" : `held by ${who}`}`;
  }
}

/** A completion as a noun, without its place. */
function nounOf({ kind, label }: TraceOption): string {
  if (kind === "settle") return "everything";
  if (kind === "held") return `the await of \`${oneLine(label.replace(/^await\s+/, ""))}\``;
  const timer = TIMER.exec(label);
  if (timer !== null) return `the ${timer[2]} ms ${timer[1] === "Timeout" ? "timer" : "interval"}`;
  if (label === "setImmediate") return "the setImmediate callback";
  return label.endsWith(ANSWER)
    ? `the answer of \`${oneLine(label.slice(0, -ANSWER.length))}\``
    : `\`${oneLine(label)}\``;
}

function nameStrands({ strands }: Trace): readonly string[] {
  const plain = strands.map(({ name, path }) => {
    if (name !== "" && !/^<\w+>$/.test(name)) return oneLine(name, 40);
    return path === "0" ? "body" : `task ${path}`;
  });
  const count = new Map<string, number>();
  for (const name of plain) count.set(name, (count.get(name) ?? 0) + 1);
  const seen = new Map<string, number>();
  return plain.map((name) => {
    if (count.get(name) === 1) return name;
    const rank = (seen.get(name) ?? 0) + 1;
    seen.set(name, rank);
    return `${name} #${rank}`;
  });
}
