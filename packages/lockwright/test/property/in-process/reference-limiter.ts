/** The obvious limiter with borrowers: an array of asks, a map of holders. */
import type { Ask, ReferenceWaits } from "./asks.js";

export interface BorrowAsk extends Ask {
  /** Undefined: the guard borrows for itself. */
  readonly borrower: string | undefined;
}

export class ReferenceLimiter implements ReferenceWaits {
  queue: BorrowAsk[] = [];
  readonly held: Map<number, BorrowAsk> = new Map();
  readonly outcomes: Map<number, string> = new Map();
  total: number;

  constructor(total: number) {
    this.total = total;
  }

  knows(borrower: string | undefined): boolean {
    if (borrower === undefined) return false;
    return [...this.queue, ...this.held.values()].some((ask) => ask.borrower === borrower);
  }

  holderOf(borrower: string): number | undefined {
    return [...this.held.values()].find((ask) => ask.borrower === borrower)?.id;
  }

  get isFree(): boolean {
    return this.queue.length === 0 && this.held.size < this.total;
  }

  acquire(ask: BorrowAsk, isImpatient: boolean): void {
    if (this.knows(ask.borrower)) this.outcomes.set(ask.id, "LW_BUSY");
    else if (this.isFree) this.grant(ask);
    else if (isImpatient) this.outcomes.set(ask.id, "LW_TIMEOUT");
    else {
      this.queue.push(ask);
      this.outcomes.set(ask.id, "waits");
    }
  }

  grant(ask: BorrowAsk): void {
    this.held.set(ask.id, ask);
    this.outcomes.set(ask.id, "held");
  }

  release(id: number): void {
    this.held.delete(id);
    this.outcomes.set(id, "released");
    this.drain();
  }

  dues(): readonly number[] {
    return this.queue.map((ask) => ask.due ?? Infinity);
  }

  end(which: (ask: Ask) => boolean, outcome: string): void {
    for (const ask of this.queue.filter(which)) this.outcomes.set(ask.id, outcome);
    this.queue = this.queue.filter((ask) => !which(ask));
    this.drain();
  }

  drain(): void {
    while (this.queue.length > 0 && this.held.size < this.total) this.grant(this.queue.shift()!);
  }
}
