/**
 * Where the waiters of a condition stand, and how they get their lock back.
 *
 * A wait goes through two queues, and is in exactly one place at any time:
 *
 *     wait ──► the condition's ring ── notify ──► the lock's own queue ──► holds again, settles
 *                    └── abort, timeout, close of the lock ──► the same queue ──► holds again, rejects
 *
 * Invariants:
 * - C1 A wait settles only when its guard holds again, on failure too: `finally { guard.release() }` is always right.
 * - C2 `notify` moves waiters from queue to queue and wakes nobody, so there is no herd: each runs when the lock is handed
 *   to it.
 * - C3 A notified waiter that fails before it has the lock back passes its notification to the next waiter.
 * - C4 Between the last look of `waitFor` at its predicate and the wait nothing else runs, so no notification is missed.
 *
 * Fairness: notified in order of arrival; then the lock's order. A failed waiter queues for the lock like a notified one.
 *
 * Why not wake, and let the woken acquire: newcomers would get in between the notification and the acquire, and a woken
 * waiter that is cancelled must be detected after the fact (CPython's `asyncio.Condition` was repaired for that over years).
 */
import { isGrantWatched, isWaitWatched, type LeftWhy } from "../events.js";
import { LockwrightError } from "../errors.js";
import { bound, Holderless, WaitPlace } from "./gate.js";
import { LEFT, Permit, promiseOf, WATCHING } from "./guard.js";
import { lend, type Lender, type LendingCore, type LendingLock, type LentWait, Returning } from "./lending.js";
import type { WaitRequest } from "./options.js";
import { closed } from "./refusals.js";
import { WaitRing } from "./wait-queue.js";

const ignore = (): void => {};

/** One call of `wait`. */
class ConditionWait extends Permit implements LentWait {
  /** The guard it lent. */
  readonly lent: Permit;
  /** Milliseconds the caller asked for; `waitFor` spends them over several waits. */
  readonly asked: number;
  /** Its place in the lock's queue, once notified or failed. */
  returning: Returning | undefined = undefined;
  failure: Promise<never> | undefined = undefined;

  readonly #room: ConditionRoom;

  constructor(room: ConditionRoom, lent: Permit, asked: number) {
    super(room, WATCHING, 1);
    this.#room = room;
    this.lent = lent;
    this.asked = asked;
  }

  returned(): void {
    if (this.failure === undefined) this.moveTo(LEFT);
    this.settle(this.failure);
  }

  lost(outcome: Promise<never>): void {
    if (this.failure === undefined) this.moveTo(LEFT);
    this.settle(this.failure ?? outcome);
  }

  /** The hold was ended while it is lent. */
  removed(): void {
    this.#room.recall(this);
  }
}

/** The ring of a condition and what ends a wait in it. */
export class ConditionRoom extends Holderless implements Lender {
  readonly place: WaitPlace = new WaitPlace("condition", undefined);
  readonly #lock: LendingLock;
  readonly #ring: WaitRing = new WaitRing();
  #core: LendingCore | undefined = undefined;

  constructor(lock: LendingLock) {
    super();
    this.#lock = lock;
  }

  get name(): string {
    return this.#lock.name;
  }

  get waiting(): number {
    return this.#ring.live;
  }

  enter(hold: Permit, request: WaitRequest, asked: number): Promise<void> {
    const core = hold.owner as LendingCore;
    if (core.isClosed) return Promise.reject<never>(closed(core));
    const wait = new ConditionWait(this, hold, asked);
    if (request.timeout === 0) return Promise.reject<never>(this.timeoutError(wait));
    const promise = promiseOf<void>(wait);
    this.#core = core;
    if (this.#ring.live === 0) (core.lenders ??= new Set()).add(this);
    this.#ring.push(wait);
    this.place.waiting += 1;
    bound(wait, request);
    if (isWaitWatched()) this.place.teller.queued(wait);
    // Last: whoever is let in by this, or hears of it, may notify.
    lend(hold, wait);
    return promise;
  }

  /** Moves up to `n` waiters to the lock's queue (C2). */
  notify(n: number): number {
    let moved = 0;
    for (; moved < n; moved += 1) {
      const wait = this.#ring.first() as ConditionWait | undefined;
      if (wait === undefined) break;
      this.#ring.shift();
      if (isGrantWatched()) this.place.teller.note(wait, undefined);
      this.#moveOver(wait);
    }
    return moved;
  }

  leave(waiter: Permit, why: LeftWhy, outcome: Promise<never>): void {
    const wait = waiter as ConditionWait;
    wait.moveTo(LEFT);
    wait.failure = outcome;
    // It is delivered when the lock is: until then nobody handles it, and that is no fault of the caller's.
    outcome.catch(ignore);
    if (wait.returning !== undefined) return void this.notify(1); // C3
    this.#ring.removed(wait);
    if (isWaitWatched()) this.place.teller.note(wait, why);
    this.#moveOver(wait);
  }

  /** Ends a wait whose guard is spent: it gets nothing back (L3). */
  recall(wait: ConditionWait): void {
    const advice = "await the wait before the body or the block that holds the lock ends";
    const error = new LockwrightError("LW_NOT_HELD", `the hold of "${this.name}" ended while it was lent; ${advice}`);
    const outcome = Promise.reject<never>(error);
    // A wait that has failed already rejects with that failure, and nobody looks at this one.
    outcome.catch(ignore);
    if (wait.returning === undefined) {
      wait.end(LEFT, outcome);
      this.#ring.removed(wait);
      if (isWaitWatched()) this.place.teller.note(wait, "cancelled");
      this.#gone();
    } else {
      const isNotified = wait.failure === undefined;
      this.#core!.leave(wait.returning, "cancelled", outcome);
      if (isNotified) this.notify(1); // C3
    }
    this.settle();
  }

  settle(): void {
    this.#core!.settle();
    this.place.flush();
  }

  coreClosed(): void {
    for (const wait of this.#ring.entries()) {
      this.leave(wait, "closed", Promise.reject<never>(closed(this.#core!)));
    }
    this.place.flush();
  }

  timeoutError(waiter: Permit): Error {
    const wait = waiter as ConditionWait;
    const lacks = wait.returning === undefined ? "was not notified" : "was notified and did not get the lock back";
    const advice = "see that somebody notifies after the change, or wait longer with a larger timeout";
    return new LockwrightError(
      "LW_TIMEOUT",
      `the wait on a condition of "${this.name}" ${lacks} within ${wait.asked} ms; ${advice}`,
    );
  }

  #moveOver(wait: ConditionWait): void {
    wait.returning = new Returning(wait.lent, wait);
    this.#core!.queueReturn(wait.returning);
    this.#gone();
  }

  /** One less waits in the ring. */
  #gone(): void {
    this.place.waiting -= 1;
    if (this.#ring.live === 0) this.#core!.lenders?.delete(this);
  }
}
