/**
 * The permit: one object that is first the waiter and then the guard.
 *
 * A wait that is granted needs no second allocation, and "is this guard spent?" is a number in the guard itself, so a
 * second release can be told from the first without asking the lock. Its life is a line with one fork:
 *
 *     QUEUED ──► HELD ──► SPENT          WATCHING ──► LEFT
 *        └─────► LEFT       HELD ◄──► LENT
 *
 * Invariants:
 * - G1 The state only moves along an arrow, synchronously, once (this is I4 and I5 of the permit core).
 * - G2 `resolve` is called exactly once for a permit that waited, in the step in which it leaves QUEUED or WATCHING.
 * - G3 Every container of waiters (queue, signal group, deadline list) reads the state to tell a live entry from a
 *   tombstone; hence a permit never goes back to a waiting state.
 *
 * Why not a closure per acquisition that releases: it cannot say that it is spent without a second object. Why `extra`: a wait without signal, timeout or priority should not pay for their fields.
 */
import type { Grant, LeftWhy, LockRef } from "../events.js";
import { showByToString } from "./inspection.js";
import type { DeadlockMode } from "./options.js";
import type { Tie } from "./tie.js";

/**
 * Proves that its owner holds permits of a lock; gives them back on `release()`.
 *
 * **When to use** You get one from `acquire`, `tryAcquire` or as the first argument of a `run` body. It may be handed on
 * to another function or task: whoever has it may release it, and nothing else can.
 *
 * **Errors** `release()` of a guard that holds nothing throws `LW_NOT_HELD` and frees nobody's hold. Leaving a `using`
 * block is then a no-op, so an early release inside the block is fine.
 *
 * **Example**
 * ```ts
 * import { Mutex } from "lockwright";
 *
 * const mutex = new Mutex();
 * const guard = mutex.tryAcquire() ?? (await mutex.acquire());
 * try {
 *   console.log(guard.held); // true
 * } finally {
 *   guard.release();
 * }
 * ```
 */
export interface Guard extends Disposable, AsyncDisposable {
  /** True until the guard is released. */
  readonly held: boolean;
  /** Gives the permits back and lets the next waiter in before it returns. */
  release(): void;
}

/** In the queue of its lock. */
export const QUEUED = 0;
/** Waits for a hint that permits are free (`whenAvailable`); will hold nothing. */
export const WATCHING = 1;
/** Holds its weight. */
export const HELD = 2;
/** Was held and is released. */
export const SPENT = 3;
/** Stopped waiting: aborted, timed out, cancelled, closed; or, for a watcher, was told. */
export const LEFT = 4;
/** Holds nothing for now: lent to a condition, which brings the hold back (`lending.ts`). */
export const LENT = 5;

/** Holds of one lock, and what they weigh together. */
export class HoldSet {
  readonly #holds: Set<Permit> = new Set<Permit>();
  weight = 0;

  get size(): number {
    return this.#holds.size;
  }

  add(hold: Permit): void {
    if (this.#holds.has(hold)) return;
    this.#holds.add(hold);
    this.weight += hold.weight;
  }

  delete(hold: Permit): void {
    if (this.#holds.delete(hold)) this.weight -= hold.weight;
  }

  [Symbol.iterator](): Iterator<Permit> {
    return this.#holds.values();
  }
}

/** What the wait graph keeps of one lock; made with the first tied permit, since most locks never have one. */
export class LockTies {
  /** Tied permits that are held: holders known by name. */
  readonly held: Set<Permit> = new Set<Permit>();
  /** Those of them that some live wait keeps from coming back. Empty: no wait for this lock can be stuck. */
  readonly blocked: HoldSet = new HoldSet();
  /** True once a task gave back a hold of another: guards of this lock travel, so ownership proves nothing. */
  travels = false;
}

/** The lock behind a permit, as far as permits, signal groups, deadline lists and the wait graph need it. */
export interface PermitOwner {
  readonly name: string;
  readonly ref: LockRef;
  readonly mode: Grant["mode"];
  readonly deadlock: DeadlockMode;
  ties: LockTies | undefined;
  /**
   * Answers whether `waiter`, queued here, would be let in after some time if of all holders only those of `staying`
   * never left: then they and whoever must be served before `waiter` stand in its way. Answer true when in doubt: it
   * means "no deadlock". May be called for the waiter of an upgrade, whose own hold is then among `staying`.
   */
  canServe(waiter: Permit, staying: HoldSet): boolean;
  readonly key: string | undefined;
  /** Takes back a held permit; `value` is what a `run` body returned. */
  finish(permit: Permit, value?: unknown): void;
  /** Ends a wait with `outcome`, a rejected promise. Grants nothing: {@link settle} follows, once per core. */
  leave(permit: Permit, why: LeftWhy, outcome: Promise<never>): void;
  /** Lets in whoever fits now, then tells listeners what happened since the last time. */
  settle(): void;
  /** Makes the error of a wait that ran out of time. */
  timeoutError(permit: Permit, waited: number): Error;
  notHeldError(permit: Permit): Error;
}

/** A container of waiters that wants to know when one of its own stopped waiting. */
export interface WaiterList {
  removed(permit: Permit): void;
}

/** What only listeners want to know of a wait or hold. */
export class WatchedPart {
  /** Platform time at which it began to wait. */
  since: number | undefined = undefined;
  /** Platform time of the grant. */
  grantedAt: number | undefined = undefined;
  intent: "read" | "write" | undefined = undefined;
  probe: unknown = undefined;
}

/** The parts of a wait that most waits do not have. Small: with many waiters, memory is most of what a timeout costs. */
export class WaitExtra {
  /** Larger goes first; read only by `order: "priority"`. */
  priority = 0;
  /** Rank of arrival within its queue. */
  arrival = 0;
  /** Platform time at which its wait times out, in whole milliseconds: a small integer costs no allocation. */
  due = 0;
  group: WaiterList | undefined = undefined;
  deadlines: WaiterList | undefined = undefined;
  watched: WatchedPart | undefined = undefined;
  /** Its place in the wait graph, if it has one. */
  tie: Tie | undefined = undefined;
}

/** A waiter, then a guard. Users see it as {@link Guard}, listeners as `Grant`. */
export class Permit implements Guard, Grant {
  // Declared, and assigned in the constructor: a field that is defined is one more step of the constructor, and with more
  // than four subclasses in one program a slow one (150 ns each, measured).
  declare readonly owner: PermitOwner;
  declare state: number;
  declare readonly weight: number;
  /** Settles the acquire promise; gone once called (G2). A rejection goes through it as a rejected promise. */
  declare resolve: ((outcome: unknown) => void) | undefined;
  declare extra: WaitExtra | undefined;

  constructor(owner: PermitOwner, state: number, weight: number) {
    this.owner = owner;
    this.state = state;
    this.weight = weight;
    this.resolve = undefined;
    this.extra = undefined;
  }

  get held(): boolean {
    return this.state === HELD;
  }

  release(): void {
    if (this.state !== HELD) throw this.owner.notHeldError(this);
    this.owner.finish(this);
  }

  [Symbol.dispose](): void {
    if (this.state === HELD) this.owner.finish(this);
    // Left while lent: the wait must not bring back a hold that nobody would release.
    else if (this.state === LENT) this.moveTo(SPENT);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  /** The permit that listeners hear of. */
  get told(): Permit {
    return this;
  }

  /** True for one that nobody may turn away while it waits: it stands in for a hold that was lent (`lending.ts`). */
  get isOwed(): boolean {
    return false;
  }

  get mode(): Grant["mode"] {
    return this.owner.mode;
  }

  // A getter may answer undefined where an optional property may not, hence the cast.
  get intent(): "read" | "write" {
    return this.extra?.watched?.intent as "read" | "write";
  }

  get key(): string {
    return this.owner.key as string;
  }

  get probe(): unknown {
    return this.extra?.watched?.probe;
  }

  set probe(value: unknown) {
    this.watched().probe = value;
  }

  /** Gives the extra part, made on first use. */
  extras(): WaitExtra {
    return (this.extra ??= new WaitExtra());
  }

  /** Gives the part for listeners, made on first use. */
  watched(): WatchedPart {
    return (this.extras().watched ??= new WatchedPart());
  }

  /** Ends the wait in `state`: out of its signal group and deadline list, promise settled (G1, G2). */
  end(state: number, outcome: unknown): void {
    this.moveTo(state);
    this.settle(outcome);
  }

  /** Settles its promise (G2). */
  settle(outcome: unknown): void {
    const resolve = this.resolve!;
    this.resolve = undefined;
    resolve(outcome);
  }

  /** The part of {@link end} before the promise. */
  moveTo(state: number): void {
    this.state = state;
    const extra = this.extra;
    // After the state, before the promise: the lists read the state, and nothing may find a settled waiter in them.
    if (extra === undefined) return;
    extra.group?.removed(this);
    extra.deadlines?.removed(this);
    extra.group = undefined;
    extra.deadlines = undefined;
    extra.tie?.moved(this);
  }

  get [Symbol.toStringTag](): string {
    return "Guard";
  }

  /** Its state in a word. */
  protected get phase(): string {
    return ["queued", "watching", "held", "released", "left", "lent"][this.state]!;
  }

  toString(): string {
    return `Guard { lock: ${JSON.stringify(this.owner.name)}, ${this.phase}, weight: ${this.weight} }`;
  }

  static {
    showByToString(this.prototype);
    // Resolving a promise looks for `then` on the value, up the whole prototype chain. To find it here, and undefined,
    // is 10 ns less per grant, and keeps a guard a guard if somebody pollutes Object.prototype.
    // oxlint-disable-next-line unicorn/no-thenable -- the value is undefined: it makes guards no thenables for good
    Object.defineProperty(this.prototype, "then", { value: undefined });
  }
}

/** A guard that is made of others, and names the permits it stands for. */
export abstract class CompositeGuard implements Guard {
  abstract readonly held: boolean;
  abstract readonly permits: readonly Permit[];
  abstract release(): void;

  [Symbol.dispose](): void {
    if (this.held) this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    if (this.held) this.release();
    return Promise.resolve();
  }

  static {
    // As for a permit: guards are no thenables, for good.
    // oxlint-disable-next-line unicorn/no-thenable -- the value is undefined
    Object.defineProperty(this.prototype, "then", { value: undefined });
  }
}

/** Gives the permits that `guard` stands for, or undefined when it is no guard of a lock on this event loop. */
export function permitsOf(guard: unknown): readonly Permit[] | undefined {
  if (guard instanceof Permit) return [guard];
  return guard instanceof CompositeGuard ? guard.permits : undefined;
}

let captured: (outcome: unknown) => void;
const capture = (resolve: (outcome: unknown) => void): void => {
  captured = resolve;
};

/**
 * Gives the promise of a waiting permit. One executor for the whole module: `Promise.withResolvers` measured twice the
 * time and is absent on Node 20, and a closure per wait is memory that nothing else needs.
 */
export function promiseOf<T>(permit: Permit): Promise<T> {
  const promise = new Promise<unknown>(capture) as Promise<T>;
  permit.resolve = captured;
  return promise;
}

/** Grants to a fresh permit without a wait; `take` counts it first. Gives its promise. */
export function granted(permit: Permit, take: (permit: Permit) => void): Promise<Permit> {
  const promise = promiseOf<Permit>(permit);
  permit.end(HELD, permit);
  take(permit);
  return promise;
}
