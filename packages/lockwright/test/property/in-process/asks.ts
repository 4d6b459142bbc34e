/** Waits of a real primitive and of its reference, numbered alike, and what has become of each. */
import fc from "fast-check";
import { expect } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import type { LockwrightError, WaitOptions } from "../../../src/index.js";
import type { TestPlatform } from "../../support/test-platform.js";

const SIGNALS = 3;
/** One duration for all, so that those due at one moment end in the order in which they began. */
const TIMEOUT = 10;

/** What a random wait is given. */
export interface AskShape {
  readonly timeout: number | undefined;
  readonly signal: number | undefined;
}

/** A wait as the references keep it. */
export interface Ask {
  readonly id: number;
  readonly due: number | undefined;
  readonly signal: number | undefined;
}

/** Shapes whose timeouts, in milliseconds, are of these. */
export function shapesWith(...timeouts: readonly number[]): fc.Arbitrary<AskShape> {
  return fc.record({
    timeout: fc.option(fc.constantFrom(...timeouts), { nil: undefined, freq: 2 }),
    signal: fc.option(fc.nat({ max: SIGNALS - 1 }), { nil: undefined, freq: 2 }),
  });
}

export const askShapes: fc.Arbitrary<AskShape> = shapesWith(0, TIMEOUT);
export const signals: fc.Arbitrary<number> = fc.nat({ max: SIGNALS - 1 });
export const spans: fc.Arbitrary<number> = fc.constantFrom(1, 4, TIMEOUT);

/** What each reference can do, besides what it is a reference of. */
export interface ReferenceWaits {
  readonly outcomes: Map<number, string>;
  /** Ends those that `which` names, oldest first, with `outcome`. */
  end(which: (ask: Ask) => boolean, outcome: string): void;
  /** Due times of all who wait. */
  dues(): readonly number[];
}

/** The real waits. */
export class Asks {
  readonly clock: TestPlatform;
  readonly outcomes: Map<number, string> = new Map();
  readonly #controllers: AbortController[] = Array.from({ length: SIGNALS }, () => new AbortController());
  #ids = 0;

  constructor(clock: TestPlatform) {
    this.clock = clock;
  }

  /** A new ask, and the options for the real call. */
  make(shape: AskShape): { readonly ask: Ask; readonly options: WaitOptions } {
    const { timeout, signal } = shape;
    const due = timeout === undefined ? undefined : this.clock.now() + timeout;
    return {
      ask: { id: this.#ids++, due, signal },
      options: {
        ...(timeout === undefined ? {} : { timeout }),
        ...(signal === undefined ? {} : { signal: this.#controllers[signal]!.signal }),
      },
    };
  }

  /** A new ask that does not wait. */
  id(): number {
    return this.#ids++;
  }

  follow<T>(id: number, promise: Promise<T>, show: (value: T) => string): void {
    this.outcomes.set(id, "waits");
    promise.then(
      (value) => this.outcomes.set(id, show(value)),
      (error: LockwrightError | string) => this.outcomes.set(id, typeof error === "string" ? error : error.code),
    );
  }

  /** Aborts signal `which`; later asks of this number get a fresh one. */
  abort(which: number): void {
    const controller = this.#controllers[which]!;
    this.#controllers[which] = new AbortController();
    controller.abort("aborted");
  }
}

/** Compares what became of each ask. */
export function expectOutcomes(model: ReferenceWaits, asks: Asks): void {
  const inOrder = (outcomes: Map<number, string>): unknown =>
    Object.fromEntries([...outcomes].sort(([a], [b]) => a - b));
  expect(inOrder(asks.outcomes), "I4, I5, I6: how each ask ended, in the order of service").toEqual(
    inOrder(model.outcomes),
  );
}

/**
 * Runs `act` on both and compares at once what `state` gives, and after all microtasks what became of each ask and what
 * `rest` gives.
 */
export function step<M extends ReferenceWaits, R extends { readonly asks: Asks }>(
  text: string,
  act: (model: M, real: R) => void,
  state: (model: M, real: R) => void,
  rest?: (model: M, real: R) => void,
): fc.AsyncCommand<M, R> {
  return {
    check: () => true,
    async run(model, real) {
      act(model, real);
      state(model, real);
      for (let tick = 0; tick < 12; tick += 1) await Promise.resolve();
      expectOutcomes(model, real.asks);
      rest?.(model, real);
    },
    toString: () => text,
  };
}

/** Aborts a signal on both sides. */
export function abortBoth(model: ReferenceWaits, asks: Asks, which: number): void {
  model.end((ask) => ask.signal === which, "aborted");
  asks.abort(which);
}

/** Lets time pass on both sides, one due time after the other: between two of them somebody may be let in. */
export function advanceBoth(model: ReferenceWaits, asks: Asks, ms: number): void {
  const end = asks.clock.now() + ms;
  for (;;) {
    const next = Math.min(...model.dues());
    if (next > end) break;
    model.end((ask) => ask.due === next, "LW_TIMEOUT");
  }
  asks.clock.advance(ms);
}

/** Nothing of ours is left on the clock. */
export function expectNoDeadlines(clock: TestPlatform): void {
  expect([pendingDeadlines(), clock.timers.size]).toEqual([0, 0]);
}
