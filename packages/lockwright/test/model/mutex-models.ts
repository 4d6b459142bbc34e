/** The permit core under every order of four tasks: its invariants, cited by number, as short bodies. */
import { io } from "@lockwright/explore";
import { expect } from "vitest";
import type { LockwrightError } from "../../src/index.js";
import type { Models } from "./library.ts";

export const mutexModels: Models = {
  "four tasks on a mutex never meet and all get in, in order of arrival [I1, I3, I6]":
    ({ Mutex }) =>
    async (t) => {
      const mutex = new Mutex({ name: "m" });
      const [arrived, entered]: [number[], number[]] = [[], []];
      let inside = 0;
      t.invariant(() => inside <= 1, "one holder at a time");
      const task = async (id: number): Promise<void> => {
        if (id % 2 === 1) await io(`task ${id} is on the way`);
        arrived.push(id);
        const guard = await mutex.acquire();
        entered.push(id);
        inside += 1;
        await io(`task ${id} works`);
        inside -= 1;
        guard.release();
      };
      await Promise.all([0, 1, 2, 3].map(task));
      expect(entered).toEqual(arrived);
      expect(mutex.stats()).toMatchObject({ held: 0, waiting: 0, available: 1 });
    },

  "an abort that crosses a release leaves no permit behind and lets the next one in [I4, I5]":
    ({ Mutex }) =>
    async () => {
      const mutex = new Mutex({ name: "m" });
      const abort = new AbortController();
      const first = await mutex.acquire();
      const second = mutex.acquire({ signal: abort.signal }).then(
        (guard) => guard.release(),
        (error: unknown) => expect(error).toBe(abort.signal.reason),
      );
      const third = mutex.run(() => io("third works"));
      const release = io("release").then(() => first.release());
      const cancel = io("cancel").then(() => abort.abort(new Error("enough")));
      await Promise.all([second, third, release, cancel]);
      expect(mutex.stats()).toMatchObject({ held: 0, waiting: 0 });
    },

  "a timeout that crosses a release either takes the mutex or nothing [I4, I5]":
    ({ Mutex }) =>
    async () => {
      const mutex = new Mutex({ name: "m" });
      const first = await mutex.acquire();
      let taken = 0;
      const waiter = mutex.acquire({ timeout: 20 }).then(
        (guard) => {
          taken += 1;
          guard.release();
        },
        (error: unknown) => expect((error as LockwrightError).code).toBe("LW_TIMEOUT"),
      );
      await io("the holder works");
      first.release();
      await waiter;
      expect(taken).toBeLessThanOrEqual(1);
      expect(mutex.tryAcquire()?.held).toBe(true);
    },

  "a guard handed on is released once, by whoever is first":
    ({ Mutex }) =>
    async () => {
      const mutex = new Mutex({ name: "m" });
      const guard = await mutex.acquire();
      const end = async (who: string): Promise<boolean> => {
        await io(who);
        if (!guard.held) return false;
        guard.release();
        return true;
      };
      const next = mutex.acquire();
      const ended = await Promise.all([end("a"), end("b")]);
      expect(ended.filter(Boolean)).toHaveLength(1);
      expect((await next).held).toBe(true);
      expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    },

  "a body that is aborted before it starts never runs, and the mutex goes on":
    ({ Mutex }) =>
    async () => {
      const mutex = new Mutex({ name: "m" });
      const abort = new AbortController();
      let ran = 0;
      const work = mutex.run(() => void (ran += 1), { signal: abort.signal }).catch((error: unknown) => error);
      const stop = io("stop").then(() => abort.abort(new Error("stop")));
      const other = io("other").then(() => mutex.run(() => io("other works")));
      const [outcome] = await Promise.all([work, stop, other]);
      expect(ran === 1 || outcome === abort.signal.reason).toBe(true);
      expect(mutex.stats()).toMatchObject({ held: 0, waiting: 0 });
    },

  "closing while tasks come and go settles every one of them":
    ({ Mutex }) =>
    async (t) => {
      const mutex = new Mutex({ name: "m" });
      const outcomes: string[] = [];
      const task = (id: number): Promise<unknown> =>
        mutex
          .run(() => io(`task ${id}`))
          .then(
            () => outcomes.push("done"),
            (error: LockwrightError) => outcomes.push(error.code),
          );
      const tasks = [0, 1, 2].map(task);
      await io("close");
      mutex.close();
      expect(mutex.stats().waiting).toBe(0);
      await Promise.all(tasks);
      await t.settled();
      expect(outcomes).toHaveLength(3);
      expect(outcomes.filter((each) => each !== "done" && each !== "LW_CLOSED")).toEqual([]);
      await expect(mutex.acquire()).rejects.toHaveProperty("code", "LW_CLOSED");
    },
};
