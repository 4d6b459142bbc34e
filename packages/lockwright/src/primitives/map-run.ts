/**
 * One `map` under way: pulls items, gives each a permit and a body, and brings everything home when it ends.
 *
 * Invariants:
 * - M1 An item is pulled only when a permit is free, so a source is never ahead of the work by more than one item.
 * - M2 At most one `next()` is pending. No permit is held while a source makes its caller wait: a slow or idle source
 *   keeps nobody out, and may itself use the semaphore.
 * - M3 Once it has failed nothing is pulled and no body starts; it ends when the running bodies have ended.
 * - M4 A source that did not end by itself is closed with `return()`, once. Where a `next()` is still pending that is
 *   not waited for: a source that hangs must not make an abort hang.
 *
 * Fairness: each item queues for its permits like any other caller. An item of an async source, or heavier than 1,
 * queues twice when the semaphore is crowded: for the right to be pulled, and for its permits.
 */
import { linkAbort } from "../core/abort-links.js";
import type { Permit } from "../core/guard.js";
import { checkCount, show } from "../core/options.js";
import type { PermitCore } from "../core/permit-core.js";
import type { ItemSource, MapPlan } from "./map-options.js";
import { endHold } from "./permit-lock.js";

const TICK = Promise.resolve();
const ignore = (): void => {};

type Outcome<R> = { readonly isOk: true; readonly value: R } | { readonly isOk: false; readonly error: unknown };

/** Makes a result of an item. */
export type Mapper<T, R> = (item: T, index: number, signal: AbortSignal) => R | PromiseLike<R>;

/** What becomes of the results. */
export interface MapSink<R> {
  /** Resolves when one more result may come; undefined when it may now. */
  room(): Promise<void> | undefined;
  /** An item of `weight` begins. */
  began(weight: number): void;
  put(index: number, result: R, weight: number): void;
  /** The item failed and the map goes on. */
  skip(index: number, weight: number): void;
}

/** Drives one map to its end. */
export class MapRun<T, R> {
  readonly #core: PermitCore;
  readonly #source: ItemSource<T>;
  readonly #fn: Mapper<T, R>;
  readonly #plan: MapPlan<T>;
  readonly #sink: MapSink<R>;
  readonly #controller: AbortController = new AbortController();
  readonly #errors: { readonly index: number; readonly error: unknown }[] = [];
  #iterator: Iterator<T> | AsyncIterator<T> | undefined;
  /** True when the source has no more to give, or broke. */
  #isSpent = false;
  #isPulling = false;
  #isStopped = false;
  #failure: { readonly error: unknown } | undefined;
  #pulled = 0;
  #done = 0;
  #failed = 0;
  #active = 0;
  /** Wakes the pump out of a wait for its source or its sink. */
  #interrupt: () => void = ignore;
  #onIdle: () => void = ignore;

  constructor(core: PermitCore, source: ItemSource<T>, fn: Mapper<T, R>, plan: MapPlan<T>, sink: MapSink<R>) {
    this.#core = core;
    this.#source = source;
    this.#fn = fn;
    this.#plan = plan;
    this.#sink = sink;
  }

  /** Why it failed, once {@link drive} has resolved. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** Maps everything; resolves when no body runs any more and the source is closed. Never rejects. */
  async drive(): Promise<void> {
    const { signal } = this.#plan;
    if (signal?.aborted === true) return this.fail(signal.reason);
    const link = signal === undefined ? undefined : linkAbort(signal, () => this.fail(signal.reason));
    try {
      await this.#pump();
    } catch (error) {
      this.fail(error);
    }
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    link?.[Symbol.dispose]();
    await this.#closeSource();
    if (this.#errors.length > 0 && !this.#isStopped) this.#failure ??= { error: this.#aggregate() };
  }

  /** Ends it with `error`, unless it has ended already. */
  fail(error: unknown): void {
    if (this.#isStopped) return;
    this.#failure = { error };
    this.stop(error);
  }

  /** Ends it without an error of its own; bodies see `reason` in their signal. */
  stop(reason: unknown): void {
    this.#isStopped = true;
    this.#controller.abort(reason);
    this.#interrupt();
  }

  async #pump(): Promise<void> {
    this.#iterator = this.#source.open();
    for (;;) {
      const room = this.#sink.room();
      if (room !== undefined) await this.#unlessStopped(room);
      if (this.#isStopped) return;
      const next = await this.#pull();
      if (next === undefined) return;
      this.#sink.began(next.guard.weight);
      this.#active += 1;
      void this.#work(next.item, this.#pulled++, next.guard);
    }
  }

  /** Gives the next item with its permits, or undefined when there is none or the map was stopped. */
  async #pull(): Promise<{ readonly item: T; readonly guard: Permit } | undefined> {
    let guard = this.#isAtEnd() ? undefined : await this.#takeTurn();
    try {
      if (this.#isStopped) return undefined;
      const result = this.#source.isAsync ? await this.#ask() : this.#readNow();
      if (result === undefined || this.#isStopped) return undefined;
      const item = result.value;
      const weight = this.#weigh(item);
      if (weight !== guard?.weight) {
        guard?.release();
        guard = undefined;
        guard = this.#core.take(weight) ?? (await this.#wait(weight));
      }
      const pulled = { item, guard };
      guard = undefined;
      return pulled;
    } finally {
      guard?.release();
    }
  }

  /** The end of a sized source costs no permit: an empty array is done at once, however crowded the semaphore is. */
  #isAtEnd(): boolean {
    return this.#pulled === this.#source.total;
  }

  /** Waits until a permit is free; gives it where the source answers at once (M2). */
  async #takeTurn(): Promise<Permit | undefined> {
    if (!this.#source.isAsync) return this.#core.take(1) ?? this.#wait(1);
    if (!this.#core.fits(1)) (await this.#wait(1)).release();
    return undefined;
  }

  #wait(weight: number): Promise<Permit> {
    return this.#core.acquire({ weight, timeout: this.#plan.timeout, signal: this.#controller.signal });
  }

  /** Asks an async source for its next result; undefined when it has none, or the map is stopped meanwhile. */
  async #ask(): Promise<IteratorYieldResult<T> | undefined> {
    this.#isSpent = true;
    const answer = (this.#iterator as AsyncIterator<T>).next();
    this.#isSpent = false;
    this.#isPulling = true;
    const answered = Promise.resolve(answer).then(
      (result) => {
        this.#isPulling = false;
        return this.#read(result);
      },
      (error: unknown) => {
        this.#isSpent = true;
        throw error;
      },
    );
    return this.#unlessStopped(answered);
  }

  #readNow(): IteratorYieldResult<T> | undefined {
    this.#isSpent = true;
    return this.#read((this.#iterator as Iterator<T>).next());
  }

  /** Reads a result of the iterator. A source that is at its end or breaks its word is not closed, as in `for await`. */
  #read(result: unknown): IteratorYieldResult<T> | undefined {
    this.#isSpent = true;
    if (typeof result !== "object" || result === null)
      throw new TypeError(`the iterator of items must give objects, gave ${show(result)}`);
    if ((result as IteratorResult<T>).done === true) return undefined;
    this.#isSpent = false;
    return result as IteratorYieldResult<T>;
  }

  #weigh(item: T): number {
    const { weight } = this.#plan;
    if (weight === undefined) return 1;
    const weighed = weight(item);
    checkCount("weight(item)", weighed, 1);
    return weighed;
  }

  /** Waits for `promise` or until the map is stopped. No `Promise.race`: on one long promise reactions pile up. */
  #unlessStopped<V>(promise: Promise<V>): Promise<V | undefined> {
    return new Promise<V | undefined>((resolve, reject) => {
      this.#interrupt = () => resolve(undefined);
      promise.then(resolve, reject);
      if (this.#isStopped) resolve(undefined);
    });
  }

  async #work(item: T, index: number, guard: Permit): Promise<void> {
    const { weight } = guard;
    // One microtask from grant to body, as in `run`.
    await TICK;
    let outcome: Outcome<R> | undefined;
    try {
      if (!this.#isStopped) outcome = { isOk: true, value: await this.#fn(item, index, this.#controller.signal) };
    } catch (error) {
      outcome = { isOk: false, error };
    }
    endHold(guard, outcome?.isOk === true ? outcome.value : undefined);
    this.#active -= 1;
    if (outcome !== undefined) this.#settle(index, weight, outcome);
    if (this.#active === 0) this.#onIdle();
  }

  #settle(index: number, weight: number, outcome: Outcome<R>): void {
    this.#done += 1;
    if (outcome.isOk) this.#sink.put(index, outcome.value, weight);
    else {
      this.#failed += 1;
      if (this.#plan.stopOnError) this.fail(outcome.error);
      else {
        this.#errors.push({ index, error: outcome.error });
        this.#sink.skip(index, weight);
      }
    }
    this.#report();
  }

  #report(): void {
    const { onProgress } = this.#plan;
    if (onProgress === undefined) return;
    const progress = { done: this.#done, failed: this.#failed, active: this.#active, total: this.#source.total };
    try {
      onProgress(Object.freeze(progress));
    } catch (error) {
      this.fail(error);
    }
  }

  async #closeSource(): Promise<void> {
    if (this.#isSpent || this.#iterator?.return === undefined) return;
    try {
      const closing: unknown = this.#iterator.return();
      if (this.#isPulling) Promise.resolve(closing).catch(ignore);
      else await closing;
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #aggregate(): AggregateError {
    const errors = this.#errors.toSorted((a, b) => a.index - b.index).map(({ error }) => error);
    return new AggregateError(errors, `${errors.length} of ${this.#done} items failed`);
  }
}
