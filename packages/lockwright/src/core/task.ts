/**
 * A task: code that does one thing after the other, so that what it waits for keeps back what it holds.
 *
 * Tasks are declared, never guessed: `taskScope` makes one, each `run` body inside one is a child of it, and so is each
 * child of a task group there. The context of the running code says which task it is, by AsyncLocalStorage.
 *
 * Invariants:
 * - T1 No storage exists until somebody asks for a scope, a reentrant body or owners: on Node 20 and 22 one active
 *   storage makes every await of the process 2.5 times as long. Until then all of this costs a check of `isTracking`.
 * - T2 A permit is in `holds` of a task exactly while it is held and the task is not over.
 * - T3 A hold of a task that waits is in `blocked` of its lock, and no other hold is, unless a wait names it itself.
 * - T4 A task that is over holds nothing and waits for nothing: code that outlives its task is nobody's.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Permit } from "./guard.js";
import { RecentSet } from "./recent-set.js";

/** What the context of running code says about locks. */
export interface Context {
  readonly task: Task | undefined;
  /** The innermost reentrant hold around it. */
  readonly hold: object | undefined;
}

let storage: AsyncLocalStorage<Context> | undefined;

/** True once somebody declared a task or asked for owners. Read on every path; everything else hides behind it. */
export let isTracking = false;
/** True while `trackOwners(true)` is in force. */
export let areOwnersTracked = false;

/** Calls `fn` with `context` around it and around everything it starts. */
export function callIn<A extends readonly unknown[], T>(context: Context, fn: (...given: A) => T, ...given: A): T {
  storage ??= new AsyncLocalStorage<Context>();
  return storage.run(context, fn, ...given);
}

/** Gives the context of the running code. */
export function currentContext(): Context | undefined {
  return storage?.getStore();
}

/** Gives the task that runs, if it is known and not over. */
export function currentTask(): Task | undefined {
  const task = storage?.getStore()?.task;
  return task === undefined || task.isOver ? undefined : task;
}

/** Makes the locks look for the task of each caller from now on. */
export function beginTracking(): void {
  isTracking = true;
}

export function setOwnersTracked(on: boolean): void {
  areOwnersTracked = on;
  if (on) isTracking = true;
}

let tasks = 0;

/** One sequential task. */
export class Task {
  readonly id: number = ++tasks;
  readonly #name: string | undefined;
  /** Name of the nearest task around it that was given one. */
  readonly #within: string | undefined;
  /** The lock of which it is a `run` body. */
  readonly #lock: string | undefined;
  /** The task around it; dropped with its end, or work that goes on and on from body to body would keep them all. */
  #parent: Task | undefined;
  isOver = false;
  #holds: Set<Permit> | undefined;
  #waits: RecentSet<Permit> | undefined;
  /** Tasks whose end it waits for. */
  #children: RecentSet<Task> | undefined;

  constructor(parent: Task | undefined, name: string | undefined, lock?: string) {
    this.#parent = parent;
    this.#name = name;
    this.#within = parent === undefined ? undefined : (parent.#name ?? parent.#within);
    this.#lock = lock;
  }

  /** What people call it: its given name, or what it is, and in which named task. */
  get name(): string {
    if (this.#name !== undefined) return this.#name;
    const own = this.#lock === undefined ? `task ${this.id}` : `body ${this.id} of "${this.#lock}"`;
    return this.#within === undefined ? own : `${own} in ${this.#within}`;
  }

  get parent(): Task | undefined {
    return this.#parent;
  }

  get holds(): Iterable<Permit> {
    return this.#holds ?? [];
  }

  get waits(): Iterable<Permit> {
    return this.#waits ?? [];
  }

  get children(): Iterable<Task> {
    return this.#children ?? [];
  }

  /** True while it waits for something. */
  get isPending(): boolean {
    return (this.#waits?.size ?? 0) + (this.#children?.size ?? 0) > 0;
  }

  /** One of its waits, or of those of a task it waits for; undefined when it waits for nothing, or for one that does not. */
  get anyWait(): Permit | undefined {
    return this.#waits?.newest ?? this.#children?.newest?.anyWait;
  }

  addHold(permit: Permit): void {
    (this.#holds ??= new Set()).add(permit);
  }

  removeHold(permit: Permit): void {
    this.#holds?.delete(permit);
  }

  addWait(permit: Permit): void {
    const wasPending = this.isPending;
    (this.#waits ??= new RecentSet()).add(permit);
    if (!wasPending) this.#block();
  }

  removeWait(permit: Permit): void {
    if (this.#waits?.delete(permit) === true && !this.isPending) this.#unblock();
  }

  addChild(child: Task): void {
    const wasPending = this.isPending;
    (this.#children ??= new RecentSet()).add(child);
    if (!wasPending) this.#block();
  }

  removeChild(child: Task): void {
    if (this.#children?.delete(child) === true && !this.isPending) this.#unblock();
  }

  /** Ends it: what it still holds or waits for is nobody's from now on (T4). */
  end(): void {
    this.isOver = true;
    this.#parent = undefined;
    this.#waits?.clear();
    this.#children?.clear();
    this.#unblock();
    this.#holds?.clear();
  }

  #block(): void {
    for (const hold of this.holds) hold.owner.ties!.blocked.add(hold);
  }

  #unblock(): void {
    for (const hold of this.holds) if (!hold.extra!.tie!.isBlocked) hold.owner.ties!.blocked.delete(hold);
  }
}
