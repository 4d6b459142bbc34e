/** What a search may spend: schedules and milliseconds of real time, whichever ends first. */
import { performanceNow } from "../natives.js";

/** A budget that is being spent. */
export class Budget {
  readonly runs: number;
  readonly ms: number;
  readonly #started = performanceNow();
  /** Schedules spent. */
  spent = 0;

  constructor(runs: number, ms: number) {
    this.runs = runs;
    this.ms = ms;
  }

  /** Milliseconds since it began. */
  get elapsed(): number {
    return performanceNow() - this.#started;
  }

  /** True when nothing is left of the first `share` (0 to 1) of it. */
  isSpent(share = 1): boolean {
    return this.spent >= this.runs * share || this.elapsed >= this.ms * share;
  }
}
