/**
 * A binary heap over an order given at construction: the smallest entry is at the top.
 *
 * Used where a few entries need a total order (waiters of a priority lock, deadline lists by their next due time). Not a
 * sorted array: inserting there is O(n), which async-mutex pays for each waiter with a priority.
 */

/** Answers whether `a` comes before `b`. Must be a strict order. */
export type Before<T> = (a: T, b: T) => boolean;

/** A binary heap: `push` and `pop` in O(log n), `peek` in O(1). */
export class Heap<T> {
  readonly #before: Before<T>;
  #entries: T[] = [];

  constructor(before: Before<T>) {
    this.#before = before;
  }

  get size(): number {
    return this.#entries.length;
  }

  peek(): T | undefined {
    return this.#entries[0];
  }

  push(entry: T): void {
    const entries = this.#entries;
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#before(entry, entries[above]!)) break;
      entries[at] = entries[above]!;
      at = above;
    }
    entries[at] = entry;
  }

  pop(): T | undefined {
    const entries = this.#entries;
    const top = entries[0];
    const last = entries.pop();
    if (entries.length > 0) this.#sink(0, last!);
    return top;
  }

  /** Keeps only what `keep` says, in O(n). */
  filter(keep: (entry: T) => boolean): void {
    const entries = this.#entries.filter(keep);
    this.#entries = entries;
    for (let at = (entries.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at, entries[at]!);
  }

  #sink(from: number, entry: T): void {
    const entries = this.#entries;
    const end = entries.length;
    let at = from;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= end) break;
      if (below + 1 < end && this.#before(entries[below + 1]!, entries[below]!)) below += 1;
      if (!this.#before(entries[below]!, entry)) break;
      entries[at] = entries[below]!;
      at = below;
    }
    entries[at] = entry;
  }
}
