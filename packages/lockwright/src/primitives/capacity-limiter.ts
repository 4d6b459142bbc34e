/** A limit on how many borrowers are in, each known by name. */
import { BorrowerCore } from "../core/borrower-core.js";
import { checkCount, checkLockOptions, readRequest } from "../core/options.js";
import type { AcquireOptions, Guard, LockOptions, RunOptions } from "./lock.js";
import { PermitLock } from "./permit-lock.js";

/**
 * Lets in up to `total` borrowers, and knows who they are: a permit belongs to a borrower, who can have only one.
 *
 * **When to use** Where you must be able to say who holds a permit, or to give it back without the guard: a connection
 * that closes, a worker that dies. The same borrower twice is an error here, not a silent wait for itself. Where permits
 * are alike, weighted or taken in numbers, use a {@link Semaphore}.
 *
 * **Fairness** Strict arrival order.
 *
 * **Cancellation** `signal` and `timeout` end the waiting and leave no trace of the borrower.
 *
 * **Errors** See `acquire` of `Lock`; `weight` is refused with a TypeError. `LW_BUSY` when the borrower already holds or
 * waits for a permit.
 *
 * **Example**
 * ```ts
 * import { CapacityLimiter } from "lockwright";
 *
 * const limiter = new CapacityLimiter<string>(2, { name: "seats" });
 * await limiter.acquire({ borrower: "ann" });
 * await limiter.acquire({ borrower: "bob" });
 * console.log([...limiter.borrowers].join(), limiter.stats().available); // ann,bob 0
 *
 * limiter.release("ann"); // without the guard
 * console.log(await limiter.run(() => limiter.borrowers.size, { borrower: "cid" })); // 2
 * ```
 */
export class CapacityLimiter<B = unknown> extends PermitLock<Guard, BorrowerCore> {
  /** @param total How many may be in: a whole number from 0; with 0 it is paused until `total` grows. */
  constructor(total: number, options: LockOptions = {}) {
    checkCount("total", total, 0);
    checkLockOptions(options);
    super(new BorrowerCore({ kind: "capacity-limiter", capacity: total, isWeighted: false }, options), options);
  }

  /**
   * How many may be in. Raising it lets in as many as now fit; lowering it takes nothing from anyone, and nobody gets in
   * until enough have left.
   *
   * **Errors** Setting it throws a TypeError or RangeError for anything but a whole number from 0.
   */
  get total(): number {
    return this.core.capacity;
  }

  set total(total: number) {
    checkCount("total", total, 0);
    this.core.resize(total);
  }

  /** A snapshot of those who hold a permit, in the order in which they asked. Who gave no borrower is there as its guard. */
  get borrowers(): ReadonlySet<B> {
    return this.core.borrowers as Set<B>;
  }

  override acquire(options?: AcquireOptions & { readonly borrower?: B }): Promise<Guard> {
    return this.core.acquire(options);
  }

  override tryAcquire(options?: { readonly weight?: number; readonly borrower?: B }): Guard | undefined {
    const core = this.core;
    if (options?.borrower === undefined) return super.tryAcquire(options);
    const request = readRequest(core, options);
    const refusal = core.refusalOf(options.borrower);
    if (refusal !== undefined) throw refusal;
    return core.takeFor(request) ?? core.missed(1);
  }

  override run<T>(
    fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>,
    options?: RunOptions & { readonly borrower?: B },
  ): Promise<T> {
    return super.run(fn, options);
  }

  /**
   * Gives back the permit of `borrower`, whoever has the guard.
   *
   * **Errors** `LW_NOT_HELD` when the borrower holds none, also while it still waits for one.
   */
  release(borrower: B): void {
    this.core.returnFrom(borrower);
  }
}
