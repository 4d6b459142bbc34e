/** A `run` that queues on a Semaphore: the lean task node. What it shares with every lock is in the conformance list. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { channels, type GrantedEvent, type ReleasedEvent } from "../../../src/events.js";
import { type Guard, Semaphore } from "../../../src/index.js";
import { codeOf, Gate, settle } from "../../support/quiet.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  platform[Symbol.dispose]();
});

/** A semaphore of one whose permit is held, and a queued run of `body`. */
function queued<T>(body: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>): {
  semaphore: Semaphore;
  hold: Guard;
  result: Promise<T>;
} {
  const semaphore = new Semaphore(1, { name: "queued" });
  const hold = semaphore.tryAcquire()!;
  return { semaphore, hold, result: semaphore.run(body) };
}

describe("a queued run", () => {
  test("starts its body in a microtask after the release, never inside it [T1]", async () => {
    let isStarted = false;
    const { semaphore, hold, result } = queued(() => (isStarted = true));
    hold.release();
    expect([isStarted, semaphore.stats().held, semaphore.stats().waiting]).toEqual([false, 1, 0]);
    await Promise.resolve();
    expect(isStarted).toBe(true);
    expect(await result).toBe(true);
    expect(semaphore.available).toBe(1);
  });

  test("settles after the release, with the value, the rejection or the throw of its body [T3]", async () => {
    const boom = new Error("boom");
    const bodies: [() => unknown, unknown][] = [
      [() => 1, 1],
      [async () => 2, 2],
      [() => Promise.reject(boom), boom],
      [
        () => {
          throw boom;
        },
        boom,
      ],
    ];
    for (const [body, outcome] of bodies) {
      const { semaphore, hold, result } = queued(body);
      hold.release();
      const settled = result.then(
        (value) => [value, semaphore.available],
        (error: unknown) => [error, semaphore.available],
      );
      expect(await settled).toEqual([outcome, 1]);
    }
  });

  test("gets its guard, which it may release early or hand on, and which is a guard like any other", async () => {
    let kept: Guard | undefined;
    const { semaphore, hold, result } = queued((guard) => {
      expect(guard.held).toBe(true);
      expect(String(guard)).toBe('Guard { lock: "queued", held, weight: 1 }');
      guard.release();
      expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
      kept = guard;
      return guard.held;
    });
    hold.release();
    expect(await result).toBe(false);
    expect([kept!.held, semaphore.available]).toEqual([false, 1]);
    kept![Symbol.dispose]();
    await kept![Symbol.asyncDispose]();
    expect(semaphore.available).toBe(1);
  });

  test("looks at its signal once more before the body: aborted after the grant gives the permit on [23, 24, T3]", async () => {
    const semaphore = new Semaphore(1);
    const hold = semaphore.tryAcquire()!;
    const controller = new AbortController();
    let isRun = false;
    const subject = semaphore.run(() => (isRun = true), { signal: controller.signal });
    const next = semaphore.run(() => "next");
    hold.release();
    controller.abort("late");
    await expect(subject).rejects.toBe("late");
    expect([isRun, await next, semaphore.available]).toEqual([false, "next", 1]);
  });

  test("an aborted signal never queues, and a getter that throws rejects", async () => {
    const { semaphore, hold } = queued(() => 1);
    await expect(semaphore.run(() => 1, { signal: AbortSignal.abort("early") })).rejects.toBe("early");
    const options = {
      get bodyTimeout(): number {
        throw new Error("getter");
      },
    };
    await expect(semaphore.run(() => 1, options)).rejects.toThrow("getter");
    expect(semaphore.stats().waiting).toBe(1);
    hold.release();
  });

  test("every way to end a wait rejects it once and leaves nothing [T3]", async () => {
    const semaphore = new Semaphore(1, { maxWaiters: 3 });
    const hold = semaphore.tryAcquire()!;
    const run = (options = {}): Promise<string> => codeOf(semaphore.run(() => 1, options));
    const controller = new AbortController();
    const codes = [run({ timeout: 5 }), run({ signal: controller.signal }), run(), run(), run({ weight: 2 })];
    platform.advance(5);
    controller.abort("aborted");
    expect(semaphore.cancelWaiters()).toBe(1);
    const last = [run(), run({ timeout: 0 })];
    semaphore.close();
    hold.release();
    expect(await Promise.all([...codes, ...last, run()])).toEqual([
      "LW_TIMEOUT",
      "aborted",
      "LW_CANCELLED",
      "LW_OVERLOADED",
      "LW_WEIGHT",
      "LW_CLOSED",
      "LW_TIMEOUT",
      "LW_CLOSED",
    ]);
    expect(semaphore.stats()).toMatchObject({ available: 1, waiting: 0 });
  });

  test("a run that outranks the queue starts a microtask later too, in a lifo and in a priority semaphore", async () => {
    for (const [order, priority] of [
      ["lifo", {}],
      ["priority", { priority: 1 }],
    ] as const) {
      const semaphore = new Semaphore(2, { order });
      const hold = semaphore.tryAcquire()!;
      const heavy = semaphore.run(() => "heavy", { weight: 2 });
      let isStarted = false;
      const light = semaphore.run(() => (isStarted = true), priority);
      expect([isStarted, semaphore.available]).toEqual([false, 0]);
      expect(await light).toBe(true);
      hold.release();
      expect(await heavy).toBe("heavy");
    }
  });

  test("a run or an acquire that outranks the queue is told to listeners as granted", async () => {
    const semaphore = new Semaphore(2, { order: "lifo" });
    const hold = semaphore.tryAcquire()!;
    const heavy = semaphore.run(() => "heavy", { weight: 2 });
    let heard = 0;
    const granted = (): number => (heard += 1);
    channels.granted.subscribe(granted);
    try {
      await semaphore.run(() => undefined);
      (await semaphore.acquire()).release();
      expect(heard).toBe(2);
      hold.release();
      await heavy;
      expect(heard).toBe(3);
    } finally {
      channels.granted.unsubscribe(granted);
    }
  });

  test("all granted in one tick start in the order of their grants, and a start that throws stops no other [T1]", async () => {
    const semaphore = new Semaphore(0);
    const order: number[] = [];
    const runs = [0, 1, 2, 3].map((at) =>
      codeOf(
        semaphore.run(() => {
          order.push(at);
          if (at === 1) throw new Error("thrown");
        }),
      ),
    );
    semaphore.resize(4);
    await Promise.resolve();
    expect(order).toEqual([0, 1, 2, 3]);
    expect(await Promise.all(runs)).toEqual(["resolved", "Error: thrown", "resolved", "resolved"]);
  });

  test("a body that re-enters the semaphore while the batch starts disturbs nobody", async () => {
    const semaphore = new Semaphore(0);
    const inner: Promise<string>[] = [];
    const runs = [0, 1, 2].map((at) =>
      semaphore.run((guard) => {
        guard.release();
        inner.push(semaphore.run(() => `inner ${at}`));
        return `outer ${at}`;
      }),
    );
    semaphore.resize(1);
    expect(await Promise.all(runs)).toEqual(["outer 0", "outer 1", "outer 2"]);
    expect(await Promise.all(inner)).toEqual(["inner 0", "inner 1", "inner 2"]);
    expect(semaphore.available).toBe(1);
  });

  test("a body that is granted stays alone until its promise settles", async () => {
    const gate = new Gate();
    const { semaphore, hold, result } = queued(() => gate.promise);
    const next = semaphore.run(() => "next");
    hold.release();
    await settle();
    expect(semaphore.stats()).toMatchObject({ held: 1, waiting: 1 });
    gate.open();
    await result;
    expect(await next).toBe("next");
  });

  test("listeners hear of its grant and of its release, with the time it was held", async () => {
    const heard: string[] = [];
    const granted = ({ waited }: GrantedEvent): number => heard.push(`granted after ${waited}`);
    const released = ({ held }: ReleasedEvent): number => heard.push(`released after ${held}`);
    channels.granted.subscribe(granted);
    channels.released.subscribe(released);
    try {
      const gate = new Gate();
      const { hold, result } = queued(() => gate.promise);
      platform.advance(7);
      hold.release();
      await settle();
      platform.advance(3);
      gate.open();
      await result;
    } finally {
      channels.granted.unsubscribe(granted);
      channels.released.unsubscribe(released);
    }
    expect(heard).toEqual(["granted after 0", "released after 7", "granted after 7", "released after 3"]);
  });
});
