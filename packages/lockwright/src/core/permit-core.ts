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
 * No user code runs inside a transition; listeners are told after it and may re-enter the lock. No step recurses.
 */
import { emitMissed, isGrantWatched, isReleaseWatched, isWaitWatched, type LeftWhy } from "../events.js";
import { type Contended, delist, enlist } from "./drain.js";
import { CoreHead } from "./core-head.js";
import { type CoreInspection, type CoreShape, inspectionOf } from "./core-shape.js";
import { fitOut } from "./fit-out.js";
import {
  granted,
  HELD,
  type HoldSet,
  LEFT,
  type LockTies,
  Permit,
  promiseOf,
  QUEUED,
  SPENT,
  WATCHING,
} from "./guard.js";
import type { Lender, LendingCore } from "./lending.js";
import { type AcquireOptions, type LockOptions, PLAIN_REQUEST, readRequest, type WaitRequest } from "./options.js";
import { isWithinReach } from "./reach.js";
import * as refuse from "./refusals.js";
import { resizeCore } from "./resize-core.js";
import { isTracking } from "./task.js";
import { Teller } from "./telling.js";
import { adopt, isTieWanted, tieWait } from "./tie.js";
import { examine } from "./verdict.js";
import { WaitQueue } from "./wait-queue.js";
import { Watchers } from "./watchers.js";

/** A weighted queue of waiters and the permits they wait for. */
export class PermitCore extends CoreHead implements Contended, LendingCore {
  declare contendedBefore: Contended | undefined;
  declare contendedAfter: Contended | undefined;
  declare lenders: Set<Lender> | undefined;
  readonly #ageing: number;
  /** Made at the first wait: most locks of a large program are never contended. */
  #queue: WaitQueue | undefined = undefined;
  #watchers: Watchers | undefined = undefined;
  /** Made with the first permit that has a place in the wait graph. */
  #ties: LockTies | undefined = undefined;
  /** True once there are watchers, ties or a teller: one look for all three on the way out. */
  #isAttended = false;
  /** Made when somebody first listens. */
  #teller: Teller | undefined = undefined;

  constructor(shape: CoreShape, options: LockOptions) {
    super(shape, options);
    this.lenders = undefined;
    this.contendedBefore = undefined;
    this.contendedAfter = undefined;
    this.#ageing = options.ageing ?? 0;
  }

  /** Callers of {@link watch} that were not told yet. */
  get watching(): number {
    return this.#watchers?.ring.live ?? 0;
  }

  /** Takes `weight` if nobody waits and it fits. The fast path: keep it this small, it is inlined. */
  take(weight: number, intent?: WaitRequest["intent"]): Permit | undefined {
    if (this.waiting !== 0 || weight > this.free || this.isClosed) return undefined;
    this.free -= weight;
    const permit = new Permit(this, HELD, weight);
    if (isGrantWatched()) this.tellTaken(permit, intent);
    return permit;
  }

  /** Tells of a grant that did not wait. */
  protected tellTaken(permit: Permit, intent: WaitRequest["intent"]): void {
    if (intent !== undefined) permit.watched().intent = intent;
    this.#listening().taken(permit);
  }

  /** Says why {@link take} gave nothing: throws where it never will, else counts a miss. */
  missed(weight: number): undefined {
    if (this.isClosed) throw refuse.closed(this);
    this.checkWeight(weight);
    if (isGrantWatched()) emitMissed(this.observed);
    return undefined;
  }

  acquire(options: AcquireOptions | undefined): Promise<Permit> {
    if (options === undefined) {
      const permit = this.take(1);
      if (permit === undefined) return this.#wait(PLAIN_REQUEST);
      if (isTracking) adopt(permit, PLAIN_REQUEST);
      return Promise.resolve(permit);
    }
    try {
      return this.acquireWith(readRequest(this, options));
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  acquireWith(request: WaitRequest): Promise<Permit> {
    if (request.signal?.aborted === true) return Promise.reject<never>(request.signal.reason);
    const permit = this.takeFor(request);
    if (permit === undefined) return this.#wait(request);
    if (isTracking) adopt(permit, request);
    return Promise.resolve(permit);
  }

  /** Takes what `request` asks for, as {@link take} does. */
  protected takeFor(request: WaitRequest): Permit | undefined {
    return this.take(request.weight, request.intent);
  }

  /** Makes the permit of a request; a lock whose guards can do more makes them here. */
  protected permitFor(request: WaitRequest, state: number): Permit {
    return new Permit(this, state, request.weight);
  }

  /** Queues `waiter`, a fresh permit of the request's weight; a caller who wants more of a grant than a promise brings its own. */
  enqueue(request: WaitRequest, waiter: Permit): Promise<unknown> {
    return this.#wait(request, waiter);
  }

  // Outlined from the fast path on purpose: it is large, and inlining it slows the free case down.
  #wait(request: WaitRequest, waiter?: Permit): Promise<Permit> {
    if (this.isClosed) return Promise.reject<never>(refuse.closed(this));
    const isHopeless = request.weight > this.capacity && this.capacity > 0;
    if (isHopeless) return Promise.reject<never>(refuse.tooHeavy(this, request.weight));
    if (this.#isHead(request))
      return granted(waiter ?? this.permitFor(request, QUEUED), (own) => this.#grantPast(own, request));
    if (this.waiting >= this.maxWaiters) return Promise.reject<never>(refuse.overloaded(this));
    if (request.timeout === 0) return Promise.reject<never>(refuse.timedOut(this, 0, this.waiting));
    const permit = waiter ?? this.permitFor(request, QUEUED);
    const promise = promiseOf<Permit>(permit);
    if (request !== PLAIN_REQUEST || this.order === "priority") fitOut(permit, request);
    (this.#queue ??= new WaitQueue(this.order, this.#ageing)).push(permit);
    if (this.waiting++ === 0) enlist(this);
    const isTied = isTieWanted(request);
    if (isTied) tieWait(permit, request);
    if (isWaitWatched()) this.#listening().queued(permit);
    if (isTied) examine(permit);
    return promise;
  }

  /** Answers whether a newcomer is the head the moment it arrives, and fits: waiters it outranks are not barged past (I1). */
  #isHead(request: WaitRequest): boolean {
    const queue = this.#queue;
    if (this.order === "fifo" || queue === undefined || request.weight > this.free) return false;
    return queue.isOutranked(request.priority);
  }

  /** Grants to such a newcomer. */
  pass(request: WaitRequest): Permit | undefined {
    if (!this.#isHead(request)) return undefined;
    const permit = this.permitFor(request, HELD);
    this.#grantPast(permit, request);
    return permit;
  }

  #grantPast(permit: Permit, request: WaitRequest): void {
    this.free -= permit.weight;
    this.#queue!.countGrant();
    if (isTracking) adopt(permit, request);
    if (isGrantWatched()) this.#listening().note(permit, undefined);
    // With ageing this grant may have made the oldest the head, and that one may fit.
    this.settle();
  }

  /** Waits until `weight` could be taken, and takes nothing. */
  watch(request: WaitRequest): Promise<void> {
    if (request.signal?.aborted === true) return Promise.reject<never>(request.signal.reason);
    if (this.isClosed) return Promise.reject<never>(refuse.closed(this));
    this.checkWeight(request.weight);
    if (this.fits(request.weight)) return Promise.resolve();
    if (request.timeout === 0) return Promise.reject<never>(refuse.timedOut(this, 0, this.waiting));
    this.#isAttended = true;
    return (this.#watchers ??= new Watchers(this)).add(request);
  }

  finish(permit: Permit, value?: unknown, state: number = SPENT): void {
    permit.state = state;
    this.free += permit.weight;
    if (this.waiting !== 0) this.#drain();
    if (this.#isAttended || isReleaseWatched()) this.#attend(permit, value);
  }

  /** What a release is to others than the next in line. */
  #attend(permit: Permit, value: unknown): void {
    permit.extra?.tie?.moved(permit);
    this.#watchers?.notice();
    if (this.#teller === undefined && !isReleaseWatched()) return;
    const teller = this.#listening();
    teller.released(permit, value);
    teller.flush();
  }

  #listening(): Teller {
    this.#isAttended = true;
    return (this.#teller ??= new Teller(this, this.observed));
  }

  /** The teller, for transitions that a subclass adds. */
  protected get teller(): Teller {
    return this.#listening();
  }

  get ties(): LockTies | undefined {
    return this.#ties;
  }

  set ties(ties: LockTies | undefined) {
    this.#isAttended = true;
    this.#ties = ties;
  }

  leave(permit: Permit, why: LeftWhy, outcome: Promise<never>): void {
    const isWatcher = permit.state === WATCHING;
    permit.end(LEFT, outcome);
    if (isWatcher) return this.#watchers!.ring.removed(permit);
    if (--this.waiting === 0) delist(this);
    this.#queue!.removed(permit);
    if (isWaitWatched()) this.#listening().note(permit.told, why);
  }

  queueReturn(returning: Permit): void {
    const queue = (this.#queue ??= new WaitQueue(this.order, this.#ageing));
    queue.push(returning);
    if (this.waiting++ === 0) enlist(this);
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
      if (--this.waiting === 0) delist(this);
      head.end(HELD, head);
      queue.granted(head);
      if (isGrantWatched()) this.#listening().note(head.told, undefined);
    }
  }

  resize(capacity: number): void {
    resizeCore(this, capacity);
  }

  /** Takes all that is free as one permit. */
  takeAll(): Permit | undefined {
    if (this.isClosed) throw refuse.closed(this);
    return this.free > 0 ? this.take(this.free) : undefined;
  }

  cancelAll(reason: unknown, hasReason: boolean): number {
    return this.#endAll("cancelled", () => (hasReason ? reason : refuse.cancelled(this)));
  }

  close(reason: unknown): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.closeReason = reason;
    this.#endAll("closed", () => refuse.closed(this));
    for (const lender of this.lenders ?? []) lender.coreClosed();
    this.settle();
  }

  #endAll(why: LeftWhy, errorOf: () => unknown): number {
    const everyone = this.everyone();
    for (const waiter of everyone) this.leave(waiter, why, Promise.reject<never>(errorOf()));
    this.settle();
    return everyone.length;
  }

  /** Whoever may be turned away: not a holder who only lent what he holds (L2). */
  everyone(): Permit[] {
    const queued = this.#queue?.entries().filter((permit) => !permit.isOwed);
    return [...(queued ?? []), ...(this.#watchers?.ring.entries() ?? [])];
  }

  timeoutError(permit: Permit, waited: number): Error {
    return refuse.timedOut(this, waited, permit.state === QUEUED ? this.waiting - 1 : this.waiting);
  }

  notHeldError(): Error {
    return refuse.notHeld(this);
  }

  queued(): readonly Permit[] {
    return this.inspect().queued;
  }

  canServe(waiter: Permit, staying: HoldSet): boolean {
    return isWithinReach(this, this.#queue!, waiter, staying);
  }

  /** The waiters by arrival, and what the containers keep alive; for tests. */
  inspect(): CoreInspection {
    return inspectionOf(this.#queue, this.#watchers?.ring, this.waiting);
  }
}
