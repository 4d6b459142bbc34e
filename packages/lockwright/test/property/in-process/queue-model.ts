/** Random commands for a real queue and its reference, and the check after each. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Queue } from "../../../src/index.js";
import { abortBoth, advanceBoth, type Asks, type AskShape, askShapes, signals, spans, step } from "./asks.js";
import type { ReferenceQueue } from "./reference-queue.js";

/** The real side. */
export interface Real {
  readonly queue: Queue<number>;
  readonly asks: Asks;
}
type Command = fc.AsyncCommand<ReferenceQueue, Real>;

function command(text: string, act: (model: ReferenceQueue, real: Real) => void): Command {
  return step(text, act, (model, { queue }) => {
    expect(queue.stats()).toEqual({
      size: model.items.length,
      capacity: queue.capacity,
      putting: model.lists.put.length,
      taking: model.lists.take.length,
      producers: 0,
      unfinished: model.unfinished,
      closed: model.isClosed,
    });
  });
}

const put = (shape: AskShape): Command =>
  command(`put(${JSON.stringify(shape)})`, (model, { queue, asks }) => {
    const { ask, options } = asks.make(shape);
    model.ask("put", ask, shape.timeout === 0);
    asks.follow(ask.id, queue.put(ask.id, options), () => "put");
  });

const take = (shape: AskShape): Command =>
  command(`take(${JSON.stringify(shape)})`, (model, { queue, asks }) => {
    const { ask, options } = asks.make(shape);
    model.ask("take", ask, shape.timeout === 0);
    asks.follow(ask.id, queue.take(options), (item) => `took ${item}`);
  });

const join = (shape: AskShape): Command =>
  command(`join(${JSON.stringify(shape)})`, (model, { queue, asks }) => {
    const { ask, options } = asks.make(shape);
    model.ask("join", ask, shape.timeout === 0);
    asks.follow(ask.id, queue.join(options), () => "joined");
  });

/** What a call gives, or the code of what it throws. */
function attempt(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

// A try call is to the reference a wait of 0 ms, whose answer is there at once.
const tryPut = (): Command =>
  command("tryPut()", (model, { queue, asks }) => {
    const { ask } = asks.make({ timeout: undefined, signal: undefined });
    const expected = model.ask("put", ask, true);
    asks.outcomes.set(ask.id, expected);
    expect(attempt(() => (queue.tryPut(ask.id) ? "put" : "LW_TIMEOUT"))).toBe(expected);
  });

const tryTake = (): Command =>
  command("tryTake()", (model, { queue, asks }) => {
    const { ask } = asks.make({ timeout: undefined, signal: undefined });
    const expected = model.ask("take", ask, true);
    asks.outcomes.set(ask.id, expected);
    const taken = attempt(() => `took ${queue.tryTake("nothing")}`);
    expect(taken).toBe(expected === "LW_TIMEOUT" ? "took nothing" : expected);
  });

const taskDone = (): Command =>
  command("taskDone()", (model, { queue }) => {
    if (model.unfinished === 0) {
      expect(() => queue.taskDone()).toThrow(expect.objectContaining({ code: "LW_OVER_RELEASE" }));
      return;
    }
    model.unfinished -= 1;
    model.serve();
    queue.taskDone();
  });

const shutdown = (isNow: boolean): Command =>
  command(`shutdown(${isNow})`, (model, { queue }) => {
    expect(queue.shutdown(isNow ? "now" : "drain")).toEqual(model.shutdown(isNow));
  });

/** Sequences of commands. */
export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    askShapes.map(put),
    askShapes.map(put),
    askShapes.map(put),
    askShapes.map(take),
    askShapes.map(take),
    fc.constant(tryPut()),
    fc.constant(tryTake()),
    fc.constant(taskDone()),
    askShapes.map(join),
    signals.map((which) => command(`abort(${which})`, (model, { asks }) => abortBoth(model, asks, which))),
    spans.map((ms) => command(`advance(${ms})`, (model, { asks }) => advanceBoth(model, asks, ms))),
    // Closing is rare, since little happens after it.
    fc.oneof({ weight: 6, arbitrary: fc.constant(taskDone()) }, { weight: 1, arbitrary: fc.boolean().map(shutdown) }),
  ],
  { maxCommands: 60, size: "max" },
);
