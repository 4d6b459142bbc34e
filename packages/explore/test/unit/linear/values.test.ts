import { expect, test } from "vitest";
import { isEqual, showValue } from "../../../src/linear/values.js";

test("values are compared by structure", () => {
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const other: { self?: unknown } = {};
  other.self = other;
  const same: readonly (readonly [unknown, unknown])[] = [
    [1, 1],
    [0, -0],
    [Number.NaN, Number.NaN],
    [10n, 10n],
    [
      [1, [2]],
      [1, [2]],
    ],
    [
      { a: 1, b: { c: [] } },
      { b: { c: [] }, a: 1 },
    ],
    [new Map([["a", { n: 1 }]]), new Map([["a", { n: 1 }]])],
    [new Set([1, { n: 1 }]), new Set([{ n: 1 }, 1])],
    [new Date(5), new Date(5)],
    [new TypeError("x"), new TypeError("x")],
    [cycle, other],
  ];
  for (const [a, b] of same) expect([a, isEqual(a, b)]).toEqual([a, true]);
  const different: readonly (readonly [unknown, unknown])[] = [
    [1, "1"],
    [null, undefined],
    [[1], [1, undefined]],
    [{ a: undefined }, { b: undefined }],
    [[], {}],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Set([1]), new Set([2])],
    [new Date(5), new Date(6)],
    [new TypeError("x"), new TypeError("y")],
    [/a/, /a/i],
    [{}, Object.create(null)],
  ];
  for (const [a, b] of different) expect([a, isEqual(a, b)]).toEqual([a, false]);
});

test("values are shown on one short line", () => {
  expect(showValue({ kind: "write", value: 1 })).toBe('{ kind: "write", value: 1 }');
  expect(showValue([1, "a\n", 2n, undefined, null])).toBe('[1, "a\\n", 2n, undefined, null]');
  expect(showValue(new Map([["a", new Set([1])]]))).toBe('Map { "a" => Set { 1 } }');
  expect(showValue([{}, [], new Error("lost")])).toBe("[{}, [], Error: lost]");
  expect(showValue("x".repeat(500)).length).toBe(80);
  const deep: { in?: unknown } = {};
  deep.in = deep;
  expect(showValue(deep)).toContain("…");
  expect(showValue(Array.from({ length: 100 }, (_, at) => at))).toBe("[0, 1, 2, 3, 4, 5, 6, 7, …]");
});
