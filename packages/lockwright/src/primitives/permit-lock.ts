/**
 * A lock that is a plain view on a permit core: what Mutex and Semaphore have in common.
 *
 * It only translates. Who gets in, in which order, and what a cancel leaves behind is said in `core/permit-core.ts`.
 */
import { HELD, type Permit } from "../core/guard.js";
import { showByToString } from "../core/inspection.js";
import { checkBody, checkDuration, PLAIN_REQUEST, readRequest, readWeight } from "../core/options.js";
import { type CoreShape, PermitCore } from "../core/permit-core.js";
import { busy } from "../core/refusals.js";
import { emitCreated } from "../events.js";
import { BodySignal, neverAborted } from "./body-signal.js";
import type { AcquireOptions, Guard, LocalLock, LockOptions, LockStats, RunOptions, WaitOptions } from "./lock.js";

/** The common part of locks over one permit core; not exported by the package. */
export abstract class PermitLock implements LocalLock {
  protected readonly core: PermitCore;

  protected constructor(shape: CoreShape, options: LockOptions) {
    this.core = new PermitCore(shape, options);
    if (options.name !== undefined) emitCreated(this.core.ref);
  }

  get name(): string {
    return this.core.name;
  }

  acquire(options?: AcquireOptions): Promise<Guard> {
    return this.core.acquire(options);
  }

  tryAcquire(options?: { readonly weight?: number }): Guard | undefined {
    const core = this.core;
    const weight = options === undefined ? 1 : readWeight(core, options);
    return core.take(weight) ?? core.missed(weight);
  }

  async run<T>(fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    checkBody(fn);
    const core = this.core;
    const guard = await (options === undefined ? core.acquire(undefined) : acquireToRun(core, options));
    const signal = options?.signal;
    if (signal?.aborted === true) {
      guard.release();
      throw signal.reason;
    }
    let value: T | undefined;
    try {
      value = await (options?.bodyTimeout === undefined ? fn(guard, signal ?? neverAborted()) : runBounded(core.name, fn, guard, options));
      return value;
    } finally {
      // Not release(): the body may have given its guard back already, or handed it on to someone who did.
      if (guard.state === HELD) core.finish(guard, value);
    }
  }

  runSync<T>(fn: (guard: Guard) => T): T {
    checkBody(fn);
    const core = this.core;
    const guard = core.take(1);
    if (guard === undefined) {
      core.missed(1);
      throw busy(core);
    }
    let value: T | undefined;
    try {
      value = fn(guard);
    } finally {
      if (guard.state === HELD) core.finish(guard, value);
    }
    return refuseThenable(value);
  }

  whenAvailable(options?: WaitOptions & { readonly weight?: number }): Promise<void> {
    try {
      return this.core.watch(options === undefined ? PLAIN_REQUEST : readRequest(this.core, options));
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  cancelWaiters(reason?: unknown): number {
    return this.core.cancelAll(reason, arguments.length > 0 && reason !== undefined);
  }

  close(reason?: unknown): void {
    this.core.close(reason);
  }

  stats(): LockStats {
    const { name, capacity, free, held, waiting, isClosed } = this.core;
    return Object.freeze({ name, capacity, available: free, held, waiting, closed: isClosed });
  }

  toString(): string {
    const { name, held, capacity, waiting, isClosed } = this.core;
    const state = `held: ${held} of ${capacity}, waiting: ${waiting}${isClosed ? ", closed" : ""}`;
    return `${this.constructor.name} { name: ${JSON.stringify(name)}, ${state} }`;
  }

  static {
    showByToString(this.prototype);
  }
}

/** Acquires for `run`, whose own option is checked before anything is taken. */
function acquireToRun(core: PermitCore, options: RunOptions): Promise<Permit> {
  if (typeof options === "object" && options?.bodyTimeout !== undefined) checkDuration("bodyTimeout", options.bodyTimeout);
  return core.acquire(options);
}

async function runBounded<T>(
  name: string,
  fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>,
  guard: Guard,
  options: RunOptions,
): Promise<T> {
  if (options.bodyTimeout === Infinity) return fn(guard, options.signal ?? neverAborted());
  const bound = new BodySignal(name, options.bodyTimeout!, options.signal);
  try {
    return await fn(guard, bound.signal);
  } finally {
    bound.end();
  }
}

function refuseThenable<T>(value: T): T {
  if (typeof value !== "object" || value === null || typeof (value as { then?: unknown }).then !== "function") return value;
  throw new TypeError("fn of runSync must not return a promise: the lock is released when fn returns; use run");
}
