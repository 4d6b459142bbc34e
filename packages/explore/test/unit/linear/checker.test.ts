import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkHistory, type Model } from "../../../src/linear/checker.js";
import type { Operation } from "../../../src/linear/history.js";
import {
  bank,
  type BankOp,
  historyOf,
  inRanks,
  isLinearizableByForce,
  lock,
  type LockOp,
  queue,
  type QueueOp,
  register,
  type RegisterOp,
  set,
  type SetOp,
} from "../../support/models.js";

const STATES = 10_000;
const answer = <S, O>(model: Model<S, O>, operations: readonly Operation<O>[]): string =>
  checkHistory(model, operations, STATES).kind;

const read = { kind: "read" } as RegisterOp;
const write = (value: number): RegisterOp => ({ kind: "write", value });
const cas = (from: number, to: number): RegisterOp => ({ kind: "cas", from, to });

describe("a register", () => {
  test("may answer a read that overlaps a write with either value [L1]", () => {
    for (const value of [0, 1])
      expect(answer(register, historyOf([0, write(1), 0, 3, undefined], [1, read, 1, 2, value]))).toBe("yes");
    expect(answer(register, historyOf([0, write(1), 0, 3, undefined], [1, read, 1, 2, 2]))).toBe("no");
  });

  test("may not answer with what was overwritten before the read began", () => {
    const stale = historyOf([0, write(1), 0, 1, undefined], [1, read, 2, 3, 0]);
    expect(answer(register, stale)).toBe("no");
  });

  test("may not go back: a new value, then the old one", () => {
    const back = historyOf([0, write(1), 0, 9, undefined], [1, read, 1, 2, 1], [1, read, 3, 4, 0]);
    expect(answer(register, back)).toBe("no");
    const forth = historyOf([0, write(1), 0, 9, undefined], [1, read, 1, 2, 0], [1, read, 3, 4, 1]);
    expect(answer(register, forth)).toBe("yes");
  });

  test("lets one of two racing compare-and-sets win, never both", () => {
    const both = (first: boolean, second: boolean) =>
      historyOf([0, cas(0, 1), 0, 2, first], [1, cas(0, 2), 1, 3, second]);
    expect(answer(register, both(true, false))).toBe("yes");
    expect(answer(register, both(false, true))).toBe("yes");
    expect(answer(register, both(true, true))).toBe("no");
    expect(answer(register, both(false, false))).toBe("no");
  });
});

describe("an operation that did not return", () => {
  test("may have happened, at any time after its call [L2]", () => {
    expect(answer(register, historyOf([0, write(1), 0], [1, read, 1, 2, 0], [1, read, 3, 4, 1]))).toBe("yes");
  });

  test("may not have happened before its call, nor twice [L2]", () => {
    expect(answer(register, historyOf([1, read, 0, 1, 1], [0, write(1), 2]))).toBe("no");
    const twice = historyOf([0, cas(0, 1), 0], [1, read, 1, 2, 1], [1, write(0), 3, 4, undefined], [1, read, 5, 6, 1]);
    expect(answer(register, twice)).toBe("no");
  });

  test("need not have happened at all, and a history of nothing else is explained", () => {
    expect(answer(register, historyOf([0, write(1), 0], [1, write(2), 1]))).toBe("yes");
    expect(answer(register, historyOf())).toBe("yes");
  });
});

describe("the classics", () => {
  test("a queue gives items in the order of their pushes", () => {
    const push = (value: number): QueueOp => ({ kind: "push", value });
    const shift = { kind: "shift" } as QueueOp;
    const inOrder = historyOf(
      [0, push(1), 0, 1, undefined],
      [0, push(2), 2, 3, undefined],
      [1, shift, 4, 5, 1],
      [1, shift, 6, 7, 2],
    );
    expect(answer(queue, inOrder)).toBe("yes");
    const swapped = historyOf([0, push(1), 0, 1, undefined], [0, push(2), 2, 3, undefined], [1, shift, 4, 5, 2]);
    expect(answer(queue, swapped)).toBe("no");
    const racing = historyOf([0, push(1), 0, 3, undefined], [1, push(2), 1, 2, undefined], [1, shift, 4, 5, 2]);
    expect(answer(queue, racing)).toBe("yes");
    const lost = historyOf([0, push(1), 0, 1, undefined], [1, shift, 2, 3, null]);
    expect(answer(queue, lost)).toBe("no");
    const doubled = historyOf([0, push(1), 0, 1, undefined], [0, shift, 2, 4, 1], [1, shift, 3, 5, 1]);
    expect(answer(queue, doubled)).toBe("no");
  });

  test("a set keeps each item by itself", () => {
    const add = (item: string): SetOp => ({ kind: "add", item });
    const has = (item: string): SetOp => ({ kind: "has", item });
    expect(answer(set, historyOf([0, add("x"), 0, 1, true], [1, has("y"), 2, 3, false]))).toBe("yes");
    expect(answer(set, historyOf([0, add("x"), 0, 2, true], [1, add("x"), 1, 3, true]))).toBe("no");
    const verdict = checkHistory(set, historyOf([0, add("x"), 0, 1, true], [1, has("y"), 2, 3, true]), STATES);
    expect(verdict).toMatchObject({ kind: "no", key: "y", part: [{ op: { item: "y" } }] });
  });

  test("a lock admits one", () => {
    const acquire = { kind: "acquire" } as LockOp;
    const release = { kind: "release" } as LockOp;
    expect(answer(lock, historyOf([0, acquire, 0, 2, true], [1, acquire, 1, 3, true]))).toBe("no");
    const inTurn = historyOf([0, acquire, 0, 1, true], [0, release, 2, 4, true], [1, acquire, 3, 5, true]);
    expect(answer(lock, inTurn)).toBe("yes");
  });

  test("a bank shows no transfer half done", () => {
    const move = { kind: "transfer", from: "a", to: "b", amount: 60 } as BankOp;
    const balances = { kind: "balances" } as BankOp;
    const seen = (a: number, b: number) => historyOf([0, move, 0, 3, true], [1, balances, 1, 2, { a, b }]);
    expect(answer(bank, seen(100, 0))).toBe("yes");
    expect(answer(bank, seen(40, 60))).toBe("yes");
    expect(answer(bank, seen(40, 0))).toBe("no");
    const overdrawn = historyOf([0, move, 0, 2, true], [1, move, 1, 3, true]);
    expect(answer(bank, overdrawn)).toBe("no");
  });
});

describe("the budget", () => {
  /** Many writes at once and a read of what nobody wrote: every subset of the writes has to be tried. */
  const hard = historyOf(...Array.from({ length: 12 }, (_, at) => [at, write(at), at, 100, undefined] as const), [
    14,
    read,
    50,
    101,
    99,
  ]);

  test("that ends gives unknown, never yes [L3]", () => {
    expect(checkHistory(register, hard, 100).kind).toBe("unknown");
    expect(checkHistory(register, hard, 10_000_000).kind).toBe("no");
  });

  test("does not hide a no that another key makes plain", () => {
    const keyed: Model<number, { readonly at: string; readonly op: RegisterOp }> = {
      init: () => 0,
      apply: (state, { op }) => register.apply(state, op),
      key: ({ at }) => at,
    };
    const both = [
      ...hard.map((each) => ({ ...each, op: { at: "hard", op: each.op } })),
      ...historyOf([20, { at: "easy", op: read }, 0, 1, 5]),
    ];
    expect(checkHistory(keyed, both, 10_000)).toMatchObject({ kind: "no" });
  });
});

test("an own equal decides what results and states are the same", () => {
  const rounded: Model<number, RegisterOp> = {
    init: () => 0.2,
    apply: (n) => [n, n],
    equal: (a, b) => Math.round(a as number) === Math.round(b as number),
  };
  expect(answer(rounded, historyOf([0, read, 0, 1, 0.4]))).toBe("yes");
});

describe("compared with trying all orders", () => {
  /** Random histories of up to three clients: right ones, made by a model, with some results made wrong. */
  function anyHistory<S, O>(model: Model<S, O>, op: fc.Arbitrary<O>, results: fc.Arbitrary<unknown>) {
    const event = fc.record({
      client: fc.nat(2),
      op,
      isWrong: fc.nat(5).map((n) => n === 0),
      wrong: results,
      delay: fc.nat(3),
    });
    return fc.array(event, { maxLength: 7 }).chain((events) =>
      fc.array(fc.nat(5), { minLength: events.length, maxLength: events.length }).map((losses) => {
        const states = new Map<string | undefined, S>();
        const free = [0, 0, 0];
        const operations = events.map(({ client, op: each, isWrong, wrong, delay }, at): Operation<O> => {
          // Every operation happens at 10, 20, … in turn; its call lies before, its return after that.
          const moment = (at + 1) * 10;
          const call = Math.max(free[client]!, moment - 9 - delay * 7) + client / 10;
          const key = model.key?.(each);
          const [next, result] = model.apply(states.get(key) ?? model.init(), each);
          states.set(key, next);
          const end = losses[at] === 0 ? Infinity : moment + delay * 6 + client / 10;
          free[client] = end === Infinity ? moment + 1000 + at : end;
          return { client, op: each, call, end, result: isWrong ? wrong : result };
        });
        return inRanks(operations);
      }),
    );
  }

  const value = fc.nat(2);
  const registerOp = fc.oneof(
    fc.constant(read),
    value.map(write),
    fc.tuple(value, value).map(([a, b]) => cas(a, b)),
  );
  const queueOp = fc.oneof(
    value.map((each) => ({ kind: "push", value: each }) as QueueOp),
    fc.constant({ kind: "shift" } as QueueOp),
  );
  const setOp = fc.record({
    kind: fc.constantFrom("add" as const, "remove" as const, "has" as const),
    item: fc.constantFrom("x", "y"),
  });

  function agrees<S, O>(model: Model<S, O>, op: fc.Arbitrary<O>, results: fc.Arbitrary<unknown>): number {
    const seen = { yes: 0, no: 0, unknown: 0 };
    fc.assert(
      fc.property(anyHistory(model, op, results), (operations) => {
        const { kind } = checkHistory(model, operations, 1_000_000);
        seen[kind] += 1;
        expect(kind).toBe(isLinearizableByForce(model, operations) ? "yes" : "no");
      }),
      { numRuns: 1500 },
    );
    return Math.min(seen.yes, seen.no);
  }

  // Both answers must come up often, or the comparison says little.
  test("a register gives the same answers", () => {
    expect(agrees(register, registerOp, fc.oneof(value, fc.boolean()))).toBeGreaterThan(50);
  });

  test("a queue gives the same answers", () => {
    expect(agrees(queue, queueOp, fc.oneof(value, fc.constant(null)))).toBeGreaterThan(50);
  });

  test("a set gives the same answers, key by key", () => {
    expect(agrees(set, setOp, fc.boolean())).toBeGreaterThan(50);
  });
});
