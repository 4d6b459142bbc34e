import { expect, test } from "vitest";
import { Mutex } from "../../../../lockwright/src/index.js";
import { leakLines, unfinishedLines } from "../../../src/detect/leaks.js";
import { enter, exit, p, r } from "../../../src/runtime/point.js";
import { issueIo as io } from "../../../src/world/io.js";
import { lostUpdate } from "../../support/programs.js";
import { record, SourceFile } from "../../support/scripted.js";

const file = new SourceFile("/shop/close.ts");
const BODY = file.fn(1, "body");
const AUDIT = file.fn(4, "audit");
const SEND = file.at(5, "send()", "audit");
const SEND_MORE = file.at(6, "send()", "audit");

/** A body that begins `audit` and does not wait for it. */
const forgetful = (first: () => Promise<unknown>, second: () => Promise<unknown>) => async (): Promise<void> => {
  const a = enter(BODY);
  const audit = async (): Promise<void> => {
    const b = enter(AUDIT);
    r(b, await p(b, SEND, 1, first()));
    r(b, await p(b, SEND_MORE, 1, second()));
    exit(b);
  };
  void audit();
  exit(a);
};

test("a strand that waits for ever is a leak, named with its line", async () => {
  const { trace, outcome } = await record(
    forgetful(
      () => io("a"),
      () => new Promise(() => {}),
    ),
  );
  expect(outcome.kind).toBe("passed");
  expect(leakLines(trace)).toEqual(["audit waits at `send()` (close.ts:6), and nothing will wake it"]);
});

test("a lock that nobody released is a leak, named with its holder", async () => {
  const mutex = new Mutex({ name: "file" });
  const { trace } = await record(
    forgetful(
      () => mutex.acquire(),
      () => io("b"),
    ),
  );
  expect(leakLines(trace)).toEqual(["file is still held by audit"]);
});

test("a lock that was released again is none", async () => {
  const mutex = new Mutex({ name: "file" });
  const use = () => mutex.run(() => io("use"));
  const { trace } = await record(forgetful(use, use));
  expect(trace.steps.some(({ events }) => events.some(({ kind }) => kind === "lock"))).toBe(true);
  expect(trace.held).toEqual([]);
});

test("a strand that ends after the body is unfinished and no leak", async () => {
  const { trace } = await record(
    forgetful(
      () => io("a"),
      () => io("b"),
    ),
  );
  expect(leakLines(trace)).toEqual([]);
  expect(unfinishedLines(trace)).toEqual(["audit waited at `send()` (close.ts:5) when the body returned"]);
});

test("a strand begun after the body has returned is unfinished", async () => {
  const { trace } = await record(async () => {
    const a = enter(BODY);
    setTimeout(() => {
      const b = enter(AUDIT);
      exit(b);
    }, 5);
    exit(a);
  });
  expect(unfinishedLines(trace)).toEqual(["audit began after the body had returned"]);
});

test("a body that waits for all it began leaves nothing", async () => {
  const { trace } = await record(lostUpdate);
  expect(trace.bodyEnd).toBe(trace.steps.length - 1);
  expect([...leakLines(trace), ...unfinishedLines(trace)]).toEqual([]);
});
