/**
 * A lock that is a plain view on a permit core: what Mutex and Semaphore have in common.
 *
 * It only translates. Who gets in, in which order, and what a cancel leaves behind is said in `core/permit-core.ts`.
 */
import { HELD, type Permit } from "../core/guard.js";
import { showByToString } from "../core/inspection.js";
import { checkBody, checkDuration, checkOptions, PLAIN_REQUEST, readRequest, readWeight } from "../core/options.js";
import { type CoreShape, PermitCore } from "../core/permit-core.js";
import { busy } from "../core/refusals.js";
import { emitCreated } from "../events.js";
import { BodySignal, neverAborted } from "./body-signal.js";
import type { AcquireOptions, Guard, LocalLock, LockOptions, LockStats, RunOptions, WaitOptions } from "./lock.js";

const TICK = Promise.resolve();

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

  run<T>(fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    if (options === undefined && typeof fn === "function") return runPlain(this.core, fn);
    return runWith(this.core, fn, options);
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
      endHold(guard, value);
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

/**
 * `run` without options. The same as {@link runWith}, apart only because an async frame costs by its size: one function
 * for both measured a quarter slower.
 */
async function runPlain<T>(
  core: PermitCore,
  fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>,
): Promise<T> {
  let guard = core.take(1);
  // One microtask from grant to body, free or contended; on the free path without a promise of its own.
  if (guard !== undefined) await TICK;
  else guard = await core.acquire(undefined);
  let value: T;
  try {
    value = await fn(guard, neverAborted());
  } catch (error) {
    endHold(guard, undefined);
    throw error;
  }
  endHold(guard, value);
  return value;
}

async function runWith<T>(
  core: PermitCore,
  fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>,
  options: RunOptions | undefined,
): Promise<T> {
  checkBody(fn);
  checkOptions(options);
  const { signal, bodyTimeout = Infinity } = options ?? {};
  checkDuration("bodyTimeout", bodyTimeout);
  const guard = await core.acquire(options);
  if (signal?.aborted === true) {
    endHold(guard, undefined);
    throw signal.reason;
  }
  let value: T | undefined;
  try {
    value = await (bodyTimeout === Infinity
      ? fn(guard, signal ?? neverAborted())
      : runBounded(core.name, fn, guard, bodyTimeout, signal));
    return value;
  } finally {
    endHold(guard, value);
  }
}

/** Ends the hold of a `run`. Not `release()`: the body may have given its guard back, or handed it to someone who did. */
function endHold(guard: Permit, value: unknown): void {
  if (guard.state === HELD) guard.owner.finish(guard, value);
  else guard[Symbol.dispose]();
}

async function runBounded<T>(
  name: string,
  fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>,
  guard: Guard,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<T> {
  const bound = new BodySignal(name, limit, signal);
  try {
    return await fn(guard, bound.signal);
  } finally {
    bound.end();
  }
}

function refuseThenable<T>(value: T): T {
  if (typeof value !== "object" || value === null || typeof (value as { then?: unknown }).then !== "function")
    return value;
  throw new TypeError("fn of runSync must not return a promise: the lock is released when fn returns; use run");
}
