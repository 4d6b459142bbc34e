/** How a core is described: what a class asks for, what listeners are shown, what tests look at. */
import type { LockRef } from "../events.js";
import type { Permit } from "./guard.js";
import type { WaitQueue, WaitRing } from "./wait-queue.js";

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

/** Describes the containers of a core. */
export function inspectionOf(
  queue: WaitQueue | undefined,
  watching: WaitRing | undefined,
  waiting: number,
): CoreInspection {
  return {
    queued: queue?.entries() ?? [],
    watching: watching?.entries() ?? [],
    head: waiting === 0 ? undefined : queue?.head(),
    span: (queue?.span ?? 0) + (watching?.span ?? 0),
  };
}
