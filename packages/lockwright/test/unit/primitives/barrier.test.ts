import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Barrier } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { codeOf, errorOf, settle, statesOf, watch } from "../../support/waits.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  platform[Symbol.dispose]();
});

describe("filling up", () => {
  test("the n-th arrival lets all pass, each with an index of its own [69]", async () => {
    const barrier = new Barrier(3);
    const waits = [barrier.wait(), barrier.wait()];
    expect([barrier.waiting, barrier.phase]).toEqual([2, 0]);
    const last = barrier.wait();
    expect([barrier.waiting, barrier.phase]).toEqual([0, 1]);
    expect(await Promise.all([...waits, last])).toEqual([0, 1, 2]);
  });

  test("it serves generation after generation [69]", async () => {
    const barrier = new Barrier(2);
    const log: string[] = [];
    const party = async (name: string): Promise<void> => {
      for (let phase = 0; phase < 3; phase += 1) {
        log.push(`${name}${phase}`);
        await barrier.wait();
      }
    };
    await Promise.all([party("a"), party("b")]);
    expect(log.map((entry) => entry[1])).toEqual(["0", "0", "1", "1", "2", "2"]);
    expect(barrier.phase).toBe(3);
  });

  test("a single party never waits [69]", async () => {
    const barrier = new Barrier(1);
    expect(await barrier.wait({ timeout: 0 })).toBe(0);
    expect(await barrier.wait({ timeout: 0 })).toBe(0);
    expect(barrier.phase).toBe(2);
  });

  // A and B fill the barrier; A comes round at once, before B has gone on.
  test("an arrival during the release belongs to the next generation [70]", async () => {
    const barrier = new Barrier(2);
    const first = barrier.wait();
    const second = barrier.wait();
    const again = watch(barrier.wait());
    expect(barrier.waiting).toBe(1);
    expect(await Promise.all([first, second])).toEqual([0, 1]);
    await settle();
    expect(again.state).toBe("waits");
    expect(await barrier.wait()).toBe(1);
    await settle();
    expect(again.value).toBe(0);
  });

  test("one that is cancelled only lowers the count, and the indices close up [71, W1]", async () => {
    const barrier = new Barrier(3);
    const controller = new AbortController();
    const gone = barrier.wait({ signal: controller.signal });
    const stays = watch(barrier.wait());
    controller.abort("gone");
    expect(await errorOf(gone)).toBe("gone");
    expect([barrier.waiting, barrier.broken]).toEqual([1, false]);
    const third = watch(barrier.wait());
    await settle();
    expect(statesOf([stays, third])).toBe("waits waits");
    expect(await barrier.wait()).toBe(2);
    await settle();
    expect([stays.value, third.value]).toEqual([0, 1]);
  });

  test("one that times out only lowers the count, and a timeout of 0 passes only as the last [71]", async () => {
    const barrier = new Barrier(2, { name: "b" });
    const wait = watch(barrier.wait({ timeout: 10 }));
    platform.advance(10);
    await settle();
    expect(String(wait.error)).toContain('"b" did not fill up within 10 ms (0 other callers wait)');
    expect(await codeOf(barrier.wait({ timeout: 0 }))).toBe("LW_TIMEOUT");
    const first = watch(barrier.wait());
    expect(await barrier.wait({ timeout: 0 })).toBe(1);
    await settle();
    expect(first.value).toBe(0);
  });

  // A waits; B fills the barrier; A is aborted in the same tick.
  test("an abort after the trip changes nothing [21, W2]", async () => {
    const barrier = new Barrier(2);
    const controller = new AbortController();
    const a = barrier.wait({ signal: controller.signal });
    const b = barrier.wait();
    controller.abort("late");
    expect(await Promise.all([a, b])).toEqual([0, 1]);
  });

  test("cancelled right before the last arrival, in the same tick, it does not count [17]", async () => {
    const barrier = new Barrier(2);
    const controller = new AbortController();
    const a = watch(barrier.wait({ signal: controller.signal }));
    controller.abort("gone");
    const b = watch(barrier.wait());
    await settle();
    expect(statesOf([a, b])).toBe("failed waits");
  });
});

describe("breaking", () => {
  test("reset breaks those who wait, and the barrier works again [72]", async () => {
    const barrier = new Barrier(3, { name: "b" });
    const waits = [barrier.wait(), barrier.wait()];
    barrier.reset();
    expect([barrier.broken, barrier.waiting, barrier.phase]).toEqual([false, 0, 0]);
    for (const wait of waits) {
      expect(await errorOf(wait)).toMatchObject({
        code: "LW_BROKEN",
        message: expect.stringContaining('"b" was reset while 2 of 3 parties waited'),
      });
    }
    expect(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()])).toEqual([0, 1, 2]);
  });

  // A and B pass; C, of the next generation, waits; the reset comes before A and B have gone on.
  test("a reset during a release breaks the next generation only [72]", async () => {
    const barrier = new Barrier(2);
    const passed = [barrier.wait(), barrier.wait()];
    const next = barrier.wait();
    barrier.reset();
    expect(await Promise.all(passed)).toEqual([0, 1]);
    expect(await codeOf(next)).toBe("LW_BROKEN");
  });

  test("abort breaks those who wait and who come, with its reason as cause, until reset [72]", async () => {
    const barrier = new Barrier(2);
    const waits = barrier.wait();
    const reason = new Error("party failed");
    barrier.abort(reason);
    expect(barrier.broken).toBe(true);
    const errors = [await errorOf(waits), await errorOf(barrier.wait()), await errorOf(barrier.wait())];
    for (const error of errors) expect(error).toMatchObject({ code: "LW_BROKEN", cause: reason });
    expect(new Set(errors).size).toBe(3);
    barrier.reset();
    expect(barrier.broken).toBe(false);
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1]);
  });

  test("a party on a failing path aborts, and the others hear of it instead of waiting [72]", async () => {
    const barrier = new Barrier(2);
    const fails = async (): Promise<void> => {
      try {
        throw new Error("no data");
      } catch (error) {
        barrier.abort(error);
      }
    };
    const other = barrier.wait();
    await fails();
    expect(await errorOf(other)).toMatchObject({ code: "LW_BROKEN", cause: new Error("no data") });
  });
});

describe("onTrip", () => {
  test("runs once per phase, with its number, before any party goes on", async () => {
    const log: string[] = [];
    const barrier = new Barrier(2, { onTrip: (phase) => log.push(`trip ${phase}`) });
    const party = async (name: string): Promise<void> => {
      await barrier.wait();
      log.push(name);
    };
    await Promise.all([party("a"), party("b")]);
    await Promise.all([party("c"), party("d")]);
    expect(log.filter((entry) => entry.startsWith("trip"))).toEqual(["trip 0", "trip 1"]);
    expect(log.slice(0, 1).concat(log.slice(3, 4))).toEqual(["trip 0", "trip 1"]);
  });

  test("one that throws lets nobody pass and breaks the barrier until reset [72]", async () => {
    const failure = new Error("merge failed");
    let isBad = true;
    const phases: number[] = [];
    const barrier = new Barrier(2, {
      onTrip(phase) {
        phases.push(phase);
        if (isBad) throw failure;
      },
    });
    const first = barrier.wait();
    expect(await errorOf(barrier.wait())).toBe(failure);
    expect(await errorOf(first)).toMatchObject({ code: "LW_BROKEN", cause: failure });
    expect([barrier.broken, barrier.phase, barrier.waiting]).toEqual([true, 0, 0]);
    isBad = false;
    barrier.reset();
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1]);
    expect(phases).toEqual([0, 0]);
  });

  test("one that is async is refused: the parties would pass before it is done", async () => {
    const barrier = new Barrier(1, { onTrip: (async () => undefined) as never });
    await expect(barrier.wait()).rejects.toThrow(/onTrip must not return a promise/);
    expect(barrier.broken).toBe(true);
  });

  test("an arrival from within it belongs to the next generation [70]", async () => {
    const nested: Promise<number>[] = [];
    const barrier: Barrier = new Barrier(2, {
      onTrip: (phase) => {
        if (phase === 0) nested.push(barrier.wait());
      },
    });
    expect(await Promise.all([barrier.wait(), barrier.wait()])).toEqual([0, 1]);
    expect(barrier.waiting).toBe(1);
    expect(await barrier.wait()).toBe(1);
    expect(await nested[0]).toBe(0);
  });

  test("abort or reset from within it keep the generation from passing [72]", async () => {
    for (const isReset of [false, true]) {
      const barrier: Barrier = new Barrier(2, {
        onTrip: () => (isReset ? barrier.reset() : barrier.abort("from within")),
      });
      const first = barrier.wait();
      expect(await codeOf(barrier.wait())).toBe("LW_BROKEN");
      expect(await codeOf(first)).toBe("LW_BROKEN");
      expect([barrier.broken, barrier.phase]).toEqual([!isReset, 0]);
    }
  });

  test("a party aborted from within it leaves, the others pass", async () => {
    const controller = new AbortController();
    const barrier = new Barrier(3, { onTrip: () => controller.abort("out") });
    const gone = watch(barrier.wait({ signal: controller.signal }));
    const stays = watch(barrier.wait());
    expect(await barrier.wait()).toBe(2);
    await settle();
    expect([gone.error, stays.value]).toEqual(["out", 0]);
  });
});

test("inspect text shows phase, waiter count and damage [11]", () => {
  const barrier = new Barrier(3, { name: "sync" });
  void barrier.wait().catch(() => undefined);
  expect(inspect(barrier)).toBe('Barrier { name: "sync", phase: 0, waiting: 1 of 3 }');
  barrier.abort();
  expect(String(barrier)).toBe('Barrier { name: "sync", phase: 0, waiting: 0 of 3, broken }');
  expect(new Barrier(2).name).toMatch(/^barrier-\d+$/);
});
