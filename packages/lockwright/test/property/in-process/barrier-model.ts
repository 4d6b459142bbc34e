/** Random commands for a real barrier and its reference, and the check after each. */
import fc from "fast-check";
import { expect } from "vitest";
import type { Barrier } from "../../../src/index.js";
import { abortBoth, advanceBoth, type Asks, type AskShape, askShapes, signals, spans, step } from "./asks.js";
import type { ReferenceBarrier } from "./reference-barrier.js";

/** The real side. */
export interface Real {
  readonly barrier: Barrier;
  readonly asks: Asks;
}
type Command = fc.AsyncCommand<ReferenceBarrier, Real>;

function command(text: string, act: (model: ReferenceBarrier, real: Real) => void): Command {
  return step(text, act, (model, { barrier }) => {
    expect([barrier.waiting, barrier.phase, barrier.broken]).toEqual([
      model.waiting.length,
      model.phase,
      model.isBroken,
    ]);
  });
}

const wait = (shape: AskShape): Command =>
  command(`wait(${JSON.stringify(shape)})`, (model, { barrier, asks }) => {
    const { ask, options } = asks.make(shape);
    model.wait(ask, shape.timeout === 0);
    asks.follow(ask.id, barrier.wait(options), (index) => `index ${index}`);
  });

/** Sequences of commands. */
export const commands: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    askShapes.map(wait),
    askShapes.map(wait),
    askShapes.map(wait),
    signals.map((which) => command(`abort(${which})`, (model, { asks }) => abortBoth(model, asks, which))),
    spans.map((ms) => command(`advance(${ms})`, (model, { asks }) => advanceBoth(model, asks, ms))),
    fc.constant(
      command("reset()", (model, { barrier }) => {
        model.end(() => true, "LW_BROKEN");
        model.isBroken = false;
        barrier.reset();
      }),
    ),
    fc.constant(
      command("abort()", (model, { barrier }) => {
        model.end(() => true, "LW_BROKEN");
        model.isBroken = true;
        barrier.abort("reason");
      }),
    ),
  ],
  { maxCommands: 50, size: "max" },
);
