/**
 * Who waits, and who is next.
 *
 * {@link WaitRing} is a growable power-of-two ring with tombstones: an entry that stopped waiting stays in its slot and is
 * told from a live one by its state, so leaving from the middle is O(1) and needs neither links nor an index. The same
 * ring serves signal groups and deadline lists.
 *
 *     slots  [ x . A x B C . . ]      . free, x tombstone; A is the oldest live entry
 *              head▲   span = 5, live = 3 (from the head on: x? skipped by first())
 *
 * Invariants:
 * - Q1 `live` is the number of entries whose permit still waits; `span` counts tombstones too.
 * - Q2 With nothing live the ring holds no entry at all, so nothing that is over is kept alive by an idle lock.
 * - Q3 At most 32 tombstones, or as many as there are live entries, outlast the leaving: memory follows the live count.
 *
 * Fairness: arrival order; {@link WaitQueue} adds last-in-first-out, priority and ageing by choice.
 *
 * Why not a linked list: at 100 000 waiters a doubly linked list measured 1.2–2 µs per waiter against 0.4–0.7 for the
 * ring, and it costs two pointers in each waiter. Why not `Array.shift`: it is O(n) above some size in every engine;
 * three of the field's locks block the loop for seconds there.
 */
import { type Permit, type WaiterList, WATCHING } from "./guard.js";
import { Heap } from "./heap.js";

const FIRST_SIZE = 16;
/** A ring that grew larger than this gives its slots back when it empties. */
const KEPT_SIZE = 1024;
const TOLERATED_DEAD = 32;
const NO_SLOTS: (Permit | undefined)[] = [];

function isWaiting(permit: Permit): boolean {
  return permit.state <= WATCHING;
}

/** A double-ended queue of waiters with O(1) removal anywhere. */
export class WaitRing implements WaiterList {
  /** Entries that still wait (Q1). */
  live = 0;
  #slots: (Permit | undefined)[] = NO_SLOTS;
  #head = 0;
  #span = 0;

  push(permit: Permit): void {
    if (this.#span === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#span) & (this.#slots.length - 1)] = permit;
    this.#span += 1;
    this.live += 1;
  }

  /** Gives the oldest live entry and drops the tombstones before it. */
  first(): Permit | undefined {
    const slots = this.#slots;
    while (this.#span > 0) {
      const permit = slots[this.#head]!;
      if (isWaiting(permit)) return permit;
      this.#dropFirst();
    }
    return undefined;
  }

  /** Gives the newest live entry and drops the tombstones after it. */
  last(): Permit | undefined {
    const mask = this.#slots.length - 1;
    while (this.#span > 0) {
      const permit = this.#slots[(this.#head + this.#span - 1) & mask]!;
      if (isWaiting(permit)) return permit;
      this.#dropLast();
    }
    return undefined;
  }

  /** Removes the oldest live entry, which {@link first} has just given: the short way of {@link removed}. */
  shift(): void {
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#span -= 1;
    this.live -= 1;
    if (this.live === 0) this.#reset();
  }

  /** Takes note that `permit`, an entry of this ring, waits no more. Call it after the state has changed (G3). */
  removed(permit: Permit): void {
    this.live -= 1;
    if (this.#slots[this.#head] === permit) this.#dropFirst();
    else if (this.#slots[(this.#head + this.#span - 1) & (this.#slots.length - 1)] === permit) this.#dropLast();
    if (this.live === 0) this.#reset();
    else if (this.#span - this.live > TOLERATED_DEAD && this.#span > 2 * this.live) this.#compact(this.#slots.length);
  }

  /** Gives the live entries, oldest first, as an array of their own. */
  entries(): Permit[] {
    const found: Permit[] = [];
    const mask = this.#slots.length - 1;
    for (let at = 0; at < this.#span; at += 1) {
      const permit = this.#slots[(this.#head + at) & mask]!;
      if (isWaiting(permit)) found.push(permit);
    }
    return found;
  }

  /** Entries in the ring, tombstones included: what it keeps alive. */
  get span(): number {
    return this.#span;
  }

  #dropFirst(): void {
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#span -= 1;
  }

  #dropLast(): void {
    this.#span -= 1;
    this.#slots[(this.#head + this.#span) & (this.#slots.length - 1)] = undefined;
  }

  #grow(): void {
    const size = this.#slots.length;
    // Tombstones may fill half the ring; then the same size will do. A small one grows faster: crowds come in bursts.
    if (size === 0) this.#compact(FIRST_SIZE);
    else if (this.live <= size >> 1) this.#compact(size);
    else this.#compact(size < KEPT_SIZE ? size * 4 : size * 2);
  }

  #compact(size: number): void {
    const slots = new Array<Permit | undefined>(size).fill(undefined);
    const mask = this.#slots.length - 1;
    let kept = 0;
    for (let at = 0; at < this.#span; at += 1) {
      const permit = this.#slots[(this.#head + at) & mask]!;
      if (isWaiting(permit)) slots[kept++] = permit;
    }
    this.#slots = slots;
    this.#head = 0;
    this.#span = kept;
  }

  #reset(): void {
    while (this.#span > 0) this.#dropFirst();
    this.#head = 0;
    if (this.#slots.length > KEPT_SIZE) this.#slots = NO_SLOTS;
  }
}

/** How waiters are served: by arrival, newest first, or by priority. */
export type WaitOrder = "fifo" | "lifo" | "priority";

function goesBefore(a: Permit, b: Permit): boolean {
  const left = a.extra!;
  const right = b.extra!;
  return left.priority === right.priority ? left.arrival < right.arrival : left.priority > right.priority;
}

/** The waiters of one lock in the order in which they are served. */
export class WaitQueue {
  readonly #order: WaitOrder;
  /** Every n-th grant serves the oldest; 0 is never. */
  readonly #ageing: number;
  /** All waiters by arrival; not kept for a priority queue without ageing. */
  readonly #ring: WaitRing | undefined;
  readonly #heap: Heap<Permit> | undefined;
  #dead = 0;
  #arrivals = 0;
  #turn = 0;

  constructor(order: WaitOrder, ageing: number) {
    this.#order = order;
    this.#ageing = ageing;
    this.#heap = order === "priority" ? new Heap(goesBefore) : undefined;
    this.#ring = order !== "priority" || ageing > 0 ? new WaitRing() : undefined;
  }

  push(permit: Permit): void {
    this.#ring?.push(permit);
    if (this.#heap === undefined) return;
    permit.extras().arrival = this.#arrivals++;
    this.#heap.push(permit);
  }

  /** Gives the waiter to be served next: the head of I1. */
  head(): Permit | undefined {
    if (this.#order === "fifo") return this.#ring!.first();
    if (this.#isOldestsTurn()) return this.#ring!.first();
    return this.#order === "lifo" ? this.#ring!.last() : this.#top();
  }

  /** Takes note that `head` was granted, and moves the ageing on. Call it after the state has changed. */
  granted(head: Permit): void {
    if (this.#order === "fifo") return this.#ring!.shift();
    this.removed(head);
    this.countGrant();
  }

  /** Takes note that `permit` waits no more. Call it after the state has changed. */
  removed(permit: Permit): void {
    this.#ring?.removed(permit);
    if (this.#heap !== undefined) this.#bury(this.#heap, permit);
  }

  /** Answers whether a newcomer of this priority would be served before everyone here. */
  isOutranked(priority: number): boolean {
    if (this.#order === "fifo" || this.#isOldestsTurn()) return false;
    return this.#order === "lifo" || priority > (this.#top()?.extra!.priority ?? -Infinity);
  }

  /** Answers whether somebody who has to be served before `waiter` is one of `which`; false where nobody has to be. */
  isAnyoneBefore(waiter: Permit, which: (other: Permit) => boolean): boolean {
    if (this.#order === "fifo") {
      const waiters = this.entries();
      // One that is not in the queue, an upgrade, has nobody before it.
      return waiters.slice(0, Math.max(0, waiters.indexOf(waiter))).some(which);
    }
    // With ageing, a newcomer who passes moves the turn to the oldest. Else the head stays the head until it is served.
    const head = this.head();
    return this.#ageing === 0 && head !== undefined && head !== waiter && which(head);
  }

  /** Counts a grant that did not come from the queue but went before it. */
  countGrant(): void {
    if (this.#ageing > 0) this.#turn = (this.#turn + 1) % this.#ageing;
  }

  /** Gives the live waiters: by arrival, or in no set order for a priority queue without ageing. */
  entries(): Permit[] {
    if (this.#ring !== undefined) return this.#ring.entries();
    const found: Permit[] = [];
    this.#heap!.filter((permit) => isWaiting(permit) && found.push(permit) > 0);
    this.#dead = 0;
    return found;
  }

  /** Entries kept alive by the queue, tombstones included. */
  get span(): number {
    return Math.max(this.#ring?.span ?? 0, this.#heap?.size ?? 0);
  }

  #isOldestsTurn(): boolean {
    return this.#ageing > 0 && this.#turn === this.#ageing - 1;
  }

  #top(): Permit | undefined {
    const heap = this.#heap!;
    for (let top = heap.peek(); top !== undefined; top = heap.peek()) {
      if (isWaiting(top)) return top;
      heap.pop();
      this.#dead -= 1;
    }
    return undefined;
  }

  #bury(heap: Heap<Permit>, permit: Permit): void {
    if (heap.peek() === permit) heap.pop();
    else this.#dead += 1;
    const live = heap.size - this.#dead;
    if (this.#dead > 0 && (live === 0 || (this.#dead > TOLERATED_DEAD && this.#dead > live))) {
      heap.filter(isWaiting);
      this.#dead = 0;
    }
  }
}
