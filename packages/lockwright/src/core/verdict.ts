/**
 * Verdicts: what is done about a knot in the wait graph.
 *
 * Evidence is graded, since JavaScript cannot tell an awaited promise from a floating one. What callers said (`holding`)
 * or declared (task scopes) is believed at once. What was only seen, a body on the stack that has to queue, is told on
 * `lockwright:nested` and believed when the same knot still stands after 25 ms: a body that floated the call has ended by
 * then, or it should have passed `detached: true`.
 *
 * Invariants:
 * - V1 The victim is the wait that closed the knot; the others go on. Its error has the stack of its own acquire.
 * - V2 A lock that says `"report"`, or whose guards were given back by other tasks before, gets an event and no error.
 * - V3 A timer is set exactly while some suspect still waits. It keeps the process alive: the waiter is owed an answer.
 */
import type { DeadlockError } from "../errors.js";
import { type DeadlockReport, emitDeadlock, emitNested } from "../events.js";
import { platform, type Platform, type Timer } from "../platform.js";
import { deadlocked, edgesOf, withDeepStack } from "./deadlock-report.js";
import { type Permit, QUEUED } from "./guard.js";
import type { Tie } from "./tie.js";
import { findKnot, type Knot } from "./wait-graph.js";

/** Milliseconds a seen knot has to stand before it is believed. */
const STANDING_MS = 25;

/** A wait that closed a knot which rests on what was only seen. */
export interface Suspect {
  readonly wait: Permit;
  due: number;
  /** The holds of the knot: another knot is another suspicion. */
  holds: ReadonlySet<Permit>;
  /** Has the stack of the acquire. */
  readonly site: Error;
}

/** Looks for a knot that `wait` has closed, and acts on it. Call it with the state settled. */
export function examine(wait: Permit): void {
  const tie = wait.extra?.tie;
  if (tie === undefined || wait.state !== QUEUED || tie.isReported || !isBlocked(wait)) return;
  const knot = findKnot(wait, true);
  if (knot === undefined) return;
  const said = isSaid(knot) ? knot : findKnot(wait, false);
  if (said !== undefined) judge(wait, said, isNamed(said) ? "holding" : "scope");
  else if (tie.suspect === undefined) suspect(wait, knot, tie);
}

/** Would it be in vain if none of those who wait came back? The check that ends almost every look. */
function isBlocked(wait: Permit): boolean {
  const { ties } = wait.owner;
  return ties !== undefined && ties.blocked.size > 0 && !wait.owner.canServe(wait, ties.blocked);
}

function isSaid(knot: Knot): boolean {
  return !knot.waits.some((wait) => wait.extra!.tie!.isSeen);
}

function isNamed(knot: Knot): boolean {
  return knot.waits.some((wait) => wait.extra!.tie!.behind !== undefined);
}

/** Waits whose task or guard has one wait less; looked at after the step that ended it. */
let due = new Set<Permit>();

/** Looks again at a wait, once this step is over: where its task is stuck, each of its waits is. */
export function reexamine(wait: Permit | undefined): void {
  if (wait === undefined) return;
  if (due.size === 0) platform.queueMicrotask(examineDue);
  due.add(wait);
}

function examineDue(): void {
  const waits = due;
  due = new Set<Permit>();
  for (const wait of waits) examine(wait);
}

function judge(wait: Permit, knot: Knot, evidence: DeadlockReport["evidence"], site?: Error): void {
  const tie = wait.extra!.tie!;
  const { owner } = wait;
  const kind = evidence === "scope" && travels(knot) ? "suspected" : "proved";
  const rejected = kind === "proved" && owner.deadlock === "reject";
  const edges = edgesOf(knot);
  tie.isReported = true;
  if (rejected) {
    // Before it leaves: then the durations and holders told are those of the knot.
    const error = deadlocked(owner, edges);
    if (site !== undefined) moveTo(error, site);
    owner.leave(wait, "deadlock", Promise.reject<never>(error));
    owner.settle();
  }
  emitDeadlock(() => ({ kind, evidence, rejected, at: platform.now(), edges }));
}

/** Answers whether the knot rests on the ownership of a lock whose guards are given back by others. */
function travels(knot: Knot): boolean {
  for (const [lock, holds] of knot.holds)
    if (lock.ties?.travels === true && holds.some((hold) => hold.extra!.tie!.holder !== undefined)) return true;
  return false;
}

/** Gives an error that is made late the stack of the call it is about. */
function moveTo(error: DeadlockError, site: Error): void {
  const frames = site.stack?.split("\n").slice(1) ?? [];
  error.stack = `${error.name}: ${error.message}\n${frames.join("\n")}`;
}

/** Those under suspicion, by due time. */
const suspects = new Set<Suspect>();
let timer: Timer | undefined;
let timedBy: Platform | undefined;

function suspect(wait: Permit, knot: Knot, tie: Tie): void {
  // Whoever waited under another platform has lost its clock.
  if (timedBy !== platform) forget();
  const site = withDeepStack(() => new Error("site"));
  const found: Suspect = { wait, due: 0, holds: new Set(holdsOf(knot)), site };
  tie.suspect = found;
  watch(found);
  emitNested(wait.owner.ref, (tie.behind?.[0] ?? wait).owner.ref);
}

function watch(found: Suspect): void {
  found.due = platform.now() + STANDING_MS;
  suspects.add(found);
  arm();
}

function arm(): void {
  const [next] = suspects;
  if (timer !== undefined || next === undefined) return;
  timedBy = platform;
  timer = platform.setTimer(lookAgain, Math.max(0, Math.ceil(next.due - platform.now())));
}

/** Takes note that the suspect of `tie` waits no more. */
export function dropSuspect(tie: Tie): void {
  suspects.delete(tie.suspect!);
  tie.suspect = undefined;
  if (suspects.size === 0) forget();
}

function forget(): void {
  timer?.clear();
  timer = undefined;
  suspects.clear();
}

function lookAgain(): void {
  timer = undefined;
  const now = platform.now();
  const ripe = [...suspects].filter((found) => found.due <= now);
  // A verdict may end the wait of another one.
  for (const found of ripe) if (suspects.has(found)) decide(found);
  arm();
}

function decide(found: Suspect): void {
  const { wait } = found;
  const knot = findKnot(wait, true);
  suspects.delete(found);
  if (knot !== undefined && !holdsOf(knot).every((hold) => found.holds.has(hold))) {
    found.holds = new Set(holdsOf(knot));
    return watch(found);
  }
  wait.extra!.tie!.suspect = undefined;
  if (knot !== undefined) judge(wait, knot, "nested", found.site);
}

function holdsOf(knot: Knot): Permit[] {
  return [...knot.holds.values()].flat();
}
