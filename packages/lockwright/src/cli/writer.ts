/**
 * The two streams a command writes to.
 *
 * Colour is decided here, not by Node: Node takes an empty `FORCE_COLOR=` for a wish and then ignores NO_COLOR. A stream
 * whose reader has gone (`lockwright watch | head -1`) falls silent.
 */
import { styleText } from "node:util";

/** The styles we use. */
export type Style = "bold" | "dim" | "red" | "yellow" | "green" | "cyan";

/** Where a command writes. */
export interface Writer {
  readonly isTerminal: boolean;
  /** The width of the terminal; undefined where there is none. */
  readonly columns: number | undefined;
  write(text: string): void;
  /** Writes `text` and a line feed. */
  line(text?: string): void;
  /** Writes one JSON document on one line; bigints become decimal strings. */
  document(value: unknown): void;
  /** Gives `text` the style if this stream shows colour. */
  style(style: Style, text: string): string;
  /** Replaces what `status` wrote before, on a terminal only; "" clears it. */
  status(text: string): void;
}

/** Tells whether a stream shows colour: NO_COLOR forbids, FORCE_COLOR (not empty, not 0) asks for it, else a terminal. */
export function showsColour(env: NodeJS.ProcessEnv, isTerminal: boolean): boolean {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: term } = env;
  if (no !== undefined && no !== "") return false;
  if (force !== undefined && force !== "") return force !== "0" && force !== "false";
  return isTerminal && term !== "dumb";
}

/** What a writer needs of a stream. */
export interface Sink {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export class StreamWriter implements Writer {
  readonly #stream: Sink;
  readonly #isColoured: boolean;
  readonly #isSilent: boolean;
  #hasStatus = false;

  constructor(stream: Sink, env: NodeJS.ProcessEnv, isSilent = false) {
    this.#stream = stream;
    this.#isColoured = showsColour(env, stream.isTTY === true);
    this.#isSilent = isSilent;
  }

  get isTerminal(): boolean {
    return this.#stream.isTTY === true;
  }

  get columns(): number | undefined {
    return this.isTerminal ? this.#stream.columns : undefined;
  }

  write(text: string): void {
    if (this.#isSilent || text === "") return;
    this.status("");
    this.#stream.write(text);
  }

  line(text = ""): void {
    this.write(`${text}\n`);
  }

  document(value: unknown): void {
    this.line(JSON.stringify(value, (_key, part: unknown) => (typeof part === "bigint" ? String(part) : part)));
  }

  style(style: Style, text: string): string {
    // Newer versions of styleText look at the stream themselves unless told not to.
    return this.#isColoured ? styleText(style, text, { validateStream: false }) : text;
  }

  status(text: string): void {
    if (this.#isSilent || !this.isTerminal || (text === "" && !this.#hasStatus)) return;
    this.#stream.write(`\r\u001b[K${text}`);
    this.#hasStatus = text !== "";
  }
}
