/**
 * The lock face of a lease: one class, given its shape (capacity and weight), is the mutex, both sides of the read-write
 * lock and the semaphore.
 */
import { TracedAcquire } from "../../core/traced-acquire.js";
import { channels, isAcquireTraced, type LeftWhy, type LockRef } from "../../events.js";
import { platform } from "../../platform.js";
import { LeaseLostError, LockwrightError } from "../../errors.js";
import type { HeldLease, Lease, LeaseGrant } from "../lease.js";
import { timeoutError } from "../lease-messages.js";
import type { Busy, Granted } from "../lease-request.js";
import type { LeaseSession } from "../lease-session.js";
import type { QueuedResult, ResourceState } from "../lock-store.js";
import { checkInteger, checkLabel, checkName, checkSignal, checkTimeout, checkTtl } from "../names.js";
import { deadlineFrom } from "../renewal-loop.js";

/** How a lease is asked for. Times in milliseconds. */
export interface AcquireLeaseOptions {
  /** Rejects with `signal.reason` when it aborts before the grant. */
  readonly signal?: AbortSignal | undefined;
  /** Bounds the waiting; 0: now or never. Default: wait for as long as it takes. */
  readonly timeout?: number | undefined;
  /** How long the lease lasts without a renewal. Default: the space's. */
  readonly ttl?: number | undefined;
  /** Permits to take; semaphores only. Default 1. */
  readonly weight?: number | undefined;
  /** Says who holds it, to people. Default: the space's, or host and pid. */
  readonly label?: string | undefined;
}

/** Settings of a lock of a space. */
export interface LeaseLockOptions {
  /**
   * "fifo" (default): strict order of arrival. "barging": whoever asks while it is free takes it, also past waiters;
   * more grants per second, and no promise to anyone.
   */
  readonly fairness?: "fifo" | "barging";
}

/** A lock that several processes or machines share. */
export interface LeaseLock<L extends Lease = Lease> {
  readonly name: string;
  /** Waits in line. Rejects with `signal.reason`, `LW_TIMEOUT`, `LW_CLOSED`, `LW_WEIGHT`, `LW_CONFLICT`, `LW_STORE_UNAVAILABLE`. */
  acquire(options?: AcquireLeaseOptions): Promise<L>;
  /** Takes it if it is free now; never queues. */
  tryAcquire(options?: Omit<AcquireLeaseOptions, "timeout">): Promise<L | undefined>;
  /**
   * Runs `fn` under the lease and gives it back. Rejects with `LeaseLostError` if the lease was lost on the way, even if
   * `fn` returned a value: work done after the loss may not count.
   */
  run<T>(fn: (lease: L) => T | PromiseLike<T>, options?: AcquireLeaseOptions): Promise<T>;
  /** Who holds it and who waits, with ages, tokens and labels. */
  inspect(): Promise<ResourceState>;
}

/** What makes a lock the kind it is. */
export interface LockShape<L extends Lease> {
  readonly kind: string;
  readonly capacity: number;
  /** Undefined: the caller may choose. */
  readonly weight: number | undefined;
  readonly barging: boolean;
  readonly lease: new (session: LeaseSession, grant: LeaseGrant) => L & HeldLease;
}

let nextRefId = 1_000_000_000; // apart from the numbers of in-process locks

export class SpaceLock<L extends Lease = Lease> implements LeaseLock<L> {
  readonly name: string;
  readonly session: LeaseSession;
  readonly resource: string;
  readonly #shape: LockShape<L>;
  readonly #ref: LockRef;

  constructor(session: LeaseSession, name: string, shape: LockShape<L>) {
    checkName(name);
    this.name = name;
    this.session = session;
    this.resource = session.prefix + name;
    this.#shape = shape;
    this.#ref = {
      id: nextRefId++,
      name,
      kind: shape.kind,
      scope: "lease",
      permits: shape.weight === undefined ? shape.capacity : 1,
    };
  }

  async acquire(options: AcquireLeaseOptions = {}): Promise<L> {
    checkTimeout(options.timeout);
    return await this.#acquire(options, false);
  }

  async #acquire(options: AcquireLeaseOptions, isRun: boolean): Promise<L> {
    const traced = isAcquireTraced() ? new TracedAcquire(this.#ref) : undefined;
    if (isRun) traced?.begin();
    try {
      const outcome = await this.#ask(options, options.timeout !== 0, options.timeout || undefined, traced);
      if (!("token" in outcome)) throw timeoutError(this.name, 0, outcome.holders[0]);
      const lease = this.#lease(outcome, options);
      traced?.granted();
      return lease;
    } catch (error) {
      traced?.failed(error);
      throw error;
    }
  }

  async tryAcquire(options: Omit<AcquireLeaseOptions, "timeout"> = {}): Promise<L | undefined> {
    const outcome = await this.#ask(options, false, undefined, undefined);
    return "token" in outcome ? this.#lease(outcome, options) : undefined;
  }

  async run<T>(fn: (lease: L) => T | PromiseLike<T>, options: AcquireLeaseOptions = {}): Promise<T> {
    if (typeof fn !== "function") throw new TypeError(`fn must be a function, got ${typeof fn}`);
    checkTimeout(options.timeout);
    const lease = (await this.#acquire(options, true)) as L & HeldLease;
    return await runUnder(lease, fn);
  }

  inspect(): Promise<ResourceState> {
    return this.session.inspect(this.resource);
  }

  async #ask(
    options: AcquireLeaseOptions,
    queue: boolean,
    timeout: number | undefined,
    traced: TracedAcquire | undefined,
  ): Promise<Granted | Busy> {
    const { session } = this;
    const { signal, ttl = session.ttl, label = session.label } = options;
    checkSignal(signal);
    checkTtl(ttl);
    checkLabel(label);
    const weight = this.#weight(options.weight);
    session.checkOpen();
    void session.keeper; // the keeper starts before there is a lease to keep
    const { capacity, barging } = this.#shape;
    const command = {
      type: "acquire",
      resource: this.resource,
      id: platform.newId(),
      capacity,
      weight,
      ttl,
      queue,
      barging,
      label,
    } as const;
    const isWatched = traced !== undefined || channels.queued.hasSubscribers;
    const onQueued = isWatched ? (answer: QueuedResult) => this.#queued(answer, traced) : undefined;
    const askedAt = platform.now();
    try {
      return await session.acquireLoop.acquire({ name: this.name, command, timeout, signal, onQueued });
    } catch (error) {
      const why = channels.left.hasSubscribers ? leftWhy(error, signal) : undefined;
      if (why !== undefined) channels.left.publish({ lock: this.#ref, why, waited: platform.now() - askedAt });
      throw error;
    }
  }

  #weight(weight: number | undefined): number {
    if (this.#shape.weight !== undefined) {
      if (weight !== undefined) throw new TypeError(`weight: a ${this.#shape.kind} takes none, got ${weight}`);
      return this.#shape.weight;
    }
    if (weight === undefined) return 1;
    checkInteger("weight", weight, 1, 999_999);
    return weight;
  }

  #lease(granted: Granted, { ttl = this.session.ttl, signal }: AcquireLeaseOptions): L {
    const { id, token, sentAt, waited } = granted;
    this.session.checkWanted({ resource: this.resource, id }, signal);
    const listening = channels.granted.hasSubscribers;
    if (listening) channels.granted.publish({ lock: this.#ref, waited, depth: 0, token });
    const since = listening || channels.released.hasSubscribers ? platform.now() : Number.NaN;
    const { name, resource } = this;
    const grant = { ref: this.#ref, name, resource, id, token, ttl, deadline: deadlineFrom(sentAt, ttl), since };
    return new this.#shape.lease(this.session, grant);
  }

  /** The store counts nobody's place: `depth` says only that there is a queue. */
  #queued({ holders }: QueuedResult, traced: TracedAcquire | undefined): void {
    traced?.begin();
    if (!channels.queued.hasSubscribers) return;
    const now = platform.now();
    const told = holders.map(({ label, heldFor }) => ({ owner: label ?? "", since: now - heldFor }));
    channels.queued.publish({ lock: this.#ref, depth: 1, holders: told });
  }
}

/** Why a caller gave up; undefined: it was refused and never waited. */
function leftWhy(error: unknown, signal: AbortSignal | undefined): LeftWhy | undefined {
  if (signal?.aborted === true && error === signal.reason) return "abort";
  if (!(error instanceof LockwrightError)) return undefined;
  if (error.code === "LW_TIMEOUT") return "timeout";
  return error.code === "LW_CLOSED" ? "closed" : undefined;
}

/** Runs a body under a lease; see `LeaseLock.run`. */
async function runUnder<L extends Lease, T>(lease: L & HeldLease, fn: (lease: L) => T | PromiseLike<T>): Promise<T> {
  let value: T;
  try {
    value = await fn(lease);
  } catch (error) {
    if (lease.state === "lost") throw error instanceof LeaseLostError ? error : lease.lossError({ cause: error });
    await lease.release().catch(() => {}); // the body's error is what the caller must see; the ttl frees the lock
    throw error;
  }
  if (lease.state === "released") return value; // the body gave it back itself, or upgraded it
  lease.check();
  // An unreachable store says nothing against the work: it was done in time, and the ttl frees the lock.
  const wasOurs = await lease.giveBack().catch(() => true);
  if (!wasOurs) throw lease.lossError();
  return value;
}
