/** The obvious keyed mutex: per key a holder and an array of asks; an ask for several keys goes on to the next when granted. */
import type { Ask, ReferenceWaits } from "./asks.js";

export interface KeyAsk extends Ask {
  /** In the order in which they are taken. */
  readonly keys: readonly string[];
  /** How many it has. */
  has: number;
}

export class ReferenceKeyed implements ReferenceWaits {
  readonly holders: Map<string, KeyAsk> = new Map();
  readonly queues: Map<string, KeyAsk[]> = new Map();
  readonly outcomes: Map<number, string> = new Map();
  /** Asks that were granted a key and have not gone on yet. */
  #granted: KeyAsk[] = [];

  get size(): number {
    return this.holders.size;
  }

  dues(): readonly number[] {
    return [...this.queues.values()].flat().map((ask) => ask.due ?? Infinity);
  }

  start(ask: KeyAsk, isImpatient: boolean): void {
    this.outcomes.set(ask.id, "waits");
    this.#next(ask, isImpatient);
  }

  #next(ask: KeyAsk, isImpatient: boolean): void {
    const key = ask.keys[ask.has];
    if (key === undefined) this.outcomes.set(ask.id, "held");
    else if (!this.holders.has(key)) this.#grant(key, ask);
    else if (isImpatient) this.#settle(ask, "LW_TIMEOUT");
    else this.queues.set(key, [...(this.queues.get(key) ?? []), ask]);
  }

  #grant(key: string, ask: KeyAsk): void {
    this.holders.set(key, ask);
    ask.has += 1;
    this.#granted.push(ask);
  }

  /** Lets asks that were granted a key go on, first granted first. */
  goOn(now: number): void {
    for (let ask = this.#granted.shift(); ask !== undefined; ask = this.#granted.shift()) {
      if (ask.has > 0) this.#next(ask, ask.due !== undefined && ask.due <= now);
    }
  }

  tryAll(ask: KeyAsk): boolean {
    if (ask.keys.some((key) => this.holders.has(key))) return false;
    for (const key of ask.keys) this.holders.set(key, ask);
    ask.has = ask.keys.length;
    this.outcomes.set(ask.id, "held");
    return true;
  }

  /** Gives back what `ask` has, the last key first. */
  #giveBack(ask: KeyAsk): void {
    for (const key of ask.keys.slice(0, ask.has).toReversed()) {
      this.holders.delete(key);
      const [next, ...others] = this.queues.get(key) ?? [];
      this.queues.set(key, others);
      if (next !== undefined) this.#grant(key, next);
    }
    ask.has = 0;
  }

  release(ask: KeyAsk): void {
    this.outcomes.set(ask.id, "released");
    this.#giveBack(ask);
  }

  #settle(ask: KeyAsk, outcome: string): void {
    this.outcomes.set(ask.id, outcome);
    this.#giveBack(ask);
  }

  end(which: (ask: KeyAsk, key: string) => boolean, outcome: string): void {
    const gone: KeyAsk[] = [];
    for (const [key, queue] of this.queues) {
      gone.push(...queue.filter((ask) => which(ask, key)));
      this.queues.set(
        key,
        queue.filter((ask) => !which(ask, key)),
      );
    }
    for (const ask of gone.toSorted((a, b) => a.id - b.id)) this.#settle(ask, outcome);
  }
}
