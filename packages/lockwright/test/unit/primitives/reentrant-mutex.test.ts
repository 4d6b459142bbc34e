import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { currentTask } from "../../../src/core/task.js";
import { type Guard, type ReentrantGuard, ReentrantMutex, taskScope } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let clock: TestPlatform & Disposable;
beforeEach(() => {
  clock = installTestPlatform();
});
afterEach(() => {
  assert.equal(clock.timers.size, 0, "no timer is left");
  clock[Symbol.dispose]();
});

async function settle(): Promise<void> {
  for (let step = 0; step < 50; step += 1) await Promise.resolve();
}

function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe("who is inside", () => {
  test("a body enters again, by run, runSync, acquire and tryAcquire, each a level deeper", async () => {
    const mutex = new ReentrantMutex();
    const depths: number[] = [];
    await mutex.run(async (outer) => {
      await Promise.resolve();
      depths.push(outer.depth);
      await mutex.run((guard) => void depths.push(guard.depth));
      mutex.runSync((guard) => {
        depths.push(guard.depth);
        mutex.runSync((inner) => void depths.push(inner.depth));
      });
      const acquired = await mutex.acquire();
      depths.push(acquired.depth);
      expect(mutex.tryAcquire(), "the level is taken").toBe(undefined);
      acquired.release();
      const tried = mutex.tryAcquire();
      depths.push(tried!.depth);
      tried!.release();
    });
    expect(depths).toEqual([1, 2, 2, 3, 2, 2]);
    expect(mutex.stats()).toMatchObject({ capacity: 1, available: 1, held: 0, waiting: 0 });
  });

  test("a guard from acquire is not in the context: its owner enters again with holding", async () => {
    const mutex = new ReentrantMutex();
    const outer = await mutex.acquire();
    let hasEntered = false;
    const outside = mutex.run(() => (hasEntered = true));
    await settle();
    expect(hasEntered).toBe(false);
    const inner = await mutex.acquire({ holding: outer });
    expect(inner.depth).toBe(2);
    const innermost = await mutex.run((guard) => guard.depth, { holding: [outer, inner] });
    expect(innermost, "the deepest of several counts").toBe(3);
    inner.release();
    outer.release();
    expect(await outside).toBe(true);
  });

  test("forked siblings exclude each other, and their parent's level stays held meanwhile", async () => {
    const mutex = new ReentrantMutex();
    let inside = 0;
    let most = 0;
    const child = (): Promise<void> =>
      mutex.run(async () => {
        inside += 1;
        most = Math.max(most, inside);
        await settle();
        inside -= 1;
      });
    await mutex.run(async () => {
      const siblings = Promise.all([child(), child(), child()]);
      await settle();
      expect(mutex.stats()).toMatchObject({ held: 1, waiting: 2 });
      await siblings;
    });
    expect(most).toBe(1);
  });

  test("a grandchild inside one sibling does not meet the other one", async () => {
    const mutex = new ReentrantMutex();
    const log: string[] = [];
    const child = (name: string): Promise<void> =>
      mutex.run(async () => {
        log.push(`${name} in`);
        await mutex.run(async () => {
          log.push(`${name} deeper`);
          await settle();
        });
        log.push(`${name} out`);
      });
    await mutex.run(() => Promise.all([child("A"), child("B")]));
    expect(log).toEqual(["A in", "A deeper", "A out", "B in", "B deeper", "B out"]);
  });

  test("outsiders wait until the stack is empty, in order of arrival", async () => {
    const mutex = new ReentrantMutex();
    const log: string[] = [];
    const end = gate();
    const outer = mutex.run(async () => {
      await end.opened;
      await mutex.run(() => void log.push("inner"));
      log.push("outer");
    });
    const outsiders = ["X", "Y"].map((name) => mutex.run(() => void log.push(name)));
    await settle();
    expect(mutex.stats().waiting).toBe(2);
    end.open();
    await Promise.all([outer, ...outsiders]);
    expect(log).toEqual(["inner", "outer", "X", "Y"]);
  });

  test("a child that outlives its hold is a stranger [L3]", async () => {
    const mutex = new ReentrantMutex();
    const late = gate();
    let child!: Promise<number>;
    await mutex.run(() => {
      child = late.opened.then(() => mutex.run((guard) => guard.depth));
    });
    const other = await mutex.acquire();
    late.open();
    await settle();
    expect(mutex.stats()).toMatchObject({ held: 1, waiting: 1 });
    other.release();
    expect(await child).toBe(1);
  });

  test("a child whose inner hold is over is still inside the outer one [L3]", async () => {
    const mutex = new ReentrantMutex();
    await mutex.run(async () => {
      const late = gate();
      let child!: Promise<number>;
      await mutex.run(() => {
        child = late.opened.then(() => mutex.run((guard) => guard.depth));
      });
      late.open();
      expect(await child).toBe(2);
    });
  });

  test("a hold that ends below a live inner one leaves when that does [L2]", async () => {
    const mutex = new ReentrantMutex();
    let inner!: ReentrantGuard;
    let body!: ReentrantGuard;
    await mutex.run(async (guard) => {
      body = guard;
      inner = await mutex.acquire();
    });
    expect(body.held).toBe(false);
    expect(() => body.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    expect(mutex.tryAcquire(), "still held for the inner one").toBe(undefined);
    const outside = mutex.run((guard) => guard.depth);
    inner.release();
    expect(mutex.stats().held, "handed over in the same step [I3]").toBe(1);
    expect(await outside).toBe(1);
  });

  test("one who asked inside a hold goes before outsiders, though the hold has ended meanwhile", async () => {
    const mutex = new ReentrantMutex();
    const log: string[] = [];
    const end = gate();
    const outer = mutex.run(async () => {
      void mutex.run(async () => (await end.opened, log.push("first child")));
      void mutex.run(() => log.push("second child"));
      await Promise.resolve();
    });
    const outside = mutex.run(() => log.push("outsider"));
    await outer;
    expect(log).toEqual([]);
    end.open();
    await outside;
    expect(log).toEqual(["first child", "second child", "outsider"]);
  });

  test("a detached call waits outside: nothing in the body waits for it", async () => {
    const mutex = new ReentrantMutex();
    const log: string[] = [];
    let follow!: Promise<unknown>;
    await mutex.run(async () => {
      follow = mutex.run((guard) => log.push(`follow-up at ${guard.depth}`), { detached: true });
      await settle();
      log.push("body ends");
    });
    await follow;
    expect(log).toEqual(["body ends", "follow-up at 1"]);
  });

  test("two reentrant mutexes are entered again in any order", async () => {
    const [a, b] = [new ReentrantMutex(), new ReentrantMutex()];
    const depths = await a.run(() => b.run(() => a.run((inA) => b.run((inB) => [inA.depth, inB.depth]))));
    expect(depths).toEqual([2, 2]);
  });

  test("the caller's own context is seen in every body", async () => {
    const caller = new AsyncLocalStorage<string>();
    const mutex = new ReentrantMutex();
    const seen = await Promise.all(
      ["a", "b"].map((name) => caller.run(name, () => mutex.run(() => mutex.run(() => caller.getStore())))),
    );
    expect(seen).toEqual(["a", "b"]);
    expect(await taskScope(() => mutex.run(() => mutex.run((guard) => guard.depth)))).toBe(2);
  });
});

describe("waits inside", () => {
  test("a signal, a timeout and cancelWaiters end a wait inside and leave the rest [I4]", async () => {
    const mutex = new ReentrantMutex();
    await mutex.run(async (outer) => {
      const first = await mutex.acquire();
      const controller = new AbortController();
      const aborted = mutex.run(() => 1, { signal: controller.signal, detached: false });
      const timed = mutex.acquire({ timeout: 5 });
      const cancelled = mutex.acquire();
      controller.abort("enough");
      await expect(aborted).rejects.toBe("enough");
      clock.advance(5);
      await expect(timed).rejects.toMatchObject({ code: "LW_TIMEOUT" });
      expect(mutex.cancelWaiters()).toBe(1);
      await expect(cancelled).rejects.toMatchObject({ code: "LW_CANCELLED" });
      first.release();
      expect(outer.held).toBe(true);
    });
    expect(mutex.stats().held).toBe(0);
  });

  test("close rejects waiters of every level and every later call, and holders finish", async () => {
    const mutex = new ReentrantMutex({ name: "r" });
    const outside = mutex.run(async () => {
      const inner = await mutex.acquire();
      const waitInside = mutex.acquire();
      mutex.close("over");
      await expect(waitInside).rejects.toMatchObject({ code: "LW_CLOSED", cause: "over" });
      inner.release();
      await expect(mutex.run(() => 1)).rejects.toMatchObject({ code: "LW_CLOSED" });
      await expect(mutex.run(() => mutex.run(() => 1))).rejects.toMatchObject({ code: "LW_CLOSED" });
      expect(() => mutex.tryAcquire()).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
      return "finished";
    });
    const waiter = mutex.acquire();
    await expect(waiter).rejects.toMatchObject({ code: "LW_CLOSED" });
    expect(await outside).toBe("finished");
    expect(mutex.stats()).toMatchObject({ held: 0, closed: true });
  });

  test("a level first climbed after close is closed too", async () => {
    const mutex = new ReentrantMutex();
    await mutex.run(async () => {
      mutex.close();
      await expect(mutex.acquire()).rejects.toMatchObject({ code: "LW_CLOSED" });
    });
  });

  test("whenAvailable hears of the caller's own level", async () => {
    const mutex = new ReentrantMutex();
    await mutex.run(async () => {
      await mutex.whenAvailable();
      const inner = await mutex.acquire();
      let isTold = false;
      const told = mutex.whenAvailable().then(() => (isTold = true));
      await settle();
      expect(isTold).toBe(false);
      inner.release();
      await told;
    });
  });

  test("an aborted signal before the body starts gives the level back, body not run", async () => {
    const mutex = new ReentrantMutex();
    const controller = new AbortController();
    let hasRun = false;
    const run = mutex.run(() => (hasRun = true), { signal: controller.signal });
    controller.abort("no");
    await expect(run).rejects.toBe("no");
    expect([hasRun, mutex.stats().held]).toEqual([false, 0]);
  });

  test("bodyTimeout aborts the body's signal, and a body that throws leaves nothing held", async () => {
    const mutex = new ReentrantMutex();
    const run = mutex.run(
      (_guard, signal) =>
        new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      { bodyTimeout: 20 },
    );
    await settle();
    clock.advance(20);
    await expect(run).rejects.toMatchObject({ code: "LW_TIMEOUT" });
    await expect(
      mutex.run(() =>
        mutex.run(() => {
          throw new Error("deep");
        }),
      ),
    ).rejects.toThrow("deep");
    expect(mutex.stats().held).toBe(0);
  });
});

test("text, stats and guards tell their state", async () => {
  const mutex = new ReentrantMutex({ name: "tree" });
  const guard: Guard = await mutex.acquire();
  expect(inspect(mutex)).toBe('ReentrantMutex { name: "tree", held: 1 of 1, waiting: 0 }');
  expect(inspect(guard)).toBe('ReentrantGuard { lock: "tree", held, depth: 1 }');
  expect(Object.prototype.toString.call(guard)).toBe("[object ReentrantGuard]");
  guard.release();
  expect(inspect(guard)).toContain("released");
  expect(new ReentrantMutex().name).toMatch(/^reentrant-mutex-\d+$/);
  {
    using _ = await mutex.acquire();
    await using __ = await mutex.acquire({ holding: _ });
  }
  expect(mutex.stats()).toMatchObject({ name: "tree", held: 0 });
  mutex.close();
  expect(String(mutex)).toContain("closed");
});

test("levels are told as one lock to listeners", async () => {
  const { channels } = await import("../../../src/events.js");
  const seen = new Set<number>();
  const listener = ({ lock }: { readonly lock: { readonly id: number } }): void => void seen.add(lock.id);
  channels.granted.subscribe(listener);
  try {
    const mutex = new ReentrantMutex({ name: "tree" });
    await mutex.run(() => mutex.run(() => 1));
  } finally {
    channels.granted.unsubscribe(listener);
  }
  expect(seen.size).toBe(1);
});

test("work that goes on from body to body keeps neither the holds nor the tasks behind it", async () => {
  const mutex = new ReentrantMutex();
  const chain = (from: unknown, next: "outer" | "parent"): number => {
    let length = 0;
    for (let at = from as Record<typeof next, unknown> | undefined; at !== undefined; at = at[next] as typeof at)
      length += 1;
    return length;
  };
  let rounds = 0;
  let longest = 0;
  const again = (guard: unknown): void => {
    longest = Math.max(longest, chain(guard, "outer"), chain(currentTask(), "parent"));
    rounds += 1;
    if (rounds < 50) void mutex.run(again, { detached: true });
  };
  await taskScope(() => mutex.run(again));
  for (let turn = 0; rounds < 50 && turn < 100; turn += 1) await settle();
  expect(rounds).toBe(50);
  expect(longest).toBeLessThanOrEqual(3);
});
