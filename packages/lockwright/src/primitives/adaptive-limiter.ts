/** A semaphore that finds its own size by measuring how long its bodies take. */
import type { Permit } from "../core/guard.js";
import { showByToString } from "../core/inspection.js";
import { checkCount, checkLockOptions, readRequest, show } from "../core/options.js";
import type { PermitCore } from "../core/permit-core.js";
import { platform } from "../platform.js";
import { AimdRule, Gradient2Rule, type LimitRange, type LimitRule, VegasRule } from "./limit-rule.js";
import type { AcquireOptions, Guard, LocalLock, LockOptions, RunOptions } from "./lock.js";
import { PermitLock } from "./permit-lock.js";
import { ProbeRule } from "./probe-rule.js";

/** Options of an {@link AdaptiveLimiter}. */
export interface AdaptiveLimiterOptions extends LockOptions {
  /**
   * How the limit is found. `"probe"` (default) tries both sides of where it stands. `"gradient2"`, `"vegas"` compare
   * with the usual or the shortest time of a body: for open traffic only, behind an endless backlog they run far too
   * high. `"aimd"` heeds nothing but `outcome("drop")`.
   */
  readonly algorithm?: "probe" | "gradient2" | "aimd" | "vegas";
  /** The limit it begins with. Default 10, or what the bounds allow. */
  readonly initial?: number;
  /** The smallest limit, a whole number from 1. Default 1. */
  readonly min?: number;
  /** The largest limit. Default 1000. */
  readonly max?: number;
}

/** Proves that its owner holds a permit of an {@link AdaptiveLimiter}, and says what became of the work. */
export interface AdaptiveGuard extends Guard {
  /**
   * Says how it went, before the release: `"ok"` (default) counts its time, `"drop"` says that the service shed it
   * (a 429, a 503, a timeout), `"ignore"` that its time means nothing. A `run` body that throws is ignored unless it said
   * otherwise.
   *
   * **Errors** A TypeError for another word; `LW_NOT_HELD` after the release.
   */
  outcome(kind: "ok" | "drop" | "ignore"): void;
}

type Outcome = "ok" | "drop" | "ignore";

/** Turns the time of bodies into the capacity of a core. */
class Meter {
  readonly core: PermitCore;
  readonly #rule: LimitRule;

  constructor(core: PermitCore, rule: LimitRule) {
    this.core = core;
    this.#rule = rule;
  }

  /** Takes a sample; call it before the release, so that the permit counts as in use. */
  record(since: number, outcome: Outcome): void {
    const { core } = this;
    const inUse = core.held;
    // With less in use the caller is the bottleneck, and its times say nothing about the limit.
    if (outcome === "ignore" || 2 * inUse < core.capacity) return;
    const limit = this.#rule.sample(platform.now() - since, inUse, outcome === "drop");
    if (limit !== core.capacity) core.resize(limit);
  }
}

/** A permit with a stopwatch. */
class TimedGuard implements AdaptiveGuard {
  readonly #meter: Meter;
  readonly #permit: Permit;
  readonly #since: number = platform.now();
  #outcome: Outcome | undefined = undefined;

  constructor(meter: Meter, permit: Permit) {
    this.#meter = meter;
    this.#permit = permit;
  }

  get held(): boolean {
    return this.#permit.held;
  }

  outcome(kind: Outcome): void {
    if (kind !== "ok" && kind !== "drop" && kind !== "ignore")
      throw new TypeError(`kind must be "ok", "drop" or "ignore", got ${show(kind)}`);
    if (!this.held) throw this.#permit.owner.notHeldError(this.#permit);
    this.#outcome = kind;
  }

  /** Records the time, unless the guard was released already; what follows is the release. */
  record(otherwise: Outcome): void {
    if (this.held) this.#meter.record(this.#since, this.#outcome ?? otherwise);
  }

  release(): void {
    this.record("ok");
    this.#permit.release();
  }

  [Symbol.dispose](): void {
    if (this.held) this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  get [Symbol.toStringTag](): string {
    return "Guard";
  }

  toString(): string {
    return String(this.#permit);
  }

  static {
    showByToString(this.prototype);
    // As for every guard: resolving a promise with it must not look for `then` further up.
    // oxlint-disable-next-line unicorn/no-thenable -- the value is undefined: it makes guards no thenables for good
    Object.defineProperty(this.prototype, "then", { value: undefined });
  }
}

/**
 * Lets as many holders in as the service behind it takes best, and finds out how many that is.
 *
 * It measures the time from each grant to its release, never the time in the queue, and only while at least half of the
 * limit is in use. The default algorithm alternates windows of samples a little below and above the limit and moves to
 * where throughput over time is larger; once settled it probes seldom.
 *
 * **When to use** For a service whose capacity you do not know or that changes: a database pool, a model server. Where
 * you know the number, use a {@link Semaphore}; for calls per second a {@link RateLimiter}. It needs load: some hundred
 * bodies a second settle within seconds, ten a minute never do.
 *
 * **Fairness** As a semaphore's: strict arrival order, unless built with another `order`.
 *
 * **Cancellation** As a semaphore's.
 *
 * **Errors** See `acquire` of `Lock`; `weight` is refused with a TypeError.
 *
 * **Example**
 * ```ts
 * import { setTimeout as sleep } from "node:timers/promises";
 * import { AdaptiveLimiter } from "lockwright";
 *
 * const database = new AdaptiveLimiter({ name: "database", initial: 4, max: 50 });
 * const query = (): Promise<string> =>
 *   database.run(async (guard) => {
 *     const status = await sleep(1, 200); // ask the database
 *     if (status === 503) guard.outcome("drop");
 *     return "row";
 *   });
 * const rows = await Promise.all(Array.from({ length: 20 }, query));
 * console.log(rows.length, database.limit); // 20 4
 * ```
 */
export class AdaptiveLimiter extends PermitLock implements LocalLock<AdaptiveGuard> {
  readonly #meter: Meter;

  constructor(options: AdaptiveLimiterOptions = {}) {
    checkLockOptions(options);
    const range = readRange(options);
    const { algorithm = "probe" } = options;
    const rule = makeRule(algorithm, range);
    super({ kind: "adaptive-limiter", capacity: range.initial, isWeighted: false }, options);
    this.#meter = new Meter(this.core, rule);
  }

  /** How many are let in at once, at present. */
  get limit(): number {
    return this.core.capacity;
  }

  override acquire(options?: AcquireOptions): Promise<AdaptiveGuard> {
    const { core } = this;
    try {
      if (options !== undefined) readRequest(core, options);
      // What is free is given without a second promise, so that it yields once, like every lock.
      const permit = options?.signal?.aborted === true ? undefined : core.take(1);
      if (permit !== undefined) return Promise.resolve(new TimedGuard(this.#meter, permit));
    } catch (error) {
      return Promise.reject<never>(error);
    }
    return core.acquire(options).then((granted) => new TimedGuard(this.#meter, granted));
  }

  override tryAcquire(options?: { readonly weight?: number }): AdaptiveGuard | undefined {
    const permit = super.tryAcquire(options) as Permit | undefined;
    return permit === undefined ? undefined : new TimedGuard(this.#meter, permit);
  }

  override run<T>(
    fn: (guard: AdaptiveGuard, signal: AbortSignal) => T | PromiseLike<T>,
    options?: RunOptions,
  ): Promise<T> {
    if (typeof fn !== "function") return super.run(fn as never, options);
    return super.run((permit, signal) => measure(new TimedGuard(this.#meter, permit as Permit), fn, signal), options);
  }

  override runSync<T>(fn: (guard: AdaptiveGuard) => T): T {
    if (typeof fn !== "function") return super.runSync(fn as never);
    return super.runSync((permit) => {
      const guard = new TimedGuard(this.#meter, permit as Permit);
      let isDone = false;
      try {
        const value = fn(guard);
        isDone = true;
        return value;
      } finally {
        guard.record(isDone ? "ok" : "ignore");
      }
    });
  }
}

/** Runs a body and records its time; the lock releases it. */
async function measure<T>(
  guard: TimedGuard,
  fn: (guard: AdaptiveGuard, signal: AbortSignal) => T | PromiseLike<T>,
  signal: AbortSignal,
): Promise<T> {
  let isDone = false;
  try {
    const value = await fn(guard, signal);
    isDone = true;
    return value;
  } finally {
    // A body that throws at once would look like a very fast service.
    guard.record(isDone ? "ok" : "ignore");
  }
}

function makeRule(algorithm: unknown, range: LimitRange): LimitRule {
  if (algorithm === "probe") return new ProbeRule(range);
  if (algorithm === "gradient2") return new Gradient2Rule(range);
  if (algorithm === "vegas") return new VegasRule(range);
  if (algorithm === "aimd") return new AimdRule(range);
  throw new TypeError(`algorithm must be "probe", "gradient2", "aimd" or "vegas", got ${show(algorithm)}`);
}

function readRange(options: AdaptiveLimiterOptions): LimitRange {
  const { min = 1, max = Math.max(1000, min) } = options;
  checkCount("min", min, 1);
  checkCount("max", max, 1);
  if (max < min) throw new RangeError(`max must be at least min (${min}), got ${max}`);
  const { initial = Math.min(Math.max(10, min), max) } = options;
  checkCount("initial", initial, 1);
  if (initial < min || initial > max)
    throw new RangeError(`initial must be from min (${min}) to max (${max}), got ${initial}`);
  return { initial, min, max };
}
