/**
 * Rejections that nobody handles, while schedules run. Node tells of them after the macrotask, so after a whole slice of
 * schedules; the searcher then runs those of the slice one by one to learn whose it was.
 *
 * While exploring, other listeners are set aside: to a test runner they would be failures of the test, and without any
 * listener the process would end. What turns out not to come from a schedule is handed to them afterwards.
 */
import { natives } from "../natives.js";

type Listener = (reason: unknown, promise: Promise<unknown>) => void;

const EVENT = "unhandledRejection";

/** Listens for the time of one exploration. */
export class RejectionWatch {
  #heard: { readonly reason: unknown; readonly promise: Promise<unknown> }[] = [];
  #setAside: Listener[] = [];
  readonly #listener: Listener = (reason, promise) => void this.#heard.push({ reason, promise });

  begin(): void {
    const { process } = natives;
    if (process === undefined) return;
    this.#setAside = process.listeners(EVENT) as Listener[];
    process.removeAllListeners(EVENT);
    process.on(EVENT, this.#listener);
  }

  end(): void {
    const { process } = natives;
    if (process === undefined) return;
    process.off(EVENT, this.#listener);
    for (const listener of this.#setAside) process.on(EVENT, listener);
    this.#setAside = [];
  }

  /** Gives what was heard since the last time, oldest first. */
  take(): readonly { readonly reason: unknown; readonly promise: Promise<unknown> }[] {
    const heard = this.#heard;
    this.#heard = [];
    return heard;
  }

  /** Hands one that no schedule made to those who listened before. */
  handOn({ reason, promise }: { readonly reason: unknown; readonly promise: Promise<unknown> }): void {
    for (const listener of this.#setAside) listener(reason, promise);
  }
}
