/** The two kinds of waiters of a queue. */
import type { Gate } from "./gate.js";
import { Permit, WATCHING } from "./guard.js";

/** Waits with an item in hand. */
export class Putter<T> extends Permit {
  item: T | undefined;

  constructor(gate: Gate, item: T) {
    super(gate, WATCHING, 1);
    this.item = item;
  }

  override settle(outcome: unknown): void {
    // Else a tombstone in the ring would keep the item alive.
    this.item = undefined;
    super.settle(outcome);
  }
}

/** Waits for an item: as it is, or as a step of an iteration. */
export class Taker extends Permit {
  readonly isStep: boolean;

  constructor(gate: Gate, isStep: boolean) {
    super(gate, WATCHING, 1);
    this.isStep = isStep;
  }
}
