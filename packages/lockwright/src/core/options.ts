/**
 * What callers may pass, and the one place that refuses it.
 *
 * Bad input is refused at the door, before any state changes: a TypeError or RangeError that names the argument, what it
 * got and what it takes. An option that would do nothing on this lock is refused too, since silence about it hides a bug.
 */
import { type Guard, type Permit, permitsOf } from "./guard.js";
import type { Task } from "./task.js";
import type { WaitOrder } from "./wait-queue.js";

/** Bounds a wait. Both bound the waiting only: what is granted stays granted. */
export interface WaitOptions {
  /** Ends the wait when it aborts; the promise rejects with `signal.reason` itself. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait at most: 0 is "now or never", `Infinity` (the default) is no bound. Rejects with `LW_TIMEOUT`. */
  readonly timeout?: number;
}

/** Options of `acquire`. */
export interface AcquireOptions extends WaitOptions {
  /** A larger one is served first; only for a lock built with `order: "priority"`. Default 0. */
  readonly priority?: number;
  /** Permits to take, a whole number from 1; only for a lock with weights. Default 1. */
  readonly weight?: number;
  /**
   * Guards that the caller will not give back before this wait ends. With it a cycle of waits is a fact, and the acquire
   * that closes it rejects at once with `LW_DEADLOCK`. On a `ReentrantMutex`, its own guard lets the caller in again.
   */
  readonly holding?: Guard | readonly Guard[];
  /**
   * True says that nothing here waits for this call, and that its guard may be given back by somebody else: a follow-up,
   * a hand-over. It is then never part of a deadlock, save at the end of the process. Default false.
   */
  readonly detached?: boolean;
  /** What the holder will do; told to listeners, without effect on the lock. */
  readonly intent?: "read" | "write";
}

/** Options of `run`. */
export interface RunOptions extends AcquireOptions {
  /**
   * Milliseconds after which the signal passed to the body aborts with `LW_TIMEOUT`. The lock stays held until the body
   * settles all the same: exclusion is never broken by a clock.
   */
  readonly bodyTimeout?: number;
}

/**
 * What a lock does about a wait that can never end: reject it with `LW_DEADLOCK`, only tell `lockwright:deadlock`, or look
 * for nothing.
 */
export type DeadlockMode = "reject" | "report" | "off";

/** Options of a lock. */
export interface LockOptions {
  /** Shown in errors, stats and events. Default: the kind and a number. */
  readonly name?: string;
  /** Who is served first: the oldest waiter (`"fifo"`, the default), the newest, or the one of highest priority. */
  readonly order?: WaitOrder;
  /** With `"lifo"` and `"priority"`: every n-th grant serves the oldest waiter, so that nobody starves. Default: off. */
  readonly ageing?: number;
  /** Waiters allowed before `acquire` rejects at once with `LW_OVERLOADED`. Default `Infinity`. */
  readonly maxWaiters?: number;
  /**
   * What happens to a wait that can never end: it rejects with `LW_DEADLOCK` (`"reject"`, the default), is only told on
   * the channel `lockwright:deadlock`, or is not looked for.
   */
  readonly deadlock?: DeadlockMode;
}

/** A state of a lock at one moment; frozen. */
export interface LockStats {
  readonly name: string;
  /** Permits in all. */
  readonly capacity: number;
  /** Permits not held; negative after a shrink below what is held. */
  readonly available: number;
  /** Permits held. */
  readonly held: number;
  /** Callers in the queue. */
  readonly waiting: number;
  readonly closed: boolean;
}

/** Writes a value into an error message. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

/** Refuses anything but an options object or nothing. */
export function checkOptions(options: unknown): void {
  if (options === undefined || (typeof options === "object" && options !== null)) return;
  throw new TypeError(`options must be an object, got ${show(options)}`);
}

/** Refuses anything but a function. */
export function checkBody(fn: unknown): void {
  if (typeof fn !== "function") throw new TypeError(`fn must be a function, got ${show(fn)}`);
}

/** Refuses anything but a whole number from `least` to 2^53 - 1. */
export function checkCount(name: string, value: unknown, least: number): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, got ${show(value)}`);
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new RangeError(`${name} must be a whole number of at least ${least}, got ${value}`);
}

/** Refuses anything but a duration in milliseconds: 0 or more, `Infinity` included. */
export function checkDuration(name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number of milliseconds, got ${show(value)}`);
  if (value >= 0) return;
  throw new RangeError(`${name} must be 0 or more milliseconds (Infinity for no bound), got ${value}`);
}

/** Refuses anything but an AbortSignal, of whatever realm. */
export function checkSignal(value: unknown): asserts value is AbortSignal {
  const signal = value as Partial<AbortSignal> | null;
  if (
    typeof signal === "object" &&
    typeof signal?.aborted === "boolean" &&
    typeof signal.addEventListener === "function"
  )
    return;
  throw new TypeError(`signal must be an AbortSignal, got ${show(value)}`);
}

/** What a lock allows of the options of one acquire. */
export interface Allowed {
  readonly name: string;
  readonly isWeighted: boolean;
  readonly order: WaitOrder;
  /** True where a caller may say on whose behalf it acquires. */
  readonly hasBorrowers?: boolean;
}

/** The options of one wait, checked. */
export class WaitRequest {
  weight = 1;
  priority = 0;
  signal: AbortSignal | undefined = undefined;
  timeout: number = Infinity;
  intent: "read" | "write" | undefined = undefined;
  /** Held permits that will not come back before this wait ends. */
  holding: readonly Permit[] | undefined = undefined;
  isDetached = false;
  /** The task of the `run` body that will hold the permit. */
  body: Task | undefined = undefined;
  /** On whose behalf it is; only for a lock with borrowers. */
  borrower: unknown = undefined;
}

/** The request of a caller who gave no options. */
export const PLAIN_REQUEST: WaitRequest = new WaitRequest();

/** Checks `weight` alone, for the synchronous calls. */
export function readWeight(lock: Allowed, options: { readonly weight?: number }): number {
  checkOptions(options);
  if (options.weight === undefined) return 1;
  if (!lock.isWeighted)
    throw new TypeError(`"${lock.name}" has no weights: leave weight out, got ${show(options.weight)}`);
  checkCount("weight", options.weight, 1);
  return options.weight;
}

/**
 * Checks the options of one wait. Throws a TypeError or RangeError, or `LW_NOT_HELD` for a guard in `holding` that is
 * not held.
 */
export function readRequest(lock: Allowed, options: AcquireOptions): WaitRequest {
  const request = new WaitRequest();
  request.weight = readWeight(lock, options);
  const { signal, timeout, priority, intent, holding, detached } = options;
  if (signal !== undefined) {
    checkSignal(signal);
    request.signal = signal;
  }
  if (timeout !== undefined) {
    checkDuration("timeout", timeout);
    request.timeout = timeout;
  }
  if (priority !== undefined) request.priority = readPriority(lock, priority);
  if (intent !== undefined) {
    if (intent !== "read" && intent !== "write")
      throw new TypeError(`intent must be "read" or "write", got ${show(intent)}`);
    request.intent = intent;
  }
  if (detached !== undefined) request.isDetached = readFlag("detached", detached);
  if (holding !== undefined) request.holding = readHolding(holding, request.isDetached);
  if (lock.hasBorrowers === true) request.borrower = (options as { readonly borrower?: unknown }).borrower;
  return request;
}

function readFlag(name: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be true or false, got ${show(value)}`);
  return value;
}

function readHolding(holding: Guard | readonly Guard[], isDetached: boolean): readonly Permit[] {
  if (isDetached)
    throw new TypeError("detached says that nothing waits for this call, holding says what does: pass one of them");
  const permits: Permit[] = [];
  for (const guard of Array.isArray(holding) ? (holding as readonly Guard[]) : [holding as Guard]) {
    const found = permitsOf(guard);
    if (found === undefined)
      throw new TypeError(`holding must be a guard of a lock on this event loop, or several, got ${show(guard)}`);
    const [first] = found; // none of an empty set
    if (!guard.held && first !== undefined) throw first.owner.notHeldError(first);
    permits.push(...found);
  }
  return permits;
}

function readPriority(lock: Allowed, priority: unknown): number {
  if (lock.order !== "priority") {
    throw new TypeError(`"${lock.name}" takes no priority: build it with order: "priority", or leave priority out`);
  }
  if (typeof priority !== "number") throw new TypeError(`priority must be a number, got ${show(priority)}`);
  if (!Number.isFinite(priority)) throw new RangeError(`priority must be a finite number, got ${priority}`);
  return priority;
}

/** Checks the options of a lock. Throws a TypeError or RangeError. */
export function checkLockOptions(options: LockOptions): void {
  checkOptions(options);
  const { name, order = "fifo", ageing, maxWaiters, deadlock } = options;
  if (name !== undefined && typeof name !== "string") throw new TypeError(`name must be a string, got ${show(name)}`);
  if (order !== "fifo" && order !== "lifo" && order !== "priority") {
    throw new TypeError(`order must be "fifo", "lifo" or "priority", got ${show(order)}`);
  }
  if (ageing !== undefined) {
    checkCount("ageing", ageing, 1);
    if (order === "fifo")
      throw new TypeError(`ageing goes with order "lifo" or "priority": first-in-first-out starves nobody`);
  }
  if (maxWaiters !== undefined && maxWaiters !== Infinity) checkCount("maxWaiters", maxWaiters, 0);
  if (deadlock !== undefined && deadlock !== "reject" && deadlock !== "report" && deadlock !== "off") {
    throw new TypeError(`deadlock must be "reject", "report" or "off", got ${show(deadlock)}`);
  }
}

/**
 * Checks the options of a wait that takes no permits. Throws what the wait must reject with: a TypeError or RangeError,
 * or the reason of a signal that is aborted already.
 */
export function readWait(options: WaitOptions | undefined): WaitRequest {
  if (options === undefined) return PLAIN_REQUEST;
  checkOptions(options);
  const request = new WaitRequest();
  const { signal, timeout } = options;
  if (signal !== undefined) {
    checkSignal(signal);
    request.signal = signal;
  }
  if (timeout !== undefined) {
    checkDuration("timeout", timeout);
    request.timeout = timeout;
  }
  signal?.throwIfAborted();
  return request;
}

/** Refuses anything but an options object whose `name`, if any, is a string. */
export function checkNamed(options: { readonly name?: string }): void {
  checkOptions(options);
  if (options.name !== undefined && typeof options.name !== "string") {
    throw new TypeError(`name must be a string, got ${show(options.name)}`);
  }
}

/** Refuses anything but a boolean or nothing. */
export function checkFlag(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "boolean") {
    throw new TypeError(`${name} must be true or false, got ${show(value)}`);
  }
}
