/**
 * The results of a map as an async iterator: in input order, or as they finish.
 *
 * Invariants:
 * - S1 Results that run or wait to be read weigh no more than the capacity of the semaphore, one item at least: a slow
 *   reader slows the source down, and memory is bounded by the permits.
 * - S2 Nothing begins before the first `next()`. A stream that nobody reads costs nothing and fails nobody.
 * - S3 A failure comes after the results that were ready, in order, before it, and comes once.
 * - S4 `return()` (a `break` out of the loop) aborts the signal of the bodies and resolves when they have ended and the
 *   source is closed: nothing outlives the loop.
 */
import { AsyncResource } from "node:async_hooks";
import { showByToString } from "../core/inspection.js";
import type { PermitCore } from "../core/permit-core.js";
import { LockwrightError } from "../errors.js";
import type { ItemSource, MapPlan } from "./map-options.js";
import { type Mapper, MapRun, type MapSink } from "./map-run.js";

const ignore = (): void => {};

interface Reader<R> {
  resolve(result: IteratorResult<R>): void;
  reject(error: unknown): void;
}

/** A result that waits to be read; a failed item keeps its place in the order. */
interface Parked<R> {
  readonly weight: number;
  readonly result: { readonly value: R } | undefined;
}

/** Reads a map result by result. */
export class MapStream<T, R> implements AsyncIterableIterator<R>, MapSink<R> {
  readonly #core: PermitCore;
  readonly #run: MapRun<T, R>;
  readonly #isOrdered: boolean;
  /** By place: the index of the item, or the count of those finished before it. */
  readonly #parked: Map<number, Parked<R>> = new Map<number, Parked<R>>();
  readonly #readers: Reader<R>[] = [];
  readonly #scope: AsyncResource = new AsyncResource("LockwrightMapStream");
  #readAt = 0;
  #finished = 0;
  /** Weight of what runs or is parked (S1). */
  #outstanding = 0;
  #onRoom: () => void = ignore;
  #driving: Promise<void> | undefined;
  /** True when nothing runs any more and the source is closed. */
  #isOver = false;
  #isFailureDue = true;

  constructor(core: PermitCore, source: ItemSource<T>, fn: Mapper<T, R>, plan: MapPlan<T>) {
    this.#core = core;
    this.#isOrdered = plan.ordered;
    this.#run = new MapRun(core, source, fn, plan, this);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Gives the next result; may be called again before it has. */
  next(): Promise<IteratorResult<R>> {
    if (!this.#isOver) this.#driving ??= this.#scope.runInAsyncScope(() => this.#drive());
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject });
      this.#deliver();
    });
  }

  /** Ends the map (S4). */
  async return(): Promise<IteratorResult<R>> {
    // What failed before is no longer wanted; what fails in closing the source is news, as in a `for await`.
    const isKnown = this.#run.failure !== undefined;
    this.#isFailureDue = false;
    this.#run.stop(
      new LockwrightError("LW_CANCELLED", "the stream was left before its end: its results are not wanted"),
    );
    await this.#driving;
    this.#isOver = true;
    this.#parked.clear();
    this.#deliver();
    const { failure } = this.#run;
    if (failure !== undefined && !isKnown) throw failure.error;
    return { done: true, value: undefined };
  }

  room(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined;
    return new Promise((resolve) => (this.#onRoom = resolve));
  }

  began(weight: number): void {
    this.#outstanding += weight;
  }

  put(index: number, value: R, weight: number): void {
    this.#park(index, { weight, result: { value } });
  }

  skip(index: number, weight: number): void {
    this.#park(index, { weight, result: undefined });
  }

  toString(): string {
    const state = this.#driving === undefined ? "not begun" : this.#isOver ? "over" : "running";
    return `MapStream { of: ${JSON.stringify(this.#core.name)}, ${state}, to be read: ${this.#parked.size} }`;
  }

  static {
    showByToString(this.prototype);
  }

  async #drive(): Promise<void> {
    await this.#run.drive();
    this.#isOver = true;
    this.#deliver();
  }

  #hasRoom(): boolean {
    return this.#outstanding < Math.max(this.#core.capacity, 1);
  }

  #park(index: number, parked: Parked<R>): void {
    this.#parked.set(this.#isOrdered ? index : this.#finished++, parked);
    this.#deliver();
  }

  #deliver(): void {
    while (this.#readers.length > 0) {
      const result = this.#takeReady();
      if (result === undefined && !this.#isOver) return;
      const reader = this.#readers.shift()!;
      if (result !== undefined) reader.resolve({ done: false, value: result.value });
      else this.#end(reader);
    }
  }

  #takeReady(): { readonly value: R } | undefined {
    for (;;) {
      const parked = this.#parked.get(this.#readAt);
      if (parked === undefined) return undefined;
      this.#parked.delete(this.#readAt++);
      this.#outstanding -= parked.weight;
      if (this.#hasRoom()) this.#onRoom();
      if (parked.result !== undefined) return parked.result;
    }
  }

  #end(reader: Reader<R>): void {
    const { failure } = this.#run;
    if (failure === undefined || !this.#isFailureDue) return reader.resolve({ done: true, value: undefined });
    this.#isFailureDue = false;
    reader.reject(failure.error);
  }
}
