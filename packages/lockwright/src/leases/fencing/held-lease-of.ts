/** From the public face of a lease to what holds it: the fences need its store and its full name. */
import { HeldLease, type Lease } from "../lease.js";
import { describe } from "../names.js";

/**
 * The hold behind `lease`. Throws a `TypeError` for an object that is not a lease of this copy of lockwright, or whose
 * store hands out tokens without an order.
 */
export function heldLeaseOf(lease: Lease, helper: string): HeldLease {
  if (!(lease instanceof HeldLease)) {
    throw new TypeError(
      `lease must be a Lease as acquire() gives it, from this copy of lockwright, got ${describe(lease)}`,
    );
  }
  const { name, capabilities } = lease.session.store;
  if (capabilities.fencing === "none") {
    throw new TypeError(
      `${helper} refuses the lease on "${lease.name}": the tokens of a ${name} store have no order, so none is older`,
    );
  }
  return lease;
}
