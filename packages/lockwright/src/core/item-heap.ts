/**
 * Items by the caller's order: a binary heap that survives what a caller's comparator may do.
 *
 * Invariants:
 * - H1 Each step first asks the comparator all it needs to know, then moves entries. So a comparator that throws has
 *   changed nothing: no entry is lost or doubled.
 * - H2 Equal items come out in order of arrival.
 * - H3 With ageing n, every n-th entry taken out is the oldest: one with k older ones is out after at most n * (k + 1).
 *
 * Why not `core/heap.ts`: it moves while it compares, which is quicker and fine for orders of our own. Entries know their
 * index, so that the oldest is taken from the middle in O(log n) and nothing dead stays behind.
 */
import { show } from "./options.js";
import type { ItemStore } from "./item-store.js";

/** Answers below 0 when `a` comes out before `b`, above 0 when after, 0 when either will do. */
export type Compare<T> = (a: T, b: T) => number;

class Entry<T> {
  readonly item: T;
  readonly arrival: number;
  /** Index in the heap. */
  at = 0;
  older: Entry<T> | undefined = undefined;
  newer: Entry<T> | undefined = undefined;

  constructor(item: T, arrival: number) {
    this.item = item;
    this.arrival = arrival;
  }
}

/** A stable binary heap with ageing. */
export class ItemHeap<T> implements ItemStore<T> {
  readonly kind = "priority-queue";
  readonly leastCapacity = 1;
  readonly #compare: Compare<T>;
  /** Every n-th entry taken is the oldest; 0 is never. */
  readonly #ageing: number;
  #entries: Entry<T>[] = [];
  #oldest: Entry<T> | undefined;
  #newest: Entry<T> | undefined;
  #arrivals = 0;
  #turn = 0;
  #isComparing = false;

  constructor(compare: Compare<T>, ageing: number) {
    this.#compare = compare;
    this.#ageing = ageing;
  }

  get size(): number {
    return this.#entries.length;
  }

  push(item: T): void {
    const entry = new Entry(item, this.#arrivals);
    const end = this.#entries.length;
    this.#refuseReentry();
    this.#isComparing = true;
    let to = end;
    try {
      to = this.#findAbove(entry, end);
    } finally {
      this.#isComparing = false;
    }
    this.#arrivals += 1;
    this.#raise(entry, end, to);
    if (this.#ageing > 0) this.#link(entry);
  }

  pop(): T {
    this.#refuseReentry();
    const isOldestsTurn = this.#ageing > 0 && this.#turn === this.#ageing - 1;
    const entry = isOldestsTurn ? this.#oldest! : this.#entries[0]!;
    this.#remove(entry);
    if (this.#ageing > 0) {
      this.#turn = (this.#turn + 1) % this.#ageing;
      this.#unlink(entry);
    }
    return entry.item;
  }

  clear(): T[] {
    this.#refuseReentry();
    const entries = this.#entries.toSorted((a, b) => a.arrival - b.arrival);
    this.#entries = [];
    this.#oldest = undefined;
    this.#newest = undefined;
    return entries.map((entry) => entry.item);
  }

  #remove(entry: Entry<T>): void {
    const entries = this.#entries;
    const last = entries.at(-1)!;
    const hole = entry.at;
    if (last === entry) return void entries.pop();
    this.#isComparing = true;
    let to = hole;
    let isLower = false;
    try {
      to = this.#findAbove(last, hole);
      isLower = to === hole;
      if (isLower) to = this.#findBelow(last, hole, entries.length - 1);
    } finally {
      this.#isComparing = false;
    }
    entries.pop();
    if (isLower) this.#lower(last, hole, to);
    else this.#raise(last, hole, to);
  }

  /** Refuses a comparator that comes back to this queue: it would move entries between a question and its answer. */
  #refuseReentry(): void {
    if (this.#isComparing) throw new TypeError("compare must not use the queue that it orders");
  }

  #goesBefore(a: Entry<T>, b: Entry<T>): boolean {
    const order: unknown = this.#compare(a.item, b.item);
    if (typeof order !== "number" || Number.isNaN(order)) {
      throw new TypeError(`compare must return a number, got ${show(order)}`);
    }
    return order === 0 ? a.arrival < b.arrival : order < 0;
  }

  /** Gives the index at which `entry` comes to rest when it rises from `at`. */
  #findAbove(entry: Entry<T>, at: number): number {
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#goesBefore(entry, this.#entries[above]!)) break;
      at = above;
    }
    return at;
  }

  /** Gives the index at which `entry` comes to rest when it sinks from `at` among the first `size`. */
  #findBelow(entry: Entry<T>, at: number, size: number): number {
    const entries = this.#entries;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= size) return at;
      if (below + 1 < size && this.#goesBefore(entries[below + 1]!, entries[below]!)) below += 1;
      if (!this.#goesBefore(entries[below]!, entry)) return at;
      at = below;
    }
  }

  #place(entry: Entry<T>, at: number): void {
    this.#entries[at] = entry;
    entry.at = at;
  }

  /** Puts `entry` at `to`, an ancestor of `from`; those between move down into the hole at `from`. */
  #raise(entry: Entry<T>, from: number, to: number): void {
    let at = from;
    while (at !== to) {
      const above = (at - 1) >> 1;
      this.#place(this.#entries[above]!, at);
      at = above;
    }
    this.#place(entry, to);
  }

  /** Puts `entry` at `to`, a descendant of `from`; those between move up into the hole at `from`. */
  #lower(entry: Entry<T>, from: number, to: number): void {
    let carried = entry;
    for (let at = to; ; at = (at - 1) >> 1) {
      const next = this.#entries[at]!;
      this.#place(carried, at);
      if (at === from) return;
      carried = next;
    }
  }

  #link(entry: Entry<T>): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #unlink({ older, newer }: Entry<T>): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}
