/** Whether a waiter of a counting lock can be served at all, for the wait graph. */
import type { HoldSet, Permit } from "./guard.js";
import type { WaitQueue } from "./wait-queue.js";

/** A queue longer than this is not walked to prove a deadlock. */
const MOST_LOOKED_AT = 10_000;

/** A lock that counts permits, as far as its reach goes. */
interface Counting {
  readonly capacity: number;
  readonly waiting: number;
  readonly isWeighted: boolean;
}

/** Answers `canServe` for a lock that counts permits: everybody's weight must fit beside the holds that stay. */
export function isWithinReach(lock: Counting, queue: WaitQueue, waiter: Permit, staying: HoldSet): boolean {
  const reach = lock.capacity - staying.weight;
  // Too heavy for the lock as it is: a resize has to come anyway, and it comes from outside.
  if (waiter.weight > lock.capacity || lock.waiting > MOST_LOOKED_AT) return true;
  if (waiter.weight > reach || !lock.isWeighted || reach === lock.capacity) return waiter.weight <= reach;
  const isInTheWay = (other: Permit): boolean =>
    other.weight > reach && other.weight <= lock.capacity && other.extra?.deadlines === undefined;
  return !queue.isAnyoneBefore(waiter, isInTheWay);
}
