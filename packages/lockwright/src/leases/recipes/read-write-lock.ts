/**
 * The read-write lock: readers take one unit of a very large capacity, a writer all of it. Task-fair: a reader that comes
 * after a waiting writer waits behind it.
 */
import { LockwrightError } from "../../errors.js";
import { HeldLease, type Lease } from "../lease.js";
import { timeoutError } from "../lease-messages.js";
import type { LeaseSession } from "../lease-session.js";
import { EXCLUSIVE } from "../lock-store.js";
import { checkSignal, checkTimeout } from "../names.js";
import { type LeaseLock, type LeaseLockOptions, SpaceLock } from "./lease-lock.js";

/** A shared lease, which may become the exclusive one. */
export interface ReadLease extends Lease {
  /**
   * Waits, ahead of the whole queue, until the other readers are gone, and then holds exclusively, with a new token.
   * This object is then spent; the returned lease is the hold. On failure the read lease stands as before.
   *
   * **Errors** `LW_DEADLOCK` if another reader already waits to upgrade (each would wait for the other), `LW_TIMEOUT`,
   * `signal.reason`, `LeaseLostError`.
   */
  upgrade(options?: { readonly signal?: AbortSignal; readonly timeout?: number }): Promise<Lease>;
}

/** Both sides of a read-write lock. */
export interface LeaseReadWriteLock {
  readonly name: string;
  readonly read: LeaseLock<ReadLease>;
  readonly write: LeaseLock;
}

class HeldReadLease extends HeldLease implements ReadLease {
  #upgrades = 0;

  async upgrade(options: { signal?: AbortSignal; timeout?: number } = {}): Promise<Lease> {
    const { signal, timeout } = options;
    checkSignal(signal);
    checkTimeout(timeout);
    this.check();
    const { session, grant, token } = this;
    this.#upgrades += 1;
    const id = `${grant.id}^${this.#upgrades}`;
    const command = {
      type: "upgrade",
      resource: grant.resource,
      id,
      holder: grant.id,
      token,
      queue: timeout !== 0,
    } as const;
    const request = { name: this.name, command, signal, timeout: timeout || undefined };
    const outcome = await session.acquireLoop.acquire(request).catch((error: unknown) => this.#notUpgraded(error));
    if (!("token" in outcome)) throw timeoutError(this.name, 0, outcome.holders[0]);
    session.checkWanted({ resource: grant.resource, id }, signal);
    this.#checkStillHeld(outcome.token);
    const { deadline } = this; // the hold is the same one and ends when it would have; only its token is new
    this.handOver();
    return new HeldLease(session, { ...grant, token: outcome.token, deadline });
  }

  /** The store no longer has the read lease: that is the loss to tell of. */
  #notUpgraded(error: unknown): never {
    if (error instanceof LockwrightError && error.code === "LW_NOT_HELD") {
      this.lose("gone");
      this.check();
    }
    throw error;
  }

  /** A lease that ended while its upgrade was under way stays ended [L3]; what the store has then goes back. */
  #checkStillHeld(token: bigint): void {
    if (this.state === "held") return;
    const { resource, id } = this.grant;
    this.session.ask({ type: "release", resource, id, token }).catch(() => {}); // unreachable: the ttl ends it
    this.check();
  }
}

export function readWriteLock(session: LeaseSession, name: string, options: LeaseLockOptions = {}): LeaseReadWriteLock {
  const barging = options.fairness === "barging";
  const kind = "read-write-lock";
  return {
    name,
    read: new SpaceLock(session, name, { kind, capacity: EXCLUSIVE, weight: 1, barging, lease: HeldReadLease }),
    write: new SpaceLock(session, name, { kind, capacity: EXCLUSIVE, weight: EXCLUSIVE, barging, lease: HeldLease }),
  };
}
