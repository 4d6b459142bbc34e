/** A condition variable: wait, with the lock given free meanwhile, until a holder says that things have changed. */
import { ConditionRoom } from "../core/condition-room.js";
import type { Permit } from "../core/guard.js";
import { showByToString } from "../core/inspection.js";
import { holdOf, isLending } from "../core/lending.js";
import { checkCount, readWait, show, type WaitOptions } from "../core/options.js";
import { LockwrightError } from "../errors.js";
import { platform } from "../platform.js";
import type { Guard } from "./lock.js";
import { Mutex } from "./mutex.js";

/**
 * Lets holders of a mutex wait until other holders change what they look at.
 *
 * **When to use** When several tasks wait for different things about the same guarded state: "not empty", "not full", "my
 * turn". For a single yes or no use a {@link ManualResetEvent}, to pass items on a {@link Queue}. Several conditions may
 * share one mutex.
 *
 * **Fairness** Notified in order of arrival. A notified waiter stands in the mutex's own queue: who comes later does not pass
 * it, and it runs when the mutex is handed to it.
 *
 * **Cancellation** `signal` and `timeout` end the waiting, but the wait settles only when the mutex is held again, so it may
 * take longer by the time others hold it. A waiter that was notified and is cancelled before it holds the mutex rejects, and
 * its notification goes to the next waiter.
 *
 * **Errors** `LW_NOT_HELD` for a guard that does not hold this lock; `signal.reason` itself; `LW_TIMEOUT`; `LW_CLOSED` when
 * the mutex is closed. In each case the guard is held again.
 *
 * **Example**
 * ```ts
 * import { Condition, Mutex } from "lockwright";
 *
 * const mutex = new Mutex({ name: "stock" });
 * const delivered = new Condition(mutex);
 * let stock = 0;
 *
 * const buy = (): Promise<number> =>
 *   mutex.run(async (guard) => {
 *     await delivered.waitFor(guard, () => stock > 0, { timeout: 1000 });
 *     return --stock;
 *   });
 *
 * const bought = buy();
 * await mutex.run((guard) => {
 *   stock += 3;
 *   delivered.notifyAll(guard);
 * });
 * console.log(await bought); // 2
 * ```
 */
export class Condition {
  /** The lock whose guards this condition takes. */
  readonly lock: Mutex;
  readonly #room: ConditionRoom;

  /** @param lock Default: a mutex of its own, `condition.lock`. */
  constructor(lock: Mutex = new Mutex()) {
    if (!isLending(lock)) throw new TypeError(`lock must be a Mutex, got ${show(lock)}`);
    this.lock = lock;
    this.#room = new ConditionRoom(lock);
  }

  /** Callers who wait for a notification. */
  get waiting(): number {
    return this.#room.waiting;
  }

  /**
   * Gives the lock free, waits for a notification and holds the lock again before it settles. The guard is lent meanwhile: it
   * is the same one afterwards.
   *
   * A notification says that things may have changed, not how: look again, or use {@link waitFor}.
   *
   * **Cancellation** An aborted `signal`, or a `timeout` of 0, rejects at once and gives nothing free.
   */
  wait(guard: Guard, options?: WaitOptions): Promise<void> {
    try {
      const request = readWait(options);
      return this.#room.enter(this.#holdOf(guard), request, request.timeout);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  /**
   * Waits until `predicate` gives something truthy, and resolves to that: at once if it does so now. It is called only while
   * the lock is held, and must not be async.
   *
   * **Cancellation** `timeout` bounds the whole of it, over all notifications.
   *
   * **Errors** Those of {@link wait}; what `predicate` throws, with the lock held.
   */
  async waitFor<T>(guard: Guard, predicate: () => T, options?: WaitOptions): Promise<T> {
    if (typeof predicate !== "function") throw new TypeError(`predicate must be a function, got ${show(predicate)}`);
    const request = readWait(options);
    this.#holdOf(guard);
    const asked = request.timeout;
    let due: number | undefined;
    for (;;) {
      const value = lookAt(predicate);
      if (value) return value;
      // No await from here to the wait (C4).
      const hold = this.#holdOf(guard);
      if (asked !== Infinity) {
        const now = platform.now();
        due ??= now + asked;
        request.timeout = Math.max(due - now, 0);
      }
      request.signal?.throwIfAborted();
      await this.#room.enter(hold, request, asked);
    }
  }

  /**
   * Lets up to `n` waiters (default 1) have the lock back in turn, after this holder has released it, and says how many.
   *
   * **Errors** `LW_NOT_HELD` for a guard that does not hold this lock.
   */
  notify(guard: Guard, n: number = 1): number {
    checkCount("n", n, 1);
    this.#holdOf(guard);
    return this.#notify(n);
  }

  /** As {@link notify} for everyone who waits. */
  notifyAll(guard: Guard): number {
    this.#holdOf(guard);
    return this.#notify(Infinity);
  }

  toString(): string {
    return `${this.constructor.name} { lock: ${JSON.stringify(this.lock.name)}, waiting: ${this.waiting} }`;
  }

  #notify(n: number): number {
    const moved = this.#room.notify(n);
    if (moved > 0) this.#room.settle();
    return moved;
  }

  #holdOf(guard: unknown): Permit {
    const hold = holdOf(this.lock, guard);
    if (hold !== undefined) return hold;
    if (typeof (guard as Partial<Guard> | null | undefined)?.release !== "function") {
      throw new TypeError(`guard must be a guard of "${this.lock.name}", got ${show(guard)}`);
    }
    const advice = "pass the guard that you got from it and have not released";
    throw new LockwrightError("LW_NOT_HELD", `this guard does not hold "${this.lock.name}"; ${advice}`);
  }

  static {
    showByToString(this.prototype);
  }
}

function lookAt<T>(predicate: () => T): T {
  const value = predicate();
  if (typeof (value as { then?: unknown } | null | undefined)?.then !== "function") return value;
  throw new TypeError("predicate must not return a promise: it is true whatever it resolves to; await before the wait");
}
