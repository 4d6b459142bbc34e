/** What happened to a lock between two looks at it. */
import type { HolderState, ResourceState, WaiterState } from "../leases/lock-store.js";
import { hasPermits } from "./lock-view.js";

/** One change. "held" and "waiting" are what was there at the first look. */
export type LockChange =
  | { readonly event: "held" | "granted" | "released"; readonly holder: HolderState; readonly waited?: number }
  | { readonly event: "waiting" | "queued" | "left"; readonly waiter: WaiterState; readonly position: number }
  /** Grants that came and went between the looks, up to this token. */
  | { readonly event: "missed"; readonly token: bigint }
  | { readonly event: "resized"; readonly permits: number };

/**
 * Compares two looks that are `elapsed` milliseconds apart; `before` undefined: this is the first. Who let go comes before
 * who was let in.
 */
export function changesOf(
  before: ResourceState | undefined,
  after: ResourceState,
  elapsed: number,
): readonly LockChange[] {
  if (before === undefined) return firstLook(after);
  const gone = departures(before, after, elapsed);
  return [
    ...gone,
    ...missedOf(before, after),
    ...grantsOf(before, after, elapsed),
    ...arrivals(before, after),
    ...resized(before, after),
  ];
}

function firstLook({ holders, waiters }: ResourceState): readonly LockChange[] {
  const held = holders.map((holder): LockChange => ({ event: "held", holder }));
  return [...held, ...waiters.map((waiter, index): LockChange => ({ event: "waiting", waiter, position: index + 1 }))];
}

function departures(before: ResourceState, after: ResourceState, elapsed: number): readonly LockChange[] {
  const tokens = new Set(after.holders.map(({ token }) => token));
  const gone = before.holders.filter(({ token }) => !tokens.has(token));
  const here = new Set([...after.holders, ...after.waiters].map(({ id }) => id));
  const left = before.waiters.flatMap((waiter, index): LockChange[] =>
    here.has(waiter.id) ? [] : [{ event: "left", waiter, position: index + 1 }],
  );
  return [
    ...gone.map((holder): LockChange => ({
      event: "released",
      holder: { ...holder, heldFor: holder.heldFor + elapsed },
    })),
    ...left,
  ];
}

function grantsOf(before: ResourceState, after: ResourceState, elapsed: number): readonly LockChange[] {
  const tokens = new Set(before.holders.map(({ token }) => token));
  const waiting = new Map(before.waiters.map((waiter) => [waiter.id, waiter.waitingFor]));
  return after.holders
    .filter(({ token }) => !tokens.has(token))
    .map((holder): LockChange => {
      const waited = waiting.get(holder.id);
      return waited === undefined
        ? { event: "granted", holder }
        : { event: "granted", holder, waited: Math.max(0, waited + elapsed - holder.heldFor) };
    });
}

/** A store may skip tokens, so how many grants were missed is not known: only that there were. */
function missedOf(before: ResourceState, after: ResourceState): readonly LockChange[] {
  const seen = after.holders.some(({ token }) => token === after.token);
  return after.token > before.token && !seen ? [{ event: "missed", token: after.token }] : [];
}

function arrivals(before: ResourceState, after: ResourceState): readonly LockChange[] {
  const known = new Set(before.waiters.map(({ id }) => id));
  return after.waiters.flatMap((waiter, index): LockChange[] =>
    known.has(waiter.id) ? [] : [{ event: "queued", waiter, position: index + 1 }],
  );
}

function resized(before: ResourceState, after: ResourceState): readonly LockChange[] {
  return hasPermits(before) && hasPermits(after) && before.capacity !== after.capacity
    ? [{ event: "resized", permits: after.capacity }]
    : [];
}
