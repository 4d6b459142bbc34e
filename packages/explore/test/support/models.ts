/** The classic sequential models, and a slow, obvious checker to compare with. */
import type { Model } from "../../src/linear/checker.js";
import { hasReturned, type Operation } from "../../src/linear/history.js";
import { isEqual } from "../../src/linear/values.js";

export type RegisterOp =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: number }
  | { readonly kind: "cas"; readonly from: number; readonly to: number };

/** A register that is read, written, and compared and set. */
export const register: Model<number, RegisterOp> = {
  init: () => 0,
  apply(value, op) {
    if (op.kind === "read") return [value, value];
    if (op.kind === "write") return [op.value, undefined];
    return value === op.from ? [op.to, true] : [value, false];
  },
};

export type QueueOp = { readonly kind: "push"; readonly value: number } | { readonly kind: "shift" };

/** A first-in-first-out queue; `shift` of an empty one gives null. */
export const queue: Model<readonly number[], QueueOp> = {
  init: () => [],
  apply(items, op) {
    if (op.kind === "push") return [[...items, op.value], undefined];
    return [items.slice(1), items[0] ?? null];
  },
};

export type SetOp = { readonly kind: "add" | "remove" | "has"; readonly item: string };

/** A set; each item is a key of its own. */
export const set: Model<boolean, SetOp> = {
  init: () => false,
  apply(isIn, { kind }) {
    if (kind === "has") return [isIn, isIn];
    return kind === "add" ? [true, !isIn] : [false, isIn];
  },
  key: ({ item }) => item,
};

export type LockOp = { readonly kind: "acquire" | "release" };

/** A lock that is only tried: `acquire` gives whether it was free. */
export const lock: Model<boolean, LockOp> = {
  init: () => false,
  apply: (isHeld, { kind }) => (kind === "acquire" ? [true, !isHeld] : [false, isHeld]),
};

export type BankOp =
  | { readonly kind: "transfer"; readonly from: string; readonly to: string; readonly amount: number }
  | { readonly kind: "balances" };

/** Accounts of a bank; a transfer that would overdraw gives false. */
export const bank: Model<ReadonlyMap<string, number>, BankOp> = {
  init: () =>
    new Map([
      ["a", 100],
      ["b", 0],
    ]),
  apply(accounts, op) {
    if (op.kind === "balances") return [accounts, Object.fromEntries(accounts)];
    const { from, to, amount } = op;
    if (accounts.get(from)! < amount) return [accounts, false];
    return [new Map([...accounts, [from, accounts.get(from)! - amount], [to, accounts.get(to)! + amount]]), true];
  },
};

/**
 * Decides by trying all orders: of the operations left, each that no other left one precedes may be next; one that did
 * not return may also be left out for good.
 */
export function isLinearizableByForce<S, O>(model: Model<S, O>, operations: readonly Operation<O>[]): boolean {
  const states = new Map<string | undefined, S>();
  const equal = model.equal?.bind(model) ?? isEqual;
  const tryFrom = (left: readonly Operation<O>[]): boolean => {
    if (!left.some(hasReturned)) return true;
    for (const next of left) {
      if (left.some((other) => other.end < next.call)) continue;
      const key = model.key?.(next.op);
      const before = states.get(key) ?? model.init();
      const [after, result] = model.apply(before, next.op);
      if (hasReturned(next) && !equal(result, next.result)) continue;
      states.set(key, after);
      const isExplained = tryFrom(left.filter((other) => other !== next));
      states.set(key, before);
      if (isExplained) return true;
    }
    return false;
  };
  return tryFrom(operations);
}

/** A history from lines: `[client, op, call, end, result]`; without an end it did not return. */
export function historyOf<O>(
  ...lines: readonly (readonly [client: number, op: O, call: number, end?: number, result?: unknown])[]
): readonly Operation<O>[] {
  return lines.map(([client, op, call, end = Infinity, result]) => ({ client, op, call, end, result }));
}

/** The same history with calls and returns counted: no two at one moment. */
export function inRanks<O>(operations: readonly Operation<O>[]): readonly Operation<O>[] {
  const moments = operations.flatMap(({ call, end }, at) => [
    { at, isCall: true, moment: call },
    { at, isCall: false, moment: end },
  ]);
  moments.sort((a, b) => a.moment - b.moment || Number(b.isCall) - Number(a.isCall));
  const rank = (at: number, isCall: boolean): number =>
    moments.findIndex((each) => each.at === at && each.isCall === isCall);
  return operations.map((each, at) => ({
    ...each,
    call: rank(at, true),
    end: hasReturned(each) ? rank(at, false) : Infinity,
  }));
}
