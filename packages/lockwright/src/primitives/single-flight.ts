/**
 * One run for all callers of a key.
 *
 * Invariants:
 * - F1 A key has a run in the map exactly while callers may still join it: the entry goes, by identity, before any promise
 *   of the run settles. So nothing is cached, and a caller who comes after the end starts anew.
 * - F2 A run is aborted when its last caller has left, and never while one is there. A caller without a signal cannot
 *   leave, so a run that has one is never aborted.
 * - F3 A run that was aborted or forgotten is joined by nobody.
 */
import { Holderless } from "../core/gate.js";
import { LEFT, Permit, promiseOf, WATCHING } from "../core/guard.js";
import { joinAbortGroup } from "../core/abort-groups.js";
import { showByToString } from "../core/inspection.js";
import { checkBody, readWait, type WaitOptions } from "../core/options.js";
import { WaitRing } from "../core/wait-queue.js";
import { neverAborted } from "./body-signal.js";

const ignore = (): void => {};

class Caller extends Permit {
  readonly signal: AbortSignal | undefined;

  constructor(flight: Holderless, signal: AbortSignal | undefined) {
    super(flight, WATCHING, 1);
    this.signal = signal;
  }
}

/** One run and its callers. */
class Flight<V> extends Holderless {
  readonly name = "single-flight";
  /** What callers without a signal get, once known: for them one promise does, they never leave on their own. */
  shared: Promise<V> | undefined;
  readonly #forget: (flight: Flight<V>) => void;
  readonly #controller: AbortController | undefined;
  /** True once a caller without a signal is among the callers (F2). */
  #isKept: boolean;
  #callers: WaitRing | undefined;
  #lastReason: unknown = undefined;

  /** `isKept`: whether its first caller has no signal; it then needs no controller, which costs more than all the rest. */
  constructor(isKept: boolean, forget: (flight: Flight<V>) => void) {
    super();
    this.#isKept = isKept;
    this.#controller = isKept ? undefined : new AbortController();
    this.#forget = forget;
  }

  get signal(): AbortSignal {
    return this.#controller === undefined ? neverAborted() : this.#controller.signal;
  }

  join(signal: AbortSignal | undefined): Promise<V> {
    if (signal === undefined) {
      this.#isKept = true;
      if (this.shared !== undefined) return this.shared;
    }
    const caller = new Caller(this, signal);
    const promise = promiseOf<V>(caller);
    (this.#callers ??= new WaitRing()).push(caller);
    if (signal !== undefined) joinAbortGroup(caller, signal);
    return promise;
  }

  /** Settles every caller with `outcome`: the value, or a rejected promise. */
  land(outcome: unknown): void {
    this.#forget(this);
    this.#isKept = true; // over: nothing is left to abort
    for (let caller = this.#callers?.first(); caller !== undefined; caller = this.#callers!.first()) {
      this.#callers!.shift();
      caller.end(LEFT, outcome);
    }
  }

  get hasCallers(): boolean {
    return this.#callers !== undefined && this.#callers.live > 0;
  }

  leave(caller: Permit, _why: unknown, outcome: Promise<never>): void {
    caller.end(LEFT, outcome);
    this.#callers!.removed(caller);
    this.#lastReason = (caller as Caller).signal!.reason;
  }

  settle(): void {
    if (this.#isKept || this.hasCallers) return;
    this.#isKept = true;
    this.#forget(this);
    this.#controller!.abort(this.#lastReason);
  }

  /** Never called: a caller has no deadline. */
  timeoutError(): Error {
    return new Error("a single-flight caller has no deadline");
  }
}

/**
 * Runs a function once for all who ask for the same key at the same time.
 *
 * **When to use** One token refresh, one cache fill, one origin call for a thousand readers. It is not a cache: the next
 * caller after the end starts a new run. To let callers run one after the other instead, use a mutex.
 *
 * **Fairness** All callers of a run get its result, or its very error, in the same step.
 *
 * **Cancellation** A caller's `signal` detaches that caller. The run goes on for the others; when the last has left, its own
 * signal aborts with that caller's reason and the key is free at once. A caller without a signal never leaves, and keeps the
 * run.
 *
 * **Errors** Whatever the function throws; `signal.reason` itself.
 *
 * The function runs in the async context of the caller that started it, beginning at once. It must not wait for a run of
 * its own key: that would wait for itself.
 *
 * **Example**
 * ```ts
 * import { SingleFlight } from "lockwright";
 *
 * const tokens = new SingleFlight<string, string>();
 * let calls = 0;
 *
 * const refresh = (user: string): Promise<string> =>
 *   tokens.run(user, async (signal) => {
 *     signal.throwIfAborted();
 *     calls += 1;
 *     return `token ${calls} of ${user}`;
 *   });
 *
 * console.log(await Promise.all([refresh("ann"), refresh("ann")]), calls); // [ 'token 1 of ann', 'token 1 of ann' ] 1
 * ```
 */
export class SingleFlight<K, V> {
  readonly #flights: Map<K, Flight<V>> = new Map<K, Flight<V>>();

  /** Keys with a run that callers may join. */
  get size(): number {
    return this.#flights.size;
  }

  /** Answers whether `key` has a run that callers may join. */
  has(key: K): boolean {
    return this.#flights.has(key);
  }

  /** Joins the run of `key`, or starts one with `fn`, whose signal aborts when every caller has left. */
  run(
    key: K,
    fn: (signal: AbortSignal) => V | PromiseLike<V>,
    options?: { readonly signal?: AbortSignal },
  ): Promise<V> {
    try {
      checkBody(fn);
      const signal = options === undefined ? undefined : readSignal(options);
      const flight = this.#flights.get(key);
      return flight === undefined ? this.#start(key, fn, signal) : flight.join(signal);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  /**
   * Lets the next caller of `key` start a new run instead of joining the present one, whose callers get its result all the
   * same. Answers whether there was one.
   */
  forget(key: K): boolean {
    return this.#flights.delete(key);
  }

  toString(): string {
    return `${this.constructor.name} { size: ${this.size} }`;
  }

  #start(key: K, fn: (signal: AbortSignal) => V | PromiseLike<V>, signal: AbortSignal | undefined): Promise<V> {
    const flight = new Flight<V>(signal === undefined, (over) => {
      if (this.#flights.get(key) === over) this.#flights.delete(key);
    });
    // Before fn: it may call run for this key.
    this.#flights.set(key, flight);
    if (signal === undefined) return (flight.shared = fly(flight, fn));
    const answer = flight.join(signal);
    fly(flight, fn).catch(ignore);
    return answer;
  }

  static {
    showByToString(this.prototype);
  }
}

function readSignal(options: WaitOptions): AbortSignal | undefined {
  const { signal, timeout } = readWait(options);
  if (timeout === Infinity) return signal;
  throw new TypeError("run of a SingleFlight takes no timeout: pass signal: AbortSignal.timeout(ms), or leave it out");
}

async function fly<V>(flight: Flight<V>, fn: (signal: AbortSignal) => V | PromiseLike<V>): Promise<V> {
  let value: V;
  try {
    value = await fn(flight.signal);
  } catch (error) {
    flight.land(flight.hasCallers ? Promise.reject<never>(error) : undefined);
    throw error;
  }
  flight.land(value);
  return value;
}
