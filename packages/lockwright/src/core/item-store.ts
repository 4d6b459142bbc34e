/**
 * Where a queue keeps its items: what comes out next is all that tells the queues apart.
 *
 * Rule for every store: a call that throws has changed nothing. Only the heap can throw, since it asks the caller's
 * comparator; the queues above rely on it.
 */

/** Items in some order. */
export interface ItemStore<T> {
  /** The queue's class in kebab case. */
  readonly kind: string;
  /** Smallest capacity that makes sense: 0 where an item may go from hand to hand without an order to respect. */
  readonly leastCapacity: number;
  readonly size: number;
  push(item: T): void;
  /** Takes out the next item; call it only when there is one. */
  pop(): T;
  /** Takes out everything, in order of arrival, and asks nobody's comparator. */
  clear(): T[];
}

const FIRST_SIZE = 16;
/** A ring that grew larger than this gives its slots back when it empties. */
const KEPT_SIZE = 1024;

/** First in, first out: a growable power-of-two ring. `Array.shift` is O(n) above some size in every engine. */
export class ItemRing<T> implements ItemStore<T> {
  readonly kind = "queue";
  readonly leastCapacity = 0;
  size = 0;
  #slots: (T | undefined)[] = [];
  #head = 0;

  push(item: T): void {
    if (this.size === this.#slots.length) this.#resize(Math.max(FIRST_SIZE, this.size * 2));
    this.#slots[(this.#head + this.size) & (this.#slots.length - 1)] = item;
    this.size += 1;
  }

  pop(): T {
    const slots = this.#slots;
    const item = slots[this.#head] as T;
    slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (slots.length - 1);
    this.size -= 1;
    if (this.size === 0 && slots.length > KEPT_SIZE) this.#slots = [];
    return item;
  }

  clear(): T[] {
    const items: T[] = [];
    while (this.size > 0) items.push(this.pop());
    return items;
  }

  #resize(length: number): void {
    const slots = new Array<T | undefined>(length).fill(undefined);
    for (let at = 0; at < this.size; at += 1) slots[at] = this.#slots[(this.#head + at) & (this.#slots.length - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}

/** Last in, first out. */
export class ItemStack<T> implements ItemStore<T> {
  readonly kind = "lifo-queue";
  readonly leastCapacity = 1;
  #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  pop(): T {
    return this.#items.pop() as T;
  }

  clear(): T[] {
    const items = this.#items;
    this.#items = [];
    return items;
  }
}
