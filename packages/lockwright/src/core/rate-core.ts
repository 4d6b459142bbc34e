/**
 * Callers that wait for a rate: a queue like that of the permit core, where time takes the place of releases.
 *
 * Invariants:
 * - R1 FIFO: while somebody waits nobody else passes, and only the head is measured against the rule.
 * - R2 Nothing is reserved in the future: the rule hears of a caller only when that one passes, so a caller that leaves
 *   costs no slot and those behind it move up.
 * - R3 One timer, for the head, exactly while somebody waits. It keeps the process alive: an answer is owed.
 * - R4 A pause holds everyone, also those who wait; it can only grow.
 *
 * Why not give each caller its slot on arrival (the usual way to make waiting cheap): an aborted caller then leaves a
 * hole, or every later caller must be moved.
 */
import {
  emitMissed,
  type Grant,
  isGrantWatched,
  isWaitWatched,
  type LeftWhy,
  type LockRef,
  type Observed,
} from "../events.js";
import { LockwrightError } from "../errors.js";
import { MAX_TIMER_MS, platform, type Timer } from "../platform.js";
import { joinAbortGroup } from "./abort-groups.js";
import { setDeadline } from "./deadlines.js";
import { LEFT, Permit, type PermitOwner, promiseOf, QUEUED, SPENT } from "./guard.js";
import type { WaitRequest } from "./options.js";
import { nextLockId } from "./lock-ids.js";
import { UntiedOwner } from "./untied-owner.js";
import { type RateRule, ROUNDING } from "./rate-rule.js";
import { Teller } from "./telling.js";
import { WaitRing } from "./wait-queue.js";

/** What a rate limiter says about the core it wants. */
export interface RateShape {
  readonly rule: RateRule;
  readonly burst: number;
  readonly maxWaiters: number;
  readonly name: string | undefined;
  /** The rate in words, for messages. */
  readonly pace: string;
}

/** The waiters of one rate limiter. */
export class RateCore extends UntiedOwner implements PermitOwner, Observed {
  readonly mode: Grant["mode"] = "shared";
  readonly isWeighted: boolean = true;
  readonly order = "fifo" as const;
  readonly name: string;
  readonly ref: LockRef;
  readonly #shape: RateShape;
  readonly #rule: RateRule;
  readonly #burst: number;
  readonly #ring: WaitRing = new WaitRing();
  probe: unknown = undefined;
  #waitingWeight = 0;
  #pausedUntil = 0;
  #timer: Timer | undefined = undefined;
  #timerDue = 0;
  #teller: Teller | undefined = undefined;
  readonly #fire = (): void => {
    this.#timer = undefined;
    this.settle();
  };

  constructor(shape: RateShape) {
    super();
    const id = nextLockId();
    this.#shape = shape;
    this.#rule = shape.rule;
    this.#burst = shape.burst;
    this.name = shape.name ?? `rate-limiter-${id}`;
    this.ref = Object.freeze({ id, name: this.name, kind: "rate-limiter", scope: "process", permits: shape.burst });
  }

  get waiting(): number {
    return this.#ring.live;
  }

  /** Lets `weight` pass if it may now and nobody waits. */
  take(weight: number): boolean {
    const now = platform.now();
    if (this.#ring.live !== 0 || now < this.#pausedUntil || this.#rule.delay(weight, now) > ROUNDING)
      return this.#missed(weight);
    this.#rule.take(weight, now);
    if (isGrantWatched()) this.#listening().taken(new Permit(this, SPENT, weight));
    return true;
  }

  #missed(weight: number): false {
    this.checkWeight(weight);
    if (isGrantWatched()) emitMissed(this);
    return false;
  }

  /** Throws LW_WEIGHT for a weight that can never pass. */
  checkWeight(weight: number): void {
    if (weight <= this.#burst) return;
    throw new LockwrightError(
      "LW_WEIGHT",
      `weight ${weight} can never pass "${this.name}", whose burst is ${this.#burst}; ask for less, or build it with a larger burst`,
    );
  }

  acquire(request: WaitRequest): Promise<void> {
    const { weight, signal, timeout } = request;
    if (signal?.aborted === true) return Promise.reject<never>(signal.reason);
    if (this.take(weight)) return Promise.resolve();
    if (this.waiting >= this.#shape.maxWaiters) return Promise.reject<never>(this.#overloaded());
    if (timeout === 0) return Promise.reject<never>(this.timeoutError(undefined, 0));
    const permit = new Permit(this, QUEUED, weight);
    const promise = promiseOf<void>(permit);
    if (signal !== undefined) joinAbortGroup(permit, signal);
    if (timeout !== Infinity) setDeadline(permit, timeout);
    this.#ring.push(permit);
    this.#waitingWeight += weight;
    if (isWaitWatched()) this.#listening().queued(permit);
    if (this.#timer === undefined) this.settle();
    return promise;
  }

  /** What would become of `weight` now, if nobody else came. */
  look(weight: number): { readonly allowed: boolean; readonly retryAfter: number; readonly remaining: number } {
    this.checkWeight(weight);
    const now = platform.now();
    const start = Math.max(now, this.#pausedUntil);
    const delay = Math.max(this.#rule.delay(weight + this.#waitingWeight, start), 0);
    const wait = start - now + (delay > ROUNDING ? delay : 0);
    const remaining =
      this.waiting > 0 || start > now ? 0 : Math.max(Math.floor(this.#rule.remaining(now) + ROUNDING), 0);
    return Object.freeze({ allowed: wait === 0 && this.waiting === 0, retryAfter: wait, remaining });
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, platform.now() + ms);
    this.settle();
  }

  leave(permit: Permit, why: LeftWhy, outcome: Promise<never>): void {
    permit.end(LEFT, outcome);
    this.#ring.removed(permit);
    this.#waitingWeight -= permit.weight;
    if (isWaitWatched()) this.#listening().note(permit, why);
  }

  settle(): void {
    this.#letIn();
    this.#teller?.flush();
  }

  /** Lets pass whoever may, then sets the timer for the head (R3). */
  #letIn(): void {
    const now = platform.now();
    for (let head = this.#ring.first(); head !== undefined; head = this.#ring.first()) {
      const delay = Math.max(this.#pausedUntil - now, this.#rule.delay(head.weight, now));
      if (delay > ROUNDING) return this.#arm(now, now + delay);
      this.#rule.take(head.weight, now);
      this.#waitingWeight -= head.weight;
      // Straight to spent: there is nothing to give back.
      head.end(SPENT, undefined);
      this.#ring.shift();
      if (isGrantWatched()) this.#listening().note(head, undefined);
    }
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #arm(now: number, due: number): void {
    if (this.#timer !== undefined && this.#timerDue === due) return;
    this.#timer?.clear();
    this.#timerDue = due;
    // Rounded up: a timer that fires a fraction early would find the head not due. A long wait is waited for in pieces.
    this.#timer = platform.setTimer(this.#fire, Math.min(Math.ceil(due - now), MAX_TIMER_MS));
  }

  #listening(): Teller {
    return (this.#teller ??= new Teller(this, this));
  }

  timeoutError(permit: Permit | undefined, waited: number): LockwrightError {
    const others = permit === undefined ? this.waiting : this.waiting - 1;
    const crowd = others === 1 ? "1 other caller waits" : `${others} other callers wait`;
    const advice = "ask less often, or wait longer with a larger timeout";
    return new LockwrightError(
      "LW_TIMEOUT",
      `"${this.name}" (${this.#shape.pace}) did not let it pass within ${waited} ms (${crowd}); ${advice}`,
    );
  }

  #overloaded(): LockwrightError {
    return new LockwrightError(
      "LW_OVERLOADED",
      `"${this.name}" (${this.#shape.pace}) has its limit of ${this.#shape.maxWaiters} waiters; shed this request, or raise maxWaiters`,
    );
  }

  /** Nobody holds a rate, so nobody gives it back; here for the sake of the permits' contract. */
  finish(permit: Permit): void {
    permit.state = SPENT;
  }

  notHeldError(): LockwrightError {
    return new LockwrightError("LW_NOT_HELD", `"${this.name}" is a rate: it is passed, not held`);
  }
}
