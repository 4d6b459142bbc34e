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
 * - A3 A live wait keeps its signal alive, not the other way round, so a signal that goes nowhere can be collected with
 *   everything that waited on it in the past.
 */
import type { Permit, PermitOwner, WaiterList } from "./guard.js";
import { WaitRing } from "./wait-queue.js";

class AbortGroup implements WaiterList {
  readonly signal: AbortSignal;
  readonly #members: WaitRing = new WaitRing();
  #isOver = false;

  constructor(signal: AbortSignal) {
    this.signal = signal;
    signal.addEventListener("abort", this, { once: true });
  }

  add(permit: Permit): void {
    this.#members.push(permit);
  }

  removed(permit: Permit): void {
    this.#members.removed(permit);
    if (this.#members.live > 0 || this.#isOver) return;
    this.#end();
    this.signal.removeEventListener("abort", this);
  }

  /** Called by the signal. */
  handleEvent(): void {
    this.#end();
    const owners = new Set<PermitOwner>();
    // One rejected promise serves all: a fresh one per waiter doubled the time of this loop.
    const outcome = Promise.reject<never>(this.signal.reason);
    for (const permit of this.#members.entries()) {
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

const groups = new WeakMap<AbortSignal, AbortGroup>();
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
