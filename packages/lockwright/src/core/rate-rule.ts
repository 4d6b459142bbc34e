/**
 * How much may pass, and when: the arithmetic of rate limits, without a clock or a queue.
 *
 * Both rules let pass, over any span t, at most `burst + t / interval`. GCRA keeps one number, the time at which the
 * bucket would be full again (its "theoretical arrival time"); the token bucket keeps its level and when that was read.
 * They decide alike. (GCRA is ITU-T I.371's name for the leaky bucket turned into a schedule.)
 */

/** Differences below this many milliseconds are rounding, not time: a due time must not be missed by one. */
export const ROUNDING = 1e-6;

/** Decides what passes. Times are milliseconds on one clock that never goes back. */
export interface RateRule {
  /** Milliseconds from `now` until `weight` may pass; 0 or less: now. */
  delay(weight: number, now: number): number;
  /** Lets `weight` pass at `now`. */
  take(weight: number, now: number): void;
  /** The weight that may pass at `now`, not rounded. */
  remaining(now: number): number;
}

/** Keeps one number. */
export class Gcra implements RateRule {
  /** Milliseconds that one unit of weight takes. */
  readonly #interval: number;
  readonly #burst: number;
  #full = 0;

  constructor(interval: number, burst: number) {
    this.#interval = interval;
    this.#burst = burst;
  }

  delay(weight: number, now: number): number {
    return (this.#full > now ? this.#full - now : 0) - (this.#burst - weight) * this.#interval;
  }

  take(weight: number, now: number): void {
    this.#full = (this.#full > now ? this.#full : now) + weight * this.#interval;
  }

  remaining(now: number): number {
    return this.#full > now ? this.#burst - (this.#full - now) / this.#interval : this.#burst;
  }
}

/** Keeps a level and the time of its reading. */
export class TokenBucket implements RateRule {
  readonly #interval: number;
  readonly #burst: number;
  #level: number;
  #readAt = 0;

  constructor(interval: number, burst: number) {
    this.#interval = interval;
    this.#burst = burst;
    this.#level = burst;
  }

  delay(weight: number, now: number): number {
    return (weight - this.remaining(now)) * this.#interval;
  }

  take(weight: number, now: number): void {
    this.#level = this.remaining(now) - weight;
    this.#readAt = now;
  }

  remaining(now: number): number {
    return Math.min(this.#burst, this.#level + (now - this.#readAt) / this.#interval);
  }
}
