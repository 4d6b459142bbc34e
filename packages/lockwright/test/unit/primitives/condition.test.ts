import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { pendingDeadlines } from "../../../src/core/deadlines.js";
import { Condition, type Guard, Mutex } from "../../../src/index.js";
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

/** Takes the mutex and waits; the guard is released when the wait has ended, either way. */
async function waiter(
  condition: Condition,
  options: { signal?: AbortSignal; timeout?: number } = {},
  onEnd?: (guard: Guard) => void,
): Promise<void> {
  const guard = await condition.lock.acquire();
  try {
    await condition.wait(guard, options);
  } finally {
    onEnd?.(guard);
    guard.release();
  }
}

/** Takes the free mutex, notifies and releases. */
function notify(condition: Condition, n?: number): number {
  const guard = condition.lock.tryAcquire()!;
  const moved = n === Infinity ? condition.notifyAll(guard) : condition.notify(guard, n);
  guard.release();
  return moved;
}

describe("waiting and notifying", () => {
  test("a wait gives the mutex free and has it back, by the same guard, when it settles [64, C1, L1]", async () => {
    const mutex = new Mutex();
    const condition = new Condition(mutex);
    const guard = await mutex.acquire();
    const wait = condition.wait(guard);
    expect([mutex.locked, guard.held, condition.waiting]).toEqual([false, false, 1]);
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    expect(notify(condition)).toBe(1);
    // I3: handed over before release returned.
    expect([mutex.locked, guard.held, condition.waiting]).toEqual([true, true, 0]);
    expect(mutex.tryAcquire()).toBeUndefined();
    await wait;
    guard.release();
    expect(mutex.locked).toBe(false);
  });

  test("notify wakes nobody: the notified stands in the mutex's queue until the holder releases [C2]", async () => {
    const condition = new Condition();
    const wait = watch(waiter(condition));
    await settle();
    const guard = condition.lock.tryAcquire()!;
    expect([condition.notify(guard), condition.waiting, condition.lock.stats().waiting]).toEqual([1, 0, 1]);
    await settle();
    expect(wait.state).toBe("waits");
    guard.release();
    await settle();
    expect(wait.state).toBe("passed");
  });

  test("notified in order of arrival, n at a time; notifyAll takes the rest [62]", async () => {
    const condition = new Condition();
    const order: number[] = [];
    const waits = [1, 2, 3, 4, 5].map((id) => waiter(condition, {}, () => order.push(id)));
    await settle();
    expect(condition.waiting).toBe(5);
    expect(notify(condition)).toBe(1);
    await settle();
    expect([order, condition.waiting]).toEqual([[1], 4]);
    expect(notify(condition, 2)).toBe(2);
    await settle();
    expect(order).toEqual([1, 2, 3]);
    expect(notify(condition, Infinity)).toBe(2);
    await Promise.all(waits);
    expect([order, notify(condition), notify(condition, 9)]).toEqual([[1, 2, 3, 4, 5], 0, 0]);
  });

  // A waits; B is notified; C comes to the mutex after the notification.
  test("a newcomer does not pass a notified waiter [2]", async () => {
    const condition = new Condition();
    const order: string[] = [];
    const waits = waiter(condition, {}, () => order.push("notified"));
    await settle();
    const guard = condition.lock.tryAcquire()!;
    condition.notify(guard);
    const late = condition.lock.run(() => order.push("newcomer"));
    guard.release();
    await Promise.all([waits, late]);
    expect(order).toEqual(["notified", "newcomer"]);
  });

  test("exclusion holds through waits and notifications", async () => {
    const condition = new Condition();
    let inside = 0;
    const one = async (): Promise<void> => {
      const guard = await condition.lock.acquire();
      await condition.wait(guard);
      assert.equal(++inside, 1);
      await Promise.resolve();
      assert.equal(inside--, 1);
      condition.notifyAll(guard);
      guard.release();
    };
    const all = Promise.all(Array.from({ length: 20 }, one));
    await settle();
    notify(condition);
    await all;
  });

  test("wait and notify without the lock are refused, and change nothing [63]", async () => {
    const mutex = new Mutex({ name: "m" });
    const condition = new Condition(mutex);
    const foreign = await new Mutex().acquire();
    const spent = await mutex.acquire();
    spent.release();
    for (const guard of [foreign, spent]) {
      expect(await errorOf(condition.wait(guard))).toMatchObject({
        code: "LW_NOT_HELD",
        message: expect.stringContaining('this guard does not hold "m"'),
      });
      expect(await codeOf(condition.waitFor(guard, () => true))).toBe("LW_NOT_HELD");
      expect(() => condition.notify(guard)).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
      expect(() => condition.notifyAll(guard)).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    }
    expect([foreign.held, mutex.locked, condition.waiting]).toEqual([true, false, 0]);
  });

  test("a guard that is lent already cannot be lent or used to notify [63, L1]", async () => {
    const condition = new Condition();
    const guard = await condition.lock.acquire();
    const wait = watch(condition.wait(guard));
    expect(await codeOf(condition.wait(guard))).toBe("LW_NOT_HELD");
    expect(() => condition.notifyAll(guard)).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    expect([condition.waiting, wait.state]).toEqual([1, "waits"]);
    expect(inspect(guard)).toContain("lent");
  });

  test("two conditions share one mutex and do not hear each other [68]", async () => {
    const mutex = new Mutex();
    const [full, empty] = [new Condition(mutex), new Condition(mutex)];
    const waits = [watch(waiter(full)), watch(waiter(empty))];
    await settle();
    expect(notify(empty, Infinity)).toBe(1);
    await settle();
    expect([statesOf(waits), full.waiting, empty.waiting]).toEqual(["waits passed", 1, 0]);
  });

  test("a condition without a lock makes its own [68]", async () => {
    const condition = new Condition();
    expect(condition.lock).toBeInstanceOf(Mutex);
    expect(condition.lock.locked).toBe(false);
  });

  test("a mutex by priority lets the returning holder in by the priority of its hold", async () => {
    const mutex = new Mutex({ order: "priority", ageing: 5 });
    const condition = new Condition(mutex);
    const order: string[] = [];
    // Queued for it, since only a queued acquire carries its priority.
    const first = mutex.tryAcquire()!;
    const important = (async () => {
      const guard = await mutex.acquire({ priority: 5 });
      await condition.wait(guard);
      order.push("important");
      guard.release();
    })();
    first.release();
    await settle();
    const holder = mutex.tryAcquire()!;
    const other = mutex.run(() => order.push("other"), { priority: 1 });
    condition.notify(holder);
    holder.release();
    await Promise.all([important, other]);
    expect(order).toEqual(["important", "other"]);
  });
});

describe("cancelling", () => {
  test("a cancelled wait has the mutex back before it rejects: held in finally [64, C1]", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    let wasHeld = false;
    const wait = waiter(condition, { signal: controller.signal }, (guard) => (wasHeld = guard.held));
    await settle();
    controller.abort("gone");
    // The mutex was free: it is the waiter's again before abort returned.
    expect([condition.lock.locked, condition.waiting]).toEqual([true, 0]);
    expect(await errorOf(wait)).toBe("gone");
    expect([wasHeld, condition.lock.locked]).toEqual([true, false]);
    expect(hasAbortGroup(controller.signal)).toBe(false);
  });

  // A waits; B holds the mutex; A is aborted.
  test("cancelled while another holds the mutex, it rejects only when it has it back [66, C1]", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const a = watch(waiter(condition, { signal: controller.signal }));
    await settle();
    const b = condition.lock.tryAcquire()!;
    controller.abort("gone");
    await settle();
    expect([a.state, condition.waiting, condition.lock.stats().waiting]).toEqual(["waits", 0, 1]);
    b.release();
    await settle();
    expect([a.error, condition.lock.locked]).toEqual(["gone", false]);
  });

  // A and B wait; C holds and notifies A; A is aborted before C releases. All in one tick.
  test("notified and then cancelled, it rejects and another gets its notification [65, C3]", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const order: string[] = [];
    const a = watch(waiter(condition, { signal: controller.signal }, () => order.push("a")));
    const b = watch(waiter(condition, {}, () => order.push("b")));
    await settle();
    const c = condition.lock.tryAcquire()!;
    condition.notify(c);
    controller.abort("gone");
    expect([condition.waiting, condition.lock.stats().waiting]).toEqual([0, 2]);
    c.release();
    await settle();
    expect([a.error, b.state, order]).toEqual(["gone", "passed", ["a", "b"]]);
    expect(condition.lock.locked).toBe(false);
  });

  // A waits; C notifies it and releases, which hands A the mutex; A is aborted in the same tick, too late.
  test("cancelled after it has the mutex back, it has been notified [18, W2]", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const a = watch(waiter(condition, { signal: controller.signal }));
    const b = watch(waiter(condition));
    await settle();
    notify(condition);
    controller.abort("late");
    await settle();
    expect(statesOf([a, b])).toBe("passed waits");
  });

  // A, B and C wait with one signal; D notifies A; the signal aborts.
  test("one signal of notified and waiting alike cancels all, and the notification passes to one who stays", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const gone = [1, 2, 3].map(() => watch(waiter(condition, { signal: controller.signal })));
    const stays = watch(waiter(condition));
    await settle();
    const d = condition.lock.tryAcquire()!;
    condition.notify(d);
    controller.abort("all");
    d.release();
    await settle();
    expect(gone.map((each) => each.error)).toEqual(["all", "all", "all"]);
    expect([stays.state, condition.lock.locked, condition.waiting]).toEqual(["passed", false, 0]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("a timeout ends the waiting after exactly that long, and says whether it was notified", async () => {
    const condition = new Condition(new Mutex({ name: "m" }));
    const a = watch(waiter(condition, { timeout: 50 }));
    await settle();
    platform.advance(49);
    await settle();
    expect(a.state).toBe("waits");
    platform.advance(1);
    await settle();
    expect(a.error).toMatchObject({ code: "LW_TIMEOUT" });
    expect(String(a.error)).toContain('the wait on a condition of "m" was not notified within 50 ms');
    const b = watch(waiter(condition, { timeout: 50 }));
    const c = watch(waiter(condition));
    await settle();
    const holder = condition.lock.tryAcquire()!;
    condition.notify(holder);
    platform.advance(50);
    holder.release();
    await settle();
    expect(String(b.error)).toContain("was notified and did not get the lock back within 50 ms");
    expect(c.state).toBe("passed");
  });

  test("a signal aborted beforehand and a timeout of 0 reject at once and give nothing free", async () => {
    const condition = new Condition();
    const guard = await condition.lock.acquire();
    expect(await errorOf(condition.wait(guard, { signal: AbortSignal.abort("no") }))).toBe("no");
    expect(await codeOf(condition.wait(guard, { timeout: 0 }))).toBe("LW_TIMEOUT");
    expect([guard.held, condition.waiting]).toEqual([true, 0]);
    guard.release();
  });

  test("nothing is left unhandled while a cancelled waiter waits for the mutex", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const condition = new Condition();
    const controller = new AbortController();
    const a = watch(waiter(condition, { signal: controller.signal }));
    await settle();
    const holder = condition.lock.tryAcquire()!;
    controller.abort("gone");
    await new Promise((resolve) => setImmediate(resolve));
    holder.release();
    await settle();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect([a.error, unhandled]).toEqual(["gone", []]);
  });
});

describe("the end of the lock or of the hold", () => {
  test("closing the mutex rejects who waits, each with the mutex back; the notified go on [C1, L2]", async () => {
    const condition = new Condition(new Mutex({ name: "m" }));
    const notified = watch(waiter(condition));
    let heldAtEnd = 0;
    const waiting = [1, 2].map(() => watch(waiter(condition, {}, (guard) => (heldAtEnd += Number(guard.held)))));
    await settle();
    const guard = condition.lock.tryAcquire()!;
    condition.notify(guard);
    const newcomer = watch(condition.lock.acquire());
    condition.lock.close("shutdown");
    await settle();
    expect([statesOf([notified, ...waiting]), newcomer.state]).toEqual(["waits waits waits", "failed"]);
    guard.release();
    await settle();
    expect(notified.state).toBe("passed");
    for (const each of waiting) expect(each.error).toMatchObject({ code: "LW_CLOSED", cause: "shutdown" });
    expect([heldAtEnd, condition.lock.locked, condition.waiting]).toEqual([2, false, 0]);
  });

  test("a wait on a closed mutex is refused, and the hold stays", async () => {
    const condition = new Condition();
    const guard = await condition.lock.acquire();
    condition.lock.close();
    expect(await codeOf(condition.wait(guard))).toBe("LW_CLOSED");
    expect(guard.held).toBe(true);
  });

  test("cancelWaiters of the mutex turns newcomers away, not a holder who comes back [L2]", async () => {
    const condition = new Condition();
    const wait = watch(waiter(condition));
    await settle();
    const guard = condition.lock.tryAcquire()!;
    condition.notify(guard);
    const newcomer = watch(condition.lock.acquire());
    expect(condition.lock.cancelWaiters("no")).toBe(1);
    guard.release();
    await settle();
    expect([wait.state, newcomer.error]).toEqual(["passed", "no"]);
  });

  test("maxWaiters does not turn away a holder who comes back [L2]", async () => {
    const condition = new Condition(new Mutex({ maxWaiters: 0 }));
    const wait = watch(waiter(condition));
    await settle();
    notify(condition);
    await settle();
    expect(wait.state).toBe("passed");
  });

  // A body begins a wait and does not await it; its hold ends while lent.
  test("a run that ends while its guard is lent takes the wait with it, and nothing stays locked [L3]", async () => {
    const condition = new Condition(new Mutex({ name: "m" }));
    let wait: Promise<void> | undefined;
    await condition.lock.run((guard) => {
      wait = condition.wait(guard);
      wait.catch(() => undefined);
    });
    expect(await errorOf(wait!)).toMatchObject({
      code: "LW_NOT_HELD",
      message: expect.stringContaining('the hold of "m" ended while it was lent'),
    });
    expect([condition.waiting, condition.lock.locked]).toEqual([0, false]);
    expect(notify(condition)).toBe(0);
  });

  // A and B wait; A's block ends after A was notified and before it has the mutex back.
  test("a using block left while notified passes the notification on [L3, C3]", async () => {
    const condition = new Condition();
    const guard = await condition.lock.acquire();
    const a = watch(condition.wait(guard));
    const b = watch(waiter(condition));
    await settle();
    const holder = condition.lock.tryAcquire()!;
    condition.notify(holder);
    guard[Symbol.dispose]();
    holder.release();
    await settle();
    expect([a.error, b.state]).toEqual([expect.objectContaining({ code: "LW_NOT_HELD" }), "passed"]);
    expect([condition.lock.locked, condition.lock.stats().waiting]).toEqual([false, 0]);
  });

  test("left while cancelled and waiting for the mutex, it rejects with the first reason, and nothing is unhandled", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const guard = await condition.lock.acquire();
    const a = watch(condition.wait(guard, { signal: controller.signal }));
    const holder = condition.lock.tryAcquire()!;
    controller.abort("gone");
    await guard[Symbol.asyncDispose]();
    await settle();
    expect([a.error, condition.lock.stats().waiting]).toEqual(["gone", 0]);
    holder.release();
    expect(condition.lock.locked).toBe(false);
  });
});

describe("waitFor", () => {
  test("gives the predicate's value, at once if it is truthy, without giving the mutex free [67]", async () => {
    const condition = new Condition();
    const guard = await condition.lock.acquire();
    const found = condition.waitFor(guard, () => "there");
    expect(guard.held).toBe(true);
    expect(await found).toBe("there");
    expect(await condition.waitFor(guard, () => 7, { timeout: 0 })).toBe(7);
    guard.release();
  });

  test("survives notifications that change nothing, looking only while the mutex is held [67]", async () => {
    const condition = new Condition();
    let stock = 0;
    let looks = 0;
    const guard = await condition.lock.acquire();
    const wait = watch(
      condition.waitFor(guard, () => {
        looks += 1;
        expect(guard.held).toBe(true);
        return stock;
      }),
    );
    for (let round = 0; round < 3; round += 1) {
      await settle();
      notify(condition, Infinity);
    }
    await settle();
    expect([wait.state, looks]).toEqual(["waits", 4]);
    stock = 5;
    notify(condition);
    await settle();
    expect([wait.value, guard.held]).toEqual([5, true]);
  });

  test("its timeout bounds the whole of it, over all notifications", async () => {
    const condition = new Condition();
    const guard = await condition.lock.acquire();
    const wait = watch(condition.waitFor(guard, () => false, { timeout: 50 }));
    for (let round = 0; round < 4; round += 1) {
      await settle();
      platform.advance(12);
      notify(condition);
    }
    await settle();
    expect(wait.state).toBe("waits");
    platform.advance(2);
    await settle();
    expect(String(wait.error)).toContain("was not notified within 50 ms");
    expect(guard.held).toBe(true);
  });

  test("an abort between notification and look still looks first [I5]", async () => {
    const condition = new Condition();
    const controller = new AbortController();
    const guard = await condition.lock.acquire();
    let isReady = false;
    const wait = watch(condition.waitFor(guard, () => isReady, { signal: controller.signal }));
    await settle();
    isReady = true;
    notify(condition);
    controller.abort("late");
    await settle();
    expect(wait.value).toBe(true);
  });

  test("a predicate that throws rejects with that error, mutex held; one that is async is refused [67]", async () => {
    const condition = new Condition();
    const guard = await condition.lock.acquire();
    const failure = new Error("cannot look");
    const throwing = condition.waitFor(guard, () => {
      throw failure;
    });
    expect(await errorOf(throwing)).toBe(failure);
    await expect(condition.waitFor(guard, async () => false)).rejects.toThrow(/must not return a promise/);
    expect([guard.held, condition.waiting]).toEqual([true, 0]);
    guard.release();
  });
});

test("inspect text shows the lock and the waiter count, in subclasses too [11]", async () => {
  class Ready extends Condition {}
  const ready = new Ready(new Mutex({ name: "m" }));
  void ready.wait(await ready.lock.acquire());
  expect(inspect(ready)).toBe('Ready { lock: "m", waiting: 1 }');
});
