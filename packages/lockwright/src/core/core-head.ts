/** Who a core is and how it stands: the part of the permit core that no transition touches but by its fields. */
import type { Grant, LockRef, Observed } from "../events.js";
import { type CoreShape, refOf } from "./core-shape.js";
import { nextLockId } from "./lock-ids.js";
import type { DeadlockMode, LockOptions } from "./options.js";
import * as refuse from "./refusals.js";
import type { WaitOrder } from "./wait-queue.js";

/** The identity and the counters of a core. */
export abstract class CoreHead implements Observed {
  // Declared, and assigned in the constructor, as in Permit: with more than four subclasses in one program each field that
  // is defined costs 150 ns, and a keyed lock makes a core per key (2 to 10 µs each, measured, against 0.4).
  /** Number of creation: the global order in which several locks are taken together. */
  declare readonly id: number;
  declare readonly kind: string;
  declare readonly isWeighted: boolean;
  declare readonly order: WaitOrder;
  declare readonly maxWaiters: number;
  declare readonly deadlock: DeadlockMode;
  declare capacity: number;
  /** Permits not held (I2). */
  declare free: number;
  /** Waiters in the queue. */
  declare waiting: number;
  declare isClosed: boolean;
  declare closeReason: unknown;
  declare probe: unknown;
  readonly #givenName: string | undefined;
  #ref: LockRef | undefined = undefined;

  constructor(shape: CoreShape, options: LockOptions) {
    this.id = nextLockId();
    this.kind = shape.kind;
    this.isWeighted = shape.isWeighted;
    this.order = options.order ?? "fifo";
    this.maxWaiters = options.maxWaiters ?? Infinity;
    this.deadlock = options.deadlock ?? "reject";
    this.capacity = shape.capacity;
    this.free = shape.capacity;
    this.waiting = 0;
    this.isClosed = false;
    this.closeReason = undefined;
    this.probe = undefined;
    this.#givenName = options.name;
  }

  get name(): string {
    return this.#givenName ?? `${this.kind}-${this.id}`;
  }

  get ref(): LockRef {
    const known = this.#ref;
    if (known?.permits === this.capacity) return known;
    return (this.#ref = refOf(this));
  }

  /** Permits held: the sum of the weights of all live guards (I2). */
  get held(): number {
    return this.capacity - this.free;
  }

  get mode(): Grant["mode"] {
    return this.isWeighted ? "shared" : "exclusive";
  }

  /** The key this core stands for within a keyed lock, as listeners see it. */
  get key(): string | undefined {
    return undefined;
  }

  /** The lock as listeners know it: the core itself, unless it is a part of a larger lock. */
  protected get observed(): Observed {
    return this;
  }

  /** Answers whether an outsider could take `weight` now (I1). */
  fits(weight: number): boolean {
    return this.waiting === 0 && weight <= this.free && !this.isClosed;
  }

  /** Throws LW_WEIGHT for a weight above the capacity; with no permits at all (paused) everyone queues. */
  checkWeight(weight: number): void {
    if (weight > this.capacity && this.capacity > 0) throw refuse.tooHeavy(this, weight);
  }
}
