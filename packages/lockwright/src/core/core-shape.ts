/** How a core is described: what a class asks for, what listeners are shown, what tests look at. */
import type { LockRef } from "../events.js";
import type { Permit } from "./guard.js";

/** What a lock class says about the core it wants. */
export interface CoreShape {
  /** The class in kebab case. */
  readonly kind: string;
  readonly capacity: number;
  readonly isWeighted: boolean;
}

/** The waiters of a core and what its containers keep alive. */
export interface CoreInspection {
  readonly queued: readonly Permit[];
  readonly watching: readonly Permit[];
  readonly head: Permit | undefined;
  /** Slots in use, tombstones included. */
  readonly span: number;
}

/** Names a core to listeners. */
export function refOf(core: {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly capacity: number;
}): LockRef {
  const { id, name, kind, capacity: permits } = core;
  return Object.freeze({ id, name, kind, scope: "process", permits } as const);
}
