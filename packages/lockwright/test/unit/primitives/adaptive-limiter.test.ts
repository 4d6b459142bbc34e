import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AdaptiveLimiter, type AdaptiveLimiterOptions } from "../../../src/index.js";
import {
  AimdRule,
  Gradient2Rule,
  type LimitRange,
  type LimitRule,
  VegasRule,
} from "../../../src/primitives/limit-rule.js";
import { ProbeRule } from "../../../src/primitives/probe-rule.js";
import { codeOf, Gate, settle } from "../../support/quiet.js";
import { play, type ServiceTime, SimulatedPool } from "../../support/simulated-pool.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  platform[Symbol.dispose]();
});

/** Keeps `limiter` under an endless backlog of requests to `pool`. */
function flood(limiter: AdaptiveLimiter, pool: SimulatedPool): { stop(): void } {
  let isOn = true;
  const one = async (): Promise<void> => {
    while (isOn) await limiter.run(() => pool.serve());
  };
  for (let at = 0; at < 300; at += 1) void one();
  return { stop: () => (isOn = false) };
}

/** Mean of the limit, looked at every 50 ms of virtual time, and the share of the pool's best throughput. */
async function observe(
  limiter: AdaptiveLimiter,
  pool: SimulatedPool,
  seconds: number,
): Promise<{ mean: number; throughput: number }> {
  let sum = 0;
  const before = pool.finished;
  for (let at = 0; at < seconds * 20; at += 1) {
    await play(platform, 50);
    sum += limiter.limit;
  }
  return {
    mean: sum / (seconds * 20),
    throughput: (pool.finished - before) / (seconds * pool.servers * 100),
  };
}

describe("finding the limit of a pool whose capacity changes", () => {
  test.each([
    ["fixed", 2],
    ["fixed", 60],
    ["exponential", 2],
    ["exponential", 60],
  ] as [ServiceTime, number][])(
    "probe finds 8, then 16, then 8 of a pool with %s service times within a fifth, from %d",
    async (service, initial) => {
      const pool = new SimulatedPool(platform, 8, service);
      const limiter = new AdaptiveLimiter({ initial });
      const load = flood(limiter, pool);
      for (const servers of [8, 16, 8]) {
        pool.servers = servers;
        await play(platform, 15_000);
        const { mean, throughput } = await observe(limiter, pool, 10);
        expect(mean / servers, `${servers} servers`).toBeGreaterThan(0.8);
        expect(mean / servers, `${servers} servers`).toBeLessThan(1.2);
        expect(throughput, `${servers} servers`).toBeGreaterThan(0.9);
      }
      load.stop();
    },
    60_000,
  );

  /** The rule alone against a pool of `servers`, which is quicker to simulate; gives the mean of the limit over servers. */
  function meanOf(rule: LimitRule, servers: number, service: ServiceTime, initial: number): number {
    const done: { at: number; began: number }[] = [];
    const busyUntil = new Array<number>(servers).fill(0);
    let [now, limit, underWay, sum] = [0, initial, 0, 0];
    const samples = 60 * servers * 100;
    const begin = (): void => {
      while (underWay < limit) {
        underWay += 1;
        const ms = service === "fixed" ? 10 : -10 * Math.log(1 - platform.random());
        let first = 0;
        for (let at = 1; at < servers; at += 1) if (busyUntil[at]! < busyUntil[first]!) first = at;
        busyUntil[first] = Math.max(busyUntil[first]!, now) + ms;
        done.push({ at: busyUntil[first]!, began: now });
      }
    };
    begin();
    for (let at = 0; at < samples; at += 1) {
      let next = 0;
      for (let other = 1; other < done.length; other += 1) if (done[other]!.at < done[next]!.at) next = other;
      const { at: end, began } = done[next]!;
      done[next] = done.at(-1)!;
      done.pop();
      now = end;
      if (2 * underWay >= limit) limit = rule.sample(now - began, underWay, false);
      underWay -= 1;
      if (at > samples / 2) sum += limit;
      begin();
    }
    return sum / (samples / 2) / servers;
  }

  test.each([
    ["fixed", 2, 1.3],
    ["fixed", 8, 1.2],
    ["fixed", 32, 1.2],
    ["exponential", 8, 1.2],
    ["exponential", 32, 1.2],
  ] as [ServiceTime, number, number][])(
    "probe, %s service times, %d servers: at most %d of them",
    (service, servers, most) => {
      const mean = meanOf(new ProbeRule({ initial: 10, min: 1, max: 1000 }), servers, service, 10);
      expect(mean).toBeGreaterThan(0.8);
      expect(mean).toBeLessThan(most);
    },
  );

  // What their docs say of them, so that nobody takes them for a default.
  test("gradient2 and vegas settle above the optimum behind an endless backlog, and come to rest", () => {
    const range = { initial: 10, min: 1, max: 1000 };
    expect(meanOf(new Gradient2Rule(range), 8, "fixed", 10)).toBeGreaterThan(2);
    const vegas = meanOf(new VegasRule(range), 8, "fixed", 10);
    expect(vegas).toBeGreaterThan(1.2);
    expect(vegas).toBeLessThan(2.5);
  });
});

describe("rules", () => {
  const feed = (rule: LimitRule, times: number, ms: number, isDrop = false): number => {
    let limit = 0;
    for (let at = 0; at < times; at += 1) limit = rule.sample(ms, 10, isDrop);
    return limit;
  };

  test("aimd grows by one a window and shrinks by a tenth once for a burst of drops", () => {
    const rule = new AimdRule({ initial: 20, min: 1, max: 30 });
    expect(feed(rule, 20, 5)).toBe(21);
    expect(feed(rule, 21 + 21, 5000)).toBe(22);
    expect(feed(rule, 22 + 22, 5, true)).toBe(20);
    expect(feed(rule, 3000, 5)).toBe(30);
    expect(feed(rule, 10_000, 5, true)).toBe(1);
  });

  test.each([
    ["gradient2", (range: LimitRange) => new Gradient2Rule(range)],
    ["vegas", (range: LimitRange) => new VegasRule(range)],
    ["probe", (range: LimitRange) => new ProbeRule(range)],
  ] as [string, (range: LimitRange) => LimitRule][])(
    "%s shrinks while everything is dropped, keeps its bounds and survives bodies that take no time",
    (_name, make) => {
      const rule = make({ initial: 50, min: 3, max: 60 });
      const limits: number[] = [];
      for (let at = 0; at < 30_000; at += 1) limits.push(rule.sample(10, 50, true));
      expect(limits.at(-1)).toBeLessThan(10);
      for (let at = 0; at < 30_000; at += 1) limits.push(rule.sample(0, 3, false));
      expect(Math.min(...limits)).toBeGreaterThanOrEqual(3);
      expect(Math.max(...limits)).toBeLessThanOrEqual(60);
      expect(limits.every((limit) => Number.isInteger(limit))).toBe(true);
    },
  );

  test("probe heeds a pool that fails beyond its capacity", () => {
    // 12 at once are served in 10 ms; what is above fails at once.
    const rule = new ProbeRule({ initial: 40, min: 1, max: 100 });
    let limit = 40;
    const seen: number[] = [];
    for (let at = 0; at < 60_000; at += 1) {
      limit = rule.sample(10, limit, platform.random() < Math.max(limit - 12, 0) / limit);
      if (at > 40_000) seen.push(limit);
    }
    const mean = seen.reduce((sum, each) => sum + each, 0) / seen.length;
    expect(mean).toBeGreaterThan(9);
    expect(mean).toBeLessThan(16);
  });
});

describe("what is measured", () => {
  /** A limiter whose rule is seen: aimd, which grows by one per window of ten samples that count. */
  const make = (options: AdaptiveLimiterOptions = {}): AdaptiveLimiter =>
    new AdaptiveLimiter({ algorithm: "aimd", initial: 2, ...options });

  async function samples(limiter: AdaptiveLimiter, count: number, one: () => Promise<unknown>): Promise<void> {
    for (let at = 0; at < count; at += 1) await one();
    expect(limiter.stats().held).toBe(0);
  }

  test("every kind of hold is a sample: run, runSync, acquire, tryAcquire, using", async () => {
    const limiter = make();
    await samples(limiter, 2, () => limiter.run(() => 1));
    limiter.runSync(() => 1);
    limiter.runSync(() => 1);
    for (let at = 0; at < 3; at += 1) limiter.tryAcquire()!.release();
    for (let at = 0; at < 3; at += 1) {
      using _guard = await limiter.acquire();
    }
    expect(limiter.limit).toBe(3);
  });

  test("with less than half of the limit in use nothing is measured", async () => {
    const limiter = make({ initial: 5 });
    await samples(limiter, 50, () => limiter.run(() => 1));
    expect(limiter.limit).toBe(5);
    const others = [limiter.tryAcquire()!, limiter.tryAcquire()!];
    for (let at = 0; at < 10; at += 1) limiter.tryAcquire()!.release();
    expect(limiter.limit).toBe(6);
    for (const other of others) other.release();
  });

  test("a body that throws is ignored unless it said otherwise, an ignored guard is no sample, a drop shrinks", async () => {
    const limiter = make({ initial: 10, algorithm: "aimd" });
    const rest = Array.from({ length: 9 }, () => limiter.tryAcquire()!);
    const thrown = (): Promise<void> => Promise.reject(new Error("x"));
    for (let at = 0; at < 30; at += 1) await limiter.run(thrown).catch(() => undefined);
    expect(() =>
      limiter.runSync(() => {
        throw new Error("y");
      }),
    ).toThrow("y");
    for (let at = 0; at < 30; at += 1) {
      const guard = limiter.tryAcquire()!;
      guard.outcome("ignore");
      guard.release();
    }
    expect(limiter.limit).toBe(10);
    for (let at = 0; at < 10; at += 1) {
      await limiter
        .run((guard) => {
          guard.outcome("drop");
          return thrown();
        })
        .catch(() => undefined);
    }
    expect(limiter.limit).toBe(9);
    for (const guard of rest) guard.outcome("ignore");
    for (const guard of rest) guard.release();
  });

  test("time in the queue is not measured: only from the grant on", async () => {
    const times: number[] = [];
    const spy = vi.spyOn(AimdRule.prototype, "sample").mockImplementation((ms) => {
      times.push(ms);
      return 1;
    });
    try {
      const limiter = make({ initial: 1, max: 1 });
      const gate = new Gate();
      const first = limiter.run(() => gate.promise);
      const second = limiter.run(() => 1);
      const third = limiter.acquire();
      await settle();
      platform.advance(70);
      gate.open();
      await Promise.all([first, second]);
      const guard = await third;
      platform.advance(30);
      guard.release();
    } finally {
      spy.mockRestore();
    }
    expect(times).toEqual([70, 0, 30]);
  });

  test("a guard that was released early in its body counts once", async () => {
    const limiter = make({ initial: 1 });
    for (let at = 0; at < 9; at += 1) await limiter.run((guard) => guard.release());
    expect(limiter.limit).toBe(1);
    await limiter.run((guard) => guard.release());
    expect(limiter.limit).toBe(2);
  });

  test("a limit that grows lets in those who wait, one that shrinks takes nothing back", async () => {
    const limiter = make({ initial: 1 });
    for (let at = 0; at < 9; at += 1) limiter.tryAcquire()!.release();
    const last = limiter.tryAcquire()!;
    const waits = [limiter.acquire(), limiter.acquire()];
    last.release();
    expect(limiter.stats()).toMatchObject({ capacity: 2, held: 2, waiting: 0 });
    for (const guard of await Promise.all(waits)) {
      guard.outcome("ignore");
      guard.release();
    }
  });
});

describe("guards", () => {
  test("a spent guard says LW_NOT_HELD to release and outcome, and dispose is a no-op", async () => {
    const limiter = new AdaptiveLimiter({ name: "a" });
    const guard = await limiter.acquire();
    expect(String(guard)).toBe('Guard { lock: "a", held, weight: 1 }');
    guard.release();
    expect(guard.held).toBe(false);
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    expect(() => guard.outcome("ok")).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    guard[Symbol.dispose]();
    await guard[Symbol.asyncDispose]();
    expect(limiter.stats().held).toBe(0);
  });

  test("a wait that ends otherwise leaves nothing, and an aborted signal gives the permit back, body not run", async () => {
    const limiter = new AdaptiveLimiter({ initial: 1 });
    const hold = limiter.tryAcquire()!;
    const controller = new AbortController();
    let isRun = false;
    const run = codeOf(limiter.run(() => (isRun = true), { signal: controller.signal }));
    hold.release();
    controller.abort("late");
    expect([await run, isRun, limiter.stats().held]).toEqual(["late", false, 0]);
    limiter.close();
    expect(await codeOf(limiter.acquire())).toBe("LW_CLOSED");
    expect(await codeOf(limiter.run(() => 1))).toBe("LW_CLOSED");
    expect(() => limiter.tryAcquire()).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
  });

  test("its text tells the limit", () => {
    expect(String(new AdaptiveLimiter({ name: "db", initial: 4 }))).toBe(
      'AdaptiveLimiter { name: "db", held: 0 of 4, waiting: 0 }',
    );
  });
});
