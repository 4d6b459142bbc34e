/** A body runs in the async context of the caller that asked, never of the one that released. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { Mutex, ReentrantMutex, Semaphore } from "../../../src/index.js";

const subjects = {
  Mutex: () => new Mutex(),
  ReentrantMutex: () => new ReentrantMutex(),
  "Semaphore(2)": () => new Semaphore(2),
  "Mutex, priority": () => new Mutex({ order: "priority" }),
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
