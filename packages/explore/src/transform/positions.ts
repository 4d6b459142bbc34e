/** Turns offsets of a text into lines and columns as a person counts them. */

/** Where something stands; both from 1, the column in UTF-16 units as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The line starts of one text. */
export class Positions {
  /** Offset of the first character of each line; ascending. A byte order mark belongs to no column. */
  readonly #starts: number[];

  constructor(code: string) {
    this.#starts = [code.startsWith("\uFEFF") ? 1 : 0];
    for (let at = code.indexOf("\n"); at !== -1; at = code.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: Math.max(1, offset - this.#starts[low]! + 1) };
  }
}
