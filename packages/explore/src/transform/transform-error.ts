/** A file that cannot be transformed, named with its place and the way out. */

const BRAND = Symbol.for("lockwright.error");

/**
 * Says which file could not be transformed, where, why, and what to do instead.
 *
 * **Errors** `code` is always `LW_TRANSFORM`. The brand is the one of every lockwright error, so `instanceof
 * LockwrightError` holds whichever copy of a package made it.
 */
export class TransformError extends Error {
  readonly code = "LW_TRANSFORM";
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;

  constructor(file: string, line: number, column: number, reason: string, options?: ErrorOptions) {
    super(`${file}:${line}:${column}: ${reason}`, options);
    this.file = file;
    this.line = line;
    this.column = column;
    Object.defineProperty(this, BRAND, { value: ["LockwrightError"], enumerable: false });
    Object.defineProperty(this, "name", { value: "LockwrightError", configurable: true, writable: true });
  }
}
