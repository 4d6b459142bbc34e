/** A counting semaphore with weights, a size that may change, and owned permits. */
import { checkCount, checkLockOptions, PLAIN_REQUEST, readRequest } from "../core/options.js";
import { isTracking } from "../core/task.js";
import { isAcquireTraced } from "../events.js";
import type { Guard, LockOptions, RunOptions } from "./lock.js";
import { type MapOptions, readPlan, readSource } from "./map-options.js";
import { MapRun, type MapSink } from "./map-run.js";
import { MapStream } from "./map-stream.js";
import { PermitLock } from "./permit-lock.js";
import { runQueued } from "./task-node.js";

/**
 * Lets holders in as long as their weights fit into its permits.
 *
 * **When to use** To bound how much runs at once: connections, uploads, memory. It limits concurrency, not rate: ten
 * permits and 1 ms bodies are ten thousand calls a second. For one holder use a {@link Mutex}.
 *
 * **Fairness** Strict arrival order. A heavy waiter at the head holds back lighter ones behind it, else it could wait for
 * ever; give the light ones a `priority` on a semaphore with `order: "priority"` to let them pass.
 *
 * **Cancellation** `signal` and `timeout` end the waiting; whoever fits then gets in at once.
 *
 * **Errors** See `acquire` of `Lock`. A weight above the capacity is `LW_WEIGHT`, at `acquire` and when a `resize` makes
 * it so; with no permits at all the semaphore is paused and everyone queues.
 *
 * **Example**
 * ```ts
 * import { Semaphore } from "lockwright";
 *
 * const uploads = new Semaphore(8, { name: "uploads" });
 * const sizes = [1, 2, 3, 400];
 * const sent = await Promise.all(
 *   sizes.map((size) => uploads.run(async () => `${size} MB`, { weight: size > 100 ? 4 : 1 })),
 * );
 * console.log(sent.length, uploads.available); // 4 8
 * ```
 */
export class Semaphore extends PermitLock {
  /** @param permits How many there are: a whole number from 0; with 0 it is paused until a `resize`. */
  constructor(permits: number, options: LockOptions = {}) {
    checkCount("permits", permits, 0);
    checkLockOptions(options);
    super({ kind: "semaphore", capacity: permits, isWeighted: true }, options);
  }

  override run<T>(fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    const core = this.core;
    // What follows tasks or traces acquires needs the frame of an ordinary run.
    if (typeof fn !== "function" || core.fits(1) || isTracking || isAcquireTraced()) return super.run(fn, options);
    try {
      if (options?.bodyTimeout !== undefined) return super.run(fn, options);
      const request = options === undefined ? PLAIN_REQUEST : readRequest(core, options);
      if (request.signal?.aborted === true) return Promise.reject<never>(request.signal.reason);
      return runQueued(core, request, fn);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  /** Permits in all. */
  get capacity(): number {
    return this.core.capacity;
  }

  /** Permits not held; negative while more are held than a shrink left. */
  get available(): number {
    return this.core.free;
  }

  /** True when nobody can take a permit now: none is free, or waiters stand ahead. */
  get locked(): boolean {
    return this.core.free <= 0 || this.core.waiting > 0;
  }

  /**
   * Changes the number of permits, in one step.
   *
   * Growing lets in every waiter that now fits. Shrinking takes nothing from holders: `available` may go below zero, and
   * nobody gets in until enough of them have released. Waiters heavier than the new number reject with `LW_WEIGHT`,
   * unless it is 0, which pauses.
   *
   * **Errors** A TypeError or RangeError for anything but a whole number from 0.
   *
   * **Example**
   * ```ts
   * import { Semaphore } from "lockwright";
   *
   * const workers = new Semaphore(0); // paused
   * const first = workers.run(() => "done");
   * workers.resize(2);
   * console.log(await first); // done
   * ```
   */
  resize(permits: number): void {
    checkCount("permits", permits, 0);
    this.core.resize(permits);
  }

  /**
   * Takes all free permits as one guard, or gives `undefined` when there are none or somebody waits. Synchronous.
   *
   * **When to use** To keep newcomers out while holders finish, without resizing.
   *
   * **Errors** `LW_CLOSED`.
   *
   * **Example**
   * ```ts
   * import { Semaphore } from "lockwright";
   *
   * const seats = new Semaphore(3);
   * const all = seats.drain();
   * console.log(seats.available); // 0
   * all?.release();
   * ```
   */
  drain(): Guard | undefined {
    return this.core.takeAll();
  }

  /**
   * Calls `fn` with each item while holding permits for it, and resolves to the results in input order.
   *
   * The next item is pulled only when a permit is free, so an endless or slow source is never read ahead. Each body gets
   * its item, its index and a signal that aborts when the map fails.
   *
   * **When to use** For many items of one kind. One `run` per item does the same for a list that is all there; here the
   * items may come one by one, and the first failure ends the rest.
   *
   * **Fairness** Each item queues like any other caller. When the semaphore is crowded, an item of an async source, or
   * one heavier than 1, queues twice: for its turn to be pulled, and for its permits.
   *
   * **Cancellation** `signal` ends the map: no more items, the bodies' signal aborts, and once the running bodies have
   * ended it rejects with `signal.reason`. `timeout` bounds the wait of each item for its permits.
   *
   * **Errors** The first error of a body (or of the source, `weight` or `onProgress`), once the running bodies have ended
   * and the source is closed; with `stopOnError: false` all items are tried and an AggregateError lists what failed, in
   * input order. Those of `acquire`.
   *
   * **Example**
   * ```ts
   * import { Semaphore } from "lockwright";
   *
   * const fetches = new Semaphore(2, { name: "fetches" });
   * const pages = await fetches.map(["/a", "/b", "/c"], async (path, index) => `${index}: ${path}`, {
   *   onProgress: ({ done, total }) => console.log(`${done} of ${total}`), // 1 of 3, 2 of 3, 3 of 3
   * });
   * console.log(pages); // [ '0: /a', '1: /b', '2: /c' ]
   * ```
   */
  async map<T, R>(
    items: Iterable<T> | AsyncIterable<T>,
    fn: (item: T, index: number, signal: AbortSignal) => R | PromiseLike<R>,
    options?: MapOptions<T>,
  ): Promise<R[]> {
    const results: R[] = [];
    const sink: MapSink<R> = {
      room: () => undefined,
      began: () => {},
      put: (index, value) => (results[index] = value),
      skip: () => {},
    };
    const run = new MapRun(this.core, readSource(items), fn, readPlan(fn, options), sink);
    await run.drive();
    if (run.failure !== undefined) throw run.failure.error;
    return results;
  }

  /**
   * Is {@link map} as an async iterator: results come in input order, or with `ordered: false` as they finish.
   *
   * Nothing begins before the first `next()`. Leaving the loop early aborts the bodies' signal, waits for them and closes
   * the source. What runs or waits to be read weighs no more than the semaphore's capacity, so a slow reader slows the
   * source down.
   *
   * **When to use** When there are more results than should be in memory, or the first ones are wanted early.
   *
   * **Errors** Those of {@link map}, after the results that were ready before the failure. Bad arguments throw at the call.
   *
   * **Example**
   * ```ts
   * import { Semaphore } from "lockwright";
   *
   * async function* numbers(): AsyncGenerator<number> {
   *   for (let at = 0; ; at += 1) yield at;
   * }
   *
   * const squares = new Semaphore(4).mapStream(numbers(), async (value) => value * value);
   * for await (const square of squares) {
   *   console.log(square); // 0 1 4 9 16
   *   if (square >= 16) break;
   * }
   * ```
   */
  mapStream<T, R>(
    items: Iterable<T> | AsyncIterable<T>,
    fn: (item: T, index: number, signal: AbortSignal) => R | PromiseLike<R>,
    options?: MapOptions<T> & { readonly ordered?: boolean },
  ): AsyncIterableIterator<R> {
    return new MapStream(this.core, readSource(items), fn, readPlan(fn, options));
  }
}
