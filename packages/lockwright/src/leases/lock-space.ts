/**
 * A lock space: the locks of one store under one prefix.
 */
import { hostname } from "node:os";
import { StaleTokenError } from "../errors.js";
import { LeaseSession } from "./lease-session.js";
import type { LockStore, ResourceState, ResourceSummary } from "./lock-store.js";
import { checkLabel, checkName, checkPrefix, checkToken, checkTtl } from "./names.js";
import { acquireAll, type LeaseSet } from "./recipes/acquire-all.js";
import { type Cell, cell } from "./recipes/cell.js";
import { election, type LeaseElection } from "./recipes/election.js";
import type { AcquireLeaseOptions, LeaseLock, LeaseLockOptions } from "./recipes/lease-lock.js";
import { mutex } from "./recipes/mutex.js";
import { type LeaseReadWriteLock, readWriteLock } from "./recipes/read-write-lock.js";
import { type LeaseSemaphore, semaphore } from "./recipes/semaphore.js";
import { watchResource } from "./recipes/watch-resource.js";

/** Settings of a space. Times in milliseconds. */
export interface LockSpaceOptions {
  /** Put before every name. Default: none. */
  readonly prefix?: string;
  /** How long a lease lasts without a renewal. Default 10000. */
  readonly ttl?: number;
  /** How long the main loop may be silent before its leases are left to end. Default 60000. */
  readonly maxStall?: number;
  /** Says who holds a lock, to people. Default: host name and pid. */
  readonly label?: string;
  /** Where leases are renewed: "thread" (default, where the store can) survives a blocked main loop, "loop" does not. */
  readonly renewal?: "thread" | "loop";
}

/** What a space is doing. */
export interface LockSpaceStats {
  readonly store: string;
  readonly held: number;
  readonly waiting: number;
  /** Where renewal runs; undefined before the first acquire. */
  readonly renewal: "thread" | "loop" | undefined;
  readonly closed: boolean;
}

const DEFAULT_TTL = 10_000;
const DEFAULT_MAX_STALL = 60_000;

/**
 * The locks of one store.
 *
 * **Example**
 * ```ts
 * import { openLockSpace } from "lockwright/leases";
 *
 * const space = await openLockSpace("memory:", { prefix: "shop:" });
 * await space.mutex("nightly-invoices").run(async (lease) => {
 *   lease.signal.throwIfAborted(); // lost: stop before the write
 *   console.log("mine, token", lease.token); // mine, token 1n
 * });
 * await space.close();
 * ```
 */
export class LockSpace implements AsyncDisposable {
  readonly prefix: string;
  readonly #session: LeaseSession;
  readonly #ownedStore: LockStore | undefined;

  /** Borrows `store`: closing the space leaves it open, unless `ownsStore`. */
  constructor(options: LockSpaceOptions & { readonly store: LockStore; readonly ownsStore?: boolean }) {
    const { store, prefix = "", ttl = DEFAULT_TTL, maxStall = DEFAULT_MAX_STALL, renewal = "thread" } = options;
    const { label = `${hostname()}:${process.pid}` } = options;
    if (typeof store?.execute !== "function") throw new TypeError("store must be a LockStore, e.g. memoryStore()");
    checkPrefix(prefix);
    checkTtl(ttl);
    checkTtl(maxStall, "maxStall");
    checkLabel(label);
    if (renewal !== "thread" && renewal !== "loop")
      throw new RangeError(`renewal must be "thread" or "loop", got ${String(renewal)}`);
    this.prefix = prefix;
    this.#session = new LeaseSession({ store, prefix, ttl, maxStall, renewal, label });
    this.#ownedStore = options.ownsStore === true ? store : undefined;
  }

  get store(): LockStore {
    return this.#session.store;
  }

  /** One holder at a time. */
  mutex(name: string, options?: LeaseLockOptions): LeaseLock {
    return mutex(this.#session, name, options);
  }

  /** Many readers or one writer, in order of arrival. Its `write` side and the mutex of that name are the same lock. */
  readWriteLock(name: string, options?: LeaseLockOptions): LeaseReadWriteLock {
    return readWriteLock(this.#session, name, options);
  }

  /** At most `permits` units among all processes. */
  semaphore(name: string, permits: number, options?: LeaseLockOptions): LeaseSemaphore {
    return semaphore(this.#session, name, permits, options);
  }

  /** A mutex that can be watched: its holder is the leader. */
  election(name: string): LeaseElection {
    return election(this.#session, name);
  }

  /** Takes several mutexes in one global order, all or nothing. */
  acquireAll(names: Iterable<string>, options?: Omit<AcquireLeaseOptions, "weight">): Promise<LeaseSet> {
    return acquireAll(this.#session, names, options);
  }

  /** A versioned value. */
  cell<T>(name: string): Cell<T> {
    return cell<T>(this.#session, name);
  }

  /** The locks whose names begin with `prefix`, by name; also idle ones that were used before. */
  async list(prefix = ""): Promise<ResourceSummary[]> {
    checkPrefix(prefix);
    this.#session.checkOpen();
    const found = await this.store.list(this.prefix + prefix);
    return found.map((summary) => ({ ...summary, name: summary.name.slice(this.prefix.length) }));
  }

  /** Who holds a lock and who waits for it. */
  async inspect(name: string): Promise<ResourceState> {
    checkName(name);
    this.#session.checkOpen();
    return { ...(await this.#session.inspect(this.prefix + name)), name };
  }

  /** Yields a lock's state now and after each change, until `signal` aborts. */
  async *watch(
    name: string,
    options: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<ResourceState, void, void> {
    checkName(name);
    this.#session.checkOpen();
    for await (const state of watchResource(this.#session, this.prefix + name, options)) yield { ...state, name };
  }

  /**
   * Takes a lock from the holder that has `token`; that holder's lease is lost.
   *
   * **Errors** `StaleTokenError` when no holder has that token any more: look again before you break it.
   */
  async forceRelease(name: string, { token }: { readonly token: bigint }): Promise<void> {
    checkName(name);
    checkToken(token);
    this.#session.checkOpen();
    const result = await this.#session.ask({ type: "force", resource: this.prefix + name, token });
    if (result.type === "done") return;
    const { token: current } = await this.store.inspect(this.prefix + name);
    throw new StaleTokenError(`"${name}" is not held with token ${token}; look again`, { lock: name, token, current });
  }

  stats(): LockSpaceStats {
    const { store, held, acquireLoop, renewal, isClosed } = this.#session;
    return { store: store.name, held: held.size, waiting: acquireLoop.waiting, renewal, closed: isClosed };
  }

  /** Rejects waiters with `LW_CLOSED`, releases what is held, and closes the store if the space opened it. Idempotent. */
  async close(): Promise<void> {
    try {
      await this.#session.close();
    } finally {
      await this.#ownedStore?.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
