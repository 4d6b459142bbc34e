/** Leader election: a mutex that others may watch. The leader is whoever holds it. */
import { HeldLease, type Lease } from "../lease.js";
import type { LeaseSession } from "../lease-session.js";
import { EXCLUSIVE, type HolderState } from "../lock-store.js";
import { type LeaseLock, SpaceLock } from "./lease-lock.js";
import { watchResource } from "./watch-resource.js";

/** A lock whose holder is the leader. */
export interface LeaseElection extends LeaseLock {
  /** The leader now, or undefined while there is none. */
  leader(): Promise<HolderState | undefined>;
  /** Yields the leader now and after each change of leader, until `signal` aborts or the loop is left. */
  observe(options?: { readonly signal?: AbortSignal }): AsyncIterable<HolderState | undefined>;
}

class SpaceElection extends SpaceLock<Lease> implements LeaseElection {
  async leader(): Promise<HolderState | undefined> {
    const { holders } = await this.inspect();
    return holders[0];
  }

  async *observe(options: { signal?: AbortSignal } = {}): AsyncGenerator<HolderState | undefined, void, void> {
    let last: bigint | undefined | null = null;
    for await (const { holders } of watchResource(this.session, this.resource, options)) {
      const leader = holders[0];
      if (leader?.token === last) continue;
      last = leader?.token;
      yield leader;
    }
  }
}

export function election(session: LeaseSession, name: string): LeaseElection {
  return new SpaceElection(session, name, {
    kind: "election",
    capacity: EXCLUSIVE,
    weight: EXCLUSIVE,
    barging: false,
    lease: HeldLease,
  });
}
