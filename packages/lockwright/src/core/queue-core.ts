/**
 * The queue core: items on their way from putters to takers. Queue, LifoQueue and PriorityQueue are views on one of these
 * and differ in their store.
 *
 * Invariants, cited by number in the tests:
 * - B1 Who waits has reason to: takers wait only while there are no items and no putters, putters only while the store is
 *   full. So takers and putters never wait at the same time.
 * - B2 An item is in exactly one place: with its putter, in the store, or with its taker. It moves in one synchronous step,
 *   straight to a taker who waits.
 * - B3 A cancelled taker takes no item with it; a cancelled putter's item goes in never.
 * - B4 `unfinished` is the number of items that went in, or from hand to hand, less those done or dropped.
 * - B5 Once closed nothing goes in, and when the last item is out nobody waits.
 *
 * Fairness: putters go in, and takers are served, in order of arrival; newcomers pass neither. Which item a taker gets is
 * the store's order, among those that are in: a waiting putter's item does not count yet.
 *
 * Why hand-over and not "wake a taker and let it look": between the wake-up and the look another may take the item, and a
 * woken taker that is cancelled must pass the wake-up on (see `permit-core.ts`).
 */
import { LockwrightError } from "../errors.js";
import { DONE, Gate, WaitPlace } from "./gate.js";
import type { Permit } from "./guard.js";
import type { ItemStore } from "./item-store.js";
import { PLAIN_REQUEST, readWait, type WaitOptions, type WaitRequest } from "./options.js";
import { Putter, Taker } from "./queue-waiters.js";

/** What {@link QueueCore.poll} gives when there is nothing: an item may be anything, undefined too. */
export const NOTHING: unique symbol = Symbol("nothing");

/** A state of a queue at one moment; frozen. */
export interface QueueStats {
  /** Items in the queue. */
  readonly size: number;
  readonly capacity: number;
  /** Callers of `put` who wait for room. */
  readonly putting: number;
  /** Callers of `take` who wait for an item. */
  readonly taking: number;
  /** Producer handles that are not closed. */
  readonly producers: number;
  /** Items put and not yet done. */
  readonly unfinished: number;
  readonly closed: boolean;
}

/** Items, who waits for them and who waits with them. */
export class QueueCore<T> {
  readonly place: WaitPlace;
  readonly capacity: number;
  isClosed = false;
  readonly #items: ItemStore<T>;
  readonly #takers: Gate;
  readonly #putters: Gate;
  readonly #joiners: Gate;
  #unfinished = 0;
  #producers = 0;

  constructor(items: ItemStore<T>, capacity: number, name: string | undefined) {
    this.#items = items;
    this.capacity = capacity;
    this.place = new WaitPlace(items.kind, name);
    this.#takers = new Gate(this.place, {
      lacks: "had nothing to take",
      advice: "see that somebody puts, or wait longer with a larger timeout",
    });
    this.#putters = new Gate(this.place, {
      lacks: "had no room",
      advice: "take faster, raise the capacity, or wait longer with a larger timeout",
    });
    this.#joiners = new Gate(this.place, {
      lacks: "was not finished",
      advice: "see that taskDone() is called for each item taken, or wait longer with a larger timeout",
    });
  }

  get size(): number {
    return this.#items.size;
  }

  stats(): QueueStats {
    return Object.freeze({
      size: this.#items.size,
      capacity: this.capacity,
      putting: this.#putters.waiting,
      taking: this.#takers.waiting,
      producers: this.#producers,
      unfinished: this.#unfinished,
      closed: this.isClosed,
    });
  }

  /** Puts `item` in, or into the hands of a taker who waits; false if it must wait (B1). */
  offer(item: T): boolean {
    if (this.isClosed) throw this.#closedToPuts();
    const { size } = this.#items;
    if (size === 0 && this.#takers.waiting !== 0) {
      this.#unfinished += 1;
      this.#give(this.#takers.next()!, item);
      return true;
    }
    if (size >= this.capacity) return false;
    this.#items.push(item);
    this.#unfinished += 1;
    return true;
  }

  put(item: T, options: WaitOptions | undefined): Promise<void> {
    try {
      const request = options === undefined ? PLAIN_REQUEST : readWait(options);
      return this.offer(item) ? DONE : this.#putters.enter<void>(new Putter(this.#putters, item), request);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  tryPut(item: T): boolean {
    if (this.offer(item)) return true;
    this.place.missed();
    return false;
  }

  /** Takes the next item, and lets the oldest putter in; {@link NOTHING} if there is none now. */
  poll(): T | typeof NOTHING {
    const items = this.#items;
    const { size } = items;
    if (size > 0) {
      const item = items.pop();
      if (size === this.capacity && this.#putters.waiting !== 0) this.#letIn();
      return item;
    }
    if (this.#putters.waiting === 0) return NOTHING;
    // With no items there are putters only where nothing fits: a rendezvous.
    const putter = this.#putters.next() as Putter<T>;
    const item = putter.item as T;
    this.#accept(putter);
    this.place.flush();
    return item;
  }

  take(options: WaitOptions | undefined): Promise<T> {
    try {
      const request = options === undefined ? PLAIN_REQUEST : readWait(options);
      const item = this.poll();
      if (item !== NOTHING) return Promise.resolve(item);
      if (this.isClosed) return Promise.reject<never>(this.#closedToTakes());
      return this.#takers.enter<T>(new Taker(this.#takers, false), request);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  tryTake<E>(empty: E): T | E {
    const item = this.poll();
    if (item !== NOTHING) return item;
    if (this.isClosed) throw this.#closedToTakes();
    this.place.missed();
    return empty;
  }

  /** Waits for the next step of an iteration; call it when {@link poll} gave nothing and the queue is open. */
  nextStep(enlist: (taker: Taker) => void): Promise<IteratorResult<T, undefined>> {
    const taker = new Taker(this.#takers, true);
    const step = this.#takers.enter<IteratorResult<T, undefined>>(taker, PLAIN_REQUEST);
    enlist(taker);
    return step;
  }

  /** Ends steps of an iteration that its consumer broke off: they take no item (B3). */
  endSteps(steps: readonly Permit[]): void {
    for (const step of steps) this.#takers.leave(step, "cancelled", { done: true, value: undefined });
    this.#takers.settle();
  }

  taskDone(n: number): void {
    if (n > this.#unfinished) {
      const advice = "call taskDone() once for each item taken";
      throw new LockwrightError(
        "LW_OVER_RELEASE",
        `"${this.place.name}" has ${this.#unfinished} unfinished items, fewer than ${n}; ${advice}`,
      );
    }
    this.#finish(n);
  }

  join(request: WaitRequest): Promise<void> {
    return this.#unfinished === 0 ? DONE : this.#joiners.wait<void>(request);
  }

  /** Closes it for puts; with `isNow` also drops the items, which count as done. Gives what was dropped. */
  shutdown(isNow: boolean): T[] {
    // First, since a comparator that calls this is refused here.
    const dropped = isNow ? this.#items.clear() : [];
    this.isClosed = true;
    this.#putters.refuseAll("closed", () => this.#closedToPuts());
    for (const taker of this.#takers.entries() as Taker[]) {
      const outcome = taker.isStep ? { done: true, value: undefined } : Promise.reject<never>(this.#closedToTakes());
      this.#takers.leave(taker, "closed", outcome);
    }
    this.#takers.settle();
    // Not more than are unfinished: a caller may have said of an item in the queue that it is done.
    if (dropped.length > 0) this.#finish(Math.min(dropped.length, this.#unfinished));
    return dropped;
  }

  openProducer(): void {
    if (this.isClosed) throw this.#closedToPuts();
    this.#producers += 1;
  }

  closeProducer(): void {
    this.#producers -= 1;
    if (this.#producers === 0) this.shutdown(false);
  }

  toString(className: string): string {
    const { size, capacity, putting, taking, closed } = this.stats();
    const state = `size: ${size} of ${capacity}, putting: ${putting}, taking: ${taking}${closed ? ", closed" : ""}`;
    return `${className} { name: ${JSON.stringify(this.place.name)}, ${state} }`;
  }

  /** Hands `item` to a taker who is out of the ring. Last of all: it may run a getter of the item's (W3). */
  #give(taker: Permit, item: T): void {
    this.#takers.pass(taker, (taker as Taker).isStep ? { done: false, value: item } : item);
    this.place.flush();
  }

  /** Lets putters in while there is room. */
  #letIn(): void {
    while (this.#items.size < this.capacity) {
      const putter = this.#putters.next() as Putter<T> | undefined;
      if (putter === undefined) break;
      try {
        this.#items.push(putter.item as T);
      } catch (error) {
        // The comparator refused this item: its putter hears of it, not the taker who made room.
        this.#putters.refuse(putter, "cancelled", error);
        continue;
      }
      this.#accept(putter);
    }
    this.place.flush();
  }

  #accept(putter: Putter<T>): void {
    this.#unfinished += 1;
    this.#putters.pass(putter, undefined);
  }

  #finish(n: number): void {
    this.#unfinished -= n;
    if (this.#unfinished === 0) this.#joiners.passAll();
  }

  #closedToPuts(): LockwrightError {
    return new LockwrightError("LW_CLOSED", `"${this.place.name}" is shut down; put nothing after shutdown()`);
  }

  #closedToTakes(): LockwrightError {
    const advice = "stop taking, or iterate over it: an iteration ends by itself";
    return new LockwrightError("LW_CLOSED", `"${this.place.name}" is shut down and empty; ${advice}`);
  }
}
