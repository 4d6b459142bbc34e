/**
 * The locks that have waiters, and what becomes of these when the event loop is empty.
 *
 * On `beforeExit` nothing is left that could release anything, so a permit wait that stands then can never be served. Node
 * would end with code 13 and no word of a lock, or with code 0 in silence; instead each such wait rejects with
 * `LW_DEADLOCK`, and its caller goes on. Events, conditions and queues are not in the list: an idle consumer is a normal
 * end. Nor are callers of `whenAvailable`, who want no permit.
 *
 * Invariants:
 * - C1 A lock is in the list exactly while somebody is in its queue. The list is strong: a lock somebody waits for is
 *   never collected, since a task must not vanish.
 * - C2 Two passes, as for a shared signal: all leave, then each lock lets in whoever fits.
 * - C3 With other `beforeExit` listeners about, which may release something, only a wait that stands at the second firing
 *   and stood at the first is rejected.
 *
 * Why a list threaded through the locks and not a Set: every contended lock passes here twice per crowd, and two pointer
 * writes cost a tenth of an `add`.
 */
import { emitDeadlock } from "../events.js";
import { platform } from "../platform.js";
import { drained, drainedEdges } from "./deadlock-report.js";
import type { Permit } from "./guard.js";
import type { DeadlockMode } from "./options.js";

/** A lock that callers queue for, or what else of a lock is waited for. */
export interface Contended {
  readonly name: string;
  readonly deadlock: DeadlockMode;
  /** Its neighbours in the list; undefined when it is not in it, and at the ends. */
  contendedBefore: Contended | undefined;
  contendedAfter: Contended | undefined;
  /** The waiters in the queue. */
  queued(): readonly Permit[];
}

let first: Contended | undefined;
let isWatching = false;

/** Takes note that `lock` has its first waiter. */
export function enlist(lock: Contended): void {
  lock.contendedAfter = first;
  if (first !== undefined) first.contendedBefore = lock;
  first = lock;
  if (!isWatching) watch();
}

/** Takes note that nobody waits for `lock` any more. */
export function delist(lock: Contended): void {
  const { contendedBefore: before, contendedAfter: after } = lock;
  if (before === undefined) first = after;
  else before.contendedAfter = after;
  if (after !== undefined) after.contendedBefore = before;
  lock.contendedBefore = undefined;
  lock.contendedAfter = undefined;
}

/** Gives the locks with waiters, the latest to be contended first. */
export function contendedLocks(): readonly Contended[] {
  const locks: Contended[] = [];
  for (let lock = first; lock !== undefined; lock = lock.contendedAfter) locks.push(lock);
  return locks;
}

function watch(): void {
  isWatching = true;
  process.on("beforeExit", onBeforeExit);
}

/** Waits that stood at the last firing. */
let stood = new WeakSet<Permit>();
/** Waits that were told and let stand. */
const told = new WeakSet<Permit>();

function onBeforeExit(): void {
  const waits = standing();
  if (waits.length === 0) return;
  const isAlone = process.listenerCount("beforeExit") === 1;
  if (isAlone || waits.every((wait) => stood.has(wait))) return judge(waits);
  stood = new WeakSet(waits);
  // Something to do, so that the loop runs dry, and this is called, once more.
  platform.setTimer(() => undefined, 0);
}

/** The waits that a verdict is due on. One with a timeout has a timer of its own, one already told is let stand. */
function standing(): Permit[] {
  return contendedLocks()
    .filter((lock) => lock.deadlock !== "off")
    .flatMap((lock) => lock.queued().filter((wait) => wait.extra?.deadlines === undefined && !told.has(wait)));
}

function judge(waits: readonly Permit[]): void {
  const edges = drainedEdges(waits);
  const rejected = waits.filter((wait) => wait.owner.deadlock === "reject");
  for (const wait of waits) told.add(wait);
  for (const wait of rejected) wait.owner.leave(wait, "deadlock", Promise.reject<never>(drained(wait, edges)));
  for (const lock of new Set(rejected.map((wait) => wait.owner))) lock.settle();
  emitDeadlock(() => ({
    kind: "drained",
    evidence: "drained",
    rejected: rejected.length > 0,
    at: platform.now(),
    edges,
  }));
}
