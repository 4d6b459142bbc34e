/**
 * A grant table in memory whose steps cost no more than log n at any size.
 *
 * Waiters are a doubly linked list behind a Map (in order, removable anywhere, neighbours at hand); expiry times are two
 * lazily cleaned heaps; a process finds its entries through a Map of id sets.
 * Why not a sorted array: removing in the middle of 100k waiters moves them all.
 */
import { ExpiryHeap } from "./expiry-heap.js";
import { freshHeader, type GrantTable, type Header, type Step } from "./grant-table.js";
import type { Holder, Waiter } from "./lock-store.js";

interface Node {
  waiter: Waiter;
  previous: Node | undefined;
  next: Node | undefined;
}

export class IndexedTable implements GrantTable {
  header: Header = freshHeader(0n);
  readonly #holders: Map<string, Holder> = new Map();
  readonly #nodes: Map<string, Node> = new Map();
  readonly #byProcess: Map<string, Set<string>> = new Map();
  readonly #holderExpiry: ExpiryHeap = new ExpiryHeap((id) => this.#holders.get(id)?.expiresAt);
  readonly #waiterExpiry: ExpiryHeap = new ExpiryHeap((id) => this.#nodes.get(id)?.waiter.aliveUntil);
  #head: Node | undefined;
  #tail: Node | undefined;

  get holding(): number {
    return this.#holders.size;
  }

  get waiting(): number {
    return this.#nodes.size;
  }

  holder(id: string): Holder | undefined {
    return this.#holders.get(id);
  }

  waiter(id: string): Waiter | undefined {
    return this.#nodes.get(id)?.waiter;
  }

  *holders(limit: number): Iterable<Holder> {
    let left = limit;
    for (const holder of this.#holders.values()) {
      if (left-- <= 0) return;
      yield holder;
    }
  }

  lapsedHolders(now: number): Iterable<Holder> {
    return this.#holderExpiry.due(now).flatMap((id) => this.#holders.get(id) ?? []);
  }

  lapsedWaiters(now: number): Iterable<Waiter> {
    return this.#waiterExpiry.due(now).flatMap((id) => this.waiter(id) ?? []);
  }

  holdersOf(process: string): Iterable<Holder> {
    return [...(this.#byProcess.get(process) ?? [])].flatMap((id) => this.#holders.get(id) ?? []);
  }

  waitersOf(process: string): Iterable<Waiter> {
    return [...(this.#byProcess.get(process) ?? [])].flatMap((id) => this.waiter(id) ?? []);
  }

  soonestExpiry(): number | undefined {
    return this.#holderExpiry.soonest();
  }

  first(): Waiter | undefined {
    return this.#head?.waiter;
  }

  last(): Waiter | undefined {
    return this.#tail?.waiter;
  }

  before(waiter: Waiter): Waiter | undefined {
    return this.#nodes.get(waiter.id)?.previous?.waiter;
  }

  after(waiter: Waiter): Waiter | undefined {
    return this.#nodes.get(waiter.id)?.next?.waiter;
  }

  /** All waiters in order. */
  *queue(): Iterable<Waiter> {
    for (let node = this.#head; node !== undefined; node = node.next) yield node.waiter;
  }

  /** Makes a step's changes. */
  apply(step: Step): void {
    if (!step.changed) return;
    this.header = step.header;
    for (const [id, waiter] of step.changes.waiters) {
      if (waiter === null) this.#removeWaiter(id);
      else this.#putWaiter(waiter);
    }
    for (const [id, holder] of step.changes.holders) {
      if (holder === null) this.#removeHolder(id);
      else this.#putHolder(holder);
    }
  }

  #putHolder(holder: Holder): void {
    const before = this.#holders.get(holder.id);
    this.#holders.set(holder.id, holder);
    if (before === undefined) this.#belongs(holder.process, holder.id);
    if (before?.expiresAt !== holder.expiresAt)
      this.#holderExpiry.push(holder.id, holder.expiresAt, this.#holders.size);
  }

  #removeHolder(id: string): void {
    const holder = this.#holders.get(id);
    if (holder === undefined) return;
    this.#holders.delete(id);
    if (!this.#nodes.has(id)) this.#leaves(holder.process, id);
  }

  #putWaiter(waiter: Waiter): void {
    const node = this.#nodes.get(waiter.id);
    // One that lapsed and came back in the same step has a new place.
    if (node !== undefined && node.waiter.seq !== waiter.seq) this.#removeWaiter(waiter.id);
    if (node?.waiter.seq === waiter.seq) node.waiter = waiter;
    else {
      this.#belongs(waiter.process, waiter.id);
      this.#nodes.set(waiter.id, this.#linked(waiter));
    }
    this.#waiterExpiry.push(waiter.id, waiter.aliveUntil, this.#nodes.size);
  }

  /** Links a new waiter in: behind the tail, or before the head for an upgrade; a step puts one nowhere else. */
  #linked(waiter: Waiter): Node {
    const atHead = this.#head !== undefined && waiter.seq < this.#head.waiter.seq;
    const node: Node = { waiter, previous: atHead ? undefined : this.#tail, next: atHead ? this.#head : undefined };
    if (node.previous === undefined) this.#head = node;
    else node.previous.next = node;
    if (node.next === undefined) this.#tail = node;
    else node.next.previous = node;
    return node;
  }

  #removeWaiter(id: string): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    this.#nodes.delete(id);
    if (!this.#holders.has(id)) this.#leaves(node.waiter.process, id);
    if (node.previous === undefined) this.#head = node.next;
    else node.previous.next = node.next;
    if (node.next === undefined) this.#tail = node.previous;
    else node.next.previous = node.previous;
  }

  #belongs(process: string, id: string): void {
    const ids = this.#byProcess.get(process);
    if (ids === undefined) this.#byProcess.set(process, new Set([id]));
    else ids.add(id);
  }

  #leaves(process: string, id: string): void {
    const ids = this.#byProcess.get(process);
    if (ids?.delete(id) && ids.size === 0) this.#byProcess.delete(process);
  }
}
