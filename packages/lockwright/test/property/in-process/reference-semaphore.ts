/**
 * The obvious semaphore: an array, linear scans, no tricks. The real one must never differ from it.
 */
import type { LockOptions } from "../../../src/index.js";

export interface Ask {
  readonly id: number;
  readonly weight: number;
  readonly priority: number;
  /** Undefined for no timeout. */
  readonly due: number | undefined;
  readonly signal: number | undefined;
}

export type Outcome =
  | "waiting"
  | "held"
  | "released"
  | "aborted"
  | "timeout"
  | "cancelled"
  | "closed"
  | "heavy"
  | "shed";

export class ReferenceSemaphore {
  queue: Ask[] = [];
  readonly held: Map<number, number> = new Map();
  readonly outcomes: Map<number, Outcome> = new Map();
  capacity: number;
  isClosed = false;
  readonly #options: LockOptions;
  #turn = 0;

  constructor(capacity: number, options: LockOptions) {
    this.capacity = capacity;
    this.#options = options;
  }

  get free(): number {
    let sum = 0;
    for (const weight of this.held.values()) sum += weight;
    return this.capacity - sum;
  }

  acquire(ask: Ask, isImpatient: boolean): void {
    if (this.isClosed) return this.#end(ask, "closed");
    if (this.capacity > 0 && ask.weight > this.capacity) return this.#end(ask, "heavy");
    const place = this.queue.findIndex((other) => this.#options.order === "lifo" || other.priority < ask.priority);
    const at = place === -1 ? this.queue.length : place;
    const isFirst = this.queue.length === 0 || (at === 0 && !this.#isOldestsTurn());
    if (isFirst && ask.weight <= this.free) return this.#pass(ask);
    if (this.queue.length >= (this.#options.maxWaiters ?? Infinity)) return this.#end(ask, "shed");
    if (isImpatient) return this.#end(ask, "timeout");
    this.queue.splice(at, 0, ask);
    this.outcomes.set(ask.id, "waiting");
  }

  /** Answers whether it could be taken. */
  tryAcquire(ask: Ask): boolean {
    if (this.queue.length > 0 || ask.weight > this.free) return false;
    this.#grant(ask);
    return true;
  }

  release(id: number): void {
    this.held.delete(id);
    this.outcomes.set(id, "released");
    this.#drain();
  }

  remove(which: (ask: Ask) => boolean, outcome: Outcome): void {
    const gone = this.queue.filter(which);
    this.queue = this.queue.filter((ask) => !which(ask));
    for (const ask of gone) this.#end(ask, outcome);
    this.#drain();
  }

  resize(capacity: number): void {
    this.capacity = capacity;
    this.remove((ask) => capacity > 0 && ask.weight > capacity, "heavy");
  }

  /** Who is served next: I1 speaks of this one. */
  get head(): Ask | undefined {
    return this.#isOldestsTurn() ? this.queue.toSorted((a, b) => a.id - b.id)[0] : this.queue[0];
  }

  #isOldestsTurn(): boolean {
    const { ageing } = this.#options;
    return ageing !== undefined && this.#turn % ageing === ageing - 1;
  }

  #pass(ask: Ask): void {
    if (this.queue.length > 0) this.#turn += 1;
    this.#grant(ask);
    this.#drain();
  }

  #drain(): void {
    for (let head = this.head; head !== undefined && head.weight <= this.free; head = this.head) {
      this.queue = this.queue.filter((ask) => ask !== head);
      this.#turn += 1;
      this.#grant(head);
    }
  }

  #grant(ask: Ask): void {
    this.held.set(ask.id, ask.weight);
    this.outcomes.set(ask.id, "held");
  }

  #end(ask: Ask, outcome: Outcome): void {
    this.outcomes.set(ask.id, outcome);
  }
}
