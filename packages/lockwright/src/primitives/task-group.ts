/**
 * Structured concurrency: tasks that belong together, none of which outlives its group.
 *
 * Invariants:
 * - J1 `join` settles only when no child runs or waits any more. A child that ignores the signal delays it; nothing is
 *   abandoned.
 * - J2 The first failure aborts `signal` with that error (`onError: "cancel"`); children that have not started never do.
 * - J3 Each error is told once: by `join`. A spawn promise settles like its child, and is never unhandled.
 * - J4 An error that only echoes the abort (the reason itself, an error it caused, an AbortError after it) is no failure.
 *
 * After trio's nurseries and Java's StructuredTaskScope; unlike errgroup, several failures are all told.
 */
import { linkAbort } from "../core/abort-links.js";
import { showByToString } from "../core/inspection.js";
import { checkBody, checkCount, checkOptions, checkSignal, show } from "../core/options.js";
import { LockwrightError } from "../errors.js";
import { Semaphore } from "./semaphore.js";

const TICK = Promise.resolve();
const ignore = (): void => {};
let groups = 0;

/** Options of a {@link TaskGroup}. */
export interface TaskGroupOptions {
  /** Aborts the group when it aborts; `join` then rejects with its reason, unless a child failed on its own. */
  readonly signal?: AbortSignal;
  /** How many children run at once: a number, or a semaphore shared with others. Default: all. */
  readonly limit?: number | Semaphore;
  /** What a failure does: `"cancel"` (default) aborts the others, `"collect"` lets them go on. */
  readonly onError?: "cancel" | "collect";
  /** Shown in errors. Default: the kind and a number. */
  readonly name?: string;
}

/** A child, as far as others may know it. */
interface Child<T> {
  readonly name: string | undefined;
  readonly fn: (signal: AbortSignal) => T | PromiseLike<T>;
}

/**
 * Starts tasks that end together: the first failure aborts the rest, and leaving the group waits for all of them.
 *
 * **When to use** For work that splits into parts and is nothing without all of them. `Promise.all` returns at the first
 * failure and leaves the others running; here they are told to stop and are waited for. Prefer {@link TaskGroup.run},
 * which also stops them when its own body throws; `await using` only waits for them.
 *
 * **Fairness** With a `limit`, children start in the order of their spawning.
 *
 * **Cancellation** Children see `signal`. It aborts on `cancel()`, on the first failure and with the caller's signal; what
 * has not started then never does.
 *
 * **Errors** `join` rejects with the error of the child that failed, or with an AggregateError if several did. Errors that
 * only echo the abort are left out.
 *
 * **Example**
 * ```ts
 * import { TaskGroup } from "lockwright";
 *
 * const total = await TaskGroup.run(async (group) => {
 *   const parts = [1, 2, 3].map((part) =>
 *     group.spawn(async (signal) => {
 *       signal.throwIfAborted();
 *       return part * 10;
 *     }),
 *   );
 *   return (await Promise.all(parts)).reduce((sum, part) => sum + part, 0);
 * });
 * console.log(total); // 60
 * ```
 */
export class TaskGroup implements AsyncDisposable {
  readonly #name: string;
  readonly #controller: AbortController = new AbortController();
  readonly #limit: Semaphore | undefined;
  readonly #isCollecting: boolean;
  readonly #caller: AbortSignal | undefined;
  readonly #failures: unknown[] = [];
  #link: Disposable | undefined;
  /** Children that run or wait. */
  #live = 0;
  /** True when the caller's signal aborted it, and nothing before. */
  #isByCaller = false;
  #isTold = false;
  #isOver = false;
  #ending: Promise<void> | undefined;
  #onEmpty: () => void = ignore;
  readonly #onDone = (): void => this.#left();
  readonly #onFailed = (error: unknown): void => {
    this.#noteFailure(error);
    this.#left();
  };

  constructor(options: TaskGroupOptions = {}) {
    const { signal, limit, onError, name } = readOptions(options);
    groups += 1;
    this.#name = name ?? `task-group-${groups}`;
    this.#limit = limit;
    this.#isCollecting = onError === "collect";
    this.#caller = signal;
    if (signal?.aborted === true) this.#abortByCaller();
    else if (signal !== undefined) this.#link = linkAbort(signal, () => this.#abortByCaller());
  }

  /** Aborts when the group is cancelled; what children get. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Starts `fn` as a child, one microtask later or when the limit lets it, in the caller's async context.
   *
   * The promise settles like `fn`. Nobody needs to look at it: a failure is told by `join`.
   *
   * **Errors** `LW_CLOSED` when the group has ended; the reason when it is cancelled before the child starts; a TypeError
   * for bad arguments. Never throws synchronously.
   *
   * **Example**
   * ```ts
   * import { TaskGroup } from "lockwright";
   *
   * const group = new TaskGroup({ limit: 2 });
   * const lines: string[] = [];
   * for (const name of ["a", "b", "c"]) void group.spawn(async () => lines.push(name), { name });
   * await group.join();
   * console.log(lines); // [ 'a', 'b', 'c' ]
   * ```
   */
  spawn<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, options?: { readonly name?: string }): Promise<T> {
    const promise = this.#spawn(fn, options);
    promise.catch(ignore);
    return promise;
  }

  /**
   * Aborts the group's signal with `reason` (default: a fresh `LW_CANCELLED`). Children that run may finish, others never
   * start; `join` resolves all the same if no child fails for a reason of its own. After the end it does nothing.
   *
   * **Example**
   * ```ts
   * import { setTimeout as sleep } from "node:timers/promises";
   * import { TaskGroup } from "lockwright";
   *
   * // The first mirror to answer wins, the others are told to stop.
   * const answer = await TaskGroup.run(async (group) => {
   *   const mirrors = [30, 5, 20].map((ms) => group.spawn((signal) => sleep(ms, `${ms} ms`, { signal })));
   *   const first = await Promise.any(mirrors);
   *   group.cancel();
   *   return first;
   * });
   * console.log(answer); // 5 ms
   * ```
   */
  cancel(reason?: unknown): void {
    if (this.#isOver || this.signal.aborted) return;
    const isGiven = arguments.length > 0 && reason !== undefined;
    this.#controller.abort(isGiven ? reason : this.#refusal("LW_CANCELLED", "was cancelled by cancel()"));
  }

  /**
   * Waits until every child has ended, those spawned meanwhile too, and ends the group.
   *
   * **Errors** See the class. Every call tells the same.
   *
   * **Example**
   * ```ts
   * import { TaskGroup } from "lockwright";
   *
   * const group = new TaskGroup({ onError: "collect", name: "checks" });
   * for (const port of [80, 443]) {
   *   void group.spawn(async () => {
   *     throw new Error(`port ${port} is closed`);
   *   });
   * }
   * const error = await group.join().catch((thrown: AggregateError) => thrown);
   * console.log(error?.errors.length); // 2
   * ```
   */
  join(): Promise<void> {
    this.#isTold = true;
    return (this.#ending ??= this.#end());
  }

  /** Is {@link join}; after an explicit `join`, which has told the errors, it only waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    const isTold = this.#isTold;
    try {
      await this.join();
    } catch (error) {
      if (!isTold) throw error;
    }
  }

  /**
   * Runs `fn` with a new group and resolves to its value when all children have ended.
   *
   * **Cancellation** If `fn` throws, the group is aborted, like by a failing child.
   *
   * **Errors** What `fn` or a child threw, an AggregateError if several did; `signal.reason`. An error of a child that `fn`
   * itself passes on counts once.
   *
   * **Example**
   * ```ts
   * import { TaskGroup } from "lockwright";
   *
   * try {
   *   await TaskGroup.run(async (group) => {
   *     void group.spawn(async () => {
   *       throw new Error("the disk is full");
   *     });
   *     await group.spawn((signal) => new Promise((resolve) => signal.addEventListener("abort", resolve)));
   *   });
   * } catch (error) {
   *   console.log(String(error)); // Error: the disk is full
   * }
   * ```
   */
  static async run<T>(fn: (group: TaskGroup) => T | PromiseLike<T>, options?: TaskGroupOptions): Promise<T> {
    checkBody(fn);
    const group = new TaskGroup(options);
    const body = group.#start({ name: undefined, fn: () => fn(group) });
    await group.join();
    // A body that threw an echo of its own `cancel()` is no failure of the group, but it has no value either.
    return body;
  }

  toString(): string {
    const state = this.#isOver ? "over" : this.signal.aborted ? "cancelled" : "open";
    return `${this.constructor.name} { name: ${JSON.stringify(this.#name)}, ${state}, children: ${this.#live} }`;
  }

  static {
    showByToString(this.prototype);
  }

  #spawn<T>(fn: (signal: AbortSignal) => T | PromiseLike<T>, options: { readonly name?: string } = {}): Promise<T> {
    try {
      checkBody(fn);
      checkOptions(options);
      checkName(options.name);
    } catch (error) {
      return Promise.reject<never>(error);
    }
    if (this.#isOver) return Promise.reject<never>(this.#refusal("LW_CLOSED", "has ended: spawn before join resolves"));
    if (this.signal.aborted) return Promise.reject<never>(this.signal.reason);
    return this.#start({ name: options.name, fn }, this.#limit);
  }

  #start<T>(child: Child<T>, limit?: Semaphore): Promise<T> {
    this.#live += 1;
    const promise =
      limit === undefined
        ? this.#begin(child)
        : limit.run(() => callChild(child, this.signal), { signal: this.signal });
    // The first to hear of its end: whoever awaits the child finds the group already aborted by its failure.
    promise.then(this.#onDone, this.#onFailed);
    return promise;
  }

  async #begin<T>(child: Child<T>): Promise<T> {
    await TICK;
    this.signal.throwIfAborted();
    return callChild(child, this.signal);
  }

  #noteFailure(error: unknown): void {
    if (this.#isEcho(error)) return;
    // What a child rethrows of another's is one failure, not two.
    if (typeof error !== "object" || error === null || !this.#failures.includes(error)) this.#failures.push(error);
    if (!this.#isCollecting) this.#controller.abort(error);
  }

  /** J4. */
  #isEcho(error: unknown): boolean {
    if (!this.signal.aborted) return false;
    const { reason } = this.signal;
    if (error === reason) return true;
    if (typeof error !== "object" || error === null) return false;
    const { name, cause } = error as Partial<Error>;
    return name === "AbortError" || (cause !== undefined && cause === reason);
  }

  #left(): void {
    this.#live -= 1;
    if (this.#live === 0) this.#onEmpty();
  }

  async #end(): Promise<void> {
    // Again and again: whoever awaited the last child may have spawned another.
    while (this.#live > 0) await new Promise<void>((resolve) => (this.#onEmpty = resolve));
    this.#isOver = true;
    this.#link?.[Symbol.dispose]();
    const failures = this.#failures;
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1)
      throw new AggregateError(failures, `${failures.length} tasks of "${this.#name}" failed: see errors`);
    if (this.#isByCaller) throw this.#caller!.reason;
  }

  #abortByCaller(): void {
    if (this.signal.aborted) return;
    this.#isByCaller = true;
    this.#controller.abort(this.#caller!.reason);
  }

  #refusal(code: "LW_CLOSED" | "LW_CANCELLED", what: string): LockwrightError {
    return new LockwrightError(code, `the task group "${this.#name}" ${what}`);
  }
}

/** Begins a child: the one place where the function of a child is called. */
function callChild<T>(child: Child<T>, signal: AbortSignal): T | PromiseLike<T> {
  return child.fn(signal);
}

function checkName(name: unknown): void {
  if (name !== undefined && typeof name !== "string") throw new TypeError(`name must be a string, got ${show(name)}`);
}

function readOptions(options: TaskGroupOptions): {
  readonly signal: AbortSignal | undefined;
  readonly limit: Semaphore | undefined;
  readonly onError: "cancel" | "collect";
  readonly name: string | undefined;
} {
  checkOptions(options);
  const { signal, limit, onError = "cancel", name } = options;
  if (signal !== undefined) checkSignal(signal);
  if (onError !== "cancel" && onError !== "collect")
    throw new TypeError(`onError must be "cancel" or "collect", got ${show(onError)}`);
  checkName(name);
  return { signal, limit: readLimit(limit), onError, name };
}

function readLimit(limit: unknown): Semaphore | undefined {
  if (limit === undefined || limit === Infinity) return undefined;
  if (limit instanceof Semaphore) return limit;
  if (typeof limit !== "number") throw new TypeError(`limit must be a number or a Semaphore, got ${show(limit)}`);
  checkCount("limit", limit, 1);
  return new Semaphore(limit);
}
