/** A queue whose best item comes out first. */
import { ItemHeap } from "../core/item-heap.js";
import type { ItemStore } from "../core/item-store.js";
import { checkCount, checkOptions, show } from "../core/options.js";
import { Queue, type QueueOptions } from "./queue.js";

/** Options of a {@link PriorityQueue}. */
export interface PriorityQueueOptions<T> extends QueueOptions {
  /** Answers below 0 when `a` comes out before `b`, above 0 when after, 0 when either will do. Must not use the queue. */
  readonly compare: (a: T, b: T) => number;
  /** Every n-th take serves the oldest item, so that none stays for ever. Default: off. */
  readonly ageing?: number;
}

/**
 * A {@link Queue} that gives the best item first, by a comparator as for `Array.prototype.sort`. O(log n) per item.
 *
 * **When to use** For urgent and less urgent jobs in one queue. Set `ageing` when poor items must not wait for ever.
 *
 * **Fairness** Equal items come out in order of arrival. Putters and takers are served in order of arrival: the item of a
 * putter who waits for room does not compete yet.
 *
 * **Errors** Those of a queue. What `compare` throws goes to whoever put or took, and changes nothing; a TypeError when it
 * answers anything but a number. A capacity of 0 is refused: from hand to hand there is no best.
 *
 * **Example**
 * ```ts
 * import { PriorityQueue } from "lockwright";
 *
 * interface Job {
 *   readonly name: string;
 *   readonly urgency: number;
 * }
 * const jobs = new PriorityQueue<Job>({ compare: (a, b) => b.urgency - a.urgency, ageing: 10 });
 * jobs.tryPut({ name: "tidy", urgency: 1 });
 * jobs.tryPut({ name: "alarm", urgency: 9 });
 * console.log((await jobs.take()).name); // alarm
 * ```
 */
export class PriorityQueue<T> extends Queue<T> {
  constructor(options: PriorityQueueOptions<T>) {
    checkOptions(options);
    if (typeof options?.compare !== "function") {
      throw new TypeError(`compare must be a function, got ${show(options?.compare)}`);
    }
    if (options.ageing !== undefined) checkCount("ageing", options.ageing, 1);
    super(options);
  }

  protected override createStore(options: QueueOptions): ItemStore<T> {
    const { compare, ageing = 0 } = options as PriorityQueueOptions<T>;
    return new ItemHeap<T>(compare, ageing);
  }
}
