/** Durations as people type them: `500ms`, `1.5s`, `30s`, `5m`, `2h`, `1d`. */
import { UsageError } from "./usage-error.js";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SHAPE = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const YEAR = 31_536_000_000;

/** What a duration is for and how long it may be, in milliseconds. */
export interface DurationBounds {
  /** Names it in the error, e.g. `--ttl`. */
  readonly what: string;
  /** Default 0. */
  readonly least?: number;
  /** Default a year. */
  readonly most?: number;
}

/** Reads a duration; whole milliseconds. Throws a {@link UsageError} that says what it takes. */
export function parseDuration(given: string, { what, least = 0, most = YEAR }: DurationBounds): number {
  const [, number = "", unit = ""] = SHAPE.exec(given) ?? [];
  const scale = UNITS[unit];
  if (scale === undefined)
    throw new UsageError(
      `${what} must be a duration such as 500ms, 30s, 5m, 2h or 1d, got ${shown(given)}`,
      hintFor(given),
    );
  const ms = Math.round(Number(number) * scale);
  if (ms >= least && ms <= most) return ms;
  throw new UsageError(`${what} must be from ${exact(least)} to ${exact(most)}, got ${given}`);
}

function hintFor(given: string): string | undefined {
  if (/^\d+(\.\d+)?$/.test(given)) return `say which unit: ${given}s or ${given}ms?`;
  if (/^\d/.test(given)) return "the units are ms, s, m, h and d, in lower case, one number and one unit";
  return undefined;
}

function shown(given: string): string {
  return JSON.stringify(given.length > 40 ? `${given.slice(0, 40)}…` : given);
}

/** The shortest exact form, which `parseDuration` reads back. */
function exact(ms: number): string {
  for (const unit of ["d", "h", "m", "s"]) {
    const scale = UNITS[unit] as number;
    if (ms >= scale && ms % scale === 0) return `${ms / scale}${unit}`;
  }
  return `${ms}ms`;
}

/** Writes milliseconds for people, two units at most: `850ms`, `8.2s`, `12s`, `3m 20s`, `2h 5m`, `3d 4h`. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)}ms`;
  if (ms < 9950) return `${Number((ms / 1000).toFixed(1))}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const [big, small] =
    seconds < 3600 ? (["m", "s"] as const) : seconds < 86_400 ? (["h", "m"] as const) : (["d", "h"] as const);
  const size = { s: 1, m: 60, h: 3600, d: 86_400 };
  const whole = Math.floor(seconds / size[big]);
  const part = Math.floor((seconds % size[big]) / size[small]);
  return part === 0 ? `${whole}${big}` : `${whole}${big} ${part}${small}`;
}
