/** A bounded queue, first in first out, and the public face of all three queues. */
import { showByToString } from "../core/inspection.js";
import { ItemRing, type ItemStore } from "../core/item-store.js";
import { checkCount, checkNamed, readWait, show, type WaitOptions } from "../core/options.js";
import { QueueCore, type QueueStats } from "../core/queue-core.js";
import { QueueIterator } from "./queue-iterator.js";
import { OpenProducer, type QueueProducer } from "./queue-producer.js";

export type { QueueStats } from "../core/queue-core.js";
export type { QueueProducer } from "./queue-producer.js";

/** Options of a queue. */
export interface QueueOptions {
  /** Items it holds at most. Default `Infinity`; 0, for a {@link Queue} only: each put waits for its taker. */
  readonly capacity?: number;
  /** Shown in errors and events. Default: the kind and a number. */
  readonly name?: string;
}

/**
 * Passes items from those who make them to those who use them, and slows the makers down when it is full.
 *
 * **When to use** Between producers and consumers of different speed. For the newest item first use a {@link LifoQueue},
 * for the best a {@link PriorityQueue}. To bound how many calls run at once, without items to pass, use a
 * {@link Semaphore}.
 *
 * **Fairness** Putters and takers are served in order of arrival; an item goes straight to a taker who waits. Nobody passes
 * those who wait, `tryPut` and `tryTake` neither.
 *
 * **Cancellation** `signal` and `timeout` end the waiting. A cancelled taker takes no item with it, a cancelled putter's
 * item goes in never. Once handed over, an abort changes nothing: the item is delivered.
 *
 * **Errors** `signal.reason` itself; `LW_TIMEOUT`; `LW_CLOSED` for a put after `shutdown` and a take once it is empty too.
 *
 * An item may be anything. One that is a promise is awaited on its way out of `take`, as by any `await`.
 *
 * **Example**
 * ```ts
 * import { Queue } from "lockwright";
 *
 * const pages = new Queue<string>({ capacity: 10, name: "pages" });
 *
 * async function fetchAll(): Promise<void> {
 *   using producer = pages.producer(); // the last one to close ends the iteration below
 *   for (const page of ["a", "b", "c"]) await producer.put(page);
 * }
 *
 * const fetching = fetchAll();
 * for await (const page of pages) console.log(page); // a b c
 * await fetching;
 * ```
 */
export class Queue<T> implements AsyncIterable<T> {
  readonly #core: QueueCore<T>;

  constructor(options: QueueOptions = {}) {
    checkNamed(options);
    const { capacity = Infinity, name } = options;
    const items = this.createStore(options);
    if (capacity !== Infinity) checkCount("capacity", capacity, items.leastCapacity);
    this.#core = new QueueCore(items, capacity, name);
  }

  /** Makes the store; called once, by the constructor. What comes out next is all in which the queues differ. */
  protected createStore(_options: QueueOptions): ItemStore<T> {
    return new ItemRing<T>();
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#core.place.name;
  }

  /** Items in the queue. */
  get size(): number {
    return this.#core.size;
  }

  /** Items it holds at most. */
  get capacity(): number {
    return this.#core.capacity;
  }

  /** True after `shutdown`, also while items are left. */
  get closed(): boolean {
    return this.#core.isClosed;
  }

  /** Takes a frozen snapshot. */
  stats(): QueueStats {
    return this.#core.stats();
  }

  /**
   * Puts `item` in; waits for room while the queue is full.
   *
   * **Errors** `LW_CLOSED`, `LW_TIMEOUT`, `signal.reason`; what a comparator throws.
   */
  put(item: T, options?: WaitOptions): Promise<void> {
    return this.#core.put(item, options);
  }

  /**
   * Puts `item` in if there is room or a taker waits, and answers whether it did. Synchronous.
   *
   * **Errors** `LW_CLOSED`; what a comparator throws.
   */
  tryPut(item: T): boolean {
    return this.#core.tryPut(item);
  }

  /**
   * Takes the next item out; waits for one while the queue is empty.
   *
   * **Errors** `LW_CLOSED` once it is shut down and empty, `LW_TIMEOUT`, `signal.reason`; what a comparator throws.
   */
  take(options?: WaitOptions): Promise<T> {
    return this.#core.take(options);
  }

  /**
   * Takes the next item if there is one, else gives `empty`. Synchronous. Pass an `empty` of your own where `undefined` may
   * be an item.
   *
   * **Errors** `LW_CLOSED` once it is shut down and empty; what a comparator throws.
   */
  tryTake(): T | undefined;
  tryTake<E>(empty: E): T | E;
  tryTake(empty?: unknown): unknown {
    return this.#core.tryTake(empty);
  }

  /**
   * Says that `n` items taken (default 1) are dealt with; `join` waits for that.
   *
   * **Errors** `LW_OVER_RELEASE` for more than are unfinished.
   */
  taskDone(n: number = 1): void {
    checkCount("n", n, 1);
    this.#core.taskDone(n);
  }

  /**
   * Resolves when every item ever put is taken and done, at once if that is so now. It sees items that are in: an item
   * whose `put` still waits does not count yet.
   *
   * **Example**
   * ```ts
   * import { Queue } from "lockwright";
   *
   * const jobs = new Queue<number>();
   * jobs.tryPut(1);
   * jobs.tryPut(2);
   * void (async () => {
   *   for await (const job of jobs) {
   *     console.log(job); // 1 2
   *     jobs.taskDone();
   *   }
   * })();
   * await jobs.join();
   * console.log("all done"); // all done
   * ```
   */
  join(options?: WaitOptions): Promise<void> {
    try {
      return this.#core.join(readWait(options));
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  /**
   * Ends putting: waiting and later puts get `LW_CLOSED`. With `"drain"` (the default) takers have what is in and then get
   * `LW_CLOSED`, and iterations end; with `"now"` what is in is dropped, counts as done, and is returned in order of
   * arrival. May be called again, so `"now"` may follow `"drain"`.
   */
  shutdown(mode: "drain" | "now" = "drain"): T[] {
    if (mode !== "drain" && mode !== "now") throw new TypeError(`mode must be "drain" or "now", got ${show(mode)}`);
    return this.#core.shutdown(mode === "now");
  }

  /**
   * Opens a handle for one producer. When the last open one is closed, the queue shuts down and drains: consumers that
   * iterate end by themselves. One that is collected as garbage unclosed is reported by a process warning.
   *
   * **Errors** `LW_CLOSED` after `shutdown`.
   */
  producer(): QueueProducer<T> {
    return new OpenProducer(this.#core);
  }

  /** Takes items until the queue is shut down and empty. Several iterations share the items. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return new QueueIterator(this.#core);
  }

  toString(): string {
    return this.#core.toString(this.constructor.name);
  }

  static {
    showByToString(this.prototype);
  }
}
