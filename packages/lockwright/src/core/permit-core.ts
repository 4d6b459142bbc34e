/**
 * The permit core: a weighted queue with direct hand-off. Every lock-like class is a view on one of these.
 *
 * Invariants, cited by number in the tests:
 * - I1 No barging. If the queue is not empty, its head does not fit; neither outsiders nor waiters behind it take permits.
 * - I2 Conservation. `free = capacity - sum of the weights of held guards`; negative only as debt after a shrink.
 * - I3 Hand-off. Grants happen inside `release`, `resize` or a cancel, before it returns; `stats` and `tryAcquire` see
 *   the new holder at once.
 * - I4 Clean cancel. queued -> granted or queued -> left happens once, synchronously. Who left holds nothing; when a
 *   head leaves, the queue drains again.
 * - I5 Grant wins. An abort or timeout after the grant does not undo it. (golang/sync prefers the cancellation and takes
 *   the grant back; a promise that is resolved cannot be.)
 * - I6 FIFO among equal priority. `order: "lifo"` reverses it by choice.
 *
 * Fairness: strict. A light waiter does not pass a heavy one that does not fit yet, else the heavy one could starve
 * (golang/sync `semaphore.go` gives the same reason; tokio's batch semaphore does the same). The only ways past are
 * `order` and `priority`, and the head is then whoever is to be served next.
 *
 * Why hand-off and not "wake the head and let it try": between the wake-up and the try anyone may take the permit, and a
 * woken waiter that is cancelled must pass the wake-up on. That design has cost CPython's asyncio a decade of fixes
 * (bpo-32734, python/cpython#90155). Here no state exists between "waits" and "holds".
 *
 * No user code runs inside a transition: a promise is resolved, and listeners are told after the state is settled, so
 * they may re-enter the lock. No step recurses.
 */
import {
  emitMissed,
  type Grant,
  isGrantWatched,
  isReleaseWatched,
  isWaitWatched,
  type LeftWhy,
  type LockRef,
  type Observed,
} from "../events.js";
import { joinAbortGroup } from "./abort-groups.js";
import { setDeadline } from "./deadlines.js";
import { HELD, LEFT, Permit, promiseOf, QUEUED, SPENT, WATCHING } from "./guard.js";
import type { Lender, LendingCore } from "./lending.js";
import { nextLockId } from "./lock-ids.js";
import { type AcquireOptions, type LockOptions, PLAIN_REQUEST, readRequest, type WaitRequest } from "./options.js";
import * as refuse from "./refusals.js";
import { Teller } from "./telling.js";
import { type WaitOrder, WaitQueue } from "./wait-queue.js";
import { Watchers } from "./watchers.js";

/** What a lock class says about the core it wants. */
export interface CoreShape {
  /** The class in kebab case. */
  readonly kind: string;
  readonly capacity: number;
  readonly isWeighted: boolean;
}

/** A weighted queue of waiters and the permits they wait for. */
export class PermitCore implements LendingCore, Observed {
  /** Number of creation: the global order in which several locks are taken together. */
  readonly id: number = nextLockId();
  readonly kind: string;
  readonly isWeighted: boolean;
  readonly order: WaitOrder;
  readonly maxWaiters: number;
  capacity: number;
  /** Permits not held (I2). */
  free: number;
  /** Waiters in the queue. */
  waiting = 0;
  isClosed = false;
  closeReason: unknown = undefined;
  probe: unknown = undefined;
  lenders: Set<Lender> | undefined = undefined;
  readonly #ageing: number;
  readonly #givenName: string | undefined;
  /** Made at the first wait: most locks of a large program are never contended. */
  #queue: WaitQueue | undefined = undefined;
  #watchers: Watchers | undefined = undefined;
  /** Made when somebody first listens. */
  #teller: Teller | undefined = undefined;
  #ref: LockRef | undefined = undefined;

  constructor(shape: CoreShape, options: LockOptions) {
    this.kind = shape.kind;
    this.capacity = shape.capacity;
    this.free = shape.capacity;
    this.isWeighted = shape.isWeighted;
    this.order = options.order ?? "fifo";
    this.maxWaiters = options.maxWaiters ?? Infinity;
    this.#ageing = options.ageing ?? 0;
    this.#givenName = options.name;
  }

  get name(): string {
    return this.#givenName ?? `${this.kind}-${this.id}`;
  }

  get ref(): LockRef {
    const known = this.#ref;
    if (known?.permits === this.capacity) return known;
    return (this.#ref = Object.freeze({
      id: this.id,
      name: this.name,
      kind: this.kind,
      scope: "process",
      permits: this.capacity,
    } as const));
  }

  /** Permits held: the sum of the weights of all live guards (I2). */
  get held(): number {
    return this.capacity - this.free;
  }

  get mode(): Grant["mode"] {
    return this.isWeighted ? "shared" : "exclusive";
  }

  /** Answers whether an outsider could take `weight` now (I1). */
  fits(weight: number): boolean {
    return this.waiting === 0 && weight <= this.free && !this.isClosed;
  }

  /** Takes `weight` if nobody waits and it fits. The fast path: keep it this small, it is inlined. */
  take(weight: number): Permit | undefined {
    if (this.waiting !== 0 || weight > this.free || this.isClosed) return undefined;
    this.free -= weight;
    const permit = new Permit(this, HELD, weight);
    if (isGrantWatched()) this.#listening().taken(permit);
    return permit;
  }

  /** Says why {@link take} gave nothing: throws where it never will, else counts a miss. */
  missed(weight: number): undefined {
    if (this.isClosed) throw refuse.closed(this);
    this.checkWeight(weight);
    if (isGrantWatched()) emitMissed(this);
    return undefined;
  }

  /** Throws LW_WEIGHT for a weight above the capacity; with no permits at all (paused) everyone queues. */
  checkWeight(weight: number): void {
    if (weight > this.capacity && this.capacity > 0) throw refuse.tooHeavy(this, weight);
  }

  acquire(options: AcquireOptions | undefined): Promise<Permit> {
    if (options === undefined) {
      const permit = this.take(1);
      return permit === undefined ? this.#wait(PLAIN_REQUEST) : Promise.resolve(permit);
    }
    try {
      return this.#acquireWith(readRequest(this, options));
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  #acquireWith(request: WaitRequest): Promise<Permit> {
    if (request.signal?.aborted === true) return Promise.reject<never>(request.signal.reason);
    const permit = this.take(request.weight);
    if (permit === undefined) return this.#wait(request);
    return Promise.resolve(permit);
  }

  // Outlined from the fast path on purpose: it is large, and inlining it slows the free case down.
  #wait(request: WaitRequest): Promise<Permit> {
    const { weight } = request;
    if (this.isClosed) return Promise.reject<never>(refuse.closed(this));
    if (weight > this.capacity && this.capacity > 0) return Promise.reject<never>(refuse.tooHeavy(this, weight));
    const queue = (this.#queue ??= new WaitQueue(this.order, this.#ageing));
    if (this.order !== "fifo" && weight <= this.free && queue.isOutranked(request.priority)) {
      return Promise.resolve(this.#passQueue(queue, weight));
    }
    if (this.waiting >= this.maxWaiters) return Promise.reject<never>(refuse.overloaded(this));
    if (request.timeout === 0) return Promise.reject<never>(refuse.timedOut(this, 0, this.waiting));
    const permit = new Permit(this, QUEUED, weight);
    const promise = promiseOf<Permit>(permit);
    if (request !== PLAIN_REQUEST || this.order === "priority") fitOut(permit, request);
    queue.push(permit);
    this.waiting += 1;
    if (isWaitWatched()) this.#listening().queued(permit);
    return promise;
  }

  /** Grants to a newcomer who is the head the moment it arrives and fits: waiters it outranks are not barged past (I1). */
  #passQueue(queue: WaitQueue, weight: number): Permit {
    this.free -= weight;
    queue.countGrant();
    const permit = new Permit(this, HELD, weight);
    if (isGrantWatched()) this.#listening().note(permit, undefined);
    // With ageing this grant may have made the oldest the head, and that one may fit.
    this.settle();
    return permit;
  }

  /** Waits until `weight` could be taken, and takes nothing. */
  watch(request: WaitRequest): Promise<void> {
    if (request.signal?.aborted === true) return Promise.reject<never>(request.signal.reason);
    if (this.isClosed) return Promise.reject<never>(refuse.closed(this));
    this.checkWeight(request.weight);
    if (this.fits(request.weight)) return Promise.resolve();
    if (request.timeout === 0) return Promise.reject<never>(refuse.timedOut(this, 0, this.waiting));
    const permit = new Permit(this, WATCHING, request.weight);
    const promise = promiseOf<void>(permit);
    fitOut(permit, request);
    this.#watchers ??= new Watchers(this);
    this.#watchers.ring.push(permit);
    return promise;
  }

  finish(permit: Permit, value?: unknown, state: number = SPENT): void {
    permit.state = state;
    this.free += permit.weight;
    if (this.waiting !== 0) this.#drain();
    if (this.#watchers !== undefined) this.#watchers.notice();
    if (this.#teller !== undefined || isReleaseWatched()) this.#tellReleased(permit, value);
  }

  #tellReleased(permit: Permit, value: unknown): void {
    const teller = this.#listening();
    teller.released(permit, value);
    teller.flush();
  }

  #listening(): Teller {
    return (this.#teller ??= new Teller(this));
  }

  leave(permit: Permit, why: LeftWhy, outcome: Promise<never>): void {
    const isWatcher = permit.state === WATCHING;
    permit.end(LEFT, outcome);
    if (isWatcher) return this.#watchers!.ring.removed(permit);
    this.waiting -= 1;
    this.#queue!.removed(permit);
    if (isWaitWatched()) this.#listening().note(permit.told, why);
  }

  queueReturn(returning: Permit): void {
    const queue = (this.#queue ??= new WaitQueue(this.order, this.#ageing));
    queue.push(returning);
    this.waiting += 1;
    if (isWaitWatched()) this.#listening().noteQueued(returning.told);
  }

  settle(): void {
    if (this.waiting !== 0) this.#drain();
    this.#watchers?.notice();
    this.#teller?.flush();
  }

  /** Lets in the head as long as it fits. A loop, never a recursion: nothing that it calls runs user code. */
  #drain(): void {
    const queue = this.#queue!;
    while (this.waiting !== 0) {
      const head = queue.head()!;
      if (head.weight > this.free) return;
      this.free -= head.weight;
      this.waiting -= 1;
      head.end(HELD, head);
      queue.granted(head);
      if (isGrantWatched()) this.#listening().note(head.told, undefined);
    }
  }

  resize(capacity: number): void {
    this.free += capacity - this.capacity;
    this.capacity = capacity;
    if (capacity > 0) this.#refuseHeavy();
    this.settle();
  }

  #refuseHeavy(): void {
    for (const waiter of this.#everyone()) {
      if (waiter.weight > this.capacity)
        this.leave(waiter, "cancelled", Promise.reject<never>(refuse.tooHeavy(this, waiter.weight)));
    }
  }

  /** Takes all that is free as one permit. */
  takeAll(): Permit | undefined {
    if (this.isClosed) throw refuse.closed(this);
    return this.free > 0 ? this.take(this.free) : undefined;
  }

  cancelAll(reason: unknown, hasReason: boolean): number {
    const everyone = this.#everyone();
    for (const waiter of everyone) {
      this.leave(waiter, "cancelled", Promise.reject<never>(hasReason ? reason : refuse.cancelled(this)));
    }
    this.settle();
    return everyone.length;
  }

  close(reason: unknown): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closeReason = reason;
    for (const waiter of this.#everyone()) this.leave(waiter, "closed", Promise.reject<never>(refuse.closed(this)));
    for (const lender of this.lenders ?? []) lender.coreClosed();
    this.settle();
  }

  /** Whoever may be turned away: not a holder who only lent what he holds (L2). */
  #everyone(): Permit[] {
    const queued = this.#queue?.entries().filter((permit) => !permit.isOwed);
    return [...(queued ?? []), ...(this.#watchers?.ring.entries() ?? [])];
  }

  timeoutError(permit: Permit, waited: number): Error {
    return refuse.timedOut(this, waited, permit.state === QUEUED ? this.waiting - 1 : this.waiting);
  }

  notHeldError(): Error {
    return refuse.notHeld(this);
  }

  /** The waiters by arrival, and what the containers keep alive; for tests and the wait graph. */
  inspect(): {
    readonly queued: readonly Permit[];
    readonly watching: readonly Permit[];
    readonly head: Permit | undefined;
    readonly span: number;
  } {
    const watching = this.#watchers?.ring;
    return {
      queued: this.#queue?.entries() ?? [],
      watching: watching?.entries() ?? [],
      head: this.waiting === 0 ? undefined : this.#queue?.head(),
      span: (this.#queue?.span ?? 0) + (watching?.span ?? 0),
    };
  }
}

/** Gives a waiting permit its signal, deadline, priority and intent. */
function fitOut(permit: Permit, request: WaitRequest): void {
  const { signal, timeout, priority, intent } = request;
  if (priority !== 0) permit.extras().priority = priority;
  if (intent !== undefined) permit.watched().intent = intent;
  if (signal !== undefined) joinAbortGroup(permit, signal);
  if (timeout !== Infinity) setDeadline(permit, timeout);
}
