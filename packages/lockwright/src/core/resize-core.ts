/** Changes how many permits a core has: what is held stays held, who can never fit any more leaves, who fits now gets in. */
import type { PermitCore } from "./permit-core.js";
import * as refuse from "./refusals.js";

/** Gives `core` another number of permits, in one step. */
export function resizeCore(core: PermitCore, capacity: number): void {
  core.free += capacity - core.capacity;
  core.capacity = capacity;
  // With none at all it is paused, and everyone queues; without weights everyone fits into one.
  if (capacity > 0 && core.isWeighted) refuseHeavy(core);
  core.settle();
}

function refuseHeavy(core: PermitCore): void {
  for (const waiter of core.everyone()) {
    if (waiter.weight > core.capacity)
      core.leave(waiter, "cancelled", Promise.reject<never>(refuse.tooHeavy(core, waiter.weight)));
  }
}
