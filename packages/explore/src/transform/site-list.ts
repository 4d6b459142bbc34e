/** The sites of one file in the order they were met: what becomes the table on its first line. */
import type { PackedSite, SiteKind } from "../sites.js";
import type { Positions } from "./positions.js";
import type { Scope } from "./scope.js";

const MAX_TEXT = 60;

/** Collects the sites of one file. */
export class SiteList {
  readonly packed: PackedSite[] = [];
  readonly #code: string;
  readonly #positions: Positions;

  constructor(code: string, positions: Positions) {
    this.#code = code;
    this.#positions = positions;
  }

  /** Enters what stands at [start, end); gives its place in the table. */
  add(kind: SiteKind, scope: Scope, start: number, end: number, text?: string): number {
    const ordinal = scope.ordinals.get(kind) ?? 0;
    scope.ordinals.set(kind, ordinal + 1);
    const { line, column } = this.#positions.at(start);
    return this.packed.push([line, column, kind, text ?? this.#textOf(start, end), scope.owner, ordinal]) - 1;
  }

  #textOf(start: number, end: number): string {
    // A body of a thousand lines need not be folded to keep sixty characters of it.
    const head = this.#code.slice(start, Math.min(end, start + 4 * MAX_TEXT));
    const line = head.replace(/\s+/g, " ").trim();
    if (line.length <= MAX_TEXT) return line;
    const cut = line.slice(0, MAX_TEXT - 1);
    return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
  }
}
