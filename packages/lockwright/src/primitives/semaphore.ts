/** A counting semaphore with weights, a size that may change, and owned permits. */
import { checkCount, checkLockOptions } from "../core/options.js";
import type { Guard, LockOptions } from "./lock.js";
import { PermitLock } from "./permit-lock.js";

/**
 * Lets holders in as long as their weights fit into its permits.
 *
 * **When to use** To bound how much runs at once: connections, uploads, memory. It limits concurrency, not rate: ten
 * permits and 1 ms bodies are ten thousand calls a second. For one holder use a {@link Mutex}.
 *
 * **Fairness** Strict arrival order. A heavy waiter at the head holds back lighter ones behind it, else it could wait for
 * ever; give the light ones a `priority` on a semaphore with `order: "priority"` to let them pass.
 *
 * **Cancellation** `signal` and `timeout` end the waiting; whoever fits then gets in at once.
 *
 * **Errors** See `acquire` of `Lock`. A weight above the capacity is `LW_WEIGHT`, at `acquire` and when a `resize` makes
 * it so; with no permits at all the semaphore is paused and everyone queues.
 *
 * **Example**
 * ```ts
 * import { Semaphore } from "lockwright";
 *
 * const uploads = new Semaphore(8, { name: "uploads" });
 * const sizes = [1, 2, 3, 400];
 * const sent = await Promise.all(
 *   sizes.map((size) => uploads.run(async () => `${size} MB`, { weight: size > 100 ? 4 : 1 })),
 * );
 * console.log(sent.length, uploads.available); // 4 8
 * ```
 */
export class Semaphore extends PermitLock {
  /** @param permits How many there are: a whole number from 0; with 0 it is paused until a `resize`. */
  constructor(permits: number, options: LockOptions = {}) {
    checkCount("permits", permits, 0);
    checkLockOptions(options);
    super({ kind: "semaphore", capacity: permits, isWeighted: true }, options);
  }

  /** Permits in all. */
  get capacity(): number {
    return this.core.capacity;
  }

  /** Permits not held; negative while more are held than a shrink left. */
  get available(): number {
    return this.core.free;
  }

  /** True when nobody can take a permit now: none is free, or waiters stand ahead. */
  get locked(): boolean {
    return this.core.free <= 0 || this.core.waiting > 0;
  }

  /**
   * Changes the number of permits, in one step.
   *
   * Growing lets in every waiter that now fits. Shrinking takes nothing from holders: `available` may go below zero, and
   * nobody gets in until enough of them have released. Waiters heavier than the new number reject with `LW_WEIGHT`,
   * unless it is 0, which pauses.
   *
   * **Errors** A TypeError or RangeError for anything but a whole number from 0.
   *
   * **Example**
   * ```ts
   * import { Semaphore } from "lockwright";
   *
   * const workers = new Semaphore(0); // paused
   * const first = workers.run(() => "done");
   * workers.resize(2);
   * console.log(await first); // done
   * ```
   */
  resize(permits: number): void {
    checkCount("permits", permits, 0);
    this.core.resize(permits);
  }

  /**
   * Takes all free permits as one guard, or gives `undefined` when there are none or somebody waits. Synchronous.
   *
   * **When to use** To keep newcomers out while holders finish, without resizing.
   *
   * **Errors** `LW_CLOSED`.
   *
   * **Example**
   * ```ts
   * import { Semaphore } from "lockwright";
   *
   * const seats = new Semaphore(3);
   * const all = seats.drain();
   * console.log(seats.available); // 0
   * all?.release();
   * ```
   */
  drain(): Guard | undefined {
    return this.core.takeAll();
  }
}
