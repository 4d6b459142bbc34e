/**
 * How a lock is told about: its state in a word or two, and its JSON document.
 *
 * A mutex and a read-write lock are one thing in the store, of EXCLUSIVE capacity: whoever has all of it is exclusive,
 * whoever has one unit is a reader. That number is never shown.
 */
import {
  EXCLUSIVE,
  type HolderState,
  type ResourceState,
  type ResourceSummary,
  type WaiterState,
} from "../leases/lock-store.js";

/** Tells whether a lock has permits, that is whether it is a semaphore. */
export function hasPermits({ capacity, token }: Pick<ResourceState, "capacity" | "token">): boolean {
  return capacity !== EXCLUSIVE && token > 0n;
}

/** `free`, `exclusive`, `shared 3`, `2/4 permits`. */
export function stateWords(state: Pick<ResourceState, "capacity" | "token" | "used">): string {
  if (hasPermits(state)) return `${state.used}/${state.capacity} permits`;
  if (state.used === 0) return "free";
  return state.used >= EXCLUSIVE ? "exclusive" : `shared ${state.used}`;
}

/** Tells whether somebody who asked now for the least there is would get it at once. */
export function isFree(state: ResourceState): boolean {
  if (state.waiters.length > 0) return false;
  return hasPermits(state) ? state.used < state.capacity : state.used === 0;
}

/** What a holder or waiter has or wants: `exclusive`, `shared`, `1 permit`, `2 permits`. */
export function shareWords(weight: number, permits: boolean): string {
  if (permits) return weight === 1 ? "1 permit" : `${weight} permits`;
  return weight >= EXCLUSIVE ? "exclusive" : "shared";
}

/** Who it is, to people; a store may hold labels that were not written by us. */
export function labelOf({ label, process }: Pick<HolderState, "label" | "process">): string {
  return visible(label === undefined || label === "" ? process : label);
}

// C0, DEL and C1, and what turns the direction of text around: they could redraw the terminal.
// oxlint-disable-next-line no-control-regex
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A text of the store with control characters written out. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A lock as JSON shows it: tokens as decimal strings, durations in milliseconds. */
export function lockDocument(state: ResourceState): Readonly<Record<string, unknown>> {
  const { name, capacity, used, token, holders, waiters } = state;
  const permits = hasPermits(state);
  return {
    name,
    state: permits ? "permits" : (stateWords(state).split(" ")[0] as string),
    ...(permits ? { used, permits: capacity } : {}),
    free: isFree(state),
    token: String(token),
    holders: holders.map((holder) => holderDocument(holder, permits)),
    waiters: waiters.map((waiter) => waiterDocument(waiter, permits)),
  };
}

/** A holder as JSON shows it. */
export function holderDocument(holder: HolderState, permits: boolean): Readonly<Record<string, unknown>> {
  const { label, process, token, heldFor, expiresIn, id, weight } = holder;
  const times = { heldFor: Math.round(heldFor), expiresIn: Math.round(expiresIn) };
  return { label: label ?? null, token: String(token), ...shareOf(weight, permits), ...times, process, id };
}

/** A waiter as JSON shows it. */
export function waiterDocument(waiter: WaiterState, permits: boolean): Readonly<Record<string, unknown>> {
  const { label, process, waitingFor, id, weight } = waiter;
  return { label: label ?? null, ...shareOf(weight, permits), waitingFor: Math.round(waitingFor), process, id };
}

function shareOf(weight: number, permits: boolean): Readonly<Record<string, unknown>> {
  return permits ? { permits: weight } : { mode: shareWords(weight, false) };
}

/** A summary of an idle lock as a state: nobody holds it, nobody waits. */
export function idleState({ name, capacity, token }: ResourceSummary): ResourceState {
  return { name, capacity, token, used: 0, holders: [], waiters: [] };
}
