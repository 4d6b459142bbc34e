/**
 * Code that runs when a caller's AbortSignal aborts: for the signals that lockwright makes out of the caller's.
 *
 * A link is one more wait in the signal's group (`abort-groups.ts`), so a thousand task groups under one shutdown signal
 * share one native listener. Its code runs in the second pass of the abort, when every wait of the signal has left: it
 * aborts another signal, and what listens there is user code.
 */
import type { LockRef } from "../events.js";
import { joinAbortGroup } from "./abort-groups.js";
import { refOf } from "./core-shape.js";
import { LEFT, Permit, type PermitOwner, WATCHING } from "./guard.js";
import { UntiedOwner } from "./untied-owner.js";

const ignore = (): void => {};

/** No listener is ever told of a link. */
const LINK: LockRef = refOf({ id: 0, name: "abort-link", kind: "abort-link", capacity: 0 });

class AbortLink extends UntiedOwner implements PermitOwner, Disposable {
  readonly name: string = "abort-link";
  readonly ref: LockRef = LINK;
  readonly mode = "shared" as const;
  readonly #wait: Permit = new Permit(this, WATCHING, 1);
  #onAbort: () => void;

  constructor(signal: AbortSignal, onAbort: () => void) {
    super();
    this.#onAbort = onAbort;
    this.#wait.resolve = ignore;
    joinAbortGroup(this.#wait, signal);
  }

  leave(wait: Permit, _why: unknown, outcome: Promise<never>): void {
    // Nobody waits for it, and a rejection that nobody handles ends the process.
    outcome.catch(ignore);
    wait.end(LEFT, undefined);
  }

  settle(): void {
    this.#onAbort();
  }

  [Symbol.dispose](): void {
    this.#onAbort = ignore;
    if (this.#wait.state === WATCHING) this.#wait.end(LEFT, undefined);
  }

  finish(): void {}

  timeoutError(): Error {
    throw new Error("a link has no deadline");
  }

  notHeldError(): Error {
    throw new Error("a link holds nothing");
  }
}

/** Calls `onAbort` once when `signal` aborts, until the returned handle is disposed. The signal must not be aborted yet. */
export function linkAbort(signal: AbortSignal, onAbort: () => void): Disposable {
  return new AbortLink(signal, onAbort);
}
