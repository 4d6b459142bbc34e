/** A body runs in the async context of the caller that asked, never of the one that released. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { AdaptiveLimiter, Mutex, RateLimiter, ReentrantMutex, Semaphore, TaskGroup } from "../../../src/index.js";

const subjects = {
  Mutex: () => new Mutex(),
  ReentrantMutex: () => new ReentrantMutex(),
  "Semaphore(2)": () => new Semaphore(2),
  "Mutex, priority": () => new Mutex({ order: "priority" }),
  AdaptiveLimiter: () => new AdaptiveLimiter({ initial: 1, max: 1 }),
};

describe.each(Object.entries(subjects))("%s", (_name, make) => {
  test("every run body and every acquire sees its own caller's store", async () => {
    const caller = new AsyncLocalStorage<number>();
    const lock = make();
    const seen: [number, number | undefined][] = [];
    const one = (id: number): Promise<void> =>
      caller.run(id, async () => {
        await lock.run(async () => {
          seen.push([id, caller.getStore()]);
          await Promise.resolve();
          seen.push([id, caller.getStore()]);
        });
        const guard = await lock.acquire();
        seen.push([id, caller.getStore()]);
        guard.release();
        await lock.whenAvailable();
        seen.push([id, caller.getStore()]);
        expect(() => lock.tryAcquire()?.release()).not.toThrow();
      });
    await Promise.all([1, 2, 3, 4, 5].map(one));
    expect(seen.length).toBe(20);
    for (const [id, store] of seen) expect(store).toBe(id);
  });

  test("a waiter ended by another's abort keeps its own store", async () => {
    const caller = new AsyncLocalStorage<string>();
    const lock = make();
    while (lock.tryAcquire() !== undefined);
    const controller = new AbortController();
    const stores = ["a", "b"].map((id) =>
      caller.run(id, async () => {
        await lock.acquire({ signal: controller.signal }).catch(() => undefined);
        return caller.getStore();
      }),
    );
    caller.run("aborter", () => controller.abort());
    expect(await Promise.all(stores)).toEqual(["a", "b"]);
  });
});

// A holds the only permit in its own context; everybody else queues, and A releases in a fourth one.
test("queued tasks of a semaphore see their caller's store, first part and after an await, whoever releases", async () => {
  const caller = new AsyncLocalStorage<string>();
  const semaphore = new Semaphore(1);
  const hold = caller.run("holder", () => semaphore.tryAcquire()!);
  const controller = new AbortController();
  const seen: (string | undefined)[] = [];
  const body = async (): Promise<void> => {
    seen.push(caller.getStore());
    await Promise.resolve();
    seen.push(caller.getStore());
  };
  const runs = ["a", "b", "c"].map((id) =>
    caller.run(id, async () => {
      await semaphore.run(body, id === "b" ? { signal: controller.signal } : undefined);
      seen.push(caller.getStore());
    }),
  );
  caller.run("releaser", () => hold.release());
  await Promise.all(runs);
  expect(seen.map(String).toSorted((a, b) => a.localeCompare(b))).toEqual([
    "a",
    "a",
    "a",
    "b",
    "b",
    "b",
    "c",
    "c",
    "c",
  ]);
});

test("bodies of map and mapStream see the store of their caller, not of the releaser or the reader", async () => {
  const caller = new AsyncLocalStorage<string>();
  const semaphore = new Semaphore(1);
  const hold = semaphore.tryAcquire()!;
  const seen = new Set<string | undefined>();
  const body = async (item: number): Promise<number> => {
    seen.add(caller.getStore());
    await Promise.resolve();
    seen.add(caller.getStore());
    return item;
  };
  const mapped = caller.run("mapper", () => semaphore.map([1, 2, 3], body));
  caller.run("releaser", () => hold.release());
  await mapped;
  expect([...seen]).toEqual(["mapper"]);
  seen.clear();
  const stream = caller.run("mapper", () => semaphore.mapStream([1, 2, 3], body));
  await caller.run("reader", async () => {
    for await (const _result of stream) seen.add(`reader is ${caller.getStore()}`);
  });
  expect([...seen]).toEqual(["mapper", "reader is reader"]);
});

test("children of a task group see the store of whoever spawned them, with and without a limit", async () => {
  const caller = new AsyncLocalStorage<number>();
  for (const limit of [Infinity, 1]) {
    const group = caller.run(0, () => new TaskGroup({ limit }));
    const seen: (number | undefined)[][] = [];
    for (const id of [1, 2, 3]) {
      caller.run(id, () => {
        void group.spawn(async () => {
          const first = caller.getStore();
          await Promise.resolve();
          seen.push([id, first, caller.getStore()]);
        });
      });
    }
    await caller.run(9, () => group.join());
    expect(seen).toEqual([
      [1, 1, 1],
      [2, 2, 2],
      [3, 3, 3],
    ]);
  }
});

test("a caller that waited for a rate goes on in its own store", async () => {
  const caller = new AsyncLocalStorage<number>();
  const limiter = new RateLimiter({ rate: 1000, burst: 1 });
  const stores = [1, 2, 3, 4].map((id) =>
    caller.run(id, async () => {
      await limiter.acquire();
      return caller.getStore();
    }),
  );
  expect(await Promise.all(stores)).toEqual([1, 2, 3, 4]);
});
