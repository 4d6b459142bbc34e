import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { type Guard, KeyedMutex, type LockwrightError } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { type KeyAsk, ReferenceKeyed } from "./reference-keyed.js";

const SIGNALS = 2;
const KEYS = ["a", "b", "c", "d"] as const;

interface Real {
  readonly mutex: KeyedMutex;
  readonly clock: TestPlatform;
  readonly held: Map<number, { readonly guard: Guard; readonly ask: KeyAsk }>;
  readonly outcomes: Map<number, string>;
  readonly controllers: AbortController[];
  ids: number;
}

type Command = fc.AsyncCommand<ReferenceKeyed, Real>;

async function check(model: ReferenceKeyed, real: Real): Promise<void> {
  // I3 on single keys: before any microtask has run each key is held or not as the reference says.
  const isHeld = (key: string): number => (model.holders.has(key) ? 1 : 0);
  expect(KEYS.map((key) => real.mutex.at(key).stats().held)).toEqual(KEYS.map(isHeld));
  model.goOn(real.clock.now());
  for (let step = 0; step < 40; step += 1) await Promise.resolve();
  expect(KEYS.map((key) => real.mutex.at(key).stats())).toMatchObject(
    KEYS.map((key) => ({ held: isHeld(key), waiting: model.queues.get(key)?.length ?? 0 })),
  );
  expect(real.mutex.size, "K2: an entry per key in use, no more").toBe(model.size);
  const sorted = (outcomes: Map<number, string>): unknown =>
    Object.fromEntries([...outcomes].sort(([a], [b]) => a - b));
  expect(sorted(real.outcomes), "I4, I5, I6").toEqual(sorted(model.outcomes));
}

function command(text: string, run: (model: ReferenceKeyed, real: Real) => void): Command {
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
  readonly keys: readonly string[];
  readonly timeout: number | undefined;
  readonly signal: number | undefined;
}

function newAsk(real: Real, keys: readonly string[], shape?: AskShape): KeyAsk {
  const { timeout, signal } = shape ?? {};
  const due = timeout === undefined ? undefined : real.clock.now() + timeout;
  return { id: real.ids++, keys: [...new Set(keys)].toSorted(), due, signal, has: 0 };
}

function acquire(shape: AskShape): Command {
  return command(`acquire(${JSON.stringify(shape)})`, (model, real) => {
    const ask = newAsk(real, shape.keys, shape);
    const options = {
      ...(shape.timeout === undefined ? {} : { timeout: shape.timeout }),
      ...(shape.signal === undefined ? {} : { signal: real.controllers[shape.signal]!.signal }),
    };
    model.start(ask, shape.timeout === 0);
    real.outcomes.set(ask.id, "waiting");
    const { mutex } = real;
    const wait =
      shape.keys.length === 1 ? mutex.acquire(shape.keys[0]!, options) : mutex.acquireAll(shape.keys, options);
    wait.then(
      (guard) => {
        real.held.set(ask.id, { guard, ask });
        real.outcomes.set(ask.id, "held");
      },
      (error: LockwrightError | string) => real.outcomes.set(ask.id, typeof error === "string" ? error : error.code),
    );
  });
}

function tryAcquire(keys: readonly string[]): Command {
  return command(`tryAcquire(${keys.join()})`, (model, real) => {
    const ask = newAsk(real, keys);
    const guard = keys.length === 1 ? real.mutex.tryAcquire(keys[0]!) : real.mutex.tryAcquireAll(keys);
    expect(guard !== undefined).toBe(model.tryAll(ask));
    if (guard === undefined) return;
    real.held.set(ask.id, { guard, ask });
    real.outcomes.set(ask.id, "held");
  });
}

function release(which: number): Command {
  return command(`release(${which})`, (model, real) => {
    const ids = [...real.held.keys()];
    if (ids.length === 0) return;
    const id = ids[which % ids.length]!;
    const { guard, ask } = real.held.get(id)!;
    real.held.delete(id);
    model.release(ask);
    guard.release();
    real.outcomes.set(id, "released");
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
  });
}

/** Ends waits; an ask for several keys gives back the rest only when it runs on, so nothing is checked in between. */
function ending(text: string, run: (model: ReferenceKeyed, real: Real) => void): Command {
  return {
    check: () => true,
    async run(model, real) {
      run(model, real);
      for (let step = 0; step < 40; step += 1) await Promise.resolve();
      model.goOn(real.clock.now());
      await check(model, real);
    },
    toString: () => text,
  };
}

function abort(which: number): Command {
  return ending(`abort(${which})`, (model, real) => {
    model.remove((ask) => ask.signal === which, "aborted");
    const controller = real.controllers[which]!;
    real.controllers[which] = new AbortController();
    controller.abort("aborted");
  });
}

function cancelWaiters(key: string): Command {
  return ending(`at(${key}).cancelWaiters()`, (model, real) => {
    const count = model.queues.get(key)?.length ?? 0;
    model.remove((_ask, of) => of === key, "LW_CANCELLED");
    expect(real.mutex.at(key).cancelWaiters()).toBe(count);
  });
}

function advance(ms: number): Command {
  return ending(`advance(${ms})`, (model, real) => {
    // Due times never lie apart within one step: timeouts and steps are multiples of the same 5.
    model.remove((ask) => ask.due !== undefined && ask.due <= real.clock.now() + ms, "LW_TIMEOUT");
    real.clock.advance(ms);
  });
}

const some = fc.subarray([...KEYS], { minLength: 1, maxLength: 3 });
const ask = fc.record({
  keys: some,
  timeout: fc.option(fc.constantFrom(0, 5, 10, 20), { nil: undefined, freq: 2 }),
  signal: fc.option(fc.nat({ max: SIGNALS - 1 }), { nil: undefined, freq: 2 }),
});
const commands = fc.commands(
  [
    ask.map(acquire),
    ask.map(acquire),
    some.map(tryAcquire),
    fc.nat({ max: 9 }).map(release),
    fc.nat({ max: 9 }).map(release),
    fc.nat({ max: SIGNALS - 1 }).map(abort),
    fc.constantFrom(...KEYS).map(cancelWaiters),
    fc.constant(5).map(advance),
  ],
  { maxCommands: 50, size: "max" },
);

describe("KeyedMutex", () => {
  test("it behaves like the obvious reference, several keys and eviction included [I1–I6, K1–K3]", async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        using clock = installTestPlatform();
        const mutex = new KeyedMutex();
        const controllers = Array.from({ length: SIGNALS }, () => new AbortController());
        const real: Real = { mutex, clock, held: new Map(), outcomes: new Map(), controllers, ids: 0 };
        await fc.asyncModelRun(() => ({ model: new ReferenceKeyed(), real }), sequence);
        for (let round = 0; round < 4; round += 1) {
          for (const key of KEYS) mutex.at(key).cancelWaiters();
          for (const { guard } of real.held.values()) guard[Symbol.dispose]();
          for (let step = 0; step < 40; step += 1) await Promise.resolve();
        }
        expect([mutex.size, pendingDeadlines(), clock.timers.size]).toEqual([0, 0, 0]);
      }),
      { numRuns: 200 },
    );
  });
});
