/**
 * `process.nextTick` inside a run: the run's own queue, run as Node does it: all ticks, then all microtasks, and again
 * while there are ticks. A tick that throws fails the run, as it would end the process.
 */
import { currentScope, type Scope } from "./scope.js";

/** Ticks that one segment may run before it counts as one without end. */
const MAX_TICKS = 100_000;

interface Tick {
  readonly callback: (...args: unknown[]) => void;
  readonly args: readonly unknown[];
  readonly scope: Scope;
  /** Site of the code that asked for it, or of what asked for the tick that did; -1 where no site is known. */
  readonly site: number;
}

/** The ticks of one run. */
export class TickQueue {
  #ticks: Tick[] = [];
  /** Ticks run since the last choice. */
  count = 0;

  /** Site of the tick that runs. */
  #present = -1;

  add(callback: (...args: unknown[]) => void, args: readonly unknown[], site: number): void {
    this.#ticks.push({ callback, args, scope: currentScope(), site: site === -1 ? this.#present : site });
  }

  get isEmpty(): boolean {
    return this.#ticks.length === 0;
  }

  get isSpinning(): boolean {
    return this.count > MAX_TICKS;
  }

  /** Where the ticks without end come from. */
  get spinningSite(): number {
    return this.#present;
  }

  /** Runs all ticks, also those they add; hands what one throws to `fail`. */
  runAll(fail: (error: unknown) => void): void {
    for (let ticks = this.#ticks; ticks.length > 0 && !this.isSpinning; ticks = this.#ticks) {
      this.#ticks = [];
      for (const { callback, args, scope, site } of ticks) {
        this.count += 1;
        this.#present = site;
        try {
          scope.runInAsyncScope(callback, undefined, ...args);
        } catch (error) {
          fail(error);
        }
      }
    }
    if (this.isSpinning) this.#ticks = [];
    else this.#present = -1;
  }
}
