/** All locks whose names begin with a prefix, in full: what `ls` prints and `watch` compares. */
import type { LockSpace } from "../leases/lock-space.js";
import type { ResourceState, ResourceSummary } from "../leases/lock-store.js";
import { idleState } from "./lock-view.js";

/** Locks looked at at once: enough to hide a round trip, few enough for any store. */
const TOGETHER = 32;

/** Lists the locks in use and the idle ones, by name. A look at a lock lets go of its dead holders. */
export async function listLocks(space: LockSpace, prefix: string): Promise<readonly ResourceState[]> {
  const summaries = await space.list(prefix);
  const states: ResourceState[] = [];
  for (let start = 0; start < summaries.length; start += TOGETHER) {
    const group = summaries.slice(start, start + TOGETHER);
    states.push(...(await Promise.all(group.map((summary) => look(space, summary)))));
  }
  return states;
}

async function look(space: LockSpace, summary: ResourceSummary): Promise<ResourceState> {
  return summary.holding + summary.waiting === 0 ? idleState(summary) : await space.inspect(summary.name);
}

/** Tells whether anybody holds the lock or waits for it. */
export function isInUse({ holders, waiters }: ResourceState): boolean {
  return holders.length + waiters.length > 0;
}
