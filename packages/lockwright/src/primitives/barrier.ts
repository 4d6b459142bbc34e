/**
 * A barrier: a meeting point that lets its parties go on together, again and again.
 *
 * Each generation has a gate of its own, and the one that trips is replaced before anybody passes it. So an arrival during
 * the release, even from `onTrip`, belongs to the next generation and can neither pass with the old one nor be counted in
 * it. (One counter for all generations is the classic bug: a fast party comes round and takes a slow one's place.)
 */
import { Gate, type GateWords, WaitPlace } from "../core/gate.js";
import { showByToString } from "../core/inspection.js";
import { checkCount, checkNamed, readWait, show, type WaitOptions } from "../core/options.js";
import { LockwrightError } from "../errors.js";

const WORDS: GateWords = {
  lacks: "did not fill up",
  advice: "see that every party calls wait(), or wait longer with a larger timeout",
};

/** Options of a barrier. */
export interface BarrierOptions {
  /** Shown in errors and events. Default: the kind and a number. */
  readonly name?: string;
  /**
   * Runs when all have arrived and before any goes on, with the number of the phase, from 0. Synchronous. If it throws,
   * nobody passes: the last party gets the error, the others `LW_BROKEN`, and the barrier is broken until `reset`.
   */
  readonly onTrip?: (phase: number) => void;
}

/**
 * Holds its parties until all have arrived, then lets them go on together. Reusable.
 *
 * **When to use** For work in phases, where no party may begin a phase before all have finished the one before. To wait
 * for others who do not wait themselves, use a {@link CountDownLatch}.
 *
 * **Fairness** All of a generation pass in one step. The index says in which order they arrived.
 *
 * **Cancellation** `signal` and `timeout` end the waiting of one party and lower the count; the others wait on for a
 * replacement. A party that cannot go on should call `abort`, so that the others do not wait for it.
 *
 * **Errors** `LW_BROKEN` after an `abort` until the `reset`, and for those who wait at a `reset`; `signal.reason` itself;
 * `LW_TIMEOUT`.
 *
 * **Example**
 * ```ts
 * import { Barrier } from "lockwright";
 *
 * const log: string[] = [];
 * const phaseEnd = new Barrier(2, { onTrip: (phase) => log.push(`phase ${phase} done`) });
 *
 * async function party(name: string): Promise<void> {
 *   for (let phase = 0; phase < 2; phase += 1) {
 *     log.push(`${name}${phase}`);
 *     await phaseEnd.wait();
 *   }
 * }
 *
 * await Promise.all([party("a"), party("b")]);
 * console.log(log.join(", ")); // a0, b0, phase 0 done, a1, b1, phase 1 done
 * ```
 */
export class Barrier {
  /** How many arrivals make a phase complete. */
  readonly parties: number;
  readonly #onTrip: ((phase: number) => void) | undefined;
  readonly #place: WaitPlace;
  /** The generation that fills up: never full. */
  #gate: Gate;
  /** Generations whose `onTrip` runs now; a break takes them out. */
  readonly #tripping: Set<Gate> = new Set<Gate>();
  #phase = 0;
  #isBroken = false;
  #reason: unknown = undefined;

  /** @param parties A whole number from 1. */
  constructor(parties: number, options: BarrierOptions = {}) {
    checkCount("parties", parties, 1);
    checkNamed(options);
    const { onTrip } = options;
    if (onTrip !== undefined && typeof onTrip !== "function") {
      throw new TypeError(`onTrip must be a function, got ${show(onTrip)}`);
    }
    this.parties = parties;
    this.#onTrip = onTrip;
    this.#place = new WaitPlace("barrier", options.name);
    this.#gate = new Gate(this.#place, WORDS);
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#place.name;
  }

  /** Parties that have arrived and wait. */
  get waiting(): number {
    return this.#gate.waiting;
  }

  /** Phases completed since construction. */
  get phase(): number {
    return this.#phase;
  }

  /** True from `abort`, or an `onTrip` that threw, to `reset`. */
  get broken(): boolean {
    return this.#isBroken;
  }

  /** Waits for the other parties; resolves to the index of this arrival in its generation, from 0 to `parties - 1`. */
  wait(options?: WaitOptions): Promise<number> {
    try {
      const request = readWait(options);
      if (this.#isBroken) return Promise.reject<never>(this.#brokenError());
      return this.#gate.waiting + 1 === this.parties ? Promise.resolve(this.#trip()) : this.#gate.wait<number>(request);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  /** Rejects those who wait with `LW_BROKEN`, and begins a new generation; mends a broken barrier. */
  reset(): void {
    const waiting = this.waiting;
    this.#isBroken = false;
    this.#reason = undefined;
    const advice = "wait again if the new generation is wanted";
    this.#refuse(
      () =>
        new LockwrightError(
          "LW_BROKEN",
          `"${this.name}" was reset while ${waiting} of ${this.parties} parties waited; ${advice}`,
        ),
    );
  }

  /** Breaks it: those who wait and all later callers get `LW_BROKEN`, whose `cause` is `reason`, until a `reset`. */
  abort(reason?: unknown): void {
    this.#isBroken = true;
    this.#reason = reason;
    this.#refuse(() => this.#brokenError());
  }

  toString(): string {
    const state = `phase: ${this.#phase}, waiting: ${this.waiting} of ${this.parties}${this.#isBroken ? ", broken" : ""}`;
    return `${this.constructor.name} { name: ${JSON.stringify(this.name)}, ${state} }`;
  }

  /** Lets the generation pass and gives the index of the last arrival; throws what that arrival gets instead. */
  #trip(): number {
    const generation = this.#gate;
    // Before onTrip: whoever arrives from here on belongs to the next generation.
    this.#gate = new Gate(this.#place, WORDS);
    if (this.#onTrip !== undefined) this.#runOnTrip(this.#onTrip, generation);
    this.#phase += 1;
    generation.passAll((at) => at);
    return this.parties - 1;
  }

  #runOnTrip(onTrip: (phase: number) => unknown, generation: Gate): void {
    this.#tripping.add(generation);
    try {
      refusePromise(onTrip(this.#phase));
    } catch (error) {
      this.abort(error);
      throw error;
    }
    if (!this.#tripping.delete(generation)) throw this.#brokenError();
  }

  #refuse(error: () => Error): void {
    const gates = [...this.#tripping, this.#gate];
    this.#tripping.clear();
    for (const gate of gates) gate.refuseAll("broken", error);
  }

  #brokenError(): LockwrightError {
    const advice = "call reset() once every party knows of it";
    return new LockwrightError("LW_BROKEN", `"${this.name}" is broken; ${advice}`, { cause: this.#reason });
  }

  static {
    showByToString(this.prototype);
  }
}

function refusePromise(value: unknown): void {
  if (typeof value !== "object" || value === null || typeof (value as { then?: unknown }).then !== "function") return;
  throw new TypeError("onTrip must not return a promise: the parties go on when it returns");
}
