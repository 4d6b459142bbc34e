/**
 * A model that changes the state it is given would make every verdict worthless: the search goes back to states and
 * finds them changed. So it is tried once, one operation after the other, where that can be seen.
 */
import { show } from "../errors.js";
import type { Model } from "./checker.js";
import { isEqual, showValue } from "./values.js";

/** A copy to compare with; undefined where none can be made (functions, instances of classes). */
function copyOf(state: unknown): { readonly copy: unknown } | undefined {
  try {
    const copy: unknown = structuredClone(state);
    return isEqual(copy, state) ? { copy } : undefined;
  } catch {
    return undefined;
  }
}

/** Throws a TypeError for a model whose `apply` changes its state, or does not return a pair. */
export function refuseImpure<S, O>(model: Model<S, O>, ops: readonly O[]): void {
  let state = model.init();
  for (const op of ops) {
    const before = copyOf(state);
    const pair: unknown = model.apply(state, op);
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new TypeError(`model.apply must return [next, result], got ${show(pair)} for ${showValue(op)}`);
    if (before !== undefined && !isEqual(before.copy, state))
      throw new TypeError(
        `model.apply must leave the state it is given as it is and return the next one, but ${showValue(op)} changed it`,
      );
    state = pair[0] as S;
  }
}
