/**
 * One listener per AbortSignal, with a list of ours behind it.
 *
 * A signal that is passed to many waits (a request's, a shutdown's) gets one native listener when the first of them
 * begins and loses it with the last. Natively, 100 000 listeners on one signal take 312 µs each to add, 31 s in all
 * (nodejs/node#55311), and leaked listeners are a steady source of reports; here each wait is a push into a ring.
 *
 * Invariants:
 * - A1 A signal has our listener exactly while at least one wait on it is live.
 * - A2 Two passes on abort: all waits of the signal leave first, then each lock lets in whoever fits, once. In one pass
 *   the leaving of a heavy waiter would grant a lighter one behind it that is about to leave too.
 * - A3 A signal without a live wait is not referred to from here, so it can be collected whatever waited on it before.
 */
import type { Permit, PermitOwner, WaiterList } from "./guard.js";
import { WaitRing } from "./wait-queue.js";

class AbortGroup implements WaiterList {
  readonly signal: AbortSignal;
  /** The one wait of the signal; most signals never have a second, and a ring for each would be dear. */
  #only: Permit | undefined;
  #members: WaitRing | undefined = undefined;
  #isOver = false;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener("abort", this, { once: true });
  }

  add(permit: Permit): void {
    if (this.#members === undefined && this.#only === undefined) {
      this.#only = permit;
      return;
    }
    this.#members ??= new WaitRing();
    if (this.#only !== undefined) this.#members.push(this.#only);
    this.#only = undefined;
    this.#members.push(permit);
  }

  removed(permit: Permit): void {
    if (this.#members === undefined) this.#only = undefined;
    else {
      this.#members.removed(permit);
      if (this.#members.live > 0) return;
    }
    if (this.#isOver) return;
    this.#end();
    this.signal.removeEventListener("abort", this);
  }

  /** Called by the signal. */
  handleEvent(): void {
    this.#end();
    // One rejected promise serves all: the reason is the same for each.
    const outcome = Promise.reject<never>(this.signal.reason);
    const only = this.#only;
    if (only === undefined) return this.#endAll(outcome);
    only.owner.leave(only, "abort", outcome);
    only.owner.settle();
  }

  #endAll(outcome: Promise<never>): void {
    const owners = new Set<PermitOwner>();
    for (const permit of this.#members!.entries()) {
      permit.owner.leave(permit, "abort", outcome);
      owners.add(permit.owner);
    }
    for (const owner of owners) owner.settle();
  }

  #end(): void {
    this.#isOver = true;
    groups.delete(this.signal);
    if (last === this) last = undefined;
  }
}

/** Strong on purpose: an entry lives as long as a wait, and waits do not vanish. */
const groups = new Map<AbortSignal, AbortGroup>();
/** The group used last: most callers pass one signal many times, and this saves them the map. */
let last: AbortGroup | undefined;

/** Makes an abort of `signal` end the wait of `permit`. The signal must not be aborted yet. */
export function joinAbortGroup(permit: Permit, signal: AbortSignal): void {
  let group = last?.signal === signal ? last : groups.get(signal);
  if (group === undefined) groups.set(signal, (group = new AbortGroup(signal)));
  last = group;
  group.add(permit);
  permit.extras().group = group;
}

/** Answers whether some live wait depends on `signal`. */
export function hasAbortGroup(signal: AbortSignal): boolean {
  return groups.has(signal);
}
