/**
 * Time inside a run: it stands still within a segment and begins at 2000-01-01T00:00:00Z in every run.
 *
 * A loop that reads the clock until it has moved would never end, so a million readings in one segment are an error.
 */
import { ScheduleError } from "../errors.js";
import { natives, performanceNow } from "../natives.js";
import { place } from "../runtime/activation.js";
import { currentRun, type Run } from "../runtime/run.js";
import { captureOrigin, lineOf } from "../runtime/stack-line.js";

/** What `Date.now()` gives at the start of every run. */
export const EPOCH = 946_684_800_000;
const MAX_READS = 1_000_000;

/** Reads the clock of a run, in virtual milliseconds since its start. */
export function readClock(run: Run): number {
  if (++run.clockReads > MAX_READS) refuse(run);
  return run.now;
}

function refuse(run: Run): never {
  const line = lineOf(captureOrigin());
  run.end({ kind: "spinning", site: place(), what: "clock readings" });
  throw new ScheduleError(
    "LW_LIVELOCK",
    `the clock was read a million times without an await${line === undefined ? "" : ` at ${line}`}: time stands still there`,
  );
}

function dateNow(): number {
  const run = currentRun();
  return run === null ? natives.dateNow.call(natives.Date) : EPOCH + readClock(run);
}

function makeDate(): DateConstructor {
  const { Date: Native } = natives;
  return new Proxy(Native, {
    construct(target, args, newTarget) {
      const isNow = args.length === 0 && currentRun() !== null;
      return Reflect.construct(target, isNow ? [dateNow()] : args, newTarget) as object;
    },
    apply: (target, self, args) =>
      currentRun() === null ? Reflect.apply(target, self, args) : String(new Native(dateNow())),
  });
}

function isTime(previous: unknown): boolean {
  return previous === undefined || (Array.isArray(previous) && previous.length === 2);
}

function makeHrtime(native: NodeJS.HRTime): NodeJS.HRTime {
  const hrtime = (previous?: [number, number]): [number, number] => {
    const run = currentRun();
    // Node's own refusal of a bad argument.
    if (run === null || !isTime(previous)) return native(previous);
    const now = readClock(run);
    const seconds = Math.floor(now / 1000) - (previous?.[0] ?? 0);
    const nanoseconds = Math.round((now % 1000) * 1e6) - (previous?.[1] ?? 0);
    return nanoseconds < 0 ? [seconds - 1, nanoseconds + 1e9] : [seconds, nanoseconds];
  };
  const bigint = (): bigint => {
    const run = currentRun();
    return run === null ? native.bigint() : BigInt(Math.round(readClock(run) * 1e6));
  };
  return Object.assign(hrtime, { bigint });
}

/** Puts the virtual clock in place of the real one, for as long as a run is active. */
export function installClock(): void {
  const date = makeDate();
  natives.Date.now = dateNow;
  Object.defineProperty(natives.Date.prototype, "constructor", { value: date, configurable: true, writable: true });
  globalThis.Date = date;
  performance.now = () => {
    const run = currentRun();
    return run === null ? performanceNow() : readClock(run);
  };
  if (natives.process !== undefined && natives.hrtime !== undefined)
    natives.process.hrtime = makeHrtime(natives.hrtime);
}
