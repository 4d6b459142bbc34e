/** A queue whose newest item comes out first. */
import { ItemStack, type ItemStore } from "../core/item-store.js";
import { Queue } from "./queue.js";

/**
 * A {@link Queue} that gives the newest item first.
 *
 * **When to use** Where the newest is worth the most: the last state, the request whose caller has waited least. The oldest
 * item may stay for ever while new ones come.
 *
 * **Fairness** Putters and takers are served in order of arrival, as in every queue; only the items are reversed.
 *
 * **Errors** A capacity of 0 is refused: from hand to hand there is no newest.
 *
 * **Example**
 * ```ts
 * import { LifoQueue } from "lockwright";
 *
 * const positions = new LifoQueue<number>();
 * for (const position of [1, 2, 3]) positions.tryPut(position);
 * console.log(await positions.take()); // 3
 * ```
 */
export class LifoQueue<T> extends Queue<T> {
  protected override createStore(): ItemStore<T> {
    return new ItemStack<T>();
  }
}
