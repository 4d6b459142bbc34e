/** An event that resets itself when it has let one caller pass: a turnstile. */
import { DONE, Gate, WaitPlace } from "../core/gate.js";
import { showByToString } from "../core/inspection.js";
import { readWait, type WaitOptions } from "../core/options.js";
import { checkEventOptions, EVENT_WORDS, type EventOptions } from "./manual-reset-event.js";

/**
 * Lets one caller pass per `set`. A `set` that finds nobody waiting is stored for the next caller, at most once.
 *
 * **When to use** To poke one worker: "there is something to do". Several sets without a waiter are one, so it says *that*
 * something happened, never how often; to count use a {@link Semaphore}, to pass data on a {@link Queue}.
 *
 * **Fairness** Strict order of arrival. Nobody passes by a stored set while somebody waits: there is none then.
 *
 * **Cancellation** `signal` and `timeout` end the waiting and use up no set. A caller that was let pass before the abort
 * has passed.
 *
 * **Errors** `signal.reason` itself; `LW_TIMEOUT`.
 *
 * **Example**
 * ```ts
 * import { AutoResetEvent } from "lockwright";
 *
 * const changed = new AutoResetEvent({ name: "changed" });
 * const saved: string[] = [];
 *
 * async function saveOnce(): Promise<void> {
 *   await changed.wait();
 *   saved.push("saved");
 * }
 *
 * changed.set();
 * changed.set(); // the first is not used up yet: still one
 * await saveOnce();
 * console.log(saved.length, changed.tryWait()); // 1 false
 * ```
 */
export class AutoResetEvent {
  readonly #gate: Gate;
  /** Never true while somebody waits. */
  #isStored: boolean;

  constructor(options: EventOptions = {}) {
    checkEventOptions(options);
    this.#gate = new Gate(new WaitPlace("auto-reset-event", options.name), EVENT_WORDS);
    this.#isStored = options.set ?? false;
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#gate.name;
  }

  /** Callers who wait. */
  get waiting(): number {
    return this.#gate.waiting;
  }

  /** Lets the oldest waiter pass, or the next caller if nobody waits. */
  set(): void {
    const waiter = this.#gate.next();
    if (waiter === undefined) {
      this.#isStored = true;
      return;
    }
    this.#gate.pass(waiter, undefined);
    this.#gate.place.flush();
  }

  /** Forgets a stored `set`. */
  reset(): void {
    this.#isStored = false;
  }

  /** Uses up a stored `set` and answers whether there was one. Synchronous. */
  tryWait(): boolean {
    if (!this.#isStored) {
      this.#gate.place.missed();
      return false;
    }
    this.#isStored = false;
    return true;
  }

  /** Resolves when a `set` falls to this caller: at once if one is stored. */
  wait(options?: WaitOptions): Promise<void> {
    try {
      const request = readWait(options);
      if (!this.#isStored) return this.#gate.wait<void>(request);
      this.#isStored = false;
      return DONE;
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  toString(): string {
    const state = `stored: ${this.#isStored}, waiting: ${this.waiting}`;
    return `${this.constructor.name} { name: ${JSON.stringify(this.name)}, ${state} }`;
  }

  static {
    showByToString(this.prototype);
  }
}
