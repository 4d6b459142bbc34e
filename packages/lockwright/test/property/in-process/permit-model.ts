/** Random commands for a real lock and its reference, and the check of I1 to I6 after each. */
import fc from "fast-check";
import { expect } from "vitest";
import type { PermitCore } from "../../../src/core/permit-core.js";
import type { AcquireOptions, Guard, LockwrightError, Mutex, Semaphore } from "../../../src/index.js";
import type { TestPlatform } from "../../support/test-platform.js";
import type { Outcome, ReferenceSemaphore } from "./reference-semaphore.js";

export const SIGNALS = 3;

/** The real side. */
export interface Real {
  readonly lock: Mutex | Semaphore;
  readonly isWeighted: boolean;
  readonly isPriority: boolean;
  readonly clock: TestPlatform;
  readonly guards: Map<number, Guard>;
  readonly outcomes: Map<number, Outcome>;
  readonly controllers: AbortController[];
  ids: number;
}

type Command = fc.AsyncCommand<ReferenceSemaphore, Real>;

const CODES: Readonly<Record<string, Outcome>> = {
  LW_TIMEOUT: "timeout",
  LW_CANCELLED: "cancelled",
  LW_CLOSED: "closed",
  LW_WEIGHT: "heavy",
  LW_OVERLOADED: "shed",
};

export function coreOf(lock: unknown): PermitCore {
  return (lock as { core: PermitCore }).core;
}

/** I1 to I6 on the real core, against the reference. */
async function check(model: ReferenceSemaphore, real: Real): Promise<void> {
  const core = coreOf(real.lock);
  const { queued, head, span } = core.inspect();
  // I3: at once, before any microtask has run.
  expect(core.free, "I2: free is capacity less what is held").toBe(model.free);
  expect(core.waiting).toBe(model.queue.length);
  expect(queued.length, "every queued permit is live").toBe(core.waiting);
  expect(head?.weight).toBe(model.head?.weight);
  if (head !== undefined) expect(head.weight, "I1: the head does not fit").toBeGreaterThan(core.free);
  if (core.waiting === 0) expect(span, "I4: nothing is kept of those who left").toBe(0);
  for (let step = 0; step < 8; step += 1) await Promise.resolve();
  // I4, I5, I6: each ask ended exactly as the reference says, in its order of service.
  expect(Object.fromEntries([...real.outcomes].sort(([a], [b]) => a - b))).toEqual(
    Object.fromEntries([...model.outcomes].sort(([a], [b]) => a - b)),
  );
  for (const guard of real.guards.values()) expect(guard.held).toBe(true);
}

function command(text: string, run: (model: ReferenceSemaphore, real: Real) => void): Command {
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
  readonly weight: number;
  readonly priority: number;
  readonly timeout: number | undefined;
  readonly signal: number | undefined;
}

function acquire(shape: AskShape): Command {
  return command(`acquire(${JSON.stringify(shape)})`, (model, real) => {
    const id = real.ids++;
    const weight = real.isWeighted ? shape.weight : 1;
    const priority = real.isPriority ? shape.priority : 0;
    const { timeout } = shape;
    const options: AcquireOptions = {
      ...(real.isWeighted ? { weight } : {}),
      ...(real.isPriority ? { priority } : {}),
      ...(timeout === undefined ? {} : { timeout }),
      ...(shape.signal === undefined ? {} : { signal: real.controllers[shape.signal]!.signal }),
    };
    model.acquire(
      {
        id,
        weight,
        priority,
        due: timeout === undefined ? undefined : real.clock.now() + timeout,
        signal: shape.signal,
      },
      timeout === 0,
    );
    real.outcomes.set(id, "waiting");
    real.lock.acquire(options).then(
      (guard) => {
        real.guards.set(id, guard);
        real.outcomes.set(id, "held");
      },
      (error: LockwrightError | string) => {
        real.outcomes.set(id, typeof error === "string" ? "aborted" : CODES[error.code]!);
      },
    );
  });
}

function tryAcquire(wanted: number): Command {
  return command(`tryAcquire(${wanted})`, (model, real) => {
    const weight = real.isWeighted ? wanted : 1;
    if (model.isClosed || (model.capacity > 0 && weight > model.capacity)) {
      const code = model.isClosed ? "LW_CLOSED" : "LW_WEIGHT";
      expect(() => real.lock.tryAcquire(real.isWeighted ? { weight } : undefined)).toThrow(
        expect.objectContaining({ code }),
      );
      return;
    }
    const id = real.ids++;
    const guard = real.lock.tryAcquire(real.isWeighted ? { weight } : undefined);
    expect(guard !== undefined).toBe(model.tryAcquire({ id, weight, priority: 0, due: undefined, signal: undefined }));
    if (guard === undefined) return;
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
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
  });
}

function abort(which: number): Command {
  return command(`abort(${which})`, (model, real) => {
    model.remove((ask) => ask.signal === which, "aborted");
    const controller = real.controllers[which]!;
    // Later asks of this number get a fresh signal.
    real.controllers[which] = new AbortController();
    controller.abort("aborted");
  });
}

function advance(ms: number): Command {
  return command(`advance(${ms})`, (model, real) => {
    const end = real.clock.now() + ms;
    // One due time after the other: between two of them somebody may be let in.
    for (;;) {
      const next = Math.min(...model.queue.map((ask) => ask.due ?? Infinity));
      if (next > end) break;
      model.remove((ask) => ask.due === next, "timeout");
    }
    real.clock.advance(ms);
  });
}

function cancelWaiters(): Command {
  return command("cancelWaiters()", (model, real) => {
    const count = model.queue.length;
    model.remove(() => true, "cancelled");
    expect(real.lock.cancelWaiters()).toBe(count);
  });
}

function close(): Command {
  return command("close()", (model, real) => {
    if (!model.isClosed) model.remove(() => true, "closed");
    model.isClosed = true;
    real.lock.close();
  });
}

function resize(permits: number): Command {
  return command(`resize(${permits})`, (model, real) => {
    if (!real.isWeighted) return;
    model.resize(permits);
    (real.lock as Semaphore).resize(permits);
  });
}

const weight = fc.integer({ min: 1, max: 4 });
const ask = fc.record({
  weight,
  priority: fc.integer({ min: -1, max: 2 }),
  timeout: fc.option(fc.constantFrom(0, 5, 10, 25), { nil: undefined, freq: 2 }),
  signal: fc.option(fc.nat({ max: SIGNALS - 1 }), { nil: undefined, freq: 2 }),
});

/** Sequences of commands; closing is rare, since nothing happens after it. */
export const commandSequences: fc.Arbitrary<Iterable<Command>> = fc.commands(
  [
    ask.map(acquire),
    ask.map(acquire),
    ask.map(acquire),
    weight.map(tryAcquire),
    fc.nat({ max: 9 }).map(release),
    fc.nat({ max: 9 }).map(release),
    fc.nat({ max: SIGNALS - 1 }).map(abort),
    fc.constantFrom(1, 5, 10).map(advance),
    fc.constantFrom(0, 1, 2, 3, 4, 4).map(resize),
    fc.oneof({ weight: 4, arbitrary: fc.constant(cancelWaiters()) }, { weight: 1, arbitrary: fc.constant(close()) }),
  ],
  { maxCommands: 60, size: "max" },
);
