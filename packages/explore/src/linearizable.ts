/** The face of linearizability: explore, and check what clients saw against a model. */
import { explore } from "./explore.js";
import type { Model } from "./linear/checker.js";
import { exploreLinearizable } from "./linear/explore-linearizable.js";
import type { ExploreOptions } from "./options.js";

/** Options of {@link linearizable}. */
export interface LinearOptions<O> {
  /** Makes a fresh system; gives how to call one operation on it. Called once per schedule. */
  make(): (op: O) => Promise<unknown>;
  /** Makes one operation; `random` gives numbers in [0, 1) from the seed. */
  ops(random: () => number): O;
  /** Clients at most, 1 to 16. Default 3. */
  readonly clients?: number;
  /** Operations of each client at most, 1 to 100. Default 4. */
  readonly length?: number;
  /** States that deciding one history may take. Default 100,000. */
  readonly states?: number;
  /** How to explore; `budget` is for all scenarios together. */
  readonly explore?: ExploreOptions;
}

/**
 * Lets clients call generated operations on a fresh system under explored schedules, and checks that each history can be
 * explained by the sequential `model`: that every operation seems to happen at one moment between its call and its
 * return. Throws for the first that cannot, with the operations of the wrong part drawn as a timeline.
 *
 * Scenarios grow: first two clients with one operation each, at last `clients` with `length` each.
 *
 * **When to use** For a lock, queue, cache or store whose behaviour is easily said one operation at a time. For a rule
 * that must hold at the end, `explore` with `t.after` is simpler.
 *
 * **Cancellation** An operation that rejects counts as one that never returned: it may have happened or not. Catch what
 * belongs to the contract (a refused withdrawal) and return it as a value, which the model then has to return too.
 *
 * **Errors** A `ScheduleError`: `LW_SCHEDULE` when a history has no explanation, when all operations of one rejected, or
 * when one could not be decided within `states` (never taken for a success); and those of `explore`. A TypeError or
 * RangeError for bad arguments and for a model that changes the state it is given.
 *
 * **Example**
 * ```ts
 * import { io, linearizable, type Model } from "@lockwright/explore";
 *
 * type Op = { readonly kind: "add" } | { readonly kind: "read" };
 * const counter: Model<number, Op> = {
 *   init: () => 0,
 *   apply: (n, op) => (op.kind === "add" ? [n + 1, undefined] : [n, n]),
 * };
 *
 * await linearizable(counter, {
 *   make() {
 *     let stored = 0;
 *     return async (op: Op) => {
 *       await io("request");
 *       if (op.kind === "read") return stored;
 *       stored += 1; // read, an await, then write would lose updates: that is found
 *       return undefined;
 *     };
 *   },
 *   ops: (random): Op => (random() < 0.5 ? { kind: "add" } : { kind: "read" }),
 * });
 * console.log("linearizable"); // linearizable
 * ```
 */
export async function linearizable<S, O>(model: Model<S, O>, options: LinearOptions<O>): Promise<void> {
  await exploreLinearizable((body, settings) => explore(body, settings), model, options, options?.explore ?? {});
}
