/** A latch that opens once, after a number of steps. */
import { DONE, Gate, WaitPlace } from "../core/gate.js";
import { showByToString } from "../core/inspection.js";
import { checkCount, checkNamed, readWait, type WaitOptions } from "../core/options.js";
import { LockwrightError } from "../errors.js";

/**
 * Opens when it has been counted down to zero, and stays open. One shot.
 *
 * **When to use** To wait until n things that others do have happened, where those others do not wait for each other. If
 * you have their promises, `Promise.all` is simpler. If the parties wait for each other, again and again, use a
 * {@link Barrier}.
 *
 * **Fairness** Zero lets pass all who wait, in order of arrival.
 *
 * **Cancellation** `signal` and `timeout` end the waiting; the count is not touched.
 *
 * **Errors** `LW_OVER_RELEASE` below zero, the count is untouched; of a wait `signal.reason` itself and `LW_TIMEOUT`.
 *
 * **Example**
 * ```ts
 * import { CountDownLatch } from "lockwright";
 *
 * const started = new CountDownLatch(2, { name: "started" });
 * const start = async (): Promise<void> => {
 *   await Promise.resolve(); // open the connection
 *   started.countDown();
 * };
 * void start();
 * void start();
 * await started.wait({ timeout: 1000 });
 * console.log(started.count); // 0
 * ```
 */
export class CountDownLatch {
  readonly #gate: Gate;
  #count: number;

  /** @param count Steps until it opens: a whole number from 0; with 0 it is open. */
  constructor(count: number, options: { readonly name?: string } = {}) {
    checkCount("count", count, 0);
    checkNamed(options);
    this.#gate = new Gate(new WaitPlace("count-down-latch", options.name), {
      lacks: "did not reach zero",
      advice: "see that every step calls countDown(), or wait longer with a larger timeout",
    });
    this.#count = count;
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#gate.name;
  }

  /** Steps left. */
  get count(): number {
    return this.#count;
  }

  /** Callers who wait. */
  get waiting(): number {
    return this.#gate.waiting;
  }

  /**
   * Takes `n` steps (default 1), and lets everyone pass if they were the last.
   *
   * **Errors** `LW_OVER_RELEASE` when fewer are left.
   */
  countDown(n: number = 1): void {
    checkCount("n", n, 1);
    if (n > this.#count) {
      const advice = "call countDown() once for each step; a latch is not used again";
      throw new LockwrightError(
        "LW_OVER_RELEASE",
        `"${this.name}" has ${this.#count} steps left, fewer than ${n}; ${advice}`,
      );
    }
    this.#count -= n;
    if (this.#count === 0) this.#gate.passAll();
  }

  /** Resolves when the count is zero: at once if it is. */
  wait(options?: WaitOptions): Promise<void> {
    try {
      const request = readWait(options);
      return this.#count === 0 ? DONE : this.#gate.wait<void>(request);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  toString(): string {
    const state = `count: ${this.#count}, waiting: ${this.waiting}`;
    return `${this.constructor.name} { name: ${JSON.stringify(this.name)}, ${state} }`;
  }

  static {
    showByToString(this.prototype);
  }
}
