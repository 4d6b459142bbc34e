/** What goes into the acquire loop, and what comes out. */
import type { AcquireCommand, HolderState, QueuedResult, UpgradeCommand } from "./lock-store.js";

/** A grant, with the monotonic time before the request that brought it was sent. */
export interface Granted {
  readonly id: string;
  readonly token: bigint;
  readonly sentAt: number;
  /** Milliseconds spent in the queue; 0 when it was free. */
  readonly waited: number;
}

/** What a caller wants and how long it will wait. */
export interface Request {
  /** The lock's name for messages. */
  readonly name: string;
  readonly command: Omit<AcquireCommand, "process" | "patience"> | Omit<UpgradeCommand, "patience">;
  readonly timeout: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Told once when it has to queue. */
  readonly onQueued?: ((answer: QueuedResult) => void) | undefined;
}

/** Why nothing was granted, where that is an answer and not an error. */
export interface Busy {
  readonly holders: readonly HolderState[];
  readonly waiting: number;
}
