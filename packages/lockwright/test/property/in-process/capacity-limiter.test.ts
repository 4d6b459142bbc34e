import fc from "fast-check";
import { expect, test } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { CapacityLimiter, type Guard, type LockwrightError } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { coreOf } from "./permit-model.js";
import { ReferenceLimiter } from "./reference-limiter.js";

const SIGNALS = 2;
const BORROWERS = ["ann", "bob", "cid"] as const;

interface Real {
  readonly limiter: CapacityLimiter<string>;
  readonly clock: TestPlatform;
  readonly guards: Map<number, Guard>;
  readonly outcomes: Map<number, string>;
  readonly controllers: AbortController[];
  ids: number;
}

type Command = fc.AsyncCommand<ReferenceLimiter, Real>;

async function check(model: ReferenceLimiter, real: Real): Promise<void> {
  expect(real.limiter.stats(), "I2, I3").toMatchObject({
    capacity: model.total,
    held: model.held.size,
    available: model.total - model.held.size,
    waiting: model.queue.length,
  });
  const named = [...real.limiter.borrowers].filter((borrower) => typeof borrower === "string");
  expect(named.toSorted()).toEqual([...model.held.values()].flatMap((ask) => ask.borrower ?? []).toSorted());
  for (let step = 0; step < 8; step += 1) await Promise.resolve();
  const sorted = (outcomes: Map<number, string>): unknown =>
    Object.fromEntries([...outcomes].sort(([a], [b]) => a - b));
  expect(sorted(real.outcomes), "I4, I5, I6, B1").toEqual(sorted(model.outcomes));
  for (const guard of real.guards.values()) expect(guard.held).toBe(true);
}

function command(text: string, run: (model: ReferenceLimiter, real: Real) => void): Command {
  return {
    check: () => true,
    async run(model, real) {
      run(model, real);
      await check(model, real);
    },
    toString: () => text,
  };
}

interface AskShape {
  readonly borrower: string | undefined;
  readonly timeout: number | undefined;
  readonly signal: number | undefined;
}

function acquire(shape: AskShape): Command {
  return command(`acquire(${JSON.stringify(shape)})`, (model, real) => {
    const id = real.ids++;
    const { borrower, timeout, signal } = shape;
    const due = timeout === undefined ? undefined : real.clock.now() + timeout;
    model.acquire({ id, borrower, due, signal }, timeout === 0);
    real.outcomes.set(id, "waiting");
    real.limiter
      .acquire({
        ...(borrower === undefined ? {} : { borrower }),
        ...(timeout === undefined ? {} : { timeout }),
        ...(signal === undefined ? {} : { signal: real.controllers[signal]!.signal }),
      })
      .then(
        (guard) => {
          real.guards.set(id, guard);
          real.outcomes.set(id, "held");
        },
        (error: LockwrightError | string) => real.outcomes.set(id, typeof error === "string" ? error : error.code),
      );
  });
}

function tryAcquire(borrower: string | undefined): Command {
  return command(`tryAcquire(${borrower})`, (model, real) => {
    const options = borrower === undefined ? {} : { borrower };
    if (model.knows(borrower)) {
      expect(() => real.limiter.tryAcquire(options)).toThrow(expect.objectContaining({ code: "LW_BUSY" }));
      return;
    }
    const id = real.ids++;
    const guard = real.limiter.tryAcquire(options);
    expect(guard !== undefined).toBe(model.isFree);
    if (guard === undefined) return;
    model.grant({ id, borrower, due: undefined, signal: undefined });
    real.guards.set(id, guard);
    real.outcomes.set(id, "held");
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
    real.outcomes.set(id, "released");
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
    real.outcomes.set(id, "released");
  });
}

function abort(which: number): Command {
  return command(`abort(${which})`, (model, real) => {
    model.remove((ask) => ask.signal === which, "aborted");
    const controller = real.controllers[which]!;
    real.controllers[which] = new AbortController();
    controller.abort("aborted");
  });
}

function advance(ms: number): Command {
  return command(`advance(${ms})`, (model, real) => {
    const end = real.clock.now() + ms;
    for (;;) {
      const next = Math.min(...model.queue.map((ask) => ask.due ?? Infinity));
      if (next > end) break;
      model.remove((ask) => ask.due === next, "LW_TIMEOUT");
    }
    real.clock.advance(ms);
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
const ask = fc.record({
  borrower,
  timeout: fc.option(fc.constantFrom(0, 5, 10), { nil: undefined, freq: 2 }),
  signal: fc.option(fc.nat({ max: SIGNALS - 1 }), { nil: undefined, freq: 2 }),
});
const commands = fc.commands(
  [
    ask.map(acquire),
    ask.map(acquire),
    borrower.map(tryAcquire),
    fc.nat({ max: 9 }).map(release),
    fc.constantFrom(...BORROWERS).map(releaseBy),
    fc.nat({ max: SIGNALS - 1 }).map(abort),
    fc.constantFrom(1, 5, 10).map(advance),
    fc.constantFrom(0, 1, 2, 3).map(setTotal),
  ],
  { maxCommands: 60, size: "max" },
);

test("a CapacityLimiter behaves like the obvious reference [I1–I6, B1, B2]", async () => {
  await fc.assert(
    fc.asyncProperty(commands, async (sequence) => {
      using clock = installTestPlatform();
      const limiter = new CapacityLimiter<string>(2);
      const controllers = Array.from({ length: SIGNALS }, () => new AbortController());
      const real: Real = { limiter, clock, guards: new Map(), outcomes: new Map(), controllers, ids: 0 };
      await fc.asyncModelRun(() => ({ model: new ReferenceLimiter(2), real }), sequence);
      limiter.cancelWaiters();
      for (const guard of real.guards.values()) guard.release();
      const core = coreOf(limiter);
      const rest = [core.held, core.waiting, core.inspect().span, limiter.borrowers.size, pendingDeadlines()];
      expect(rest).toEqual([0, 0, 0, 0, 0]);
      limiter.total = BORROWERS.length;
      for (const name of BORROWERS) expect(limiter.tryAcquire({ borrower: name })?.held).toBe(true);
    }),
    { numRuns: 200 },
  );
});
