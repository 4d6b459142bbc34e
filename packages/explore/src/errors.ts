/**
 * Every error the explorer throws on purpose, except bad arguments (TypeError, RangeError).
 *
 * The brand is the one of the main package, so `instanceof LockwrightError` there holds for these too; this package
 * imports nothing from it.
 */

/** The stable code of a {@link ScheduleError}; branch on it, never on the message. */
export type ScheduleErrorCode =
  | "LW_DEADLOCK"
  | "LW_FAKE_TIMERS"
  | "LW_LIVELOCK"
  | "LW_NONDETERMINISTIC"
  | "LW_REPLAY_MISMATCH"
  | "LW_SCHEDULE"
  | "LW_TRANSFORM"
  | "LW_UNCONTROLLED"
  | "LW_UNHANDLED";

const BRAND = Symbol.for("lockwright.error");

/**
 * Says that a schedule fails, or why exploring is not possible. `cause` is the program's own error where there is one.
 *
 * **Example**
 * ```ts
 * import { explore, io, ScheduleError } from "@lockwright/explore";
 *
 * try {
 *   await explore(async () => {
 *     await io("request");
 *     throw new Error("refused");
 *   });
 * } catch (error) {
 *   if (error instanceof ScheduleError) console.log(error.code, (error.cause as Error).message); // LW_SCHEDULE refused
 * }
 * ```
 */
export class ScheduleError extends Error {
  readonly code: ScheduleErrorCode;

  constructor(code: ScheduleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, BRAND, { value: ["LockwrightError", "ScheduleError"], enumerable: false });
    Object.defineProperty(this, "name", {
      value: "ScheduleError",
      enumerable: false,
      configurable: true,
      writable: true,
    });
  }

  /** By brand, so that it holds across two copies of the package; a subclass by its prototype, as ever. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== ScheduleError) return Function.prototype[Symbol.hasInstance].call(this, value);
    if (typeof value !== "object" || value === null) return false;
    const brands = (value as { [BRAND]?: unknown })[BRAND];
    return Array.isArray(brands) && brands.includes("ScheduleError");
  }
}

/** Writes a value into an error message. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
