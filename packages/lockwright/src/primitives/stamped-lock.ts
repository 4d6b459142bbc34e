/** A read-write lock that can also be read without being taken: look at the version, read, look again. */
import { showByToString } from "../core/inspection.js";
import { checkBody, checkCount, checkLockOptions, readRequest, show } from "../core/options.js";
import { ReadWriteCore } from "../core/read-write-core.js";
import { emitCreated } from "../events.js";
import { FaceLock } from "./face-lock.js";
import type { Guard, LocalLock, LockOptions, WaitOptions } from "./lock.js";
import { checkNoLifo } from "./read-write-lock.js";

/** The version of a {@link StampedLock} at one moment. */
export type Stamp = number & { readonly __stamp: true };

/** Options of {@link StampedLock.readOptimistic}. */
export interface OptimisticOptions extends WaitOptions {
  /** How often to try without the lock before taking it: a whole number from 0, default 3. */
  readonly attempts?: number;
}

/**
 * Lets readers in beside each other or one writer alone, and lets readers do without the lock if they can check afterwards.
 *
 * **When to use** For reads that span an `await`, are cheap to repeat, and are rarely met by a write: an optimistic reader
 * neither waits for writers nor holds them up. A read without an `await` needs no lock at all: nothing runs in between.
 * What is read may be half written until `validate` says otherwise: do nothing with it before that.
 *
 * **Fairness** `read` and `write` are served in strict arrival order. Optimistic readers stand in no queue.
 *
 * **Cancellation** `signal` and `timeout` end the waiting.
 *
 * **Errors** See `acquire` of `Lock`. Each face counts, cancels and closes its own callers only.
 *
 * **Example**
 * ```ts
 * import { StampedLock } from "lockwright";
 *
 * const lock = new StampedLock({ name: "position" });
 * const position = { x: 0, y: 0 };
 *
 * const distance = lock.readOptimistic(async () => {
 *   const { x } = position;
 *   await Promise.resolve(); // a write may come in here: then this runs again
 *   return Math.hypot(x, position.y);
 * });
 * await lock.write.run(async () => {
 *   position.x = 3;
 *   await Promise.resolve();
 *   position.y = 4;
 * });
 * console.log(await distance); // 5
 * ```
 */
export class StampedLock {
  /** Reads beside other readers. */
  readonly read: LocalLock;
  /** Writes, alone. */
  readonly write: LocalLock;
  readonly #core: ReadWriteCore;

  constructor(options: LockOptions = {}) {
    checkLockOptions(options);
    checkNoLifo(options.order);
    const core = new ReadWriteCore("stamped-lock", options);
    const shape = { rank: undefined, order: core.order };
    this.#core = core;
    this.read = new FaceLock("StampedLock.read", core, core.reading, {
      counts: "readers",
      capacity: Infinity,
      ...shape,
    });
    this.write = new FaceLock("StampedLock.write", core, core.writing, { counts: "writers", capacity: 1, ...shape });
    if (options.name !== undefined) emitCreated(core.ref);
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#core.name;
  }

  /** Gives the version to check against later, or `undefined` while somebody writes. Takes nothing. */
  tryOptimisticRead(): Stamp | undefined {
    const { version } = this.#core;
    return version % 2 === 0 ? (version as Stamp) : undefined;
  }

  /**
   * Answers whether no write began since `stamp` was given: what was read in between is whole.
   *
   * **Errors** A TypeError for anything but a stamp.
   */
  validate(stamp: Stamp): boolean {
    checkStamp(stamp);
    return stamp === this.#core.version;
  }

  /**
   * Takes the write lock if no write began since `stamp` and the lock is free; else gives `undefined`. Never waits.
   *
   * **When to use** To turn an optimistic read into a write: what was read still holds when the write begins.
   *
   * **Errors** `LW_CLOSED` when `write` is closed; a TypeError for anything but a stamp.
   *
   * **Example**
   * ```ts
   * import { StampedLock } from "lockwright";
   *
   * const lock = new StampedLock();
   * let count = 0;
   *
   * const stamp = lock.tryOptimisticRead();
   * const next = count + 1;
   * const guard = stamp === undefined ? undefined : lock.tryWrite(stamp);
   * if (guard !== undefined) {
   *   count = next;
   *   guard.release();
   * }
   * console.log(count, stamp !== undefined && lock.validate(stamp)); // 1 false
   * ```
   */
  tryWrite(stamp: Stamp): Guard | undefined {
    return this.validate(stamp) ? this.write.tryAcquire() : undefined;
  }

  /**
   * Reads without the lock, again if a write came in between, and in the end with the lock.
   *
   * `fn` may run up to `attempts + 1` times, so it must only read. While somebody writes there is nothing to try: it then
   * waits for the read lock at once. An error that `fn` throws counts only if no write came in between: half-written
   * data may be its cause.
   *
   * **Cancellation** `signal` and `timeout` bound the wait for the read lock; a signal is also heeded between attempts.
   *
   * **Errors** Those of `acquire`; whatever `fn` throws.
   */
  async readOptimistic<T>(fn: () => T | PromiseLike<T>, options: OptimisticOptions = {}): Promise<T> {
    checkBody(fn);
    const { signal } = readRequest({ name: this.name, isWeighted: false, order: "fifo" }, options);
    const { attempts = 3 } = options;
    checkCount("attempts", attempts, 0);
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      signal?.throwIfAborted();
      const stamp = this.tryOptimisticRead();
      if (stamp === undefined) break;
      const seen = await attemptOf(fn);
      if (this.validate(stamp)) return seen();
    }
    return this.read.run(() => fn(), options);
  }

  toString(): string {
    const { name, holders, waiting, version } = this.#core;
    const state = `${holders}, waiting: ${waiting}, version: ${version}`;
    return `${this.constructor.name} { name: ${JSON.stringify(name)}, ${state} }`;
  }

  static {
    showByToString(this.prototype);
  }
}

/** Runs `fn` and gives how it ended, to be looked at only if the read was whole. */
async function attemptOf<T>(fn: () => T | PromiseLike<T>): Promise<() => T> {
  try {
    const value = await fn();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function checkStamp(stamp: unknown): void {
  if (typeof stamp === "number") return;
  throw new TypeError(`stamp must be what tryOptimisticRead gave, got ${show(stamp)}`);
}
