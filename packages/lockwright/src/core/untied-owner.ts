/**
 * The part of a permit's owner that the wait graph asks for, where there is nothing to answer: nobody holds what is
 * waited for here (a rate, an abort, an event), so no wait is an edge.
 */
import type { LockTies } from "./guard.js";
import type { DeadlockMode } from "./options.js";

/** An owner whose waits have no place in the wait graph. */
export abstract class UntiedOwner {
  readonly deadlock: DeadlockMode = "off";
  readonly key: string | undefined = undefined;
  ties: LockTies | undefined = undefined;

  canServe(): boolean {
    return true;
  }
}
