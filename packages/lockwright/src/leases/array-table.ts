/**
 * A grant table as two plain arrays: immutable, obvious, linear.
 *
 * **When to use** For a handful of entries, where scanning beats any index: the sqlite store keeps a quiet resource as one
 * small document and looks at it through this. It is also the reference that the indexed tables are compared with.
 */
import type { GrantTable, Header, Step } from "./grant-table.js";
import type { Holder, Waiter } from "./lock-store.js";

export class ArrayTable implements GrantTable {
  readonly header: Header;
  /** In the order of their grants. */
  readonly holderList: readonly Holder[];
  /** By rising `seq`. */
  readonly waiterList: readonly Waiter[];

  constructor(header: Header, holders: readonly Holder[] = [], waiters: readonly Waiter[] = []) {
    this.header = header;
    this.holderList = holders;
    this.waiterList = waiters;
  }

  get holding(): number {
    return this.holderList.length;
  }

  get waiting(): number {
    return this.waiterList.length;
  }

  holder(id: string): Holder | undefined {
    return this.holderList.find((holder) => holder.id === id);
  }

  waiter(id: string): Waiter | undefined {
    return this.waiterList.find((waiter) => waiter.id === id);
  }

  holders(limit: number): Iterable<Holder> {
    return this.holderList.slice(0, limit);
  }

  lapsedHolders(now: number): Iterable<Holder> {
    return this.holderList.filter((holder) => holder.expiresAt <= now);
  }

  lapsedWaiters(now: number): Iterable<Waiter> {
    return this.waiterList.filter((waiter) => waiter.aliveUntil <= now);
  }

  holdersOf(process: string): Iterable<Holder> {
    return this.holderList.filter((holder) => holder.process === process);
  }

  waitersOf(process: string): Iterable<Waiter> {
    return this.waiterList.filter((waiter) => waiter.process === process);
  }

  soonestExpiry(): number | undefined {
    const soonest = Math.min(...this.holderList.map((holder) => holder.expiresAt));
    return soonest === Number.POSITIVE_INFINITY ? undefined : soonest;
  }

  first(): Waiter | undefined {
    return this.waiterList[0];
  }

  last(): Waiter | undefined {
    return this.waiterList.at(-1);
  }

  before(waiter: Waiter): Waiter | undefined {
    return this.waiterList.findLast((other) => other.seq < waiter.seq);
  }

  after(waiter: Waiter): Waiter | undefined {
    return this.waiterList.find((other) => other.seq > waiter.seq);
  }

  /** The table after a step. */
  applied(step: Step): ArrayTable {
    if (!step.changed) return this;
    const { holders, waiters } = step.changes;
    const queue = merged(this.waiterList, waiters).sort((a, b) => a.seq - b.seq);
    return new ArrayTable(step.header, merged(this.holderList, holders), queue);
  }
}

function merged<T extends { readonly id: string }>(list: readonly T[], changes: ReadonlyMap<string, T | null>): T[] {
  if (changes.size === 0) return [...list];
  const next: T[] = [];
  const seen = new Set<string>();
  for (const entry of list) {
    const change = changes.get(entry.id);
    seen.add(entry.id);
    if (change !== null) next.push(change ?? entry);
  }
  for (const [id, change] of changes) if (change !== null && !seen.has(id)) next.push(change);
  return next;
}
