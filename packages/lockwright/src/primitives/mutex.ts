/** A mutex: one permit, one holder. */
import { HELD, Permit } from "../core/guard.js";
import { lendBy } from "../core/lending.js";
import { checkLockOptions } from "../core/options.js";
import type { LockOptions } from "./lock.js";
import { PermitLock } from "./permit-lock.js";

/**
 * Lets one holder in at a time.
 *
 * **When to use** Around code that awaits between reading and writing the same state. Code without an `await` needs no
 * mutex: nothing runs in between. For several holders at once use a {@link Semaphore}. It is not reentrant: a body that
 * acquires its own mutex waits for itself.
 *
 * **Fairness** Strict arrival order; a release hands the mutex straight to the next waiter, so nobody gets in between.
 *
 * **Cancellation** `signal` and `timeout` end the waiting and leave nothing behind.
 *
 * **Errors** See `acquire` of `Lock`; `weight` is refused with a TypeError.
 *
 * **Example**
 * ```ts
 * import { Mutex } from "lockwright";
 *
 * const mutex = new Mutex({ name: "balance" });
 * let balance = 100;
 *
 * async function withdraw(amount: number): Promise<void> {
 *   await mutex.run(async () => {
 *     const before = balance;
 *     await Promise.resolve(); // ask the bank
 *     if (before >= amount) balance = before - amount;
 *   });
 * }
 *
 * await Promise.all([withdraw(80), withdraw(80)]);
 * console.log(balance); // 20
 * ```
 */
export class Mutex extends PermitLock {
  /** For the compiler alone: a Semaphore has every member of a Mutex, and a {@link Condition} must not take one. */
  declare protected readonly isMutex: true;

  constructor(options: LockOptions = {}) {
    checkLockOptions(options);
    super({ kind: "mutex", capacity: 1, isWeighted: false }, options);
  }

  /** True while it is held. */
  get locked(): boolean {
    return this.core.free <= 0;
  }

  static {
    lendBy(this.prototype, ({ core }, guard) =>
      guard instanceof Permit && guard.owner === core && guard.state === HELD ? guard : undefined,
    );
  }
}
