import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { AutoResetEvent, CountDownLatch, ManualResetEvent, type WaitOptions } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { codeOf, errorOf, settle, statesOf, watch } from "../../support/waits.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  assert.equal(pendingDeadlines(), 0);
  platform[Symbol.dispose]();
});

/** What the three have in common: something opens and somebody waits for it. */
interface Opened {
  readonly name: string;
  readonly waiting: number;
  wait(options?: WaitOptions): Promise<void>;
}

const subjects: Readonly<Record<string, () => { readonly it: Opened; readonly open: () => void }>> = {
  ManualResetEvent: () => {
    const it = new ManualResetEvent({ name: "ready" });
    return { it, open: () => it.set() };
  },
  AutoResetEvent: () => {
    const it = new AutoResetEvent({ name: "ready" });
    return { it, open: () => it.set() };
  },
  CountDownLatch: () => {
    const it = new CountDownLatch(1, { name: "ready" });
    return { it, open: () => it.countDown() };
  },
};

describe.each(Object.entries(subjects))("%s", (_class, make) => {
  test("a wait is a native promise that the opening settles", async () => {
    const { it, open } = make();
    const wait = it.wait();
    expect(Object.getPrototypeOf(wait)).toBe(Promise.prototype);
    expect(it.waiting).toBe(1);
    open();
    expect(it.waiting).toBe(0);
    expect(await wait).toBeUndefined();
  });

  test("a cancelled waiter rejects with the reason itself and leaves at once [61, 15, W1]", async () => {
    const { it } = make();
    const controller = new AbortController();
    const reason = new Error("gone");
    const wait = it.wait({ signal: controller.signal });
    const other = watch(it.wait());
    expect(it.waiting).toBe(2);
    controller.abort(reason);
    expect(it.waiting).toBe(1);
    expect(await errorOf(wait)).toBe(reason);
    expect(other.state).toBe("waits");
  });

  // A waits; B opens; C aborts A. All in one tick.
  test("aborted before the opening in the same tick, a waiter stays cancelled [61]", async () => {
    const { it, open } = make();
    const controller = new AbortController();
    const wait = it.wait({ signal: controller.signal });
    controller.abort("gone");
    open();
    expect(await errorOf(wait)).toBe("gone");
  });

  test("opened before the abort in the same tick, a waiter has passed [61, W2]", async () => {
    const { it, open } = make();
    const controller = new AbortController();
    const wait = it.wait({ signal: controller.signal });
    open();
    controller.abort("too late");
    expect(await wait).toBeUndefined();
  });

  test("a signal aborted beforehand rejects, open or not, and uses up nothing", async () => {
    const { it, open } = make();
    open();
    expect(await errorOf(it.wait({ signal: AbortSignal.abort("no") }))).toBe("no");
    expect(await it.wait()).toBeUndefined();
  });

  test("a timeout rejects after exactly that long, naming what was waited for and who else waits", async () => {
    const { it } = make();
    const wait = watch(it.wait({ timeout: 50 }));
    void it.wait();
    platform.advance(49);
    await settle();
    expect(wait.state).toBe("waits");
    platform.advance(1);
    await settle();
    expect(wait.error).toMatchObject({ code: "LW_TIMEOUT" });
    expect(String(wait.error)).toMatch(
      /"ready" (was not set|did not reach zero) within 50 ms \(1 other caller waits\); /,
    );
    expect(it.waiting).toBe(1);
  });

  test("a timeout of 0 is now or never, one of Infinity sets no timer", async () => {
    const { it, open } = make();
    expect(await codeOf(it.wait({ timeout: 0 }))).toBe("LW_TIMEOUT");
    expect(it.waiting).toBe(0);
    const forever = it.wait({ timeout: Infinity });
    expect(platform.timers.size).toBe(0);
    open();
    expect(await forever).toBeUndefined();
  });

  test("the timer is gone once the waiter has passed", async () => {
    const { it, open } = make();
    const wait = it.wait({ timeout: 50 });
    expect(platform.timers.size).toBe(1);
    open();
    expect(platform.timers.size).toBe(0);
    await wait;
  });

  test("10 000 waiters on one signal leave in one abort", async () => {
    const { it } = make();
    const controller = new AbortController();
    const waits = Array.from({ length: 10_000 }, () => watch(it.wait({ signal: controller.signal })));
    controller.abort("all");
    expect(it.waiting).toBe(0);
    await settle();
    expect(waits.every((wait) => wait.error === "all")).toBe(true);
  });
});

describe("ManualResetEvent", () => {
  test("set lets pass all who wait and who come, until reset [62]", async () => {
    const event = new ManualResetEvent();
    const waits = [event.wait(), event.wait(), event.wait()].map(watch);
    expect([event.isSet, event.waiting]).toEqual([false, 3]);
    event.set();
    expect([event.isSet, event.waiting]).toEqual([true, 0]);
    await event.wait();
    event.reset();
    const late = watch(event.wait());
    await settle();
    expect(statesOf([...waits, late])).toBe("passed passed passed waits");
  });

  test("set and reset in one tick let pass who waits and nobody else", async () => {
    const event = new ManualResetEvent();
    const before = watch(event.wait());
    event.set();
    event.reset();
    const after = watch(event.wait());
    await settle();
    expect(statesOf([before, after])).toBe("passed waits");
  });

  test("waiters go on in order of arrival", async () => {
    const event = new ManualResetEvent();
    const order: number[] = [];
    const waits = [1, 2, 3].map(async (id) => {
      await event.wait();
      order.push(id);
    });
    event.set();
    await Promise.all(waits);
    expect(order).toEqual([1, 2, 3]);
  });

  test("one built set is set, and setting twice is no more than once", async () => {
    const event = new ManualResetEvent({ set: true });
    event.set();
    await event.wait({ timeout: 0 });
    event.reset();
    event.reset();
    expect(await codeOf(event.wait({ timeout: 0 }))).toBe("LW_TIMEOUT");
  });

  test("inspect text shows state and waiter count, in subclasses too [11]", () => {
    class Ready extends ManualResetEvent {}
    const ready = new Ready({ name: "db" });
    void ready.wait();
    expect(inspect(ready)).toBe('Ready { name: "db", set: false, waiting: 1 }');
    expect(new ManualResetEvent().name).toMatch(/^manual-reset-event-\d+$/);
  });
});

describe("AutoResetEvent", () => {
  test("each set lets exactly one pass, in order of arrival", async () => {
    const event = new AutoResetEvent();
    const waits = [event.wait(), event.wait(), event.wait()].map(watch);
    event.set();
    await settle();
    expect(statesOf(waits)).toBe("passed waits waits");
    event.set();
    event.set();
    await settle();
    expect(statesOf(waits)).toBe("passed passed passed");
    expect(event.tryWait()).toBe(false);
  });

  test("a set that finds nobody is stored once, and used up by the next caller", async () => {
    const event = new AutoResetEvent();
    event.set();
    event.set();
    await event.wait();
    expect(event.tryWait()).toBe(false);
    event.set();
    expect([event.tryWait(), event.tryWait()]).toEqual([true, false]);
  });

  test("reset forgets a stored set and wakes nobody", async () => {
    const event = new AutoResetEvent({ set: true });
    event.reset();
    expect(event.tryWait()).toBe(false);
  });

  // A and B wait; A is aborted; one set.
  test("a cancelled waiter uses up no set: the next gets it [16, 65]", async () => {
    const event = new AutoResetEvent();
    const controller = new AbortController();
    const a = watch(event.wait({ signal: controller.signal }));
    const b = watch(event.wait());
    controller.abort("gone");
    event.set();
    await settle();
    expect(statesOf([a, b])).toBe("failed passed");
  });

  // A and B wait; set goes to A; A is aborted in the same tick, too late.
  test("a waiter aborted after its set keeps it, and the next needs another [21, W2]", async () => {
    const event = new AutoResetEvent();
    const controller = new AbortController();
    const a = watch(event.wait({ signal: controller.signal }));
    const b = watch(event.wait());
    event.set();
    controller.abort("late");
    await settle();
    expect(statesOf([a, b])).toBe("passed waits");
  });

  test("inspect text shows state and waiter count [11]", () => {
    const event = new AutoResetEvent({ name: "poke", set: true });
    expect(inspect(event)).toBe('AutoResetEvent { name: "poke", stored: true, waiting: 0 }');
  });
});

describe("CountDownLatch", () => {
  test("the last step lets everyone pass, and it stays open", async () => {
    const latch = new CountDownLatch(3);
    const waits = [latch.wait(), latch.wait()].map(watch);
    latch.countDown();
    latch.countDown();
    await settle();
    expect([latch.count, statesOf(waits)]).toEqual([1, "waits waits"]);
    latch.countDown();
    await settle();
    expect([latch.count, latch.waiting, statesOf(waits)]).toEqual([0, 0, "passed passed"]);
    await latch.wait({ timeout: 0 });
  });

  test("several steps may be taken at once; below zero is LW_OVER_RELEASE and changes nothing", () => {
    const latch = new CountDownLatch(5, { name: "jobs" });
    latch.countDown(3);
    expect(() => latch.countDown(3)).toThrow(
      expect.objectContaining({
        code: "LW_OVER_RELEASE",
        message: expect.stringContaining('"jobs" has 2 steps left, fewer than 3'),
      }),
    );
    expect(latch.count).toBe(2);
    latch.countDown(2);
    expect(() => latch.countDown()).toThrow(expect.objectContaining({ code: "LW_OVER_RELEASE" }));
  });

  test("a count of 0 is open from the start", async () => {
    expect(await new CountDownLatch(0).wait({ timeout: 0 })).toBeUndefined();
  });

  test("inspect text shows state and waiter count [11]", () => {
    const latch = new CountDownLatch(2, { name: "up" });
    void latch.wait();
    expect(inspect(latch)).toBe('CountDownLatch { name: "up", count: 2, waiting: 1 }');
  });
});
