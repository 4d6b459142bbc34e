/** The obvious limiter with borrowers: an array of asks, a map of holders. */
export interface BorrowAsk {
  readonly id: number;
  /** Undefined: the guard borrows for itself. */
  readonly borrower: string | undefined;
  readonly due: number | undefined;
  readonly signal: number | undefined;
}

export class ReferenceLimiter {
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
      this.outcomes.set(ask.id, "waiting");
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

  remove(which: (ask: BorrowAsk) => boolean, outcome: string): void {
    for (const ask of this.queue.filter(which)) this.outcomes.set(ask.id, outcome);
    this.queue = this.queue.filter((ask) => !which(ask));
    this.drain();
  }

  drain(): void {
    while (this.queue.length > 0 && this.held.size < this.total) this.grant(this.queue.shift()!);
  }
}
