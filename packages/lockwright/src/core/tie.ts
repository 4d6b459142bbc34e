/**
 * Ties: what the wait graph knows of one permit. As a waiter, who cannot go on before it is served; as a hold, whose it is
 * and which waits keep it from coming back.
 *
 * A core that makes callers wait does four things, and the graph looks after the rest:
 * - `adopt(permit, request)` for a permit granted without waiting, if `isTracking`;
 * - `tieWait(permit, request)` for one that is queued, if {@link isTieWanted}; then, with its state settled and its
 *   listeners told, `examine(permit)` (verdict.ts);
 * - `permit.extra?.tie?.moved(permit)` when a hold ends (`Permit.end` does it for waits);
 * - `canServe` of `PermitOwner`.
 *
 * Invariants:
 * - W1 A wait is an edge only while it can end in no way but by being served: one with a timeout is none, it ends by
 *   itself; a detached one is none, nobody waits for it. One with a signal is an edge: an abort from outside is no plan.
 * - W2 `blockers` of a hold are live waits; both ends of an edge go in the step in which the wait ends.
 * - W3 A hold without a tie belongs to nobody known and counts as about to come back, as does one of a lock with
 *   `deadlock: "off"`.
 */
import { platform } from "../platform.js";
import { bodyOnStack, isInBody } from "./call-frame.js";
import { withDeepStack } from "./deadlock-report.js";
import { HELD, LEFT, LockTies, type Permit } from "./guard.js";
import type { WaitRequest } from "./options.js";
import { RecentSet } from "./recent-set.js";
import { areOwnersTracked, currentTask, isTracking, type Task } from "./task.js";
import { dropSuspect, reexamine, type Suspect } from "./verdict.js";

/** The place of one permit in the wait graph. */
export class Tie {
  /** While it waits: the task that waits. */
  waiter: Task | undefined = undefined;
  /** While it waits: holds that its caller will not give back before. */
  behind: readonly Permit[] | undefined = undefined;
  /** True when `behind` was not said but seen: the body on the stack at the call. Weaker evidence. */
  isSeen = false;
  /** True for a hold of a `run` body that was seen on the stack when it had to queue. */
  isBody = false;
  /** Whose hold it will be or is. */
  holder: Task | undefined = undefined;
  /** While it is held: the waits that have it in `behind`. */
  blockers: RecentSet<Permit> | undefined = undefined;
  /** Platform time at which it began to wait, then to be held; undefined where nobody looked at the clock. */
  since: number | undefined = undefined;
  /** Where it was asked for: its stack; recorded while owners are tracked. */
  site: Error | undefined = undefined;
  suspect: Suspect | undefined = undefined;
  /** True once a verdict was told that let it stand. */
  isReported = false;

  /** True while a live wait keeps this hold from coming back. */
  get isBlocked(): boolean {
    return (this.blockers !== undefined && this.blockers.size > 0) || this.holder?.isPending === true;
  }

  /** Takes note that `permit`, whose tie this is, has changed its state. */
  moved(permit: Permit): void {
    if (permit.state !== HELD && permit.state !== LEFT) return this.#endHold(permit);
    const { waiter, behind } = this;
    this.#endWait(permit);
    if (permit.state === HELD) this.beginHold(permit);
    // The other waits of the same task or guard may be all that is left to it, and these may be stuck.
    reexamine(waiter?.anyWait);
    for (const hold of behind ?? []) reexamine(hold.extra?.tie?.blockers?.newest);
  }

  beginHold(permit: Permit): void {
    const ties = tiesOf(permit);
    ties.held.add(permit);
    this.since = platform.now();
    if (this.holder?.isOver === true) this.holder = undefined;
    else this.holder?.addHold(permit);
    if (this.isBlocked) ties.blocked.add(permit);
  }

  beginWait(permit: Permit): void {
    this.since = platform.now();
    this.waiter?.addWait(permit);
    for (const hold of this.behind ?? []) if (hold.owner.deadlock !== "off") block(hold, permit);
    if (this.isSeen) this.#sawBody();
  }

  /** The body is in its first part, so it has begun just now: the one time its age can be told without its own clock. */
  #sawBody(): void {
    const tie = this.behind![0]!.extra?.tie;
    if (tie === undefined) return;
    tie.isBody = true;
    tie.since ??= this.since;
  }

  #endWait(permit: Permit): void {
    this.waiter?.removeWait(permit);
    for (const hold of this.behind ?? []) unblock(hold, permit);
    this.waiter = undefined;
    this.behind = undefined;
    if (this.suspect !== undefined) dropSuspect(this);
  }

  #endHold(permit: Permit): void {
    const { ties } = permit.owner;
    const { holder } = this;
    ties?.held.delete(permit);
    ties?.blocked.delete(permit);
    if (holder === undefined) return;
    holder.removeHold(permit);
    this.holder = undefined;
    // Also when the task is over: its guard has left it.
    if (currentTask() !== holder) ties!.travels = true;
  }
}

function tiesOf(permit: Permit): LockTies {
  return (permit.owner.ties ??= new LockTies());
}

function tieOf(permit: Permit): Tie {
  return (permit.extras().tie ??= new Tie());
}

function block(hold: Permit, wait: Permit): void {
  const tie = tieOf(hold);
  (tie.blockers ??= new RecentSet()).add(wait);
  if (hold.state === HELD) tiesOf(hold).blocked.add(hold);
}

function unblock(hold: Permit, wait: Permit): void {
  const tie = hold.extra?.tie;
  if (tie?.blockers?.delete(wait) !== true || tie.isBlocked) return;
  hold.owner.ties?.blocked.delete(hold);
}

/** Answers whether a wait that begins now may have a place in the graph: the check on the way into every queue. */
export function isTieWanted(request: WaitRequest): boolean {
  return isTracking || request.holding !== undefined || isInBody();
}

/** Gives a permit that has just been queued its place in the graph, if it has one. */
export function tieWait(permit: Permit, request: WaitRequest): void {
  if (permit.owner.deadlock === "off") return;
  const task = isTracking ? currentTask() : undefined;
  const holder = holderOf(request, task);
  const isEdge = !request.isDetached && request.timeout === Infinity;
  const seen = isEdge && task === undefined && request.holding === undefined ? bodyOnStack() : undefined;
  const behind = isEdge ? (seen === undefined ? request.holding : [seen]) : undefined;
  if (holder === undefined && behind === undefined && !(isEdge && task !== undefined) && !areOwnersTracked) return;
  const tie = tieOf(permit);
  tie.holder = holder;
  tie.waiter = isEdge ? task : undefined;
  tie.behind = behind;
  tie.isSeen = seen !== undefined;
  if (areOwnersTracked) tie.site = withDeepStack(() => new Error("site"));
  tie.beginWait(permit);
}

/** Gives a permit that was granted without waiting its place in the graph, if it has one. */
export function adopt(permit: Permit, request: WaitRequest): void {
  if (permit.owner.deadlock === "off") return;
  const holder = holderOf(request, currentTask());
  if (holder === undefined && !areOwnersTracked) return;
  const tie = tieOf(permit);
  tie.holder = holder;
  if (areOwnersTracked) tie.site = withDeepStack(() => new Error("site"));
  tie.beginHold(permit);
}

function holderOf(request: WaitRequest, task: Task | undefined): Task | undefined {
  return request.body ?? (request.isDetached ? undefined : task);
}

/** Takes a hold away from its task: the `run` it belongs to gives it back, in whatever task that is. */
export function disown(permit: Permit): void {
  const tie = permit.extra?.tie;
  if (tie === undefined) return;
  tie.holder?.removeHold(permit);
  tie.holder = undefined;
}

/** Ends a task; whoever waits for its end may have nothing else to wait for now. */
export function endTask(task: Task): void {
  const { parent } = task;
  task.end();
  if (parent === undefined) return;
  parent.removeChild(task);
  reexamine(parent.anyWait);
}
