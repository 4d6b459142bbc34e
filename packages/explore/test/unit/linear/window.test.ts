import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { searchOrders, StateBudget } from "../../../src/linear/checker.js";
import { drawWindow, findBadWindow } from "../../../src/linear/window.js";
import type { Operation } from "../../../src/linear/history.js";
import { historyOf, inRanks, queue, type QueueOp, register, type RegisterOp } from "../../support/models.js";

const read = { kind: "read" } as RegisterOp;
const write = (value: number): RegisterOp => ({ kind: "write", value });
const STATES = 100_000;

describe("the window", () => {
  test("begins where nothing was under way and ends with the return that nothing explains", () => {
    const history = historyOf(
      [0, write(1), 0, 1, undefined],
      [1, write(2), 2, 5, undefined],
      [0, write(3), 3, 4, undefined],
      [0, read, 6, 9, 1],
      [1, write(7), 7, 8, undefined],
      [1, read, 10, 11, 7],
    );
    const window = findBadWindow(register, history, STATES);
    expect(window.operations.map(({ call }) => call)).toEqual([6, 7]);
    expect(window.culprit.call).toBe(6);
    // Two writes at once came before: either may be what is there.
    expect(window.starts.toSorted((a, b) => a - b)).toEqual([2, 3]);
  });

  test("of a history that is wrong from the start is all of it up to there", () => {
    const history = historyOf([0, read, 0, 1, 5], [0, write(1), 2, 3, undefined]);
    const window = findBadWindow(register, history, STATES);
    expect(window.operations).toHaveLength(1);
    expect(window.starts).toEqual([0]);
  });

  test("reaches back over an operation that never returned", () => {
    const history = historyOf([0, write(9), 0], [1, write(1), 1, 2, undefined], [1, read, 3, 4, 5]);
    expect(findBadWindow(register, history, STATES).operations).toHaveLength(3);
  });

  test("is itself explained by no order from any state it may begin with, and is without its last return", () => {
    const op: fc.Arbitrary<QueueOp> = fc.oneof(
      fc.nat(2).map((value) => ({ kind: "push", value }) as const),
      fc.constant({ kind: "shift" } as const),
    );
    const event = fc.record({
      client: fc.nat(2),
      op,
      result: fc.oneof(fc.constant(null), fc.constant(undefined), fc.nat(2)),
      gap: fc.nat(9),
    });
    let wrong = 0;
    fc.assert(
      fc.property(fc.array(event, { maxLength: 6 }), (events) => {
        const history = inRanks(
          events.map(({ client, op: each, result, gap }, at) => {
            const call = at * 2;
            return { client, op: each, call, end: call + 1 + 2 * gap, result };
          }),
        );
        const explains = (part: readonly Operation<QueueOp>[], starts: readonly (readonly number[])[]): boolean =>
          searchOrders(queue, part, starts, new StateBudget(STATES), () => true) === "found";
        if (explains(history, [queue.init()])) return;
        wrong += 1;
        const { operations, culprit, starts } = findBadWindow(queue, history, STATES);
        expect(explains(operations, starts)).toBe(false);
        const earlier = operations.map((each) => (each.call === culprit.call ? { ...each, end: Infinity } : each));
        expect(explains(earlier, starts)).toBe(true);
        expect(drawWindow({ operations, culprit, starts }, undefined)).toContain("◄");
      }),
      { numRuns: 500 },
    );
    expect(wrong).toBeGreaterThan(50);
  });
});

test("the drawing has a bar for each operation, from its call to its return", () => {
  const history = historyOf([0, write(1), 0, 3, undefined], [1, read, 1, 2, 1], [2, read, 4, 5, 0], [1, write(4), 3.5]);
  expect(drawWindow(findBadWindow(register, history, STATES), undefined)).toMatchInlineSnapshot(`
    "state before: 1
      client 2  ├─────→  { kind: "write", value: 4 } → no return: it may have happened or not
      client 3    ├───┤  { kind: "read" } → 0   ◄ no order explains this"
  `);
});
