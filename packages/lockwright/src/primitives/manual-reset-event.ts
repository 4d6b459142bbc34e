/** An event that stays set until it is reset: a door. */
import { DONE, Gate, WaitPlace } from "../core/gate.js";
import { showByToString } from "../core/inspection.js";
import { checkFlag, checkNamed, readWait, type WaitOptions } from "../core/options.js";

/** Options of an event. */
export interface EventOptions {
  /** Shown in errors and events. Default: the kind and a number. */
  readonly name?: string;
  /** True to begin set. Default false. */
  readonly set?: boolean;
}

/** Checks the options of an event. Throws a TypeError. */
export function checkEventOptions(options: EventOptions): void {
  checkNamed(options);
  checkFlag("set", options.set);
}

/** What both events say when a wait runs out of time. */
export const EVENT_WORDS = {
  lacks: "was not set",
  advice: "see that somebody calls set(), or wait longer with a larger timeout",
} as const;

/**
 * Lets everyone pass while it is set, and nobody while it is not.
 *
 * **When to use** "Ready" and "paused" states that many tasks wait for. To wake one task per signal use an
 * {@link AutoResetEvent}; for a state with data behind it use a {@link Condition}; for one that comes after n steps use a
 * {@link CountDownLatch}.
 *
 * **Fairness** `set` lets pass all who wait, in order of arrival.
 *
 * **Cancellation** `signal` and `timeout` end the waiting and leave nothing behind. Who was let pass before the abort has
 * passed.
 *
 * **Errors** `signal.reason` itself; `LW_TIMEOUT`.
 *
 * **Example**
 * ```ts
 * import { ManualResetEvent } from "lockwright";
 *
 * const connected = new ManualResetEvent({ name: "connected" });
 *
 * async function send(text: string): Promise<string> {
 *   await connected.wait({ timeout: 1000 });
 *   return `sent ${text}`;
 * }
 *
 * const both = Promise.all([send("a"), send("b")]);
 * connected.set();
 * console.log(await both); // [ 'sent a', 'sent b' ]
 * connected.reset(); // later callers wait again
 * ```
 */
export class ManualResetEvent {
  readonly #gate: Gate;
  #isSet: boolean;

  constructor(options: EventOptions = {}) {
    checkEventOptions(options);
    this.#gate = new Gate(new WaitPlace("manual-reset-event", options.name), EVENT_WORDS);
    this.#isSet = options.set ?? false;
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#gate.name;
  }

  /** True from `set` to `reset`. */
  get isSet(): boolean {
    return this.#isSet;
  }

  /** Callers who wait. */
  get waiting(): number {
    return this.#gate.waiting;
  }

  /** Lets everyone pass who waits, and later callers too, until `reset`. */
  set(): void {
    this.#isSet = true;
    this.#gate.passAll();
  }

  /** Makes later callers wait. Who was let pass by `set` in the same tick has passed. */
  reset(): void {
    this.#isSet = false;
  }

  /** Resolves once it is set: at once if it is now. */
  wait(options?: WaitOptions): Promise<void> {
    try {
      const request = readWait(options);
      return this.#isSet ? DONE : this.#gate.wait<void>(request);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  toString(): string {
    const state = `set: ${this.#isSet}, waiting: ${this.waiting}`;
    return `${this.constructor.name} { name: ${JSON.stringify(this.name)}, ${state} }`;
  }

  static {
    showByToString(this.prototype);
  }
}
