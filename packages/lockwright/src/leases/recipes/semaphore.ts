/** The semaphore of a space: so many permits among all processes. */
import { LockwrightError } from "../../errors.js";
import { HeldLease, type Lease } from "../lease.js";
import type { LeaseSession } from "../lease-session.js";
import { EXCLUSIVE } from "../lock-store.js";
import { checkInteger } from "../names.js";
import { type LeaseLock, type LeaseLockOptions, SpaceLock } from "./lease-lock.js";

/** A shared concurrency limit. */
export interface LeaseSemaphore extends LeaseLock {
  /**
   * Sets the permits for everyone, from now on: growing grants at once whoever fits, shrinking takes nothing back. Until
   * the first resize an idle semaphore takes the number its next user states.
   *
   * **Errors** `RangeError` unless a whole number from 0 (paused) to 999999; `LW_CONFLICT` while the name is a mutex.
   */
  resize(permits: number): Promise<void>;
}

class SpaceSemaphore extends SpaceLock<Lease> implements LeaseSemaphore {
  async resize(permits: number): Promise<void> {
    checkInteger("permits", permits, 0, EXCLUSIVE - 1);
    this.session.checkOpen();
    const result = await this.session.ask({ type: "resize", resource: this.resource, capacity: permits });
    if (result.type === "refused") {
      throw new LockwrightError(
        "LW_CONFLICT",
        `"${this.name}" is in use as a mutex or read-write lock and has no permits to set`,
      );
    }
  }
}

export function semaphore(
  session: LeaseSession,
  name: string,
  permits: number,
  options: LeaseLockOptions = {},
): LeaseSemaphore {
  checkInteger("permits", permits, 0, EXCLUSIVE - 1);
  const barging = options.fairness === "barging";
  return new SpaceSemaphore(session, name, {
    kind: "semaphore",
    capacity: permits,
    weight: undefined,
    barging,
    lease: HeldLease,
  });
}
