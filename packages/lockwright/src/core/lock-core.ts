/**
 * What a lock needs of the core behind it.
 *
 * A `PermitCore` is one. So is a face of a read-write lock, which asks one shared core for a fixed kind of hold, and the
 * view of one key of a keyed lock, whose core comes and goes. Locks are written against this, so all of them run, wait
 * and close alike.
 */
import type { LockRef } from "../events.js";
import type { Permit } from "./guard.js";
import type { AcquireOptions, Allowed, WaitRequest } from "./options.js";
import type { Standing } from "./refusals.js";

/** Takes permits, at once or after a wait. */
export interface Admission extends Allowed {
  /** The lock as listeners know it. */
  readonly ref: LockRef;
  /** The key it stands for, of a keyed lock. */
  readonly key: string | undefined;
  /** Takes `weight` if it fits and nobody is ahead. */
  take(weight: number): Permit | undefined;
  acquire(options: AcquireOptions | undefined): Promise<Permit>;
  /** The same for options that were read already; the request must be the caller's own. */
  acquireWith(request: WaitRequest): Promise<Permit>;
}

/** The core of a lock on one event loop. */
export interface LockCore extends Admission, Standing {
  /** Name of the lock, on both sides of the inheritance. */
  readonly name: string;
  /** Number of creation of the lock: the order in which several are taken together. */
  readonly id: number;
  readonly free: number;
  readonly isClosed: boolean;
  /** Says why {@link Admission.take} gave nothing: throws where it never will. */
  missed(weight: number): undefined;
  watch(request: WaitRequest): Promise<void>;
  cancelAll(reason: unknown, hasReason: boolean): number;
  close(reason: unknown): void;
  /** Orders two cores of one {@link id}, 0 when they are the same lock. Absent where an id has one core. */
  compareTo?(other: LockCore): number;
}
