/** Checks of what callers pass in: names, labels, durations. Each error names the argument, what it got and what it takes. */

/** The longest name of a lock or cell, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 512;
/** The longest prefix of a space, in bytes of UTF-8. */
export const MAX_PREFIX_BYTES = 128;
/** The longest label of a holder, in bytes of UTF-8. */
export const MAX_LABEL_BYTES = 256;

// C0, DEL and C1: a name with one of them would lie on a terminal, in a log or in a header.
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function checkText(what: string, value: unknown, maxBytes: number, mayBeEmpty: boolean): asserts value is string {
  if (typeof value !== "string") throw new TypeError(`${what} must be a string, got ${describe(value)}`);
  if (value === "" && !mayBeEmpty) throw new RangeError(`${what} must not be empty`);
  const bytes = Buffer.byteLength(value);
  if (bytes > maxBytes) throw new RangeError(`${what} must be at most ${maxBytes} bytes of UTF-8, got ${bytes}`);
  if (CONTROL.test(value))
    throw new RangeError(`${what} must not contain control characters, got ${JSON.stringify(value)}`);
  if (!value.isWellFormed()) throw new RangeError(`${what} must be well-formed Unicode, got a lone surrogate`);
}

/** Throws unless `name` can name a lock or a cell. */
export function checkName(name: unknown): asserts name is string {
  checkText("name", name, MAX_NAME_BYTES, false);
}

export function checkPrefix(prefix: unknown): asserts prefix is string {
  checkText("prefix", prefix, MAX_PREFIX_BYTES, true);
}

export function checkLabel(label: unknown): asserts label is string | undefined {
  if (label !== undefined) checkText("label", label, MAX_LABEL_BYTES, true);
}

/** Throws unless `ttl` is a number of milliseconds from 1 to a year. */
export function checkTtl(ttl: unknown, what = "ttl"): asserts ttl is number {
  if (typeof ttl !== "number") throw new TypeError(`${what} must be a number of milliseconds, got ${describe(ttl)}`);
  if (!(ttl >= 1 && ttl <= 31_536_000_000))
    throw new RangeError(`${what} must be from 1 to 31536000000 ms (a year), got ${ttl}`);
}

/** Throws unless `timeout` is undefined, Infinity or a number of milliseconds from 0. */
export function checkTimeout(timeout: unknown): asserts timeout is number | undefined {
  if (timeout === undefined) return;
  if (typeof timeout !== "number")
    throw new TypeError(`timeout must be a number of milliseconds, got ${describe(timeout)}`);
  if (!(timeout >= 0)) throw new RangeError(`timeout must be 0 or more milliseconds, or Infinity, got ${timeout}`);
}

export function checkSignal(signal: unknown): asserts signal is AbortSignal | undefined {
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new TypeError(`signal must be an AbortSignal, got ${describe(signal)}`);
  }
}

/** Throws unless `value` is a whole number within the bounds. */
export function checkInteger(what: string, value: unknown, least: number, most: number): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${what} must be a number, got ${describe(value)}`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${what} must be a whole number from ${least} to ${most}, got ${value}`);
  }
}

export function checkToken(token: unknown): asserts token is bigint {
  if (typeof token !== "bigint") throw new TypeError(`token must be a bigint, got ${describe(token)}`);
  if (token < 0n) throw new RangeError(`token must not be negative, got ${token}`);
}

export function describe(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return typeof value === "object" || typeof value === "function"
    ? `a ${typeof value}`
    : `${typeof value} ${String(value)}`;
}
