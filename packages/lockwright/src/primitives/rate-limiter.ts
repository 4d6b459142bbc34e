/** A limit on how often, as a semaphore is one on how many at once. */
import { showByToString } from "../core/inspection.js";
import {
  checkCount,
  checkDuration,
  checkOptions,
  PLAIN_REQUEST,
  readRequest,
  readWeight,
  show,
} from "../core/options.js";
import { RateCore } from "../core/rate-core.js";
import { Gcra, TokenBucket } from "../core/rate-rule.js";
import { emitCreated } from "../events.js";
import type { WaitOptions } from "./lock.js";

/** Options of a {@link RateLimiter}. */
export interface RateLimiterOptions {
  /** How much may pass in each `per`: a number above 0, which need not be whole. */
  readonly rate: number;
  /** Milliseconds that `rate` is meant for. Default 1000. */
  readonly per?: number;
  /**
   * The most that passes at once after a quiet time, a whole number from 1, and the largest weight. Default: 1 more than
   * passes in 25 ms, so that timers, which are late by a millisecond or two, do not slow a fast rate down.
   */
  readonly burst?: number;
  /** Two ways to the same decisions: `"gcra"` (default) keeps one number, `"token-bucket"` two. */
  readonly algorithm?: "gcra" | "token-bucket";
  /** Waiters allowed before `acquire` rejects at once with `LW_OVERLOADED`. Default `Infinity`. */
  readonly maxWaiters?: number;
  /** Shown in errors and events. Default: the kind and a number. */
  readonly name?: string;
}

/** What a {@link RateLimiter} says of a request before it is made. */
export interface RateCheck {
  /** True if it would pass now. */
  readonly allowed: boolean;
  /** Milliseconds until it would pass behind those who wait, if nobody else came and no pause began; 0 when allowed. */
  readonly retryAfter: number;
  /** The weight that would pass now; 0 while anybody waits or all are paused. */
  readonly remaining: number;
}

const BURST_SPAN_MS = 25;

/**
 * Lets callers pass at a rate: over any span t at most `burst + t * rate / per`.
 *
 * **When to use** For an API that counts calls per second or minute. It limits rate, not concurrency: fifty slow calls a
 * second pile up without end. For "how many at once" use a {@link Semaphore}, and both together where the API names both.
 *
 * **Fairness** Strict arrival order. A heavy caller at the head holds back lighter ones behind it.
 *
 * **Cancellation** `signal` and `timeout` end the waiting. Nothing is reserved for a waiter, so one that leaves costs no
 * slot: those behind it move up.
 *
 * **Errors** `signal.reason` itself; `LW_TIMEOUT`, `LW_OVERLOADED`; `LW_WEIGHT` for a weight above the burst. A waiter
 * keeps the process alive.
 *
 * **Example**
 * ```ts
 * import { RateLimiter } from "lockwright";
 *
 * const api = new RateLimiter({ rate: 50, burst: 5, name: "api" }); // 50 a second
 *
 * async function call(path: string): Promise<number> {
 *   await api.acquire();
 *   const response = { status: 200, retryAfter: 0 }; // await fetch(path)
 *   if (response.status === 429) api.pauseFor(response.retryAfter * 1000);
 *   return response.status;
 * }
 *
 * console.log(await Promise.all(["/a", "/b", "/c"].map(call))); // [ 200, 200, 200 ]
 * ```
 */
export class RateLimiter {
  readonly #core: RateCore;
  readonly #pace: string;
  readonly #burst: number;

  constructor(options: RateLimiterOptions) {
    const { rate, per, burst, algorithm, maxWaiters, name } = readOptions(options);
    const interval = per / rate;
    this.#pace = `${rate} per ${per} ms`;
    this.#burst = burst;
    const rule = algorithm === "gcra" ? new Gcra(interval, burst) : new TokenBucket(interval, burst);
    this.#core = new RateCore({ rule, burst, maxWaiters, name, pace: this.#pace });
    if (name !== undefined) emitCreated(this.#core.ref);
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#core.name;
  }

  /** Callers that wait. */
  get waiting(): number {
    return this.#core.waiting;
  }

  /**
   * Waits until the rate lets `weight` (default 1) pass.
   *
   * Always a native promise, and never throws synchronously.
   *
   * **Errors** See the class; a TypeError or RangeError for bad options.
   *
   * **Example**
   * ```ts
   * import { RateLimiter } from "lockwright";
   *
   * const mails = new RateLimiter({ rate: 10, per: 60_000, burst: 10 });
   * await mails.acquire({ weight: 3, timeout: 5000 });
   * console.log(mails.check().remaining); // 7
   * ```
   */
  acquire(options?: WaitOptions & { readonly weight?: number }): Promise<void> {
    try {
      return this.#core.acquire(options === undefined ? PLAIN_REQUEST : readRequest(this.#core, options));
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  /**
   * Passes if the rate allows it now and nobody waits, and says whether it did. Synchronous.
   *
   * **Errors** `LW_WEIGHT`; a TypeError or RangeError for a bad weight.
   *
   * **Example**
   * ```ts
   * import { RateLimiter } from "lockwright";
   *
   * const log = new RateLimiter({ rate: 1, per: 10_000 });
   * for (const line of ["first", "second"]) {
   *   if (log.tryAcquire()) console.log(line); // first
   * }
   * ```
   */
  tryAcquire(options?: { readonly weight?: number }): boolean {
    return this.#core.take(options === undefined ? 1 : readWeight(this.#core, options));
  }

  /**
   * Says what would become of a request, and takes nothing: for a `Retry-After` header, or to shed early.
   *
   * **Errors** `LW_WEIGHT`; a TypeError or RangeError for a bad weight.
   *
   * **Example**
   * ```ts
   * import { RateLimiter } from "lockwright";
   *
   * const visits = new RateLimiter({ rate: 1, per: 1000, burst: 1 });
   * visits.tryAcquire();
   * const { allowed, retryAfter } = visits.check();
   * console.log(allowed, Math.ceil(retryAfter / 1000)); // false 1
   * ```
   */
  check(options?: { readonly weight?: number }): RateCheck {
    return this.#core.look(options === undefined ? 1 : readWeight(this.#core, options));
  }

  /**
   * Holds everyone for `ms` milliseconds from now, those who wait too: for a 429 or a `Retry-After`.
   *
   * A shorter pause does not cut a longer one short. Afterwards callers pass as after any quiet time: up to `burst` at
   * once.
   *
   * **Errors** A TypeError or RangeError for anything but a finite number of milliseconds from 0.
   *
   * **Example**
   * ```ts
   * import { RateLimiter } from "lockwright";
   *
   * const api = new RateLimiter({ rate: 100 });
   * api.pauseFor(30);
   * await api.acquire(); // 30 ms later
   * console.log(api.check().allowed); // true
   * ```
   */
  pauseFor(ms: number): void {
    checkDuration("ms", ms);
    if (ms === Infinity) throw new RangeError("ms must be finite, got Infinity: a pause cannot be taken back");
    this.#core.pause(ms);
  }

  toString(): string {
    const { name, waiting } = this.#core;
    return `${this.constructor.name} { name: ${JSON.stringify(name)}, rate: ${this.#pace}, burst: ${this.#burst}, waiting: ${waiting} }`;
  }

  static {
    showByToString(this.prototype);
  }
}

function readOptions(options: RateLimiterOptions): Required<Omit<RateLimiterOptions, "name">> & {
  readonly name: string | undefined;
} {
  if (options === undefined) throw new TypeError("options must be an object with a rate, got undefined");
  checkOptions(options);
  const { rate, per = 1000, algorithm = "gcra", maxWaiters = Infinity, name } = options;
  checkAbove0("rate", rate);
  checkAbove0("per", per);
  checkAbove0("per / rate", per / rate);
  const { burst = Math.min(1 + Math.floor((BURST_SPAN_MS * rate) / per), Number.MAX_SAFE_INTEGER) } = options;
  checkCount("burst", burst, 1);
  if (algorithm !== "gcra" && algorithm !== "token-bucket")
    throw new TypeError(`algorithm must be "gcra" or "token-bucket", got ${show(algorithm)}`);
  if (maxWaiters !== Infinity) checkCount("maxWaiters", maxWaiters, 0);
  if (name !== undefined && typeof name !== "string") throw new TypeError(`name must be a string, got ${show(name)}`);
  return { rate, per, burst, algorithm, maxWaiters, name };
}

function checkAbove0(name: string, value: unknown): asserts value is number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, got ${show(value)}`);
  if (value > 0 && Number.isFinite(value)) return;
  throw new RangeError(`${name} must be a finite number above 0, got ${value}`);
}
