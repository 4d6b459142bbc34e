import { afterEach, beforeEach, expect, test } from "vitest";
import type { Command, KeeperConnection, Result } from "../../../src/leases/lock-store.js";
import { deadlineFrom, type Renewable, type RenewalAnswer, RenewalLoop } from "../../../src/leases/renewal-loop.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { settle } from "./wayward-store.js";

let clock: TestPlatform & Disposable;
beforeEach(() => {
  clock = installTestPlatform();
});
afterEach(() => clock[Symbol.dispose]());

class Entry implements Renewable {
  readonly resource = "r";
  readonly token = 1n;
  readonly id: string;
  readonly ttl: number;
  deadline: number;
  may = true;
  readonly answers: RenewalAnswer[] = [];
  constructor(id: string, ttl: number) {
    this.id = id;
    this.ttl = ttl;
    this.deadline = deadlineFrom(clock.now(), ttl);
  }
  mayRenew(): boolean {
    return this.may;
  }
  settle(answer: RenewalAnswer, deadline: number): void {
    this.answers.push(answer);
    if (answer === "renewed") this.deadline = deadline;
  }
}

/** Answers what the test says; what a store does with a renewal is tested elsewhere. */
class Line implements KeeperConnection {
  readonly rounds: string[][] = [];
  answer: () => Result = () => ({ type: "done" });
  async execute(commands: readonly Command[]): Promise<readonly Result[]> {
    this.rounds.push(commands.map((command) => ("id" in command ? command.id : command.type)));
    return commands.map(() => this.answer());
  }
  async close(): Promise<void> {}
}

async function pass(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 10) {
    clock.advance(Math.min(10, left));
    await settle(8);
  }
}

test("a lease is renewed after a third of its ttl, all of about that age in one round", async () => {
  const line = new Line();
  const entries = [new Entry("a", 3000), new Entry("b", 3000)];
  const loop = new RenewalLoop(line, () => entries);
  loop.plan();
  await pass(900);
  expect(line.rounds).toEqual([]);
  entries.push(new Entry("young", 3000));
  loop.plan();
  await pass(150);
  expect(line.rounds).toEqual([["a", "b"]]);
  expect(entries[0]!.answers).toEqual(["renewed"]);
  expect(entries[2]!.answers).toEqual([]);
  loop.close();
});

test("an unknown answer is asked again soon, and the deadline stays", async () => {
  const line = new Line();
  const entry = new Entry("a", 3000);
  const { deadline } = entry;
  line.answer = () => {
    throw new Error("unreachable");
  };
  const loop = new RenewalLoop(line, () => [entry]);
  loop.plan();
  await pass(1400);
  expect(entry.deadline).toBe(deadline);
  expect(line.rounds.length).toBeGreaterThanOrEqual(3);
  expect(new Set(entry.answers)).toEqual(new Set(["unknown"]));
  loop.close();
});

test("gone is told as lost, and a stalled owner's lease is not renewed", async () => {
  const line = new Line();
  const lost = new Entry("lost", 3000);
  const stalled = new Entry("stalled", 3000);
  stalled.may = false;
  line.answer = () => ({ type: "gone" });
  const loop = new RenewalLoop(line, () => [lost, stalled].filter((entry) => !entry.answers.includes("lost")));
  loop.plan();
  await pass(1100);
  expect(lost.answers).toEqual(["lost"]);
  expect(stalled.answers).toEqual([]);
  stalled.may = true;
  line.answer = () => ({ type: "done" });
  await pass(200);
  expect(stalled.answers).toEqual(["renewed"]);
  loop.close();
});

test("the new deadline counts from before the request, by the ttl that was sent", async () => {
  const entry = new Entry("a", 3000);
  let answer: ((results: Result[]) => void) | undefined;
  const loop = new RenewalLoop(
    { execute: () => new Promise((resolve) => (answer = resolve)), close: async () => {} },
    () => [entry],
  );
  loop.plan();
  await pass(1000);
  const sentAt = 1000 + 1000 - 30; // the clock begins at 1000; due a third of the ttl in, less drift
  await pass(500);
  Object.assign(entry, { ttl: 100_000 });
  answer?.([{ type: "done" }]);
  await settle();
  expect(Math.abs(entry.deadline - deadlineFrom(sentAt, 3000))).toBeLessThan(1);
  loop.close();
});

test("a closed loop sends nothing more and leaves no timer", async () => {
  const line = new Line();
  const loop = new RenewalLoop(line, () => [new Entry("a", 300)]);
  loop.plan();
  loop.close();
  loop.plan();
  await pass(1000);
  expect([line.rounds.length, clock.timers.size]).toEqual([0, 0]);
});

test("its timers never keep the process alive", () => {
  const entry = new Entry("a", 3000);
  new RenewalLoop(new Line(), () => [entry]).plan();
  expect([...clock.timers].map((timer) => timer.isAlive)).toEqual([false]);
});

test("a thousand leases are renewed in one round trip per interval", async () => {
  const line = new Line();
  const entries = Array.from({ length: 1000 }, (_, index) => new Entry(`${index}`, 3000));
  const loop = new RenewalLoop(line, () => entries);
  loop.plan();
  await pass(3000);
  expect(line.rounds.map((round) => round.length)).toEqual([1000, 1000, 1000].slice(0, line.rounds.length));
  expect(line.rounds.length).toBeLessThanOrEqual(3);
  loop.close();
});
