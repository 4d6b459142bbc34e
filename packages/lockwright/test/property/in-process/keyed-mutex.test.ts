import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Guard, KeyedMutex } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { abortBoth, Asks, type AskShape, expectNoDeadlines, expectOutcomes, shapesWith, signals } from "./asks.js";
import { type KeyAsk, ReferenceKeyed } from "./reference-keyed.js";

const KEYS = ["a", "b", "c", "d"] as const;

interface Real {
  readonly mutex: KeyedMutex;
  readonly asks: Asks;
  readonly held: Map<number, { readonly guard: Guard; readonly ask: KeyAsk }>;
}

type Command = fc.AsyncCommand<ReferenceKeyed, Real>;

async function check(model: ReferenceKeyed, real: Real): Promise<void> {
  // I3 on single keys: before any microtask has run each key is held or not as the reference says.
  const isHeld = (key: string): number => (model.holders.has(key) ? 1 : 0);
  expect(KEYS.map((key) => real.mutex.at(key).stats().held)).toEqual(KEYS.map(isHeld));
  model.goOn(real.asks.clock.now());
  for (let step = 0; step < 40; step += 1) await Promise.resolve();
  expect(KEYS.map((key) => real.mutex.at(key).stats())).toMatchObject(
    KEYS.map((key) => ({ held: isHeld(key), waiting: model.queues.get(key)?.length ?? 0 })),
  );
  expect(real.mutex.size, "K2: an entry per key in use, no more").toBe(model.size);
  expectOutcomes(model, real.asks);
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

interface KeysShape {
  readonly keys: readonly string[];
  readonly wait: AskShape;
}

/** In the order in which they are taken. */
function inOrder(keys: readonly string[]): readonly string[] {
  return [...new Set(keys)].toSorted();
}

function acquire({ keys, wait }: KeysShape): Command {
  return command(`acquire(${JSON.stringify({ keys, ...wait })})`, (model, { mutex, asks, held }) => {
    const { ask: plain, options } = asks.make(wait);
    const ask: KeyAsk = { ...plain, keys: inOrder(keys), has: 0 };
    model.start(ask, wait.timeout === 0);
    const granted = keys.length === 1 ? mutex.acquire(keys[0]!, options) : mutex.acquireAll(keys, options);
    asks.follow(ask.id, granted, (guard: Guard) => {
      held.set(ask.id, { guard, ask });
      return "held";
    });
  });
}

function tryAcquire(keys: readonly string[]): Command {
  return command(`tryAcquire(${keys.join()})`, (model, real) => {
    const ask: KeyAsk = { id: real.asks.id(), keys: inOrder(keys), due: undefined, signal: undefined, has: 0 };
    const guard = keys.length === 1 ? real.mutex.tryAcquire(keys[0]!) : real.mutex.tryAcquireAll(keys);
    expect(guard !== undefined).toBe(model.tryAll(ask));
    if (guard === undefined) return;
    real.held.set(ask.id, { guard, ask });
    real.asks.outcomes.set(ask.id, "held");
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
    real.asks.outcomes.set(id, "released");
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
      model.goOn(real.asks.clock.now());
      await check(model, real);
    },
    toString: () => text,
  };
}

function abort(which: number): Command {
  return ending(`abort(${which})`, (model, real) => abortBoth(model, real.asks, which));
}

function cancelWaiters(key: string): Command {
  return ending(`at(${key}).cancelWaiters()`, (model, real) => {
    const count = model.queues.get(key)?.length ?? 0;
    model.end((_ask, of) => of === key, "LW_CANCELLED");
    expect(real.mutex.at(key).cancelWaiters()).toBe(count);
  });
}

function advance(ms: number): Command {
  return ending(`advance(${ms})`, (model, real) => {
    // Due times never lie apart within one step: timeouts and steps are multiples of the same 5.
    model.end((ask) => ask.due !== undefined && ask.due <= real.asks.clock.now() + ms, "LW_TIMEOUT");
    real.asks.clock.advance(ms);
  });
}

const some = fc.subarray([...KEYS], { minLength: 1, maxLength: 3 });
const ask = fc.record({ keys: some, wait: shapesWith(0, 5, 10, 20) });
const commands = fc.commands(
  [
    ask.map(acquire),
    ask.map(acquire),
    some.map(tryAcquire),
    fc.nat({ max: 9 }).map(release),
    fc.nat({ max: 9 }).map(release),
    signals.map(abort),
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
        const real: Real = { mutex, asks: new Asks(clock), held: new Map() };
        await fc.asyncModelRun(() => ({ model: new ReferenceKeyed(), real }), sequence);
        for (let round = 0; round < 4; round += 1) {
          for (const key of KEYS) mutex.at(key).cancelWaiters();
          for (const { guard } of real.held.values()) guard[Symbol.dispose]();
          for (let step = 0; step < 40; step += 1) await Promise.resolve();
        }
        expect(mutex.size).toBe(0);
        expectNoDeadlines(clock);
      }),
      { numRuns: 200 },
    );
  });
});
