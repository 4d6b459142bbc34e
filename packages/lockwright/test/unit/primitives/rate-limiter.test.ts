import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { channels } from "../../../src/events.js";
import { RateLimiter, type RateLimiterOptions } from "../../../src/index.js";
import { MAX_TIMER_MS } from "../../../src/platform.js";
import { codeOf, settle } from "../../support/quiet.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  assert.equal(pendingDeadlines(), 0);
  platform[Symbol.dispose]();
});

/** Starts an acquire and notes its label and the time at which it passed. */
function ask(
  limiter: RateLimiter,
  passed: [string, number][],
  label: string,
  options: { weight?: number; signal?: AbortSignal; timeout?: number } = {},
): Promise<string> {
  const began = platform.now();
  return codeOf(limiter.acquire(options).then(() => passed.push([label, platform.now() - began])));
}

describe.each(["gcra", "token-bucket"] as const)("%s", (algorithm) => {
  const make = (options: Omit<RateLimiterOptions, "algorithm">): RateLimiter =>
    new RateLimiter({ ...options, algorithm });

  test("passes the burst at once, then one per interval", () => {
    const limiter = make({ rate: 10, burst: 3 });
    expect([1, 2, 3, 4].map(() => limiter.tryAcquire())).toEqual([true, true, true, false]);
    platform.advance(99);
    expect(limiter.tryAcquire()).toBe(false);
    platform.advance(1);
    expect([limiter.tryAcquire(), limiter.tryAcquire()]).toEqual([true, false]);
    platform.advance(10_000);
    expect([1, 2, 3, 4].map(() => limiter.tryAcquire())).toEqual([true, true, true, false]);
  });

  test("waiters pass in order of arrival behind one timer for the head, a heavy one holding back lighter ones [R1, R3]", async () => {
    const limiter = make({ rate: 10, burst: 3 });
    limiter.tryAcquire({ weight: 3 });
    const passed: [string, number][] = [];
    const all = [
      ask(limiter, passed, "a"),
      ask(limiter, passed, "heavy", { weight: 3 }),
      ask(limiter, passed, "c"),
      ask(limiter, passed, "d"),
    ];
    expect([limiter.waiting, platform.timers.size, [...platform.timers][0]!.isAlive]).toEqual([4, 1, true]);
    for (let step = 0; step < 8; step += 1) {
      expect(platform.timers.size).toBeLessThanOrEqual(1);
      platform.advance(100);
      await settle();
    }
    await Promise.all(all);
    expect(passed).toEqual([
      ["a", 100],
      ["heavy", 400],
      ["c", 500],
      ["d", 600],
    ]);
  });

  test("nobody passes while somebody waits, not even tryAcquire at the moment it would fit [R1]", async () => {
    const limiter = make({ rate: 10, burst: 2 });
    limiter.tryAcquire({ weight: 2 });
    const passed: [string, number][] = [];
    const heavy = ask(limiter, passed, "heavy", { weight: 2 });
    platform.advance(150);
    expect(limiter.tryAcquire()).toBe(false);
    expect(limiter.check()).toEqual({ allowed: false, retryAfter: 150, remaining: 0 });
    platform.advance(50);
    await heavy;
    expect(passed).toEqual([["heavy", 200]]);
  });

  test("a waiter that leaves costs no slot: those behind it move up [R2]", async () => {
    const limiter = make({ rate: 10, burst: 1 });
    limiter.tryAcquire();
    const passed: [string, number][] = [];
    const controller = new AbortController();
    const gone = [1, 2, 3].map((at) => ask(limiter, passed, `gone ${at}`, { signal: controller.signal }));
    const late = ask(limiter, passed, "timed out", { timeout: 60 });
    const next = ask(limiter, passed, "next");
    platform.advance(60);
    controller.abort("aborted");
    expect(limiter.waiting).toBe(1);
    platform.advance(39);
    await settle();
    expect(passed).toEqual([]);
    platform.advance(1);
    await next;
    expect(passed).toEqual([["next", 100]]);
    expect(await Promise.all([...gone, late])).toEqual(["aborted", "aborted", "aborted", "LW_TIMEOUT"]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("a heavy head that leaves lets in the light ones that may pass, at once", async () => {
    const limiter = make({ rate: 10, burst: 3 });
    limiter.tryAcquire({ weight: 2 });
    const controller = new AbortController();
    const heavy = codeOf(limiter.acquire({ weight: 3, signal: controller.signal }));
    const light = codeOf(limiter.acquire());
    controller.abort("gone");
    expect(limiter.waiting).toBe(0);
    expect(await Promise.all([heavy, light])).toEqual(["gone", "resolved"]);
  });

  test("pauseFor holds everyone, those who wait too, and only grows [R4]", async () => {
    const limiter = make({ rate: 10, burst: 2 });
    limiter.tryAcquire({ weight: 2 });
    const passed: [string, number][] = [];
    const waits = [ask(limiter, passed, "a"), ask(limiter, passed, "b")];
    limiter.pauseFor(1000);
    limiter.pauseFor(10);
    expect(platform.timers.size).toBe(1);
    platform.advance(999);
    expect(limiter.tryAcquire()).toBe(false);
    expect(limiter.check()).toMatchObject({ allowed: false, remaining: 0 });
    await settle();
    expect(passed).toEqual([]);
    platform.advance(1);
    await Promise.all(waits);
    expect(passed).toEqual([
      ["a", 1000],
      ["b", 1000],
    ]);
    limiter.pauseFor(0);
    platform.advance(100);
    expect(limiter.tryAcquire()).toBe(true);
  });

  test("a pause of an idle limiter sets no timer and says when it ends", () => {
    const limiter = make({ rate: 10, burst: 1 });
    limiter.pauseFor(70);
    expect(platform.timers.size).toBe(0);
    expect(limiter.check()).toEqual({ allowed: false, retryAfter: 70, remaining: 0 });
    platform.advance(70);
    expect(limiter.check()).toEqual({ allowed: true, retryAfter: 0, remaining: 1 });
  });

  test("check takes nothing and says what is left, and when it would pass behind those who wait", async () => {
    const limiter = make({ rate: 10, burst: 4 });
    expect(limiter.check({ weight: 4 })).toEqual({ allowed: true, retryAfter: 0, remaining: 4 });
    limiter.tryAcquire({ weight: 3 });
    platform.advance(50);
    expect(limiter.check()).toEqual({ allowed: true, retryAfter: 0, remaining: 1 });
    expect(limiter.check({ weight: 3 })).toEqual({ allowed: false, retryAfter: 150, remaining: 1 });
    expect(Object.isFrozen(limiter.check())).toBe(true);
    const waits = [limiter.acquire({ weight: 4 }), limiter.acquire({ weight: 2 })];
    const { retryAfter } = limiter.check({ weight: 1 });
    let passedAfter = 0;
    const last = limiter.acquire().then(() => (passedAfter = platform.now()));
    const began = platform.now();
    for (let step = 0; step < 100; step += 1) {
      platform.advance(10);
      await settle(5);
    }
    await Promise.all([...waits, last]);
    expect(passedAfter - began).toBe(retryAfter);
  });

  test("a pass that needs longer than a timer takes is waited for in pieces", async () => {
    const limiter = make({ rate: 1, per: 2 * MAX_TIMER_MS, burst: 1 });
    limiter.tryAcquire();
    const wait = limiter.acquire();
    expect(platform.delays.at(-1)).toBe(MAX_TIMER_MS);
    platform.advance(2 * MAX_TIMER_MS);
    await wait;
    expect(platform.delays).toEqual([MAX_TIMER_MS, MAX_TIMER_MS]);
  });
});

describe("refusals", () => {
  test("a weight above the burst is LW_WEIGHT, everywhere", async () => {
    const limiter = new RateLimiter({ rate: 1, burst: 2, name: "r" });
    const heavy = expect.objectContaining({
      code: "LW_WEIGHT",
      message: expect.stringMatching(/weight 3 .*"r".*burst is 2/),
    });
    expect(() => limiter.tryAcquire({ weight: 3 })).toThrow(heavy);
    expect(() => limiter.check({ weight: 3 })).toThrow(heavy);
    await expect(limiter.acquire({ weight: 3 })).rejects.toEqual(heavy);
    expect(limiter.check().remaining).toBe(2);
  });

  test("maxWaiters sheds load at once, timeout 0 is now or never, an aborted signal takes nothing", async () => {
    const limiter = new RateLimiter({ rate: 1, burst: 1, maxWaiters: 1 });
    expect(await codeOf(limiter.acquire({ signal: AbortSignal.abort("early") }))).toBe("early");
    await limiter.acquire({ timeout: 0 });
    expect(await codeOf(limiter.acquire({ timeout: 0 }))).toBe("LW_TIMEOUT");
    const waiting = codeOf(limiter.acquire({ timeout: 5 }));
    expect(await codeOf(limiter.acquire())).toBe("LW_OVERLOADED");
    platform.advance(5);
    expect(await waiting).toBe("LW_TIMEOUT");
  });

  test("the message of a timeout names the limiter, its pace and how many others wait", async () => {
    const limiter = new RateLimiter({ rate: 1, per: 5000, burst: 1, name: "mails" });
    limiter.tryAcquire();
    const wait = limiter.acquire({ timeout: 5 });
    const other = codeOf(limiter.acquire({ timeout: 6 }));
    platform.advance(6);
    await expect(wait).rejects.toThrow(
      /"mails" \(1 per 5000 ms\) did not let it pass within 5 ms \(1 other caller waits\)/,
    );
    expect(await other).toBe("LW_TIMEOUT");
  });
});

describe("the rest", () => {
  test.each([
    [50, 1000, 2],
    [10, 1000, 1],
    [1000, 1000, 26],
    [0.5, 1000, 1],
    [100, 60_000, 1],
  ])("the default burst of %d per %d ms is %d", (rate, per, burst) => {
    expect(new RateLimiter({ rate, per }).check().remaining).toBe(burst);
  });

  test("holds 50 a second within 2 over 10 seconds, also where every timer is late", async () => {
    const setTimer = platform.setTimer.bind(platform);
    platform.setTimer = (fn, ms) => setTimer(fn, ms + 3 * platform.random());
    const limiter = new RateLimiter({ rate: 50 });
    let count = 0;
    const end = platform.now() + 10_000;
    const worker = async (): Promise<void> => {
      for (;;) {
        await limiter.acquire();
        if (platform.now() >= end) return;
        count += 1;
      }
    };
    const workers = [1, 2, 3, 4].map(worker);
    while (platform.now() < end + 200) {
      platform.advance(1.3);
      await settle(4);
    }
    await Promise.all(workers);
    expect(count / 10).toBeGreaterThan(48);
    expect(count / 10).toBeLessThan(52);
  });

  test("its text tells the pace, the burst and the waiters", () => {
    const limiter = new RateLimiter({ rate: 50, name: "api" });
    expect(String(limiter)).toBe('RateLimiter { name: "api", rate: 50 per 1000 ms, burst: 2, waiting: 0 }');
    expect(new RateLimiter({ rate: 1 }).name).toMatch(/^rate-limiter-\d+$/);
  });

  test("listeners hear of waits, passes and departures, and of no release", async () => {
    const heard: unknown[] = [];
    const notes = (["created", "queued", "granted", "left", "released"] as const).map((what) => {
      const listener = (event: { lock?: { kind: string }; waited?: number }): number =>
        heard.push([what, event.lock?.kind, event.waited].filter((part) => part !== undefined));
      channels[what].subscribe(listener as never);
      return () => channels[what].unsubscribe(listener as never);
    });
    try {
      const limiter = new RateLimiter({ rate: 10, burst: 1, name: "heard" });
      limiter.tryAcquire();
      const [gone, wait] = [codeOf(limiter.acquire({ timeout: 30 })), limiter.acquire()];
      platform.advance(100);
      await Promise.all([gone, wait]);
    } finally {
      for (const off of notes) off();
    }
    expect(heard).toEqual([
      ["created"],
      ["granted", "rate-limiter", 0],
      ["queued", "rate-limiter"],
      ["queued", "rate-limiter"],
      ["left", "rate-limiter", 30],
      ["granted", "rate-limiter", 100],
    ]);
  });
});
