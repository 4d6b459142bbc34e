/**
 * Timeouts of waits: one list per distinct duration, one platform timer for the earliest.
 *
 * Waits of one duration end in the order in which they began, so a list needs no sorting and its oldest live entry is
 * the next to expire; a small heap orders the lists. Arming and clearing measures 80–100 ns, half of it the clock
 * read, against 280–300 for a `setTimeout`, `clearTimeout` pair per wait. (The shape is that of Node's own timers, one floor up.)
 *
 * Invariants:
 * - D1 A timer is set exactly while some wait has a deadline. It keeps the process alive: its owner is owed an answer.
 * - D2 The timer is never later than the earliest deadline. It may be earlier, since a wait that is granted leaves it
 *   alone; it then looks again.
 * - D3 A delay beyond the largest a Node timer takes is waited for in pieces: Node fires such a timer after 1 ms.
 * - D4 All that is due is ended first, then each lock lets in whoever fits (two passes, as for a shared signal).
 * - D5 Lists that no wait uses are at most 32, or as many as are used: odd durations do not pile up.
 */
import { MAX_TIMER_MS, platform, type Platform, type Timer } from "../platform.js";
import type { Permit, PermitOwner, WaiterList } from "./guard.js";
import { Heap } from "./heap.js";
import { WaitRing } from "./wait-queue.js";

const TOLERATED_EMPTY = 32;

class DeadlineList implements WaiterList {
  readonly duration: number;
  readonly waits: WaitRing = new WaitRing();
  /** At most the due time of its oldest live entry; the key of the list in the heap (D2). */
  nextDue: number;
  readonly #clock: DeadlineClock;

  constructor(clock: DeadlineClock, duration: number, nextDue: number) {
    this.#clock = clock;
    this.duration = duration;
    this.nextDue = nextDue;
  }

  removed(permit: Permit): void {
    this.waits.removed(permit);
    this.#clock.removedOne(this);
  }
}

class DeadlineClock {
  readonly #platform: Platform;
  readonly #lists: Map<number, DeadlineList> = new Map<number, DeadlineList>();
  readonly #byDue: Heap<DeadlineList> = new Heap<DeadlineList>((a, b) => a.nextDue < b.nextDue);
  /** The list used last: most programs have few durations, and this saves them the map. */
  #recent: DeadlineList | undefined;
  #live = 0;
  /** Lists without a live wait: kept for the next wait of that duration, dropped when they are the larger part (D5). */
  #empty = 0;
  #timer: Timer | undefined;
  #timerDue = Infinity;
  readonly #fire = (): void => this.#expire();

  constructor(of: Platform) {
    this.#platform = of;
  }

  add(permit: Permit, duration: number): void {
    const now = this.#platform.now();
    const due = Math.ceil(now + duration);
    const extra = permit.extras();
    extra.due = due;
    const list = this.#recent?.duration === duration ? this.#recent : this.#listOf(duration, due);
    if (list.waits.live === 0) this.#empty -= 1;
    list.waits.push(permit);
    extra.deadlines = list;
    this.#live += 1;
    if (due < this.#timerDue) this.#arm(due, now);
  }

  removedOne(from: DeadlineList): void {
    this.#live -= 1;
    if (from.waits.live === 0) this.#empty += 1;
    if (this.#live === 0) this.#stop();
    else if (this.#empty > TOLERATED_EMPTY && 2 * this.#empty > this.#lists.size) this.#dropEmpty();
  }

  get live(): number {
    return this.#live;
  }

  #stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#timerDue = Infinity;
    this.#dropEmpty();
  }

  #dropEmpty(): void {
    for (const list of this.#lists.values()) if (list.waits.live === 0) this.#lists.delete(list.duration);
    this.#byDue.filter((list) => list.waits.live > 0);
    this.#empty = 0;
    this.#recent = undefined;
  }

  #listOf(duration: number, nextDue: number): DeadlineList {
    return (this.#recent = this.#lists.get(duration) ?? this.#newList(duration, nextDue));
  }

  #newList(duration: number, nextDue: number): DeadlineList {
    const list = new DeadlineList(this, duration, nextDue);
    this.#lists.set(duration, list);
    this.#byDue.push(list);
    this.#empty += 1;
    return list;
  }

  #arm(due: number, now: number): void {
    this.#timer?.clear();
    this.#timerDue = due;
    // Rounded up: a timer that fires a fraction early would find nothing due and spin.
    const delay = Math.min(Math.max(Math.ceil(due - now), 0), MAX_TIMER_MS);
    this.#timer = this.#platform.setTimer(this.#fire, delay);
  }

  #expire(): void {
    this.#timer = undefined;
    this.#timerDue = Infinity;
    const now = this.#platform.now();
    const owners = new Set<PermitOwner>();
    for (let list = this.#byDue.peek(); list !== undefined && list.nextDue <= now; list = this.#byDue.peek()) {
      this.#byDue.pop();
      this.#expireList(list, now, owners);
    }
    const next = this.#byDue.peek();
    if (next !== undefined) this.#arm(next.nextDue, now);
    for (const owner of owners) owner.settle();
  }

  #expireList(list: DeadlineList, now: number, owners: Set<PermitOwner>): void {
    let oldest = list.waits.first();
    while (oldest !== undefined && oldest.extra!.due <= now) {
      const owner = oldest.owner;
      owner.leave(oldest, "timeout", Promise.reject<never>(owner.timeoutError(oldest, list.duration)));
      owners.add(owner);
      oldest = list.waits.first();
    }
    if (oldest === undefined) {
      // By identity: the list is gone already if ending its last wait made the clock drop the empty ones.
      if (this.#lists.get(list.duration) !== list) return;
      this.#lists.delete(list.duration);
      this.#empty -= 1;
      this.#recent = undefined;
      return;
    }
    list.nextDue = oldest.extra!.due;
    this.#byDue.push(list);
  }
}

/** Deadlines belong to the platform whose clock they are read on: a test that swaps it starts with none. */
const clocks = new WeakMap<Platform, DeadlineClock>();
let last: { readonly of: Platform; readonly clock: DeadlineClock } | undefined;

function clockOf(of: Platform): DeadlineClock {
  if (last?.of === of) return last.clock;
  let clock = clocks.get(of);
  if (clock === undefined) clocks.set(of, (clock = new DeadlineClock(of)));
  last = { of, clock };
  return clock;
}

/** Makes the wait of `permit` end with LW_TIMEOUT after `duration` milliseconds (finite, above 0). */
export function setDeadline(permit: Permit, duration: number): void {
  clockOf(platform).add(permit, duration);
}

/** Counts the waits that have a deadline on the platform in force. */
export function pendingDeadlines(): number {
  return clockOf(platform).live;
}
