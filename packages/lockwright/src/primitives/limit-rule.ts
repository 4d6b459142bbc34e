/**
 * Rules that find a limit from how long bodies take: the interface, and the three of the field's textbooks.
 *
 * All but `probe` compare the time of a body with the shortest or the usual one, and read the difference as a queue in
 * the thing behind the limit. Behind an endless backlog that queue is there by construction: in a simulated pool of 8
 * servers gradient2 settles at three to seven times the optimum, the higher it starts the higher, and Vegas at 1.6 to 2.2
 * times. They are here for open traffic with load shedding. Their constants are those of Netflix/concurrency-limits; Vegas
 * measures its shortest time anew at half the limit, since at the full one it would take its own queue for the service.
 */

/** Bounds of a limit, and where it begins. */
export interface LimitRange {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
}

/** Finds a limit. */
export interface LimitRule {
  /**
   * Hears of one body that took `ms` while `inUse` permits were held, at least half of the limit, and gives the limit from
   * now on, a whole number.
   */
  sample(ms: number, inUse: number, isDrop: boolean): number;
}

/** A window of samples: at least this many, or one round of the limit. */
const LEAST_WINDOW = 10;

/** Averages a window of samples and then changes its limit once: a burst of drops counts as one. */
abstract class WindowedRule implements LimitRule {
  protected readonly range: LimitRange;
  #limit: number;
  /** Samples to leave out: they ran under the limit before. */
  #ignored = 0;
  #count = 0;
  #sum = 0;
  #hasDrop = false;

  constructor(range: LimitRange) {
    this.range = range;
    this.#limit = range.initial;
  }

  sample(ms: number, _inUse: number, isDrop: boolean): number {
    if (this.#ignored > 0) this.#ignored -= 1;
    else {
      this.#count += 1;
      this.#sum += ms;
      this.#hasDrop ||= isDrop;
      if (this.#count >= Math.max(LEAST_WINDOW, this.#limit)) this.#close();
    }
    return Math.round(this.#limit);
  }

  #close(): void {
    const before = this.#limit;
    const next = this.next(before, this.#sum / this.#count, this.#hasDrop);
    this.#limit = Math.min(Math.max(next, this.range.min), this.range.max);
    this.#ignored = Math.round(Math.max(before, this.#limit));
    this.#count = 0;
    this.#sum = 0;
    this.#hasDrop = false;
  }

  /** Gives the limit after a window whose bodies took `mean` milliseconds; not rounded, not yet within the range. */
  protected abstract next(limit: number, mean: number, hasDrop: boolean): number;
}

/** Adds one in a good window, takes a tenth away in one with a drop. Latency means nothing to it. */
export class AimdRule extends WindowedRule {
  protected next(limit: number, _mean: number, hasDrop: boolean): number {
    return hasDrop ? limit * 0.9 : limit + 1;
  }
}

/** Windows over which the usual time of a body is remembered. */
const MEMORY = 600;
const WARM_UP = 10;
const SMOOTHING = 0.2;
const QUEUE_ROOM = 4;

/** Follows the ratio of the usual to the present time of a body, and always asks for a little more. */
export class Gradient2Rule extends WindowedRule {
  #usual = 0;
  #windows = 0;

  protected next(limit: number, mean: number, hasDrop: boolean): number {
    this.#windows += 1;
    this.#usual += (mean - this.#usual) / (this.#windows <= WARM_UP ? this.#windows : MEMORY / 2);
    // After a time of overload the usual is far too long: let go of it faster.
    if (this.#usual > 2 * mean) this.#usual *= 0.95;
    const gradient = hasDrop || mean === 0 ? 0.5 : Math.min(Math.max(this.#usual / mean, 0.5), 1);
    return limit * (1 - SMOOTHING) + (limit * gradient + QUEUE_ROOM) * SMOOTHING;
  }
}

/** Windows after which the shortest time is measured anew: what was short once may never come back. */
const FORGET_AFTER = 30;

/** Estimates the queue behind the limit from the shortest time seen, and keeps it between 3 and 6 times log10(limit). */
export class VegasRule extends WindowedRule {
  #shortest = Infinity;
  #windows = 0;
  /** The limit to go back to after a window at half of it, in which the queue drains and the shortest time shows. */
  #before = 0;

  protected next(limit: number, mean: number, hasDrop: boolean): number {
    if (this.#before > 0) {
      const before = this.#before;
      this.#before = 0;
      this.#shortest = mean;
      return before;
    }
    if (++this.#windows % FORGET_AFTER === 0) {
      this.#before = limit;
      return limit / 2;
    }
    this.#shortest = Math.min(this.#shortest, mean);
    return limit + this.#step(limit, mean, hasDrop);
  }

  #step(limit: number, mean: number, hasDrop: boolean): number {
    const step = Math.max(Math.log10(limit), 1);
    const queue = mean === 0 ? 0 : Math.ceil(limit * (1 - this.#shortest / mean));
    if (hasDrop || queue > 6 * step) return -step;
    if (queue <= step) return 6 * step;
    return queue < 3 * step ? step : 0;
  }
}
