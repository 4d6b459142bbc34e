/** The obvious barrier: an array of those who wait. The real one must never differ from it. */
import type { Ask, ReferenceWaits } from "./asks.js";

export class ReferenceBarrier implements ReferenceWaits {
  waiting: Ask[] = [];
  phase = 0;
  isBroken = false;
  readonly outcomes: Map<number, string> = new Map();
  readonly #parties: number;

  constructor(parties: number) {
    this.#parties = parties;
  }

  wait(ask: Ask, isImpatient: boolean): void {
    if (this.isBroken) return void this.outcomes.set(ask.id, "LW_BROKEN");
    if (this.waiting.length + 1 < this.#parties && isImpatient) return void this.outcomes.set(ask.id, "LW_TIMEOUT");
    this.waiting.push(ask);
    this.outcomes.set(ask.id, "waits");
    if (this.waiting.length < this.#parties) return;
    for (const [at, { id }] of this.waiting.entries()) this.outcomes.set(id, `index ${at}`);
    this.waiting = [];
    this.phase += 1;
  }

  end(which: (ask: Ask) => boolean, outcome: string): void {
    for (const ask of this.waiting.filter(which)) this.outcomes.set(ask.id, outcome);
    this.waiting = this.waiting.filter((ask) => !which(ask));
  }

  dues(): readonly number[] {
    return this.waiting.map((ask) => ask.due ?? Infinity);
  }
}
