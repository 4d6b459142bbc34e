/**
 * Several mutexes as one: taken in one global order (by name), so that two callers can never wait for each other, under
 * one deadline, and all given back if one cannot be had.
 */
import { platform } from "../../platform.js";
import type { Lease } from "../lease.js";
import type { LeaseSession } from "../lease-session.js";
import { checkName, checkTimeout } from "../names.js";
import type { AcquireLeaseOptions } from "./lease-lock.js";
import { mutex } from "./mutex.js";

/** The leases of several locks, held together. */
export interface LeaseSet extends AsyncDisposable {
  /** In the order asked for; a name given twice has the same lease twice. */
  readonly leases: readonly Lease[];
  /** Aborted as soon as any of them is lost. Read it anew each time. */
  readonly signal: AbortSignal;
  /** Throws `LeaseLostError` if any of them is lost. */
  check(): void;
  /** Gives all back; idempotent. */
  release(): Promise<void>;
}

class HeldSet implements LeaseSet {
  readonly leases: readonly Lease[];
  readonly #distinct: readonly Lease[];

  constructor(leases: readonly Lease[]) {
    this.leases = leases;
    this.#distinct = [...new Set(leases)];
  }

  get signal(): AbortSignal {
    return AbortSignal.any(this.#distinct.map((lease) => lease.signal));
  }

  check(): void {
    for (const lease of this.#distinct) lease.check();
  }

  async release(): Promise<void> {
    await releaseAll(this.#distinct);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }
}

/** Tries every release before it reports the first that failed. */
async function releaseAll(leases: readonly Lease[]): Promise<void> {
  const settled = await Promise.allSettled(leases.map((lease) => lease.release()));
  const failed = settled.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

export async function acquireAll(
  session: LeaseSession,
  names: Iterable<string>,
  options: Omit<AcquireLeaseOptions, "weight"> = {},
): Promise<LeaseSet> {
  const asked = [...names];
  for (const name of asked) checkName(name);
  checkTimeout(options.timeout);
  const startedAt = platform.now();
  const held = new Map<string, Lease>();
  try {
    for (const name of [...new Set(asked)].sort()) {
      const timeout =
        options.timeout === undefined ? undefined : Math.max(0, options.timeout - (platform.now() - startedAt));
      held.set(name, await mutex(session, name).acquire({ ...options, timeout }));
    }
    for (const lease of held.values()) lease.check(); // the first may have been lost while the last was waited for
  } catch (error) {
    await releaseAll([...held.values()]).catch(() => {}); // the cause is what the caller must see; a ttl frees the rest
    throw error;
  }
  return new HeldSet(asked.map((name) => held.get(name) as Lease));
}
