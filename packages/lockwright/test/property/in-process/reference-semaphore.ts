/**
 * The obvious semaphore: an array, linear scans, no tricks. The real one must never differ from it.
 */
export interface Ask {
  readonly id: number;
  readonly weight: number;
  readonly priority: number;
  /** Undefined for no timeout. */
  readonly due: number | undefined;
  readonly signal: number | undefined;
}

export type Outcome = "waiting" | "held" | "released" | "aborted" | "timeout" | "cancelled" | "closed" | "heavy" | "shed";

export class ReferenceSemaphore {
  queue: Ask[] = [];
  readonly held: Map<number, number> = new Map();
  readonly outcomes: Map<number, Outcome> = new Map();
  capacity: number;
  isClosed = false;
  readonly maxWaiters: number;

  constructor(capacity: number, maxWaiters: number) {
    this.capacity = capacity;
    this.maxWaiters = maxWaiters;
  }

  get free(): number {
    let sum = 0;
    for (const weight of this.held.values()) sum += weight;
    return this.capacity - sum;
  }

  acquire(ask: Ask, isImpatient: boolean): void {
    if (this.isClosed) return this.#end(ask, "closed");
    if (this.capacity > 0 && ask.weight > this.capacity) return this.#end(ask, "heavy");
    const place = this.queue.findIndex((other) => other.priority < ask.priority);
    const at = place === -1 ? this.queue.length : place;
    if (at === 0 && ask.weight <= this.free) return this.#grant(ask);
    if (this.queue.length >= this.maxWaiters) return this.#end(ask, "shed");
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

  #drain(): void {
    while (this.queue.length > 0 && this.queue[0]!.weight <= this.free) this.#grant(this.queue.shift()!);
  }

  #grant(ask: Ask): void {
    this.held.set(ask.id, ask.weight);
    this.outcomes.set(ask.id, "held");
  }

  #end(ask: Ask, outcome: Outcome): void {
    this.outcomes.set(ask.id, outcome);
  }
}
