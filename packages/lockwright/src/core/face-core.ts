/**
 * One face of a read-write lock: asks the shared core for one kind of hold.
 *
 * A face is a lock of its own to those who use it. What is asked of it concerns the callers that came through it: its
 * statistics count them, `cancelWaiters` rejects them, and a closed face closes no other.
 */
import { emitMissed, isGrantWatched, type LeftWhy, type LockRef } from "../events.js";
import type { Permit } from "./guard.js";
import type { LockCore } from "./lock-core.js";
import { type AcquireOptions, PLAIN_REQUEST, readRequest, WaitRequest } from "./options.js";
import type { Holders, ReadWriteCore, Side } from "./read-write-core.js";
import * as refuse from "./refusals.js";
import type { WaitOrder } from "./wait-queue.js";

/** What makes a face the one it is. */
export interface FaceShape {
  /** Who holds through it. */
  readonly counts: keyof Holders;
  /** How many may hold through it at once. */
  readonly capacity: number;
  /** Its place before the others in a lock with a preference; undefined in a fair one. */
  readonly rank: number | undefined;
  /** Whether callers may say a priority: the order that the lock was built with. */
  readonly order: WaitOrder;
}

/** The core of one face. */
export class FaceCore implements LockCore {
  readonly isWeighted = false;
  readonly order: WaitOrder;
  readonly capacity: number;
  /** The core of all faces. */
  readonly shared: ReadWriteCore;
  readonly #side: Side;
  readonly #weight: number;
  readonly #shape: FaceShape;
  /** The request of a caller who gives no options. */
  readonly #plain: WaitRequest;

  constructor(core: ReadWriteCore, side: Side, shape: FaceShape) {
    this.shared = core;
    this.#side = side;
    this.#weight = side.weight;
    this.#shape = shape;
    this.order = shape.order;
    this.capacity = shape.capacity;
    this.#plain = this.#fill(new WaitRequest());
  }

  get name(): string {
    return this.shared.name;
  }

  get id(): number {
    return this.shared.id;
  }

  get ref(): LockRef {
    return this.shared.ref;
  }

  get key(): undefined {
    return undefined;
  }

  get free(): number {
    return this.shared.free >= this.#weight ? this.capacity : 0;
  }

  get held(): number {
    return this.shared.census[this.#shape.counts];
  }

  get waiting(): number {
    return this.#side.waiting;
  }

  get isClosed(): boolean {
    return this.#side.isClosed;
  }

  get closeReason(): unknown {
    return this.#side.closeReason;
  }

  get maxWaiters(): number {
    return this.shared.maxWaiters;
  }

  get holders(): string {
    return this.shared.holders;
  }

  take(): Permit | undefined {
    if (this.#side.isClosed) return undefined;
    const permit = this.shared.take(this.#weight);
    if (permit !== undefined || this.#shape.rank === undefined) return permit;
    return this.shared.pass(this.#plain);
  }

  missed(): undefined {
    if (this.isClosed) throw refuse.closed(this);
    if (isGrantWatched()) emitMissed(this.shared);
    return undefined;
  }

  acquire(options: AcquireOptions | undefined): Promise<Permit> {
    if (options === undefined) return this.acquireWith(PLAIN_REQUEST);
    try {
      return this.acquireWith(readRequest(this, options));
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  acquireWith(request: WaitRequest): Promise<Permit> {
    const own = this.#own(request);
    // Whoever is aborted already is told that, as by any lock.
    if (!this.isClosed || own.signal?.aborted === true) return this.shared.acquireWith(own);
    return Promise.reject<never>(refuse.closed(this));
  }

  watch(request: WaitRequest): Promise<void> {
    const own = this.#own(request);
    if (!this.isClosed || own.signal?.aborted === true) return this.shared.watch(own);
    return Promise.reject<never>(refuse.closed(this));
  }

  /** Makes a request one for this face. */
  #own(request: WaitRequest): WaitRequest {
    return request === PLAIN_REQUEST ? this.#plain : this.#fill(request);
  }

  #fill(request: WaitRequest): WaitRequest {
    request.weight = this.#weight;
    request.priority = this.#shape.rank ?? request.priority;
    return request;
  }

  cancelAll(reason: unknown, hasReason: boolean): number {
    return this.#end("cancelled", () => (hasReason ? reason : refuse.cancelled(this)));
  }

  close(reason: unknown): void {
    if (this.isClosed) return;
    this.#side.isClosed = true;
    this.#side.closeReason = reason;
    this.#end("closed", () => refuse.closed(this));
  }

  #end(why: LeftWhy, errorOf: () => unknown): number {
    const core = this.shared;
    const { queued, watching } = core.inspect();
    const mine = [...queued, ...watching].filter((permit) => permit.weight === this.#weight);
    const upgrade = core.waitingUpgrade;
    if (upgrade !== undefined && core.sideOf(upgrade.base.weight) === this.#side) mine.push(upgrade);
    for (const permit of mine) core.leave(permit, why, Promise.reject<never>(errorOf()));
    core.settle();
    return mine.length;
  }

  compareTo(other: LockCore): number {
    if (other === this) return 0;
    throw new TypeError(`locks must not hold two faces of one lock: "${this.name}" would wait for itself`);
  }
}
