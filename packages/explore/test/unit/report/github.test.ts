import fc from "fast-check";
import { expect, test } from "vitest";
import { Mutex } from "../../../../lockwright/src/index.js";
import { githubAnnotation } from "../../../src/report/github.js";
import { anyTrace } from "../../support/any-trace.js";
import { anyFailure, failureOf } from "../../support/failure.js";
import { lockOrder, lostUpdate } from "../../support/programs.js";
import { pick, record } from "../../support/scripted.js";

const ACTIONS = { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: "/shop" };

test("the annotation stands at the line that must take longer, relative to the checkout", async () => {
  const { trace } = await record(lostUpdate, { departures: [pick(4)] });
  expect(githubAnnotation(failureOf(trace), trace, ACTIONS)).toBe(
    "::error file=src/bank.ts,line=12,title=two withdrawals never lose one%3A Error::stored 80, expected 70%0A`write` (bank.ts:12) must take longer than `read` (bank.ts:11)%0Areplay: lw1d.4~b639",
  );
});

test("a deadlock in native order is shown where a strand waits", async () => {
  const { trace } = await record(lockOrder((name) => new Mutex({ name })));
  expect(githubAnnotation(failureOf(trace), trace, ACTIONS)).toContain("file=src/transfer.ts,line=13,");
});

test("nothing is printed outside GitHub Actions", async () => {
  const { trace } = await record(lostUpdate);
  expect(githubAnnotation(failureOf(trace), trace, {})).toBeUndefined();
  expect(githubAnnotation(failureOf(trace), trace, { GITHUB_ACTIONS: "1" })).toBeUndefined();
});

test("no text of a program can begin another command or property", () => {
  fc.assert(
    fc.property(anyFailure, anyTrace(), (view, trace) => {
      const line = githubAnnotation(view, trace, ACTIONS)!;
      expect(line).not.toMatch(/[\r\n]/);
      const properties = /^::error ([^:]*)::/
        .exec(line)![1]!
        .split(",")
        .map((each) => each.split("=")[0]);
      expect(["title", "file,title", "file,line,title"]).toContain(properties.join());
    }),
  );
});
