/**
 * The wait-for graph, and whether a wait has closed a knot in it.
 *
 * A hold *stays* when some live wait keeps it from coming back and none of these waits can be met; a wait can be *met*
 * when its lock would serve it with only the staying holds left (`canServe`). Both are decided together, as the largest
 * fixpoint: begin with every blocked hold as staying, let go of each that has a wait that is met, until nothing changes.
 * What is left is a knot; with one permit per lock it is a cycle, with weights it need not be (three tasks that hold
 * one of four and want two each).
 *
 * Invariants:
 * - K1 Never false for lack of knowledge: a hold that nobody ties to a wait is about to come back, a task with several
 *   waits goes on when any one of them is met, and a search over the budget finds nothing.
 * - K2 A knot is reported of the wait that closed it: without it, what it holds would come back. A wait that only stands
 *   behind a knot of others closes none.
 *
 * Why not a depth-first search for a cycle: a semaphore's waiter waits for any of its holders, so a cycle through one of
 * them is no deadlock while another may finish.
 */
import { HoldSet, type Permit, type PermitOwner, QUEUED } from "./guard.js";
import type { Task } from "./task.js";

/** Holds and waits a search looks at before it gives up. */
const BUDGET = 10_000;

/** A set of waits none of which can end before another of them does. */
export interface Knot {
  /** The waits; first the one that closed it. */
  readonly waits: readonly Permit[];
  /** By lock, the holds these waits wait for. */
  readonly holds: ReadonlyMap<PermitOwner, readonly Permit[]>;
}

/** Finds the knot that `start` closed. `withSeen`: also believe edges that were seen on the stack and not said. */
export function findKnot(start: Permit, withSeen: boolean): Knot | undefined {
  const search = new Search(withSeen);
  return search.settle(start.owner) && !search.isMet(start) ? search.knotOf(start) : undefined;
}

class Search {
  readonly #withSeen: boolean;
  /** Per lock, the holds that stay. */
  readonly #staying: Map<PermitOwner, HoldSet> = new Map();
  #budget = BUDGET;

  constructor(withSeen: boolean) {
    this.#withSeen = withSeen;
  }

  /** Collects what `from` depends on and reduces it. Answers whether anything stays within the budget. */
  settle(from: PermitOwner): boolean {
    const locks = [from];
    for (const lock of locks) if (!this.#staying.has(lock)) this.#collect(lock, locks);
    if (this.#budget < 0) return false;
    while (this.#reduce());
    return this.#staying.get(from)!.size > 0;
  }

  #collect(lock: PermitOwner, next: PermitOwner[]): void {
    const staying = new HoldSet();
    this.#staying.set(lock, staying);
    for (const hold of lock.ties?.blocked ?? []) {
      if (this.#budget < 0) return;
      for (const wait of this.#waitsBehind(hold)) {
        this.#budget -= 1;
        staying.add(hold);
        next.push(wait.owner);
      }
    }
  }

  #reduce(): boolean {
    let changed = false;
    // The last collected first: a chain of waits is then undone in one pass from its far end.
    for (const staying of [...this.#staying.values()].reverse())
      for (const hold of staying)
        if (this.#comesBack(hold)) {
          staying.delete(hold);
          changed = true;
        }
    return changed;
  }

  #comesBack(hold: Permit): boolean {
    const { holder } = hold.extra!.tie!;
    if (holder?.isPending === true && this.#goesOn(holder)) return true;
    for (const wait of this.#named(hold)) if (this.isMet(wait)) return true;
    return false;
  }

  #goesOn(task: Task): boolean {
    if (!task.isPending) return true;
    for (const wait of task.waits) if (this.isMet(wait)) return true;
    for (const child of task.children) if (this.#goesOn(child)) return true;
    return false;
  }

  isMet(wait: Permit): boolean {
    const staying = this.#staying.get(wait.owner);
    return wait.state !== QUEUED || staying === undefined || staying.size === 0 || wait.owner.canServe(wait, staying);
  }

  /** The waits that name `hold` itself. */
  *#named(hold: Permit): Iterable<Permit> {
    for (const wait of hold.extra!.tie!.blockers ?? []) if (this.#withSeen || !wait.extra!.tie!.isSeen) yield wait;
  }

  /** All waits that keep `hold` from coming back: those that name it, and those of its task and of the task's children. */
  *#waitsBehind(hold: Permit): Iterable<Permit> {
    yield* this.#named(hold);
    const { holder } = hold.extra!.tie!;
    if (holder !== undefined) yield* waitsOf(holder);
  }

  /** Follows the staying holds from `start` and keeps what leads back to it (K2). */
  knotOf(start: Permit): Knot | undefined {
    const forward = [start.owner];
    const seen = new Set(forward);
    const leadsTo = new Map<PermitOwner, Set<PermitOwner>>();
    const closers: PermitOwner[] = [];
    for (const lock of forward)
      for (const wait of this.#waitsBehindAll(lock)) {
        if (wait === start) closers.push(lock);
        const before = leadsTo.get(wait.owner);
        if (before === undefined) leadsTo.set(wait.owner, new Set([lock]));
        else before.add(lock);
        if (!seen.has(wait.owner)) forward.push(wait.owner);
        seen.add(wait.owner);
      }
    const inside = new Set(closers);
    for (const lock of inside) for (const before of leadsTo.get(lock) ?? []) inside.add(before);
    if (!inside.has(start.owner)) return undefined;
    // In the order in which they were met: a ring is told as a ring.
    return this.#gather(start, new Set(forward.filter((lock) => inside.has(lock))));
  }

  *#waitsBehindAll(lock: PermitOwner): Iterable<Permit> {
    for (const hold of this.#staying.get(lock)!) yield* this.#waitsBehind(hold);
  }

  #gather(start: Permit, inside: ReadonlySet<PermitOwner>): Knot {
    const waits = new Set([start]);
    const holds = new Map<PermitOwner, Permit[]>();
    for (const lock of inside) {
      const kept: Permit[] = [];
      for (const hold of this.#staying.get(lock)!) {
        const inKnot = [...this.#waitsBehind(hold)].filter((wait) => inside.has(wait.owner));
        if (inKnot.length > 0) kept.push(hold);
        for (const wait of inKnot) waits.add(wait);
      }
      holds.set(lock, kept);
    }
    return { waits: [...waits], holds };
  }
}

/** The waits of a task and, where it waits for the end of other tasks, of those. */
function* waitsOf(task: Task): Iterable<Permit> {
  yield* task.waits;
  for (const child of task.children) yield* waitsOf(child);
}
