import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fit, foldMiddle, widthOf } from "../../../src/report/columns.js";
import { departuresOf } from "../../../src/report/explanation.js";
import { renderText, renderTimeline } from "../../../src/report/text.js";
import { enter, exit, p, r } from "../../../src/runtime/point.js";
import { TraceNames } from "../../../src/trace-names.js";
import { issueIo as io } from "../../../src/world/io.js";
import { anyTrace, HOSTILE } from "../../support/any-trace.js";
import { anyFailure, failureOf } from "../../support/failure.js";
import { lostUpdate, tickCounting } from "../../support/programs.js";
import { hold, pick, record, SourceFile } from "../../support/scripted.js";

const wide = new SourceFile("/a/wide.ts");
const BODY = wide.fn(1, "body");
const ALL = wide.at(2, "Promise.all(work)", "body");
const WORK = wide.fn(4, "work");
const STEP = wide.at(5, 'io("step")', "work");

/** `strands` strands with `turns` externals each. */
async function crowd(strands: number, turns: number, departures = [pick(strands)]) {
  const body = async (): Promise<void> => {
    const a = enter(BODY);
    const work = async (): Promise<void> => {
      const b = enter(WORK);
      for (let turn = 0; turn < turns; turn += 1) r(b, await p(b, STEP, 1, io("step")));
      exit(b);
    };
    r(a, await p(a, ALL, 0, Promise.all(Array.from({ length: strands }, work))));
    exit(a);
  };
  return record(body, { departures, maxSteps: 1_000_000 });
}

describe("the timeline", () => {
  test("has a column per strand, a row per step, and marks where the schedule departs", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(4)] });
    expect(renderTimeline(trace, { width: 100 })).toMatchInlineSnapshot(`
      "  step ms │body                   │withdraw               │late                   │
      ──────────┼───────────────────────┼───────────────────────┼───────────────────────┤
           0  0 │→ Promise.all([withdra…│begins → db.read()     │begins → io("queue")   │ bank.ts:3,11,21
           1  0 │                       │✓ read                 │                       │ bank.ts:11
           2  0 │                       │                       │✓ queue → io("queue")  │ bank.ts:21
           3  0 │                       │✓ read: answ… → db.wri…│                       │ bank.ts:12
           4  0 │                       │                       │✓ queue → withdraw(20) │ bank.ts:22
      ►    5  0 │                       │(write waits)          │✓ read                 │ bank.ts:11
           6  0 │                       │✓ write                │                       │ bank.ts:12
           7  0 │                       │                       │✓ read: answ… → db.wri…│ bank.ts:12
           8  0 │                       │✓ write: answer ■      │                       │ bank.ts:12
           9  0 │                       │                       │✓ write                │ bank.ts:12
          10  0 │■ ends                 │                       │✓ write: answer ■      │ bank.ts:12"
    `);
  });

  test("marks an await that was held", async () => {
    const { trace } = await record(tickCounting, { departures: [hold(1)] });
    const marked = renderTimeline(trace)
      .split("\n")
      .filter((line) => line.startsWith("►"));
    expect(marked).toHaveLength(1);
    expect(marked[0]).toContain("→ parse() (held)");
  });

  test("folds the middle of a long run to 60 rows and keeps its departures", async () => {
    const { trace } = await crowd(2, 200, [pick(150), pick(250)]);
    expect(trace.steps.length).toBeGreaterThan(400);
    const [, , ...rows] = renderTimeline(trace).split("\n");
    expect(rows.length).toBeLessThanOrEqual(60);
    expect(rows.filter((row) => row.startsWith("►"))).toHaveLength(2);
    expect(rows.filter((row) => row.includes("folded"))).toHaveLength(3);
    expect(rows.at(-1)).toContain(String(trace.steps.length - 1));
  });

  test("puts strands that find no room into one column, never those that depart", async () => {
    const { trace } = await crowd(100, 2, [pick(160)]);
    const text = renderTimeline(trace, { width: 80 });
    expect(text.length).toBeLessThan(20_000);
    expect(text.split("\n")[0]).toMatch(/\d+ others/);
    const departure = text.split("\n").find((line) => line.startsWith("►"));
    expect(departure).toContain("(step waits)");
    const [{ slow, fast }] = departuresOf(trace) as unknown as [{ slow: { strand: number }; fast: { strand: number } }];
    const names = new TraceNames(trace);
    for (const { strand } of [slow, fast]) expect(text.split("\n")[0]).toContain(`│${names.strand(strand)} `);
  });

  test("keeps the callbacks of code that was not transformed in one column", async () => {
    const { trace } = await record(async () => {
      const a = enter(BODY);
      const plain = async (): Promise<void> => {
        for (let turn = 0; turn < 5; turn += 1) await io("plain");
      };
      r(a, await p(a, ALL, 0, Promise.all([plain(), plain()])));
      exit(a);
    });
    const [head] = renderTimeline(trace, { width: 100 }).split("\n");
    expect(head).toMatch(/│body +│callbacks +│$/);
  });

  test("is as wide as it is told, within 80 and 160", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(4)] });
    const widthAt = (width: number): number => Math.max(...renderTimeline(trace, { width }).split("\n").map(widthOf));
    expect(widthAt(20)).toBeLessThanOrEqual(80);
    expect(widthAt(1000)).toBeGreaterThan(100);
    expect(widthAt(1000)).toBeLessThanOrEqual(160);
  });
});

describe("the text of a failure", () => {
  test("begins with the sentence and ends with token and coverage", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(4)] });
    const view = failureOf(trace);
    const lines = renderText(view, trace, { width: 100 }).split("\n");
    expect(lines[0]).toBe(view.explanation);
    expect(lines.slice(-4)).toEqual([
      "test:     two withdrawals never lose one",
      "grade:    B: feasible, other completion or timer times suffice",
      "replay:   lw1d.4~b639",
      `coverage: ${view.coverage}`,
    ]);
    expect(lines).toContain("✗ Error: stored 80, expected 70");
  });

  test("lists who still waits, timers and what was in flight", async () => {
    const { trace } = await record(async () => {
      const a = enter(BODY);
      const work = async (): Promise<void> => {
        const b = enter(WORK);
        r(b, await p(b, STEP, 0, new Promise(() => {})));
      };
      void work();
      void io("late");
      setInterval(() => {}, 5);
      exit(a);
    });
    const text = renderText(failureOf(trace), trace);
    expect(text).toContain('still waiting:\n  work waits at `io("step")` (wide.ts:5)');
    expect(text).toMatch(/timers still set:\n {2}the 5 ms interval \(text\.test\.ts:\d+\)/);
    expect(text).toMatch(/in flight when the body returned:\n {2}`late` \(/);
  });

  test("has colours only when asked", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(4)] });
    expect(renderText(failureOf(trace), trace)).not.toContain("\u001b");
    expect(renderText(failureOf(trace), trace, { isColoured: true })).toContain("\u001b[1m");
  });

  test("cuts a message of a thousand lines", async () => {
    const { trace } = await record(lostUpdate);
    const error = { name: "Error", message: "line\n".repeat(1000) };
    expect(renderText(failureOf(trace, { error }), trace).split("\n").length).toBeLessThan(60);
  });

  test("stays within its size and sends nothing to the terminal but text, whatever the trace", () => {
    fc.assert(
      fc.property(anyTrace(150), anyFailure, fc.integer({ min: 0, max: 300 }), (trace, view, width) => {
        const text = renderText(view, trace, { width });
        expect(text.length).toBeLessThan(200_000);
        // oxlint-disable-next-line no-control-regex -- exactly those must not get through
        expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/);
        for (const line of renderTimeline(trace, { width }).split("\n")) expect(widthOf(line)).toBeLessThanOrEqual(160);
      }),
      { numRuns: 60 },
    );
  });
});

describe("columns", () => {
  test("fit text to exactly the cells asked for", () => {
    for (const text of [...HOSTILE, "abc"])
      for (const width of [1, 2, 3, 10, 40]) expect(widthOf(fit(text.replace(/[\r\n]/g, ""), width))).toBe(width);
    expect(fit("日本語", 5)).toBe("日本…");
    expect(fit("abcdef", 4)).toBe("abc…");
  });

  test("fold to at most the rows asked for and lose count of none", () => {
    const row = fc.record({ isNeeded: fc.boolean() });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 200 }), fc.integer({ min: 8, max: 80 }), (rows, max) => {
        const shown = foldMiddle(rows, max, ({ isNeeded }) => isNeeded);
        expect(shown.length).toBeLessThanOrEqual(max);
        expect(shown.reduce((sum, each) => sum + ("folded" in each ? each.folded : 1), 0)).toBe(rows.length);
        expect([shown[0], shown.at(-1)]).toEqual([rows[0], rows.at(-1)]);
      }),
    );
  });
});
