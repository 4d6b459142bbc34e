/**
 * Broken copies of the library, one line each, which the models must notice: else a model checks nothing. A mutant whose
 * line is no longer there fails loudly.
 */

/** One change. */
export interface Mutant {
  /** Part of the title of a model that must fail. */
  readonly caughtBy: string;
  /** Below `src`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const core = "core/permit-core.ts";

/** Mutants by name. */
export const mutants: Readonly<Record<string, Mutant>> = {
  "a newcomer takes a permit past the queue": {
    caughtBy: "a heavy head is not passed by light ones",
    file: core,
    find: "if (this.waiting !== 0 || weight > this.free || this.isClosed) return undefined;",
    replace: "if (weight > this.free || this.isClosed) return undefined;",
  },
  "a release wakes nobody": {
    caughtBy: "four tasks on a mutex",
    file: core,
    find: "    this.free += permit.weight;\n    if (this.waiting !== 0) this.#drain();",
    replace: "    this.free += permit.weight;",
  },
  "a grant from the queue takes no permits": {
    caughtBy: "four tasks on a mutex",
    file: core,
    find: "      if (head.weight > this.free) return;\n      this.free -= head.weight;",
    replace: "      if (head.weight > this.free) return;",
  },
  "the head is let in whatever it weighs": {
    caughtBy: "weights held never exceed",
    file: core,
    find: "      if (head.weight > this.free) return;\n",
    replace: "      if (this.free <= 0) return;\n",
  },
  "a head that gives up does not let the next one in": {
    caughtBy: "the light one behind it gets in at once",
    file: core,
    find: "  settle(): void {\n    if (this.waiting !== 0) this.#drain();",
    replace: "  settle(): void {",
  },
  "growing lets nobody in": {
    caughtBy: "a paused semaphore lets its waiters in",
    file: "core/resize-core.ts",
    find: "refuseHeavy(core);\n  core.settle();",
    replace: "refuseHeavy(core);",
  },
  "a resize forgets what is held": {
    caughtBy: "a resize that crosses releases",
    file: "core/resize-core.ts",
    find: "  core.free += capacity - core.capacity;",
    replace: "  core.free = capacity;",
  },
  "a guard can be released twice": {
    caughtBy: "a guard handed on is released once",
    file: "core/guard.ts",
    find: "    if (this.state !== HELD) throw this.owner.notHeldError(this);\n    this.owner.finish(this);",
    replace: "    this.owner.finish(this);",
  },
  "closing leaves the waiters where they are": {
    caughtBy: "closing while tasks come and go",
    file: core,
    find: '    this.#endAll("closed", () => refuse.closed(this));\n',
    replace: "",
  },
  "a closed lock is still acquired": {
    caughtBy: "closing while tasks come and go",
    file: core,
    find: "if (this.waiting !== 0 || weight > this.free || this.isClosed) return undefined;",
    replace: "if (this.waiting !== 0 || weight > this.free) return undefined;",
  },
  "an aborted head leaves those behind it where they are": {
    caughtBy: "the light one behind it gets in at once",
    file: "core/abort-groups.ts",
    find: '    only.owner.leave(only, "abort", outcome);\n    only.owner.settle();',
    replace: '    only.owner.leave(only, "abort", outcome);',
  },
  "a lease that ran out still counts as held": {
    caughtBy: "a holder that outlives its ttl",
    file: "leases/lease.ts",
    find: "platform.now() >= this.#keeping.deadline",
    replace: "false",
  },
  "a token is given twice": {
    caughtBy: "tokens only grow",
    file: "leases/grant-draft.ts",
    find: "    this.#token += 1n;\n",
    replace: "",
  },
  "a read is let in beside a writer": {
    caughtBy: "readers and writers never meet",
    file: "core/read-write-core.ts",
    find: "if (this.waiting !== 0 || weight > this.free) return undefined;\n    this.free -= weight;",
    replace: "if (this.waiting !== 0 || weight > this.free) return undefined;",
  },
  "an upgrade does not wait for the readers": {
    caughtBy: "one writes at a time, on what it has read",
    file: "core/read-write-core.ts",
    find: "    this.free -= upgrade.weight;\n    upgrade.beginWait();",
    replace: "    upgrade.beginWait();",
  },
  "a notification that reached nobody is not passed on": {
    caughtBy: "a notification that crosses an abort",
    file: "core/condition-room.ts",
    find: "if (wait.returning !== undefined) return void this.notify(1); // C3",
    replace: "if (wait.returning !== undefined) return;",
  },
  "a notification wakes nobody": {
    caughtBy: "no notification is lost",
    file: "core/condition-room.ts",
    find: "      this.#ring.shift();\n      if (isGrantWatched()) this.place.teller.note(wait, undefined);\n      this.#moveOver(wait);",
    replace: "      this.#ring.shift();",
  },
  "the last caller's leaving ends a flight that others wait for": {
    caughtBy: "callers of one flight",
    file: "primitives/single-flight.ts",
    find: "if (this.#isKept || this.hasCallers) return;",
    replace: "if (this.#isKept) return;",
  },
  "a flight whose callers left is found by the next": {
    caughtBy: "callers of one flight",
    file: "primitives/single-flight.ts",
    find: "    this.#isKept = true;\n    this.#forget(this);\n    this.#controller",
    replace: "    this.#isKept = true;\n    this.#controller",
  },
  "a group does not wait for its tasks": {
    caughtBy: "the first failure of a group",
    file: "primitives/task-group.ts",
    find: "while (this.#live > 0) await",
    replace: "if (this.#live > 9) await",
  },
  "a set is taken in the order given": {
    caughtBy: "sets of locks taken in any order",
    file: "primitives/acquire-all.ts",
    find: "const inOrder = places.toSorted(comparePlaces);",
    replace: "const inOrder = places;",
  },
  "a set that waits is not known to hold": {
    caughtBy: "a set and a nested lock",
    file: "core/guard-set.ts",
    find: "if (ours.length === 0 || options?.detached === true) return options;",
    replace: "if (ours.length >= 0) return options;",
  },
};
