/**
 * A lock that is a plain view on a core: what Mutex, Semaphore, the faces of a read-write lock and the keys of a keyed
 * lock have in common.
 *
 * It only translates. Who gets in, in which order, and what a cancel leaves behind is said in `core/permit-core.ts`.
 */
import { callBody } from "../core/call-frame.js";
import { HELD, type Permit } from "../core/guard.js";
import { showByToString } from "../core/inspection.js";
import type { Admission, LockCore } from "../core/lock-core.js";
import { checkBody, checkDuration, checkOptions, PLAIN_REQUEST, readRequest, readWeight } from "../core/options.js";
import type { CoreShape } from "../core/core-shape.js";
import { PermitCore } from "../core/permit-core.js";
import { busy } from "../core/refusals.js";
import { isTracking } from "../core/task.js";
import { adopt } from "../core/tie.js";
import { traceAcquire } from "../core/traced-acquire.js";
import { emitCreated, isAcquireTraced } from "../events.js";
import { BodySignal, neverAborted } from "./body-signal.js";
import { beginScopedRun } from "./scoped-run.js";
import type { AcquireOptions, Guard, LocalLock, LockOptions, LockStats, RunOptions, WaitOptions } from "./lock.js";

const TICK = Promise.resolve();

/** Gives the core of one of our own locks: the way in for what takes several locks together. */
export let coreOf: (lock: CoreLock) => LockCore;

/** The common part of locks over one core; not exported by the package. */
export abstract class CoreLock<G extends Guard = Guard, C extends LockCore = LockCore> implements LocalLock<G> {
  protected readonly core: C;

  protected constructor(core: C) {
    this.core = core;
  }

  get name(): string {
    return this.core.name;
  }

  // The core of a lock makes the kind of guard that the lock promises, hence the casts.
  acquire(options?: AcquireOptions): Promise<G> {
    const core = this.core;
    const before = core.waiting;
    const outcome = core.acquire(options) as Promise<Guard> as Promise<G>;
    return core.waiting > before && isAcquireTraced() ? traceAcquire(core.ref, outcome, core.key) : outcome;
  }

  tryAcquire(options?: { readonly weight?: number }): G | undefined {
    const core = this.core;
    const weight = options === undefined ? 1 : readWeight(core, options);
    const permit = core.take(weight);
    if (permit === undefined) return core.missed(weight);
    if (isTracking) adopt(permit, PLAIN_REQUEST);
    return permit as Guard as G;
  }

  run<T>(fn: (guard: G, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    return runOn(this.core, fn as (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>, options);
  }

  runSync<T>(fn: (guard: G) => T): T {
    checkBody(fn);
    const core = this.core;
    const guard = core.take(1);
    if (guard === undefined) {
      core.missed(1);
      throw busy(core);
    }
    let value: T | undefined;
    try {
      value = fn(guard as Guard as G);
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
    coreOf = (lock) => lock.core;
  }
}

/** The common part of locks over a permit core of their own; not exported by the package. */
export abstract class PermitLock<G extends Guard = Guard, C extends PermitCore = PermitCore> extends CoreLock<G, C> {
  protected constructor(from: CoreShape | C, options: LockOptions) {
    const core = from instanceof PermitCore ? from : new PermitCore(from, options);
    super(core as C);
    if (options.name !== undefined) emitCreated(core.ref);
  }
}

/** Runs `fn` under one permit of `core`, as `run` of `Lock` says. */
export function runOn<T>(
  core: Admission,
  fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>,
  options: RunOptions | undefined,
): Promise<T> {
  const isPlain = options === undefined && !isTracking && typeof fn === "function" && !isAcquireTraced();
  return isPlain ? runPlain(core, fn) : runWith(core, fn, options);
}

/**
 * `run` without options. The same as {@link runWith}, apart only because an async frame costs by its size: one function
 * for both measured a quarter slower.
 */
async function runPlain<T>(core: Admission, fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>): Promise<T> {
  let guard = core.take(1);
  // One microtask from grant to body, free or contended; on the free path without a promise of its own.
  if (guard !== undefined) await TICK;
  else guard = await core.acquire(undefined);
  let value: T;
  try {
    value = await callBody(guard, fn, guard, neverAborted());
  } catch (error) {
    endHold(guard, undefined);
    throw error;
  }
  endHold(guard, value);
  return value;
}

async function runWith<T>(
  core: Admission,
  fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>,
  options: RunOptions | undefined,
): Promise<T> {
  checkBody(fn);
  checkOptions(options);
  const { bodyTimeout = Infinity } = options ?? {};
  checkDuration("bodyTimeout", bodyTimeout);
  const request = readRequest(core, options ?? {});
  const { signal } = request;
  const scope = isTracking ? beginScopedRun(core.name, request) : undefined;
  const asked = core.acquireWith(request);
  const guard = await (isAcquireTraced() ? traceAcquire(core.ref, asked, core.key) : asked);
  if (signal?.aborted === true) {
    endHold(guard, undefined);
    throw signal.reason;
  }
  const body: typeof fn =
    scope === undefined
      ? (held, seen) => callBody(guard, fn, held, seen)
      : (held, seen) => scope.call(() => fn(held, seen));
  let value: T | undefined;
  try {
    value = await (bodyTimeout === Infinity
      ? body(guard, signal ?? neverAborted())
      : runBounded(core.name, body, guard, bodyTimeout, signal));
    return value;
  } finally {
    scope?.end(guard);
    endHold(guard, value);
  }
}

/** Ends the hold of a `run`. Not `release()`: the body may have given its guard back, or handed it to someone who did. */
export function endHold(guard: Permit, value: unknown): void {
  if (guard.state === HELD) guard.owner.finish(guard, value);
  else guard[Symbol.dispose]();
}

/** Calls a body with a signal that aborts after `limit` milliseconds too. */
export async function runBounded<T, G>(
  name: string,
  fn: (guard: G, signal: AbortSignal) => T | PromiseLike<T>,
  guard: G,
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

/** Refuses a promise from the body of `runSync`. */
export function refuseThenable<T>(value: T): T {
  if (typeof value !== "object" || value === null || typeof (value as { then?: unknown }).then !== "function")
    return value;
  throw new TypeError("fn of runSync must not return a promise: the lock is released when fn returns; use run");
}
