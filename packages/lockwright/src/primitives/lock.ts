/**
 * What every lock of lockwright offers: {@link Lock} is the part that leases share, {@link LocalLock} the part of locks
 * on one event loop.
 */
import type { Guard } from "../core/guard.js";
import type { AcquireOptions, LockStats, RunOptions, WaitOptions } from "../core/options.js";

export type { Guard } from "../core/guard.js";
export type { AcquireOptions, DeadlockMode, LockOptions, LockStats, RunOptions, WaitOptions } from "../core/options.js";
export type { WaitOrder } from "../core/wait-queue.js";

/** A lock, wherever it lives; `G` is what holding it looks like. */
export interface Lock<G = Guard> {
  /** The name given at construction, or one made of kind and number. */
  readonly name: string;
  /**
   * Waits for the lock and resolves to a guard.
   *
   * Always a native promise, and never throws synchronously.
   *
   * **Fairness** Strict arrival order, unless the lock was built with another `order`.
   *
   * **Cancellation** `signal` and `timeout` end the waiting only. Once granted, an abort changes nothing: the guard is
   * delivered and must be released.
   *
   * **Errors** `signal.reason` itself; `LW_TIMEOUT`, `LW_CANCELLED`, `LW_CLOSED`, `LW_OVERLOADED`, `LW_WEIGHT`.
   */
  acquire(options?: AcquireOptions): Promise<G>;
  /**
   * Takes the lock if it is free now, else gives `undefined`. Synchronous; never queues and never passes a waiter.
   *
   * **Errors** `LW_CLOSED`; `LW_WEIGHT` for a weight that can never fit.
   */
  tryAcquire(options?: { readonly weight?: number }): G | undefined;
  /**
   * Runs `fn` while holding the lock, and settles as `fn` does once the lock is released.
   *
   * The body starts one microtask after the grant, free or contended, in the caller's async context. The lock stays held
   * until the body's promise settles.
   *
   * **Cancellation** A `signal` that is aborted before the body starts gives the lock back, body not run. During the body
   * it changes nothing for the lock: the body sees it as its second argument and decides.
   *
   * **Errors** Those of `acquire`; whatever the body throws.
   */
  run<T>(fn: (guard: G, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T>;
  /**
   * Runs the synchronous `fn` while holding the lock, if it is free now.
   *
   * **Errors** `LW_BUSY` when not free, `LW_CLOSED`; a TypeError when `fn` returns a promise, since the lock would be
   * free before that settles.
   */
  runSync<T>(fn: (guard: G) => T): T;
  /** Takes a frozen snapshot. */
  stats(): LockStats;
}

/** A lock on one event loop. */
export interface LocalLock<G extends Guard = Guard> extends Lock<G> {
  /**
   * Waits until the lock could be acquired, and takes nothing: a hint, for callers who only want to know.
   *
   * **Fairness** Told only while nobody waits in the queue. A permit taken back in the same tick wakes nobody.
   *
   * **Errors** Those of `acquire`.
   */
  whenAvailable(options?: WaitOptions & { readonly weight?: number }): Promise<void>;
  /**
   * Rejects everyone who waits with `reason` (default: a fresh `LW_CANCELLED` each) and says how many that were. Holders
   * and later callers are not touched.
   */
  cancelWaiters(reason?: unknown): number;
  /**
   * Rejects everyone who waits and all later calls with `LW_CLOSED`, whose `cause` is `reason`. Holders finish as usual.
   */
  close(reason?: unknown): void;
}
