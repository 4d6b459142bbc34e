/**
 * Bugs that were in published packages, with the packages' own code from the registry, neither changed nor instrumented:
 * the buggy version fails, the fixed one is clean.
 */
import { type Body, exploreReport, io } from "@lockwright/explore";
import { describe, expect, test } from "vitest";

/** The part of generic-pool that is used. */
interface Pool {
  acquire(): PromiseLike<object>;
  destroy(resource: object): PromiseLike<void>;
  release(resource: object): PromiseLike<void>;
}

interface GenericPool {
  readonly createPool: (factory: object, options: object) => Pool;
}

/** One connection; the first user finds it broken and destroys it, the second waits for one. */
const poolBody =
  ({ createPool }: GenericPool): Body =>
  async () => {
    const factory = { create: () => Promise.resolve({}), destroy: () => Promise.resolve() };
    const pool = createPool(factory, { max: 1, min: 0 });
    const user = async (isBroken: boolean): Promise<void> => {
      const connection = await pool.acquire();
      await io("query");
      await (isBroken ? pool.destroy(connection) : pool.release(connection));
    };
    await Promise.all([user(true), user(false)]);
  };

interface AsyncMutex {
  readonly Mutex: new () => {
    acquire(): Promise<() => void>;
    waitForUnlock(): Promise<void>;
    isLocked(): boolean;
  };
}

/** Somebody waits until the mutex is free, and looks. */
const unlockBody =
  ({ Mutex }: AsyncMutex): Body =>
  async () => {
    const mutex = new Mutex();
    const release = await mutex.acquire();
    const next = mutex.acquire().then(async (releaseNext) => {
      await io("the next one works");
      releaseNext();
    });
    const watcher = async (): Promise<void> => {
      await mutex.waitForUnlock();
      if (mutex.isLocked()) throw new Error("told that it is unlocked, and it is locked");
    };
    const watching = watcher();
    await io("work");
    release();
    await Promise.all([next, watching]);
  };

interface LruCache {
  readonly LRUCache: new (options: object) => {
    fetch(key: string, options?: object): Promise<string | undefined>;
    get(key: string): string | undefined;
    set(key: string, value: string): void;
  };
}

/** A fetch that is aborted and told to go on; meanwhile others come and go, and the slot it had is given to one of them. */
const cacheBody =
  ({ LRUCache }: LruCache): Body =>
  async (t) => {
    const cache = new LRUCache({
      max: 3,
      ignoreFetchAbort: true,
      allowStaleOnFetchAbort: true,
      fetchMethod: async (key: string) => {
        await io(`fetch ${key}`);
        return `value of ${key}`;
      },
    });
    const abort = new AbortController();
    const aborted = cache.fetch("a", { signal: abort.signal }).catch(() => undefined);
    const other = cache.fetch("b").then(() => cache.set("c", "value of c"));
    const leaving = io("the user leaves").then(() => abort.abort());
    await Promise.all([aborted, other, leaving]);
    await t.settled();
    if (cache.get("a") === undefined) throw new Error("a fetched value is gone");
  };

const load = (name: string): Promise<never> => import(/* @vite-ignore */ name) as Promise<never>;

describe("generic-pool, max 1: destroying the borrowed resource wakes the next waiter (coopernurse/node-pool#173)", () => {
  test("3.1.1 never does: grade A, a deadlock that names the awaiting line", async () => {
    const { failure } = await exploreReport(poolBody(await load("generic-pool-3.1.1")));
    expect(failure).toMatchObject({ grade: "A", error: { code: "LW_DEADLOCK" } });
    expect(failure!.message).toMatch(/pool\.acquire\(\).*real-bugs\.test\.ts:\d+/);
  });

  test("3.1.7 does", async () => {
    const report = await exploreReport(poolBody(await load("generic-pool-3.1.7")), { failOn: "latent" });
    expect(report.failure?.message).toBeUndefined();
    expect(report.coverage.complete).toEqual({ external: 2, hold: 2 });
  });
});

describe("async-mutex: waitForUnlock resolves when it is unlocked (DirtyHairy/async-mutex#52)", () => {
  test("0.3.2 resolves while the next one holds it: grade A", async () => {
    const { failure } = await exploreReport(unlockBody(await load("async-mutex-0.3.2")));
    expect(failure).toMatchObject({ grade: "A", error: { message: "told that it is unlocked, and it is locked" } });
  });

  test("0.4.0 does not", async () => {
    const report = await exploreReport(unlockBody(await load("async-mutex-0.4.0")));
    expect(report.failure?.message).toBeUndefined();
  });
});

describe("lru-cache: an aborted fetch that was told to go on keeps the value (isaacs/node-lru-cache#388, #389)", () => {
  test.each(["11.2.1", "11.2.2"])("%s loses it when fetches complete 2 before 1: grade B", async (version) => {
    const { failure } = await exploreReport(cacheBody(await load(`lru-cache-${version}`)));
    expect(failure).toMatchObject({ grade: "B", error: { message: "a fetched value is gone" } });
    expect(failure!.found.after).toBeLessThanOrEqual(30);
  });

  test("11.5.3 keeps it", async () => {
    const report = await exploreReport(cacheBody(await load("lru-cache-11.5.3")));
    expect(report.failure?.message).toBeUndefined();
  });
});
