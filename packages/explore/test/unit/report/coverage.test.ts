import { expect, test } from "vitest";
import { coverageLine, type CoverageView } from "../../../src/report/coverage.js";

const view: CoverageView = {
  runs: 317,
  distinct: 317,
  strategies: [],
  strands: 4,
  maxSteps: 11,
  unfair: 0,
  notInstrumented: [],
  isLoose: false,
};

test("a finished bound says how many schedules it holds", () => {
  expect(coverageLine({ ...view, complete: { external: 2, hold: 1, schedules: 317 } })).toBe(
    "complete within 2 external + 1 held delay: all 317 schedules, 4 strands, at most 11 steps",
  );
});

test("a finished bound says what was sampled beyond it", () => {
  const complete = { external: 1, hold: 0, schedules: 17 };
  expect(coverageLine({ ...view, complete, strategies: ["PCT", "random"] })).toBe(
    "complete within 1 external delay: all 17 schedules, and 300 beyond (PCT, random), 4 strands, at most 11 steps",
  );
});

test("a search without a bound that ended is complete without a bound", () => {
  const complete = { external: Infinity, hold: Infinity, schedules: 6 };
  expect(coverageLine({ ...view, runs: 6, complete })).toBe("complete: all 6 schedules, 4 strands, at most 11 steps");
});

test("native order alone is one schedule within no delay", () => {
  const complete = { external: 0, hold: 0, schedules: 1 };
  expect(coverageLine({ ...view, runs: 1, strands: 1, maxSteps: 1, complete })).toBe(
    "complete within no delay: native order, 1 strand, at most 1 step",
  );
});

test("a program without decisions has one schedule, whatever the bound", () => {
  const complete = { external: 3, hold: 2, schedules: 1 };
  expect(coverageLine({ ...view, runs: 1, complete })).toBe(
    "complete within 3 external + 2 held delays: the only schedule, 4 strands, at most 11 steps",
  );
});

test("an unfinished search says that it is not exhaustive, and what else is to know", () => {
  expect(
    coverageLine({
      ...view,
      runs: 5000,
      distinct: 312,
      reached: { external: 2, hold: 0 },
      strategies: ["PCT", "random", "POS"],
      unfair: 1,
      notInstrumented: ["pg", "ioredis"],
    }),
  ).toBe(
    "5000 schedules (bounded to 2 external, then PCT, random, POS), 312 distinct, not exhaustive; 1 unfair discarded; not instrumented: pg, ioredis",
  );
});

test("a search that failed at once looked at native order", () => {
  expect(coverageLine({ ...view, runs: 1, distinct: 1, reached: { external: 0, hold: 0 } })).toBe(
    "1 schedule (native order), 1 distinct, not exhaustive",
  );
});

test("real I/O and reduction are named, and a long list of packages is cut", () => {
  const notInstrumented = Array.from({ length: 30 }, (_, at) => `p${at}`);
  expect(coverageLine({ ...view, isLoose: true, isReduced: true, notInstrumented })).toBe(
    "317 schedules, 317 distinct, not exhaustive; partial-order reduction left out schedules it held equal to others; not instrumented: p0, p1, p2, p3, p4, p5, p6, p7 and 22 more; not reproducible: real I/O took part",
  );
});
