/** The mutex of a space: the writer's side of a read-write lock that nobody reads. */
import { HeldLease } from "../lease.js";
import type { LeaseSession } from "../lease-session.js";
import { EXCLUSIVE } from "../lock-store.js";
import { type LeaseLock, type LeaseLockOptions, SpaceLock } from "./lease-lock.js";

export function mutex(session: LeaseSession, name: string, options: LeaseLockOptions = {}): LeaseLock {
  const barging = options.fairness === "barging";
  return new SpaceLock(session, name, {
    kind: "mutex",
    capacity: EXCLUSIVE,
    weight: EXCLUSIVE,
    barging,
    lease: HeldLease,
  });
}
