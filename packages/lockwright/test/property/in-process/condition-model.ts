/** Random commands for a real condition with its mutex and their reference, and the check after each. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Condition, Guard } from "../../../src/index.js";
import { abortBoth, advanceBoth, type Asks, type AskShape, askShapes, signals, spans, step } from "./asks.js";
import type { ReferenceCondition } from "./reference-condition.js";

/**
 * The real side. Every acquire and every wait has a number of its own; a holder is known by the number of the call that made it one.
 */
export interface Real {
  readonly condition: Condition;
  readonly asks: Asks;
  readonly guards: Map<number, Guard>;
}
type Command = fc.AsyncCommand<ReferenceCondition, Real>;

function command(text: string, act: (model: ReferenceCondition, real: Real) => void): Command {
  return step(text, act, (model, { condition }) => {
    // At once, before any microtask has run: C2 and I3.
    expect([condition.waiting, condition.lock.stats().waiting, condition.lock.locked]).toEqual([
      model.ring.length,
      model.queue.length,
      model.holder !== undefined,
    ]);
  });
}

const acquire = (): Command =>
  command("acquire()", (model, { condition, asks, guards }) => {
    const { ask } = asks.make({ timeout: undefined, signal: undefined });
    model.acquire(ask);
    asks.follow(ask.id, condition.lock.acquire(), (guard) => {
      guards.set(ask.id, guard);
      return "held";
    });
  });

const release = (): Command =>
  command("release()", (model, { asks, guards }) => {
    if (model.holder === undefined) return;
    const holder = model.holder;
    model.release();
    guards.get(holder)!.release();
    asks.outcomes.set(holder, "released");
  });

const wait = (shape: AskShape): Command =>
  command(`wait(${JSON.stringify(shape)})`, (model, { condition, asks, guards }) => {
    if (model.holder === undefined) return;
    const guard = guards.get(model.holder)!;
    const { ask, options } = asks.make(shape);
    const isRefused = model.isClosed || shape.timeout === 0;
    model.wait(ask, shape.timeout === 0);
    if (!isRefused) guards.set(ask.id, guard);
    const wait = condition.wait(guard, options);
    asks.follow(ask.id, wait, () => "notified");
    const isHeldAtEnd = (): void => expect(guard.held, "C1: held when the wait settles").toBe(true);
    wait.then(isHeldAtEnd, isHeldAtEnd).catch((error: unknown) => asks.outcomes.set(ask.id, String(error)));
  });

const notify = (n: number): Command =>
  command(`notify(${n})`, (model, { condition, guards }) => {
    if (model.holder === undefined) return;
    const guard = guards.get(model.holder)!;
    const moved = n === Infinity ? condition.notifyAll(guard) : condition.notify(guard, n);
    expect(moved).toBe(model.notify(n));
  });

const cancelWaiters = (): Command =>
  command("cancelWaiters()", (model, { condition }) => {
    const newcomers = model.queue.filter((each) => each.outcome === "held");
    model.queue = model.queue.filter((each) => each.outcome !== "held");
    for (const { id } of newcomers) model.outcomes.set(id, "LW_CANCELLED");
    expect(condition.lock.cancelWaiters()).toBe(newcomers.length);
  });

const close = (): Command =>
  command("close()", (model, { condition }) => {
    if (!model.isClosed) {
      for (const { id } of model.queue.filter((each) => each.outcome === "held")) model.outcomes.set(id, "LW_CLOSED");
      model.queue = model.queue.filter((each) => each.outcome !== "held");
      model.isClosed = true;
      const waiting = new Set(model.ring.map((ask) => ask.id));
      model.end((ask) => waiting.has(ask.id), "LW_CLOSED");
    }
    condition.lock.close();
  });

/** Sequences of commands. */
export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    fc.constant(acquire()),
    fc.constant(acquire()),
    fc.constant(release()),
    fc.constant(release()),
    askShapes.map(wait),
    askShapes.map(wait),
    askShapes.map(wait),
    fc.constantFrom(1, 1, 2, Infinity).map(notify),
    fc.constantFrom(1, 1, 2, Infinity).map(notify),
    signals.map((which) => command(`abort(${which})`, (model, { asks }) => abortBoth(model, asks, which))),
    spans.map((ms) => command(`advance(${ms})`, (model, { asks }) => advanceBoth(model, asks, ms))),
    fc.oneof({ weight: 3, arbitrary: fc.constant(cancelWaiters()) }, { weight: 1, arbitrary: fc.constant(close()) }),
  ],
  { maxCommands: 60, size: "max" },
);
