/**
 * Decides whether a history is linearizable (Herlihy and Wing, TOPLAS 1990): whether each operation can be given one
 * moment between its call and its return, such that the sequential model, run in the order of these moments, returns what
 * the operations returned.
 *
 * Wing and Gong's search (1993): of the operations that nothing still open precedes, take one whose result the model
 * confirms, and go on; back when none does. Lowe's memo (2017): the same set of operations done and the same state of the
 * model never need be tried twice. Operations on different keys do not see each other, so each key is decided alone.
 *
 * - L1 An operation that returned is done after all that returned before its call, and exactly once.
 * - L2 One that did not return is done at most once, at any time after its call, whatever its result.
 * - L3 When the budget of states ends the answer is "unknown", never "yes".
 *
 * Why not brute force over permutations: 12 operations of 3 clients have up to 34,650 orders, of which the memo leaves some
 * hundred states. It is the tests' reference, on small histories.
 */
import { hasReturned, type Operation } from "./history.js";
import { isEqual } from "./values.js";

/** What an object should do, one operation at a time. `apply` must leave `state` as it is and give the next one. */
export interface Model<S, O> {
  init(): S;
  apply(state: S, op: O): readonly [next: S, result: unknown];
  /** Operations of different keys do not see each other: each key has a state of its own. */
  key?(op: O): string;
  /** Compares states and results. Default: by structure. */
  equal?(a: unknown, b: unknown): boolean;
}

/** What a search may still spend: states it remembers. */
export class StateBudget {
  left: number;

  constructor(states: number) {
    this.left = states;
  }
}

/** A place in the list of calls and returns that are still to be dealt with. */
interface Entry<O> {
  readonly operation: Operation<O>;
  readonly bit: bigint;
  readonly isCall: boolean;
  /** Of a call, its return; undefined where there is none. */
  end: Entry<O> | undefined;
  before: Entry<O> | undefined;
  after: Entry<O> | undefined;
}

/** The calls and returns in their order, from a head that is none of them. */
function listOf<O>(operations: readonly Operation<O>[]): Entry<O> {
  const entries: { readonly at: number; readonly entry: Entry<O> }[] = [];
  operations.forEach((operation, index) => {
    const base = { operation, bit: 1n << BigInt(index), before: undefined, after: undefined };
    const end: Entry<O> | undefined = hasReturned(operation) ? { ...base, isCall: false, end: undefined } : undefined;
    entries.push({ at: operation.call, entry: { ...base, isCall: true, end } });
    if (end !== undefined) entries.push({ at: operation.end, entry: end });
  });
  const head = { bit: 0n, isCall: false, end: undefined, before: undefined, after: undefined } as unknown as Entry<O>;
  let last = head;
  for (const { entry } of entries.toSorted((a, b) => a.at - b.at)) {
    entry.before = last;
    last.after = entry;
    last = entry;
  }
  return head;
}

function takeOut<O>(entry: Entry<O> | undefined): void {
  if (entry === undefined) return;
  entry.before!.after = entry.after;
  if (entry.after !== undefined) entry.after.before = entry.before;
}

function putBack<O>(entry: Entry<O> | undefined): void {
  if (entry === undefined) return;
  entry.before!.after = entry;
  if (entry.after !== undefined) entry.after.before = entry;
}

/** States met with each set of operations done. */
class Memo<S> {
  readonly #states = new Map<bigint, S[]>();
  readonly #equal: (a: unknown, b: unknown) => boolean;

  constructor(equal: (a: unknown, b: unknown) => boolean) {
    this.#equal = equal;
  }

  /** Answers whether this is new, and remembers it. */
  isNew(done: bigint, state: S): boolean {
    const known = this.#states.get(done);
    if (known === undefined) this.#states.set(done, [state]);
    else if (known.some((each) => this.#equal(each, state))) return false;
    else known.push(state);
    return true;
  }
}

interface Choice<S, O> {
  readonly entry: Entry<O>;
  readonly state: S;
  readonly done: bigint;
}

/**
 * Searches for orders of `operations` from one of the states `starts`; calls `found` with the state after each that
 * deals with all that returned, until it answers true. Gives "unknown" when the budget ended first.
 */
export function searchOrders<S, O>(
  model: Model<S, O>,
  operations: readonly Operation<O>[],
  starts: readonly S[],
  budget: StateBudget,
  found: (state: S) => boolean,
): "found" | "none" | "unknown" {
  const equal = model.equal?.bind(model) ?? isEqual;
  const memo = new Memo<S>(equal);
  for (const start of starts) {
    const outcome = searchFrom(model, operations, start, { budget, memo, equal, found });
    if (outcome !== "none") return outcome;
  }
  return "none";
}

interface SearchParts<S> {
  readonly budget: StateBudget;
  readonly memo: Memo<S>;
  readonly equal: (a: unknown, b: unknown) => boolean;
  readonly found: (state: S) => boolean;
}

function searchFrom<S, O>(
  model: Model<S, O>,
  operations: readonly Operation<O>[],
  start: S,
  { budget, memo, equal, found }: SearchParts<S>,
): "found" | "none" | "unknown" {
  const head = listOf(operations);
  const stack: Choice<S, O>[] = [];
  let state = start;
  let done = 0n;
  // Those that must still be dealt with; the others may never have happened (L2).
  let owed = operations.filter(hasReturned).length;
  if (!memo.isNew(done, state)) return "none";
  if (owed === 0 && found(state)) return "found";
  let entry = head.after;
  for (;;) {
    if (entry?.isCall === true) {
      const [next, result] = model.apply(state, entry.operation.op);
      const isConfirmed = entry.end === undefined || equal(result, entry.operation.result);
      if (isConfirmed && memo.isNew(done | entry.bit, next)) {
        if (budget.left-- <= 0) return "unknown";
        stack.push({ entry, state, done });
        state = next;
        done |= entry.bit;
        if (entry.end !== undefined) owed -= 1;
        takeOut(entry);
        takeOut(entry.end);
        if (owed === 0 && found(state)) return "found";
        entry = head.after;
      } else entry = entry.after;
      continue;
    }
    // A return that nothing before it explains, or the end: back to the last choice, and on behind it.
    const last = stack.pop();
    if (last === undefined) return "none";
    putBack(last.entry.end);
    putBack(last.entry);
    if (last.entry.end !== undefined) owed += 1;
    ({ state, done } = last);
    entry = last.entry.after;
  }
}

/** Splits a history by key; one part for all when the model has no keys. */
export function partition<S, O>(
  model: Model<S, O>,
  operations: readonly Operation<O>[],
): ReadonlyMap<string | undefined, readonly Operation<O>[]> {
  const parts = new Map<string | undefined, Operation<O>[]>();
  for (const operation of operations) {
    const key = model.key?.(operation.op);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  return parts;
}

/** The answer on a history. */
export type Verdict<O> =
  | { readonly kind: "yes" }
  /** No order explains `part`, the operations of `key`. */
  | { readonly kind: "no"; readonly key: string | undefined; readonly part: readonly Operation<O>[] }
  | { readonly kind: "unknown" };

/** Decides a history; `states` is the budget for all of it. */
export function checkHistory<S, O>(
  model: Model<S, O>,
  operations: readonly Operation<O>[],
  states: number,
): Verdict<O> {
  const budget = new StateBudget(states);
  let isUnknown = false;
  for (const [key, part] of partition(model, operations)) {
    const outcome = searchOrders(model, part, [model.init()], budget, () => true);
    if (outcome === "none") return { kind: "no", key, part };
    if (outcome === "unknown") isUnknown = true;
  }
  return { kind: isUnknown ? "unknown" : "yes" };
}
