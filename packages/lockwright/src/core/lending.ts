/**
 * Lending: a holder gives the lock free for a while and gets the very same guard back. What a condition needs of a lock.
 *
 * A permit never goes back to a waiting state (G3: old containers may still know it as a tombstone), so a {@link Returning}
 * queues in its place and, when granted, makes the lent permit held again:
 *
 *     the guard      HELD ──► LENT ─────────────────► HELD
 *     its Returning              QUEUED ──► (granted) SPENT
 *
 * Invariants:
 * - L1 While lent, a permit holds nothing, and `release` refuses it as if it were spent.
 * - L2 A returning holder is no newcomer: neither `close` nor `cancelWaiters` nor `maxWaiters` turn it away. Its owner is
 *   promised the guard back, for the `finally` that releases it.
 * - L3 A hold that ends while it is lent (a `run` body or a `using` block that did not await the wait) takes the wait with
 *   it: nobody would be there to release what came back.
 */
import { HELD, LEFT, LENT, Permit, type PermitOwner, QUEUED, SPENT, type WaiterList } from "./guard.js";
import type { Standing } from "./refusals.js";

const HOLD_OF: unique symbol = Symbol("lockwright.holdOf");
type HoldOf = (guard: unknown) => Permit | undefined;

/** A lock whose holders may lend what they hold. */
export interface LendingLock {
  readonly name: string;
}

/**
 * Makes the locks of this prototype lending ones. `holdOf` gives the held permit of the lock's core that `guard` stands for,
 * or undefined if it is no live hold of that lock. A property users cannot name: it is no part of a lock's public face.
 */
export function lendBy<L extends LendingLock>(
  prototype: L,
  holdOf: (lock: L, guard: unknown) => Permit | undefined,
): void {
  Object.defineProperty(prototype, HOLD_OF, {
    value(this: L, guard: unknown): Permit | undefined {
      return holdOf(this, guard);
    },
  });
}

/** Answers whether holders of `lock`, which may be anything, can lend what they hold. */
export function isLending(lock: unknown): lock is LendingLock {
  return typeof (lock as { [HOLD_OF]?: HoldOf } | null | undefined)?.[HOLD_OF] === "function";
}

/** Gives the held permit that `guard` stands for, if it is a live hold of `lock`. */
export function holdOf(lock: LendingLock, guard: unknown): Permit | undefined {
  return (lock as LendingLock & { [HOLD_OF]: HoldOf })[HOLD_OF](guard);
}

/** Something that lends a core's permits and must hear of its end. */
export interface Lender {
  /** The core is closed: whoever waits for a reason to come back need not hope for one. */
  coreClosed(): void;
}

/** The core behind a lending lock. */
export interface LendingCore extends PermitOwner, Standing {
  readonly isClosed: boolean;
  /** Those who lend now. */
  lenders: Set<Lender> | undefined;
  /** Gives the permit's weight free and lets the next waiter in, leaving it in `state`. */
  finish(permit: Permit, value?: unknown, state?: number): void;
  /** Queues a holder who wants back in. Grants nothing: `settle` follows. */
  queueReturn(returning: Permit): void;
}

/**
 * Whoever waits for a lent permit to come back. As a list it holds that one permit, so it hears (`removed`) when the hold is
 * ended while it is lent (L3).
 */
export interface LentWait extends WaiterList {
  /** The permit is held again. Called while the core hands out permits: it may resolve promises and nothing else. */
  returned(): void;
  /** It never will be, with `outcome`, a rejected promise. */
  lost(outcome: Promise<never>): void;
}

/** Gives the lock free and keeps the permit as lent to `wait`. */
export function lend(permit: Permit, wait: LentWait): void {
  permit.extras().group = wait;
  (permit.owner as LendingCore).finish(permit, undefined, LENT);
}

/** Stands in the lock's queue for a permit that was lent. */
export class Returning extends Permit {
  readonly #lent: Permit;
  readonly #wait: LentWait;

  constructor(lent: Permit, wait: LentWait) {
    super(lent.owner, QUEUED, lent.weight);
    this.#lent = lent;
    this.#wait = wait;
    const extra = lent.extra!;
    if (extra.priority !== 0) this.extras().priority = extra.priority;
    // A new wait and hold begin for listeners, under the same guard.
    const { watched } = extra;
    if (watched === undefined) return;
    watched.since = undefined;
    watched.grantedAt = undefined;
    watched.probe = undefined;
  }

  override get told(): Permit {
    return this.#lent;
  }

  override get isOwed(): boolean {
    return true;
  }

  override end(state: number, outcome: unknown): void {
    if (state === HELD) {
      this.state = SPENT;
      this.#lent.state = HELD;
      this.#lent.extra!.group = undefined;
      this.#wait.returned();
    } else {
      this.state = LEFT;
      this.#lent.state = SPENT;
      this.#wait.lost(outcome as Promise<never>);
    }
  }
}
