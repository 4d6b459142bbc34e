/**
 * A ladder of one-permit cores: what a reentrant mutex stands on.
 *
 * The lowest rung is the mutex as outsiders see it. To enter again is to take the next rung, which is open only to those
 * who are inside the hold below it, so holds form a stack and each rung excludes as any mutex does:
 *
 *     rung 2   free                          waits: -
 *     rung 1   held by the inner body        waits: a forked sibling of it, inside the same outer body
 *     rung 0   held by the outer body        waits: outsiders
 *
 * Invariants:
 * - L1 A rung is held or waited for only while the one below is held.
 * - L2 A hold that ends while the rung above is in use lingers: its rung is given back with the last use above it. So
 *   outsiders come in when the whole stack is gone, and nobody inside loses the exclusion it was given.
 * - L3 Who asks is inside the deepest live hold that its context or its `holding` names; with none, or detached, it is an
 *   outsider. A child that outlives its hold finds it ended, and is a stranger.
 *
 * Fairness: strict on each rung; who is inside goes before all outsiders.
 *
 * Why not a depth counter and the task's identity: a forked child inherits the identity and walks in beside its parent
 * (neosmart/AsyncLock#18). Why rungs and not one queue with a rule for who may pass: each rung is the permit core, with
 * its cancellation, deadlines and events, and nothing in it is written twice.
 */
import { CompositeGuard, HELD, type Permit } from "../core/guard.js";
import { showByToString } from "../core/inspection.js";
import { PermitCore } from "../core/permit-core.js";
import { currentContext } from "../core/task.js";
import type { LockRef } from "../events.js";
import type { Guard, LockOptions } from "./lock.js";

/** A guard of a {@link ReentrantMutex}. */
export interface ReentrantGuard extends Guard {
  /** How deep it is: 1 for the first hold, 2 for one taken inside it, and so on. */
  readonly depth: number;
}

/** One hold of the stack. */
export class ReentrantHold extends CompositeGuard implements ReentrantGuard {
  readonly ladder: Ladder;
  readonly depth: number;
  readonly permit: Permit;
  /** The reentrant hold around it, of whatever mutex: the context of a body is this chain. */
  outer: ReentrantHold | undefined;
  /** What its `run` body returned. */
  value: unknown = undefined;
  isEnded = false;

  constructor(ladder: Ladder, depth: number, permit: Permit, outer: ReentrantHold | undefined) {
    super();
    this.ladder = ladder;
    this.depth = depth;
    this.permit = permit;
    this.outer = outer;
  }

  get held(): boolean {
    return !this.isEnded;
  }

  release(): void {
    if (this.isEnded) throw this.permit.owner.notHeldError(this.permit);
    this.ladder.end(this);
  }

  get permits(): readonly Permit[] {
    return [this.permit];
  }

  get [Symbol.toStringTag](): string {
    return "ReentrantGuard";
  }

  override toString(): string {
    const phase = this.isEnded ? "released" : "held";
    return `ReentrantGuard { lock: ${JSON.stringify(this.permit.owner.name)}, ${phase}, depth: ${this.depth} }`;
  }

  static {
    showByToString(this.prototype);
  }
}

/** A rung above the lowest: the same lock to listeners. */
class InnerRung extends PermitCore {
  readonly #lowest: PermitCore;

  constructor(lowest: PermitCore, options: LockOptions) {
    super({ kind: lowest.kind, capacity: 1, isWeighted: false }, { ...options, name: lowest.name });
    this.#lowest = lowest;
  }

  override get ref(): LockRef {
    return this.#lowest.ref;
  }
}

/** The innermost live hold around the running code. */
function innermostHold(): ReentrantHold | undefined {
  const hold = liveFrom(currentContext()?.hold as ReentrantHold | undefined);
  // Cut out what has ended, or work that goes on and on from body to body would keep all its holds.
  if (hold !== undefined) hold.outer = liveFrom(hold.outer);
  return hold;
}

function liveFrom(hold: ReentrantHold | undefined): ReentrantHold | undefined {
  let live = hold;
  while (live?.isEnded === true) live = live.outer;
  return live;
}

/** The rungs of one mutex. */
export class Ladder {
  readonly lowest: PermitCore;
  readonly #options: LockOptions;
  /** Made as they are first climbed, kept for the next time. */
  readonly #rungs: PermitCore[];
  /** Who holds each rung; undefined in the step between a grant and its delivery. */
  readonly #holds: (ReentrantHold | undefined)[] = [];

  constructor(options: LockOptions) {
    this.#options = options;
    this.lowest = new PermitCore({ kind: "reentrant-mutex", capacity: 1, isWeighted: false }, options);
    this.#rungs = [this.lowest];
  }

  get rungs(): readonly PermitCore[] {
    return this.#rungs;
  }

  /** Gives the number of the rung a caller has to take (L3). */
  rungFor(holding: Guard | readonly Guard[] | undefined, isDetached: boolean): number {
    if (isDetached) return 0;
    let depth = 0;
    for (const guard of holding === undefined ? [] : [holding].flat())
      if (guard instanceof ReentrantHold && guard.ladder === this && guard.held) depth = Math.max(depth, guard.depth);
    let around = innermostHold();
    while (around !== undefined && around.ladder !== this) around = liveFrom(around.outer);
    return Math.max(depth, around?.depth ?? 0);
  }

  core(rung: number): PermitCore {
    return this.#rungs[rung] ?? this.#addRung();
  }

  #addRung(): PermitCore {
    const rung = new InnerRung(this.lowest, this.#options);
    if (this.lowest.isClosed) rung.close(this.lowest.closeReason);
    this.#rungs.push(rung);
    return rung;
  }

  /** Begins the hold of a permit of this rung. */
  begin(rung: number, permit: Permit): ReentrantHold {
    const hold = new ReentrantHold(this, rung + 1, permit, innermostHold());
    this.#holds[rung] = hold;
    return hold;
  }

  /** Ends a hold, and with it those below that lingered for it (L2). */
  end(hold: ReentrantHold): void {
    hold.isEnded = true;
    for (let rung = hold.depth - 1; rung >= 0; rung -= 1) {
      const ending = this.#holds[rung];
      if (ending === undefined || !ending.isEnded || this.#isInUse(rung + 1)) return;
      this.#holds[rung] = undefined;
      if (ending.permit.state === HELD) ending.permit.owner.finish(ending.permit, ending.value);
    }
  }

  #isInUse(rung: number): boolean {
    const core = this.#rungs[rung];
    return core !== undefined && core.held + core.waiting > 0;
  }
}
