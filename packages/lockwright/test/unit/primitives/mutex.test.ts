import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Guard, LockwrightError, Mutex } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  platform[Symbol.dispose]();
});

async function errorOf(promise: Promise<unknown>): Promise<LockwrightError> {
  return promise.then(
    () => expect.unreachable("resolved"),
    (error: LockwrightError) => error,
  );
}

describe("state", () => {
  test("inspect text shows state and waiter count, in subclasses too [11]", async () => {
    class Ledger extends Mutex {}
    const ledger = new Ledger({ name: "ledger" });
    const guard = await ledger.acquire();
    const wait = ledger.acquire();
    expect(inspect(ledger)).toBe('Ledger { name: "ledger", held: 1 of 1, waiting: 1 }');
    expect(String(ledger)).toBe(inspect(ledger));
    expect(inspect(guard)).toBe('Guard { lock: "ledger", held, weight: 1 }');
    guard.release();
    expect(inspect(guard)).toContain("released");
    (await wait).release();
    ledger.close();
    expect(inspect(ledger)).toContain("closed");
  });

  test("a mutex may be made before any task and is locked only while held [12]", async () => {
    const mutex = new Mutex();
    expect(mutex.locked).toBe(false);
    const guard = await mutex.acquire();
    expect(mutex.locked).toBe(true);
    guard.release();
    expect(mutex.locked).toBe(false);
  });

  test("stats are a frozen snapshot", () => {
    const mutex = new Mutex({ name: "m" });
    const before = mutex.stats();
    mutex.tryAcquire();
    expect(before).toEqual({ name: "m", capacity: 1, available: 1, held: 0, waiting: 0, closed: false });
    expect(Object.isFrozen(before)).toBe(true);
    expect(mutex.stats()).toMatchObject({ available: 0, held: 1 });
  });

  test("an unnamed mutex is named after its kind and a number of its own", () => {
    const [one, two] = [new Mutex(), new Mutex()];
    expect(one.name).toMatch(/^mutex-\d+$/);
    expect(one.name).not.toBe(two.name);
  });

  test("each acquisition has a guard of its own, and the promise machinery sees no thenable in it", async () => {
    const mutex = new Mutex();
    const first = await mutex.acquire();
    first.release();
    const second = await mutex.acquire();
    expect(second).not.toBe(first);
    expect((second as { then?: unknown }).then).toBeUndefined();
    second.release();
  });
});

describe("timeout", () => {
  test("a timeout rejects after exactly that long, naming the lock, and leaves the queue [28, I4]", async () => {
    const mutex = new Mutex({ name: "report" });
    const guard = mutex.tryAcquire()!;
    const wait = errorOf(mutex.acquire({ timeout: 50 }));
    platform.advance(49);
    expect(mutex.stats().waiting).toBe(1);
    platform.advance(1);
    expect(mutex.stats().waiting).toBe(0);
    const error = await wait;
    expect(error).toBeInstanceOf(LockwrightError);
    expect(error.code).toBe("LW_TIMEOUT");
    expect(error.message).toContain('"report" was not free within 50 ms (1 of 1 permits held, 0 callers wait)');
    guard.release();
    expect(mutex.locked).toBe(false);
  });

  test("the timer is gone once the lock is acquired [27]", async () => {
    const mutex = new Mutex();
    const guard = mutex.tryAcquire()!;
    const wait = mutex.acquire({ timeout: 50 });
    expect(platform.timers.size).toBe(1);
    expect([...platform.timers][0]!.isAlive).toBe(true);
    guard.release();
    expect(platform.timers.size).toBe(0);
    (await wait).release();
  });

  test("a timeout in the same tick as the release: the grant wins [I5]", async () => {
    const mutex = new Mutex();
    const guard = mutex.tryAcquire()!;
    const wait = mutex.acquire({ timeout: 50 });
    guard.release();
    platform.advance(100);
    const mine = await wait;
    expect(mine.held).toBe(true);
    mine.release();
  });

  test("a timeout of Infinity sets no timer, one beyond 2^31 - 1 ms waits that long", async () => {
    const mutex = new Mutex();
    const guard = mutex.tryAcquire()!;
    const forever = mutex.acquire({ timeout: Infinity });
    expect(platform.timers.size).toBe(0);
    const long = errorOf(mutex.acquire({ timeout: 2 ** 31 + 10 }));
    expect(Math.max(...platform.delays)).toBe(2 ** 31 - 1);
    platform.advance(2 ** 31 + 9);
    expect(mutex.stats().waiting).toBe(2);
    platform.advance(1);
    expect((await long).code).toBe("LW_TIMEOUT");
    guard.release();
    (await forever).release();
  });
});

describe("run", () => {
  test("bodyTimeout aborts the body's signal with LW_TIMEOUT and still waits for the body", async () => {
    const mutex = new Mutex({ name: "slow" });
    let finish = (): void => {};
    let seen: AbortSignal | undefined;
    const run = mutex.run(
      (_guard, signal) => {
        seen = signal;
        return new Promise<string>((resolve) => (finish = () => resolve("done")));
      },
      { bodyTimeout: 20 },
    );
    await Promise.resolve();
    await Promise.resolve();
    platform.advance(20);
    expect(seen!.aborted).toBe(true);
    expect(seen!.reason.code).toBe("LW_TIMEOUT");
    expect(seen!.reason.message).toContain('"slow"');
    expect(mutex.locked).toBe(true);
    finish();
    expect(await run).toBe("done");
    expect(mutex.locked).toBe(false);
  });

  test("bodyTimeout longer than a timer takes is waited for in pieces, and cleared when the body ends", async () => {
    const mutex = new Mutex();
    let signalSeen: AbortSignal | undefined;
    let finish = (): void => {};
    const run = mutex.run(
      (_guard, signal) => {
        signalSeen = signal;
        return new Promise<void>((resolve) => (finish = resolve));
      },
      { bodyTimeout: 2 ** 31 + 5 },
    );
    await Promise.resolve();
    await Promise.resolve();
    platform.advance(2 ** 31 + 4);
    expect(signalSeen!.aborted).toBe(false);
    platform.advance(1);
    expect(signalSeen!.aborted).toBe(true);
    finish();
    await run;
    await mutex.run(() => 1, { bodyTimeout: 10 });
  });

  test("a body with both sees the caller's abort through its own signal; the lock stays held", async () => {
    const mutex = new Mutex();
    const controller = new AbortController();
    const run = mutex.run(
      async (guard, signal) => {
        controller.abort("stop");
        expect(signal.aborted).toBe(true);
        expect(signal.reason).toBe("stop");
        expect(guard.held).toBe(true);
        return 7;
      },
      { signal: controller.signal, bodyTimeout: 1000 },
    );
    expect(await run).toBe(7);
  });

  test("the signal of bodies without one collects no listeners", async () => {
    const mutex = new Mutex();
    const signals = [await mutex.run((_guard, signal) => signal), await mutex.run((_guard, signal) => signal)];
    expect(signals[0]).toBe(signals[1]);
    signals[0]!.addEventListener("abort", () => expect.unreachable("aborted"));
    expect(signals[0]!.aborted).toBe(false);
  });

  test("the end of the body ends the hold, even when the guard was handed out of it", async () => {
    const mutex = new Mutex();
    let handed: Guard | undefined;
    await mutex.run((guard) => {
      handed = guard;
    });
    expect(handed!.held).toBe(false);
    expect(() => handed!.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
  });
});

describe("using", () => {
  test("a guard in a using block is released at its end, early release included", async () => {
    const mutex = new Mutex();
    {
      using guard = await mutex.acquire();
      expect(guard.held).toBe(true);
    }
    expect(mutex.locked).toBe(false);
    {
      using guard = await mutex.acquire();
      guard.release();
    }
    {
      await using guard = await mutex.acquire();
      expect(guard.held).toBe(true);
    }
    expect(mutex.locked).toBe(false);
  });
});

describe("order", () => {
  async function serveAll(
    mutex: Mutex,
    labels: readonly string[],
    priorities: readonly number[] = [],
  ): Promise<string[]> {
    const guard = mutex.tryAcquire()!;
    const served: string[] = [];
    const waits = labels.map(async (label, at) => {
      const priority = priorities[at];
      const mine = await mutex.acquire(priority === undefined ? {} : { priority });
      served.push(label);
      mine.release();
    });
    guard.release();
    await Promise.all(waits);
    return served;
  }

  test("lifo serves the newest first [I6]", async () => {
    expect(await serveAll(new Mutex({ order: "lifo" }), ["a", "b", "c"])).toEqual(["c", "b", "a"]);
  });

  test("priority serves the larger first, equals by arrival [I6]", async () => {
    const mutex = new Mutex({ order: "priority" });
    expect(await serveAll(mutex, ["a", "b", "c", "d"], [0, 5, 0, 5])).toEqual(["b", "d", "a", "c"]);
  });

  test("with ageing every n-th grant serves the oldest, so nobody starves", async () => {
    const lifo = new Mutex({ order: "lifo", ageing: 3 });
    expect(await serveAll(lifo, ["a", "b", "c", "d", "e", "f"])).toEqual(["f", "e", "a", "d", "c", "b"]);
    const priority = new Mutex({ order: "priority", ageing: 2 });
    expect(await serveAll(priority, ["a", "b", "c", "d"], [0, 1, 2, 3])).toEqual(["d", "a", "c", "b"]);
  });

  test("maxWaiters sheds the next caller at once with LW_OVERLOADED", async () => {
    const mutex = new Mutex({ name: "busy", maxWaiters: 1 });
    const guard = mutex.tryAcquire()!;
    const wait = mutex.acquire();
    const error = await errorOf(mutex.acquire());
    expect(error.code).toBe("LW_OVERLOADED");
    expect(error.message).toContain('"busy" has its limit of 1 waiters');
    guard.release();
    (await wait).release();
    expect(new Mutex({ maxWaiters: 0 }).tryAcquire()!.held).toBe(true);
  });
});

describe("close and cancel", () => {
  test("LW_CLOSED carries the reason as its cause, a second close changes nothing", async () => {
    const mutex = new Mutex();
    const reason = new Error("shutdown");
    mutex.close(reason);
    mutex.close("other");
    expect((await errorOf(mutex.acquire())).cause).toBe(reason);
    expect((await errorOf(mutex.whenAvailable())).code).toBe("LW_CLOSED");
  });

  test("cancelWaiters counts and rejects whenAvailable callers too", async () => {
    const mutex = new Mutex();
    const guard = mutex.tryAcquire()!;
    const waits = [errorOf(mutex.acquire()), errorOf(mutex.whenAvailable())];
    expect(mutex.cancelWaiters()).toBe(2);
    const errors = await Promise.all(waits);
    expect(errors.map((error) => error.code)).toEqual(["LW_CANCELLED", "LW_CANCELLED"]);
    expect(errors[0]).not.toBe(errors[1]);
    guard.release();
    expect(mutex.cancelWaiters()).toBe(0);
  });

  test("a signal shared by waiters of two locks aborts both in one step", async () => {
    const [one, two] = [new Mutex(), new Mutex()];
    const guards = [one.tryAcquire()!, two.tryAcquire()!];
    const controller = new AbortController();
    const waits = [one, two, one].map((mutex) => errorOf(mutex.acquire({ signal: controller.signal })));
    const stays = two.acquire();
    controller.abort();
    expect([one.stats().waiting, two.stats().waiting]).toEqual([0, 1]);
    await Promise.all(waits);
    for (const guard of guards) guard.release();
    (await stays).release();
  });
});
