/**
 * RateLimiter against an obvious reference: a list of arrivals, looked through again for each millisecond.
 *
 * Intervals are powers of two, so that both algorithms and the reference compute without rounding. All times are even but
 * those of timeouts, so that a pass and a timeout never fall on the same millisecond, where either may come first.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { RateLimiter } from "../../../src/index.js";
import { settle } from "../../support/quiet.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

interface Ask {
  readonly id: number;
  readonly weight: number;
  readonly due: number;
}

/** Keeps every pass and counts again what a full bucket would have left. */
class ReferenceLimiter {
  readonly passes: { readonly id: number; readonly at: number; readonly weight: number }[] = [];
  queue: Ask[] = [];
  pausedUntil = 0;
  readonly #interval: number;
  readonly #burst: number;

  constructor(interval: number, burst: number) {
    this.#interval = interval;
    this.#burst = burst;
  }

  /** The level at `now`, from nothing but the passes before. */
  level(now: number): number {
    let [level, at] = [this.#burst, 0];
    for (const pass of this.passes) {
      level = Math.min(this.#burst, level + (pass.at - at) / this.#interval) - pass.weight;
      at = pass.at;
    }
    return Math.min(this.#burst, level + (now - at) / this.#interval);
  }

  fits(weight: number, now: number): boolean {
    return now >= this.pausedUntil && this.queue.length === 0 && this.level(now) >= weight;
  }

  pass(ask: Omit<Ask, "due">, now: number): void {
    this.passes.push({ id: ask.id, at: now, weight: ask.weight });
  }

  /** What passes or times out at `now`. */
  step(now: number): void {
    this.queue = this.queue.filter((ask) => ask.due > now);
    for (let head = this.queue[0]; head !== undefined; head = this.queue[0]) {
      if (now < this.pausedUntil || this.level(now) < head.weight) return;
      this.queue.shift();
      this.pass(head, now);
    }
  }
}

type Command =
  | { readonly what: "acquire"; readonly weight: number; readonly timeout: number }
  | { readonly what: "try"; readonly weight: number }
  | { readonly what: "advance"; readonly ms: number }
  | { readonly what: "pause"; readonly ms: number }
  | { readonly what: "abort"; readonly which: number };

const weight = fc.integer({ min: 1, max: 3 });
const evenly = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max }).map((half) => 2 * half);
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    fc.record({ what: fc.constant("acquire" as const), weight, timeout: fc.constantFrom(Infinity, Infinity, 7, 31) }),
    fc.record({ what: fc.constant("acquire" as const), weight, timeout: fc.constant(Infinity) }),
    fc.record({ what: fc.constant("try" as const), weight }),
    fc.record({ what: fc.constant("advance" as const), ms: evenly(20) }),
    fc.record({ what: fc.constant("advance" as const), ms: evenly(20) }),
    fc.record({ what: fc.constant("pause" as const), ms: evenly(15) }),
    fc.record({ what: fc.constant("abort" as const), which: fc.nat({ max: 9 }) }),
  ),
  { maxLength: 60, size: "max" },
);
const shape = fc.record({ interval: fc.constantFrom(2, 4, 8, 16), burst: fc.integer({ min: 3, max: 6 }) });

interface Stage {
  readonly clock: TestPlatform;
  readonly real: RateLimiter;
  readonly model: ReferenceLimiter;
  readonly passes: { readonly id: number; readonly at: number; readonly weight: number }[];
  readonly controllers: Map<number, AbortController>;
  ids: number;
}

async function advance({ clock, model }: Stage, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 1) {
    clock.advance(1);
    // The real one sets timers of whole milliseconds, so it acts at whole milliseconds too.
    model.step(clock.now());
    await settle(6);
  }
}

function tryNow(stage: Stage, wanted: number): void {
  const { clock, real, model, passes } = stage;
  const isPassed = real.tryAcquire({ weight: wanted });
  assert.equal(isPassed, model.fits(wanted, clock.now()));
  if (!isPassed) return;
  const id = stage.ids++;
  passes.push({ id, at: clock.now(), weight: wanted });
  model.pass({ id, weight: wanted }, clock.now());
}

async function apply(stage: Stage, command: Command): Promise<void> {
  const { clock, real, model, passes, controllers } = stage;
  const now = clock.now();
  if (command.what === "advance") return advance(stage, command.ms);
  if (command.what === "try") return tryNow(stage, command.weight);
  if (command.what === "pause") {
    real.pauseFor(command.ms);
    model.pausedUntil = Math.max(model.pausedUntil, now + command.ms);
  } else if (command.what === "acquire") {
    const id = stage.ids++;
    const controller = new AbortController();
    controllers.set(id, controller);
    real.acquire({ weight: command.weight, timeout: command.timeout, signal: controller.signal }).then(
      () => passes.push({ id, at: clock.now(), weight: command.weight }),
      () => undefined,
    );
    if (model.fits(command.weight, now)) model.pass({ id, weight: command.weight }, now);
    else model.queue.push({ id, weight: command.weight, due: now + command.timeout });
  } else {
    const ids = model.queue.map((ask) => ask.id);
    const id = ids[command.which % ids.length];
    if (id === undefined) return;
    model.queue = model.queue.filter((ask) => ask.id !== id);
    model.step(now);
    controllers.get(id)!.abort();
  }
  await settle(6);
}

/** Over any span from one pass to another: at most the burst and what the time gives. */
function checkBound(passes: Stage["passes"], interval: number, burst: number): void {
  for (let from = 0; from < passes.length; from += 1) {
    let sum = 0;
    for (const { at, weight: passed } of passes.slice(from)) {
      sum += passed;
      expect(sum).toBeLessThanOrEqual(burst + (at - passes[from]!.at) / interval + 1e-6);
    }
  }
}

describe.each(["gcra", "token-bucket"] as const)("%s", (algorithm) => {
  test("passes what the reference passes, when it does, and never more than burst + t / interval in any span t", async () => {
    await fc.assert(
      fc.asyncProperty(commands, shape, async (list, { interval, burst }) => {
        using clock = installTestPlatform();
        const real = new RateLimiter({ rate: 1, per: interval, burst, algorithm });
        const model = new ReferenceLimiter(interval, burst);
        const stage: Stage = { clock, real, model, passes: [], controllers: new Map(), ids: 0 };
        for (const command of list) {
          await apply(stage, command);
          expect(real.waiting).toBe(model.queue.length);
          expect(clock.timers.size).toBeLessThanOrEqual(2);
          expect(stage.passes).toEqual(model.passes);
          const { allowed, remaining } = real.check();
          expect(allowed).toBe(model.fits(1, clock.now()));
          const isOpen = model.queue.length === 0 && clock.now() >= model.pausedUntil;
          expect(remaining).toBe(isOpen ? Math.floor(model.level(clock.now())) : 0);
        }
        checkBound(stage.passes, interval, burst);
        for (const controller of stage.controllers.values()) controller.abort();
        expect([real.waiting, clock.timers.size, pendingDeadlines()]).toEqual([0, 0, 0]);
      }),
      { numRuns: 150 },
    );
  });
});

test("gcra and the token bucket decide alike at equal parameters, also where intervals round", () => {
  fc.assert(
    fc.property(
      fc.record({ rate: fc.constantFrom(3, 7, 50, 333, 0.3), burst: fc.integer({ min: 1, max: 9 }) }),
      fc.array(fc.record({ ms: fc.double({ min: 0, max: 400, noNaN: true }), weight }), { maxLength: 100 }),
      ({ rate, burst }, list) => {
        using clock = installTestPlatform();
        const [one, other] = (["gcra", "token-bucket"] as const).map(
          (algorithm) => new RateLimiter({ rate, burst, algorithm }),
        ) as [RateLimiter, RateLimiter];
        for (const step of list) {
          clock.advance(step.ms);
          const options = { weight: Math.min(step.weight, burst) };
          expect(one.tryAcquire(options)).toBe(other.tryAcquire(options));
          expect(one.check(options).retryAfter).toBeCloseTo(other.check(options).retryAfter, 5);
        }
      },
    ),
    { numRuns: 200 },
  );
});
