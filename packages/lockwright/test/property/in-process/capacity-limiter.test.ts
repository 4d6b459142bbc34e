import fc from "fast-check";
import { expect, test } from "vitest";
import { CapacityLimiter, type Guard } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { abortBoth, advanceBoth, Asks, type AskShape, expectNoDeadlines, shapesWith, signals, step } from "./asks.js";
import { coreOf } from "./permit-model.js";
import { ReferenceLimiter } from "./reference-limiter.js";

const BORROWERS = ["ann", "bob", "cid"] as const;

interface Real {
  readonly limiter: CapacityLimiter<string>;
  readonly asks: Asks;
  readonly guards: Map<number, Guard>;
}

type Command = fc.AsyncCommand<ReferenceLimiter, Real>;

function compare(model: ReferenceLimiter, { limiter }: Real): void {
  expect(limiter.stats(), "I2, I3").toMatchObject({
    capacity: model.total,
    held: model.held.size,
    available: model.total - model.held.size,
    waiting: model.queue.length,
  });
  const named = [...limiter.borrowers].filter((borrower) => typeof borrower === "string");
  expect(named.toSorted(), "B1").toEqual([...model.held.values()].flatMap((ask) => ask.borrower ?? []).toSorted());
}

function command(text: string, act: (model: ReferenceLimiter, real: Real) => void): Command {
  return step(text, act, compare, (_model, { guards }) => {
    for (const guard of guards.values()) expect(guard.held).toBe(true);
  });
}

interface BorrowShape {
  readonly borrower: string | undefined;
  readonly wait: AskShape;
}

function acquire({ borrower, wait }: BorrowShape): Command {
  return command(`acquire(${JSON.stringify({ borrower, ...wait })})`, (model, { limiter, asks, guards }) => {
    const { ask, options } = asks.make(wait);
    model.acquire({ ...ask, borrower }, wait.timeout === 0);
    asks.follow(ask.id, limiter.acquire(borrower === undefined ? options : { ...options, borrower }), (guard) => {
      guards.set(ask.id, guard);
      return "held";
    });
  });
}

function tryAcquire(borrower: string | undefined): Command {
  return command(`tryAcquire(${borrower})`, (model, real) => {
    const options = borrower === undefined ? {} : { borrower };
    if (model.knows(borrower)) {
      expect(() => real.limiter.tryAcquire(options)).toThrow(expect.objectContaining({ code: "LW_BUSY" }));
      return;
    }
    const id = real.asks.id();
    const guard = real.limiter.tryAcquire(options);
    expect(guard !== undefined).toBe(model.isFree);
    if (guard === undefined) return;
    model.grant({ id, borrower, due: undefined, signal: undefined });
    real.guards.set(id, guard);
    real.asks.outcomes.set(id, "held");
  });
}

function release(which: number): Command {
  return command(`release(${which})`, (model, real) => {
    const ids = [...real.guards.keys()];
    if (ids.length === 0) return;
    const id = ids[which % ids.length]!;
    const guard = real.guards.get(id)!;
    real.guards.delete(id);
    model.release(id);
    guard.release();
    real.asks.outcomes.set(id, "released");
  });
}

function releaseBy(borrower: string): Command {
  return command(`release("${borrower}")`, (model, real) => {
    const id = model.holderOf(borrower);
    if (id === undefined) {
      expect(() => real.limiter.release(borrower)).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
      return;
    }
    model.release(id);
    real.limiter.release(borrower);
    real.guards.delete(id);
    real.asks.outcomes.set(id, "released");
  });
}

function setTotal(total: number): Command {
  return command(`total = ${total}`, (model, real) => {
    model.total = total;
    model.drain();
    real.limiter.total = total;
  });
}

const borrower = fc.option(fc.constantFrom(...BORROWERS), { nil: undefined, freq: 4 });
const ask = fc.record({ borrower, wait: shapesWith(0, 5, 10) });
const commands = fc.commands(
  [
    ask.map(acquire),
    ask.map(acquire),
    borrower.map(tryAcquire),
    fc.nat({ max: 9 }).map(release),
    fc.constantFrom(...BORROWERS).map(releaseBy),
    signals.map((which) => command(`abort(${which})`, (model, { asks }) => abortBoth(model, asks, which))),
    fc.constantFrom(1, 5, 10).map((ms) => command(`advance(${ms})`, (model, { asks }) => advanceBoth(model, asks, ms))),
    fc.constantFrom(0, 1, 2, 3).map(setTotal),
  ],
  { maxCommands: 60, size: "max" },
);

test("a CapacityLimiter behaves like the obvious reference [I1–I6, B1, B2]", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      using clock = installTestPlatform();
      const limiter = new CapacityLimiter<string>(2);
      const real: Real = { limiter, asks: new Asks(clock), guards: new Map() };
      await fc.asyncModelRun(() => ({ model: new ReferenceLimiter(2), real }), sequence);
      limiter.cancelWaiters();
      for (const guard of real.guards.values()) guard.release();
      const core = coreOf(limiter);
      expect([core.held, core.waiting, core.inspect().span, limiter.borrowers.size]).toEqual([0, 0, 0, 0]);
      expectNoDeadlines(clock);
      limiter.total = BORROWERS.length;
      for (const name of BORROWERS) expect(limiter.tryAcquire({ borrower: name })?.held).toBe(true);
    }),
    { numRuns: 200 },
  );
});
