/**
 * The errors of the permit core: each a fresh instance whose message names the lock, how it stands and what to do.
 *
 * Who holds a permit is told as far as it is known without a clock read or a registry: how many are held of how many.
 */
import { LockwrightError } from "../errors.js";

/** How a lock stands, as far as its errors tell. */
export interface Standing {
  readonly name: string;
  readonly capacity: number;
  readonly held: number;
  readonly waiting: number;
  readonly maxWaiters: number;
  readonly closeReason: unknown;
  /** Who holds it, in words; where it is not said, the permits are counted. */
  readonly holders?: string;
}

function standing(core: Standing, waiting: number = core.waiting): string {
  const others = waiting === 1 ? "1 caller waits" : `${waiting} callers wait`;
  return `${core.holders ?? `${core.held} of ${core.capacity} permits held`}, ${others}`;
}

/** `others`: who else waits. */
export function timedOut(core: Standing, waited: number, others: number): LockwrightError {
  const advice = "hold it for less time, or wait longer with a larger timeout";
  return new LockwrightError(
    "LW_TIMEOUT",
    `"${core.name}" was not free within ${waited} ms (${standing(core, others)}); ${advice}`,
  );
}

export function closed(core: Pick<Standing, "name" | "closeReason">): LockwrightError {
  const advice = "stop using a lock after close()";
  return new LockwrightError("LW_CLOSED", `"${core.name}" is closed; ${advice}`, { cause: core.closeReason });
}

export function cancelled(core: Standing): LockwrightError {
  return new LockwrightError(
    "LW_CANCELLED",
    `the wait for "${core.name}" was cancelled by cancelWaiters(); acquire again if it is still wanted`,
  );
}

export function overloaded(core: Standing): LockwrightError {
  const advice = "shed this request, or raise maxWaiters";
  return new LockwrightError(
    "LW_OVERLOADED",
    `"${core.name}" has its limit of ${core.maxWaiters} waiters (${standing(core)}); ${advice}`,
  );
}

export function tooHeavy(core: Standing, weight: number): LockwrightError {
  const advice = "ask for less, or resize it first";
  return new LockwrightError(
    "LW_WEIGHT",
    `weight ${weight} can never be granted: "${core.name}" has ${core.capacity} permits; ${advice}`,
  );
}

export function busy(core: Standing): LockwrightError {
  const advice = "runSync never waits: use run, or try again later";
  return new LockwrightError("LW_BUSY", `"${core.name}" is not free (${standing(core)}); ${advice}`);
}

export function notHeld(core: Pick<Standing, "name">): LockwrightError {
  const advice = "release each guard once, and only after it was acquired";
  return new LockwrightError("LW_NOT_HELD", `this guard of "${core.name}" holds nothing any more; ${advice}`);
}

export function lent(core: Standing): LockwrightError {
  const advice = "release the guard that the upgrade gave first";
  return new LockwrightError("LW_NOT_HELD", `this guard of "${core.name}" is lent to its upgrade; ${advice}`);
}

export function upgrading(core: Standing): LockwrightError {
  const advice = "wait for it";
  return new LockwrightError("LW_BUSY", `an upgrade of this guard of "${core.name}" waits already; ${advice}`);
}

/** The borrower has or waits for a permit already. */
export function borrowed(core: Standing, isHolder: boolean): LockwrightError {
  const how = isHolder ? "holds" : "waits for";
  const advice = "release that first, or borrow on behalf of somebody else";
  return new LockwrightError("LW_BUSY", `this borrower ${how} a permit of "${core.name}" already; ${advice}`);
}

export function notBorrowed(core: Standing): LockwrightError {
  const advice = "release each borrower once, and only after its acquire";
  return new LockwrightError("LW_NOT_HELD", `this borrower holds no permit of "${core.name}"; ${advice}`);
}
