import { describe, expect, test } from "vitest";
import { Mutex } from "../../../../lockwright/src/index.js";
import { departuresOf, explain } from "../../../src/report/explanation.js";
import { enter, exit, p, r } from "../../../src/runtime/point.js";
import { issueIo as io } from "../../../src/world/io.js";
import { lateCommit, lockOrder, lostUpdate, tickCounting } from "../../support/programs.js";
import { hold, pick, record, SourceFile } from "../../support/scripted.js";

describe("the sentence", () => {
  test("names the completion and the timer it must take longer than", async () => {
    const { trace, outcome } = await record(lateCommit, { departures: [pick(0)] });
    expect(outcome).toMatchObject({ kind: "failed", error: { message: "committed and rolled back" } });
    expect(explain(trace)).toMatch(
      /^`commit` \(orders\.ts:52\) must take longer than the 50 ms timer \(programs\.ts:\d+\)$/,
    );
  });

  test("names two completions of two strands by their lines", async () => {
    const { trace, outcome } = await record(lostUpdate, { departures: [pick(4)] });
    expect(outcome.kind).toBe("failed");
    expect(explain(trace)).toBe("`write` (bank.ts:12) must take longer than `read` (bank.ts:11)");
  });

  test("says that nothing has to take longer when native order fails", async () => {
    const { trace, outcome } = await record(lockOrder((name) => new Mutex({ name })));
    expect(outcome.kind).toBe("deadlock");
    expect(explain(trace)).toBe("fails in the order JavaScript runs today");
  });

  test("names a held await and how far another strand gets meanwhile", async () => {
    const { trace, outcome } = await record(tickCounting, { departures: [hold(1)] });
    expect(outcome).toMatchObject({ kind: "failed", error: { message: "read before it was published" } });
    expect(explain(trace)).toBe(
      "the await of `parse()` (ticks.ts:6) must take longer than read takes to reach `parse()` (ticks.ts:12)",
    );
  });

  test("does not claim that something overtook a held await when nothing did", async () => {
    const { trace } = await record(tickCounting, { departures: [hold(2)] });
    expect(explain(trace)).toBe("the await of `parse()` (ticks.ts:12) must take longer than it does today");
  });

  test("tells the first of several departures and counts the others", async () => {
    const { trace } = await record(lostUpdate, { departures: [pick(1), pick(3)] });
    expect(departuresOf(trace)).toHaveLength(2);
    expect(explain(trace)).toBe(
      "`queue` (bank.ts:21) must take longer than the answer of `read` (bank.ts:11), and 1 more",
    );
  });

  test("names the strands when two of one function meet at one line", async () => {
    const file = new SourceFile("/a/same.ts");
    const [body, all, ask, answer] = [
      file.fn(1, "body"),
      file.at(2, "Promise.all", "body"),
      file.fn(4, "ask"),
      file.at(5, "io('x')", "ask"),
    ];
    const { trace } = await record(
      async () => {
        const a = enter(body);
        const one = async (): Promise<void> => {
          const b = enter(ask);
          r(b, await p(b, answer, 1, io("x")));
          exit(b);
        };
        r(a, await p(a, all, 0, Promise.all([one(), one()])));
        exit(a);
      },
      { departures: [pick(0)] },
    );
    expect(explain(trace)).toBe("`x` (same.ts:5) in ask #1 must take longer than `x` (same.ts:5) in ask #2");
  });

  test("stands before its details, a line each", async () => {
    const { trace } = await record(lostUpdate);
    expect(explain(trace, ["a waits", "b waits"])).toBe(
      "fails in the order JavaScript runs today\n  a waits\n  b waits",
    );
  });
});

test("the step of a timer shows the time at which it fires", async () => {
  const { trace } = await record(lateCommit, { departures: [pick(0)] });
  expect(trace.steps.map(({ time }) => time)).toEqual([0, 50, 50, 50, 150]);
});

test("under fidelity all, an await that is merely a choice is no departure", async () => {
  const { trace } = await record(tickCounting, { fidelity: "all" });
  expect(departuresOf(trace)).toEqual([]);
});
