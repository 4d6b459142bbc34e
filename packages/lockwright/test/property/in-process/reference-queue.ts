/** The obvious queue: arrays and linear scans. The real ones must never differ from it. */
import type { Ask, ReferenceWaits } from "./asks.js";

/** Gives the index of the item that comes out next; items stand in order of arrival. */
export type Pick = (items: readonly number[], takes: number) => number;

export class ReferenceQueue implements ReferenceWaits {
  items: number[] = [];
  /** Those who wait; a putter's item is its own number. */
  readonly lists: Readonly<Record<"put" | "take" | "join", Ask[]>> = { put: [], take: [], join: [] };
  unfinished = 0;
  isClosed = false;
  readonly outcomes: Map<number, string> = new Map();
  readonly #capacity: number;
  readonly #pick: Pick;
  #takes = 0;

  constructor(capacity: number, pick: Pick) {
    this.#capacity = capacity;
    this.#pick = pick;
  }

  /** Joins a list and is served if that can be; who cannot and will not wait leaves again. Gives the outcome so far. */
  ask(what: "put" | "take" | "join", ask: Ask, isImpatient: boolean): string {
    this.lists[what].push(ask);
    this.outcomes.set(ask.id, "waits");
    if (this.isClosed && (what === "put" || this.items.length === 0)) this.#refuse();
    this.serve();
    if (isImpatient) this.end((other) => other === ask, "LW_TIMEOUT");
    return this.outcomes.get(ask.id)!;
  }

  shutdown(isNow: boolean): number[] {
    this.isClosed = true;
    const dropped = isNow ? this.items.splice(0) : [];
    this.unfinished = Math.max(this.unfinished - dropped.length, 0);
    this.#refuse();
    this.serve();
    return dropped;
  }

  end(which: (ask: Ask) => boolean, outcome: string): void {
    for (const list of Object.values(this.lists)) {
      for (const ask of list.filter(which)) {
        this.outcomes.set(ask.id, outcome);
        list.splice(list.indexOf(ask), 1);
      }
    }
  }

  dues(): readonly number[] {
    return Object.values(this.lists).flatMap((list) => list.map((ask) => ask.due ?? Infinity));
  }

  serve(): void {
    const { put, take, join } = this.lists;
    for (;;) {
      if (take.length > 0 && this.items.length > 0) {
        const [item] = this.items.splice(this.#pick(this.items, ++this.#takes), 1);
        this.outcomes.set(take.shift()!.id, `took ${item}`);
      } else if (put.length > 0 && (this.items.length < this.#capacity || take.length > 0)) {
        const { id } = put.shift()!;
        this.unfinished += 1;
        this.outcomes.set(id, "put");
        // Straight to a taker: the store's order, and its count of takes, are not asked.
        if (take.length > 0) this.outcomes.set(take.shift()!.id, `took ${id}`);
        else this.items.push(id);
      } else break;
    }
    if (this.unfinished === 0) for (const { id } of join.splice(0)) this.outcomes.set(id, "joined");
  }

  #refuse(): void {
    for (const { id } of [...this.lists.put.splice(0), ...this.lists.take.splice(0)])
      this.outcomes.set(id, "LW_CLOSED");
  }
}
