import { describe, expect, test } from "vitest";
import { describeAtomicity, findAtomicityViolations } from "../../../src/detect/atomicity.js";
import type { Deviation } from "../../../src/schedule.js";
import { pick, record } from "../../support/scripted.js";
import { trackedBody } from "../../support/tracked.js";

/** Findings of the run, as `pattern location lines`; hints in parentheses. */
async function findings(source: string, departures: readonly Deviation[] = []): Promise<string[]> {
  const { trace, outcome } = await record(trackedBody(source), { departures, isTracking: true });
  expect(outcome.kind).toBe("passed");
  return findAtomicityViolations(trace).map(({ pattern, location, isHint, first, between, last }) => {
    const lines = [first, between, last].map(({ site }) => site.line).join(",");
    const text = `${pattern} ${location.replace(/#\d+/, "")} ${lines}`;
    return isHint ? `(${text})` : text;
  });
}

/** Two withdrawals by `withdraw`, which is given; both begin before either answer. */
const two = (withdraw: string): string => `
class Account {
  balance = 100; self = this;
${withdraw}
}
const account = new Account();
await Promise.all([account.withdraw(10), account.withdraw(20)]);`;

describe("an atomicity violation", () => {
  test("is a value read, written by another, and written back after an await", async () => {
    const source = two(`  async withdraw(amount) {
    const before = this.balance;
    await io("check");
    this.balance = before - amount;
  }`);
    expect(await findings(source)).toEqual(["R-W-W Account.balance 5,7,7"]);
  });

  test("is seen when the await stands in the very assignment", async () => {
    const source = two(`  async withdraw(amount) {
    this.balance = this.balance - (await io("check"), amount);
  }`);
    expect(await findings(source)).toEqual(["R-W-W Account.balance 5,5,5"]);
  });

  test("is told in a headline and three lines with the strands", async () => {
    const source = two(`  async withdraw(amount) {
    const before = this.balance;
    await io("check");
    this.balance = before - amount;
  }`);
    const { trace } = await record(trackedBody(source), { isTracking: true });
    expect(describeAtomicity(findAtomicityViolations(trace)[0]!, trace)).toEqual([
      "Account#1.balance is written back after an await, over what another strand wrote in between:",
      "  Account.withdraw #2 reads it at `this.balance` (account.cjs:5)",
      "  Account.withdraw #1 writes it at `this.balance` (account.cjs:7)",
      "  Account.withdraw #2 writes it at `this.balance` (account.cjs:7)",
    ]);
  });

  test("on a collection is one on all of it, and says so", async () => {
    const source = `
const cache = new Map();
let loads = 0;
async function load(key) {
  if (cache.has(key)) return;
  await io("load");
  loads += 1;
  cache.set(key, loads);
}
await Promise.all([load("a"), load("a")]);`;
    expect(await findings(source)).toEqual(["R-W-W Map.* 5,8,8"]);
    const { trace } = await record(trackedBody(source), { isTracking: true });
    expect(describeAtomicity(findAtomicityViolations(trace)[0]!, trace)[0]).toContain("keys are not told apart");
  });

  test("is none when the value is read again after the await", async () => {
    for (const act of [
      "this.balance = this.balance - amount;",
      "this.balance -= amount;",
      "if (this.balance > 0) this.balance = 1;",
      "this.balance =\n      this.balance - amount;",
      "this.self.balance = this.self.balance - amount;",
    ])
      expect(
        await findings(
          two(`  async withdraw(amount) {
    const before = this.balance;
    await io("check");
    ${act}
  }`),
        ),
      ).not.toContainEqual(expect.stringMatching(/^R-W-W/));
  });

  test("is none within one segment, nor when nobody else writes in between", async () => {
    const apart = `
const state = { n: 0 };
async function add() { const n = state.n; state.n = n + 1; await io("x"); }
await Promise.all([add(), add()]);`;
    expect(await findings(apart)).toEqual([]);
    const inTurn = `
const state = { n: 0 };
async function add() { const n = state.n; await io("x"); state.n = n + 1; }
await add(); await add();`;
    expect(await findings(inTurn)).toEqual([]);
  });

  test("is none under a lock, and shows only on the schedule that has it", async () => {
    const later = `
const state = { n: 0 };
async function add() {
  const n = state.n;
  await io("answer");
  state.n = n + 1;
}
async function late() { await io("first"); await add(); }
await Promise.all([add(), late()]);`;
    expect(await findings(later)).toEqual([]);
    expect(await findings(later, [pick(0)])).toEqual(["R-W-W object.n 4,6,6"]);
    const locked = later.replace(
      "async function add() {",
      "let last = Promise.resolve(); const add = () => (last = last.then(unlocked)); async function unlocked() {",
    );
    expect(await findings(locked, [pick(0)])).toEqual([]);
  });

  test("of different objects or keys is none", async () => {
    const source = `
async function add(state, key) { const n = state[key]; await io("x"); state[key] = n + 1; }
const one = { a: 0, b: 0 };
await Promise.all([add(one, "a"), add(one, "b"), add({ a: 0 }, "a")]);`;
    expect(await findings(source)).toEqual([]);
  });
});

describe("a hint", () => {
  test("is each other pattern of two accesses with a foreign one in between", async () => {
    const twoReads = `
const state = { n: 0 };
async function read() { state.n; await io("x"); return state.n; }
async function write() { state.n = 1; }
await Promise.all([read(), write()]);`;
    expect(await findings(twoReads)).toEqual(["(R-W-R object.n 3,4,3)"]);
    const readBack = twoReads.replace("state.n; await", "state.n = 2; await");
    expect(await findings(readBack)).toEqual(["(W-W-R object.n 3,4,3)"]);
    const dirty = `
const state = { n: 0 };
async function write() { state.n = 1; await io("x"); state.n = 2; }
async function read() { return state.n; }
await Promise.all([write(), read()]);`;
    expect(await findings(dirty)).toEqual(["(W-R-W object.n 3,4,3)"]);
  });

  test("is a write by code that belongs to no strand", async () => {
    const source = `
const state = { isDone: false };
setTimeout(() => { state.isDone = true; }, 5);
const before = state.isDone;
await new Promise((resolve) => setTimeout(resolve, 10));
state.isDone = before;`;
    expect(await findings(source)).toEqual(["(R-W-W object.isDone 4,3,6)"]);
  });
});
