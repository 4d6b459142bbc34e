/**
 * The gate: where callers wait for something that nobody holds. Events, the latch, the barrier and the queues are each a
 * bit of state and one gate or more; who waits, times out or aborts is handled here, as for a lock in `permit-core.ts`.
 *
 * Invariants:
 * - W1 A waiter is in the ring exactly while its wait lasts: WATCHING -> LEFT, once, synchronously.
 * - W2 Passing wins: an abort or timeout after a waiter was let pass does not undo it, as I5 for a permit.
 * - W3 A waiter is out of the ring, its signal group and its deadline list before its promise is resolved. A value handed
 *   over may be a thenable, and then resolving runs a getter of the caller's, which must find the gate settled.
 * - W4 Nothing here is rejected when the event loop drains: an idle consumer is a normal end.
 *
 * Fairness: order of arrival, of those who still wait.
 *
 * Why not the permit core: an event has no holder, so nothing to conserve and nothing to give back; a core would carry a
 * count that means nothing. Why not a list of resolvers per class, as small as that is: each would need its own abort
 * listener and timer, and those are where such classes leak.
 */
import { LockwrightError } from "../errors.js";
import {
  emitCreated,
  emitMissed,
  isGrantWatched,
  isWaitWatched,
  type LeftWhy,
  type LockRef,
  type Observed,
} from "../events.js";
import { joinAbortGroup } from "./abort-groups.js";
import { setDeadline } from "./deadlines.js";
import { LEFT, Permit, type PermitOwner, promiseOf, WATCHING } from "./guard.js";
import { UntiedOwner } from "./untied-owner.js";
import { refOf } from "./core-shape.js";
import { nextLockId } from "./lock-ids.js";
import type { WaitRequest } from "./options.js";
import { Teller } from "./telling.js";
import { WaitRing } from "./wait-queue.js";

/** The answer of a wait that need not wait: one promise for all of them, since it carries nothing. */
export const DONE: Promise<void> = Promise.resolve();

/** Something callers wait at, as listeners and error messages know it; it may have several gates. */
export class WaitPlace implements Observed {
  readonly id: number = nextLockId();
  readonly kind: string;
  probe: unknown = undefined;
  /** Callers at all its gates. */
  waiting = 0;
  readonly #givenName: string | undefined;
  #ref: LockRef | undefined = undefined;
  /** Made when somebody first listens. */
  #teller: Teller | undefined = undefined;

  constructor(kind: string, name: string | undefined) {
    this.kind = kind;
    this.#givenName = name;
    if (name !== undefined) emitCreated(this.ref);
  }

  get name(): string {
    return this.#givenName ?? `${this.kind}-${this.id}`;
  }

  get ref(): LockRef {
    const { id, name, kind } = this;
    return (this.#ref ??= Object.freeze({ id, name, kind, scope: "process", permits: 0 } as const));
  }

  get teller(): Teller {
    return (this.#teller ??= new Teller(this, this));
  }

  /** Tells listeners what happened since the last time. Call it when the state is settled. */
  flush(): void {
    this.#teller?.flush();
  }

  /** Tells the hook that a try found nothing. */
  missed(): void {
    if (isGrantWatched()) emitMissed(this);
  }
}

/** The owner of waiters that will never hold anything. */
export abstract class Holderless extends UntiedOwner implements PermitOwner {
  readonly mode = "shared" as const;
  abstract readonly name: string;
  abstract leave(waiter: Permit, why: LeftWhy, outcome: Promise<never>): void;
  abstract settle(): void;
  abstract timeoutError(waiter: Permit, waited: number): Error;

  /** Asked by the wait graph alone, in which no wait of these stands. */
  get ref(): LockRef {
    return refOf({ id: 0, name: this.name, kind: "holderless", capacity: 0 });
  }

  /** Never called: only a held permit is given back. */
  finish(): void {}

  notHeldError(): Error {
    return new LockwrightError("LW_NOT_HELD", `a waiter at "${this.name}" holds nothing`);
  }
}

/** What a gate says when a wait runs out of time: `"name" ${lacks} within 5 ms (…); ${advice}`. */
export interface GateWords {
  readonly lacks: string;
  readonly advice: string;
}

/** Gives a waiter its signal and deadline. */
export function bound(waiter: Permit, request: WaitRequest): void {
  if (request.signal !== undefined) joinAbortGroup(waiter, request.signal);
  if (request.timeout !== Infinity) setDeadline(waiter, request.timeout);
}

/** Waiters in order of arrival, let pass one by one or all together. */
export class Gate extends Holderless {
  readonly place: WaitPlace;
  protected readonly ring: WaitRing = new WaitRing();
  readonly #words: GateWords;

  constructor(place: WaitPlace, words: GateWords) {
    super();
    this.place = place;
    this.#words = words;
  }

  get name(): string {
    return this.place.name;
  }

  /** Callers who wait here. */
  get waiting(): number {
    return this.ring.live;
  }

  /** Those who wait, oldest first. */
  entries(): Permit[] {
    return this.ring.entries();
  }

  /** Entries kept alive, tombstones included; for tests. */
  get span(): number {
    return this.ring.span;
  }

  /** Waits until let pass. */
  wait<T>(request: WaitRequest): Promise<T> {
    return this.enter(new Permit(this, WATCHING, 1), request);
  }

  /** Makes `waiter`, a new one in state WATCHING, wait. */
  enter<T>(waiter: Permit, request: WaitRequest): Promise<T> {
    if (request.timeout === 0) return Promise.reject<never>(this.timeoutError(waiter, 0));
    const promise = promiseOf<T>(waiter);
    this.ring.push(waiter);
    this.place.waiting += 1;
    bound(waiter, request);
    if (isWaitWatched()) this.place.teller.queued(waiter);
    return promise;
  }

  /** Takes out the oldest waiter: nothing can end its wait any more, so {@link pass} or {@link refuse} must follow. */
  next(): Permit | undefined {
    const waiter = this.ring.first();
    if (waiter === undefined) return undefined;
    this.ring.shift();
    this.place.waiting -= 1;
    waiter.moveTo(LEFT);
    return waiter;
  }

  /** Lets a waiter that {@link next} gave pass. `flush` of the place must follow, when the state is settled. */
  pass(waiter: Permit, outcome: unknown): void {
    if (isGrantWatched()) this.place.teller.note(waiter, undefined);
    waiter.settle(outcome);
  }

  /** Rejects a waiter that {@link next} gave. `flush` of the place must follow, when the state is settled. */
  refuse(waiter: Permit, why: LeftWhy, error: unknown): void {
    if (isWaitWatched()) this.place.teller.note(waiter, why);
    waiter.settle(Promise.reject<never>(error));
  }

  /** Lets everyone pass who waits now, in order; `outcomeOf` gives what each gets. */
  passAll(outcomeOf?: (at: number) => unknown): void {
    for (let at = 0, waiter = this.next(); waiter !== undefined; at += 1, waiter = this.next()) {
      this.pass(waiter, outcomeOf?.(at));
    }
    this.place.flush();
  }

  /** Ends every wait with an error of its own. */
  refuseAll(why: LeftWhy, error: () => Error): void {
    for (const waiter of this.ring.entries()) this.leave(waiter, why, Promise.reject<never>(error()));
    this.settle();
  }

  /** Takes one who waits out of the ring, and settles it with `outcome`. {@link settle} must follow, as for any owner. */
  leave(waiter: Permit, why: LeftWhy, outcome: unknown): void {
    waiter.end(LEFT, outcome);
    this.ring.removed(waiter);
    this.place.waiting -= 1;
    if (isWaitWatched()) this.place.teller.note(waiter, why);
  }

  settle(): void {
    this.place.flush();
  }

  timeoutError(waiter: Permit, waited: number): Error {
    // A waiter that is queued has its promise; one that never came in is not among those who wait.
    const others = waiter.resolve === undefined ? this.waiting : this.waiting - 1;
    const crowd = others === 1 ? "1 other caller waits" : `${others} other callers wait`;
    const { lacks, advice } = this.#words;
    return new LockwrightError("LW_TIMEOUT", `"${this.name}" ${lacks} within ${waited} ms (${crowd}); ${advice}`);
  }
}
