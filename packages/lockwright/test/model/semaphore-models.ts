/** Weights, resizing and deadlines of the permit core under every order of a few tasks. */
import { io } from "@lockwright/explore";
import { expect } from "vitest";
import type { LockwrightError } from "../../src/index.js";
import type { Models } from "./library.ts";

export const semaphoreModels: Models = {
  "weights held never exceed the capacity, and a heavy head is not passed by light ones [I1, I2, I6]":
    ({ Semaphore }) =>
    async (t) => {
      const semaphore = new Semaphore(3, { name: "s" });
      const entered: string[] = [];
      let weight = 0;
      t.invariant(() => weight <= 3, "weights fit");
      // A grant holds its permits before its body has begun.
      t.invariant(() => weight <= 3 - semaphore.available && semaphore.available >= 0, "permits are conserved");
      const task = (name: string, own: number): Promise<void> =>
        semaphore.run(
          async () => {
            entered.push(name);
            weight += own;
            await io(`${name} works`);
            weight -= own;
          },
          { weight: own },
        );
      await Promise.all([task("a", 1), task("b", 1), task("heavy", 3), task("light", 1)]);
      expect(entered).toEqual(["a", "b", "heavy", "light"]);
    },

  "a resize that crosses releases neither loses a permit nor admits too many [I1, I2, I3]":
    ({ Semaphore }) =>
    async (t) => {
      const semaphore = new Semaphore(1, { name: "s" });
      let inside = 0;
      let capacity = 1;
      t.invariant(() => inside <= capacity - semaphore.available, "permits are conserved");
      const task = (id: number): Promise<void> =>
        semaphore.run(async () => {
          inside += 1;
          await io(`task ${id}`);
          inside -= 1;
        });
      const resize = async (to: number): Promise<void> => {
        await io(`resize to ${to}`);
        capacity = to;
        semaphore.resize(to);
      };
      await Promise.all([task(0), task(1), task(2), resize(2), resize(1)]);
      expect(semaphore.stats()).toMatchObject({ held: 0, waiting: 0 });
    },

  "when the heavy head gives up, the light one behind it gets in at once [I4]":
    ({ Semaphore }) =>
    async () => {
      const semaphore = new Semaphore(2, { name: "s" });
      const abort = new AbortController();
      const first = await semaphore.acquire();
      const heavy = semaphore.acquire({ weight: 2, signal: abort.signal }).then(
        (guard) => guard.release(),
        () => {},
      );
      const light = semaphore.acquire().then((guard) => guard.release());
      const cancel = io("cancel").then(() => {
        abort.abort();
        expect(semaphore.stats().waiting).toBe(0); // whoever fits now is in
      });
      const release = io("release").then(() => first.release());
      await Promise.all([heavy, light, cancel, release]);
      expect(semaphore.available).toBe(2);
    },

  "one signal shared by many waiters takes all of them out before it lets anybody in [I4]":
    ({ Semaphore }) =>
    async () => {
      const semaphore = new Semaphore(2, { name: "s" });
      const abort = new AbortController();
      const all = (await semaphore.acquire({ weight: 2 }))!;
      let granted = 0;
      const waiters = [2, 1, 1].map((weight) =>
        semaphore.acquire({ weight, signal: abort.signal }).then(
          (guard) => {
            granted += 1;
            guard.release();
          },
          (error: unknown) => expect(error).toBe(abort.signal.reason),
        ),
      );
      await Promise.all([
        io("abort").then(() => abort.abort(new Error("all"))),
        io("release").then(() => all.release()),
      ]);
      await Promise.all(waiters);
      expect([0, 3]).toContain(granted);
      expect(semaphore.available).toBe(2);
    },

  "a wait for a hint takes nothing":
    ({ Semaphore }) =>
    async () => {
      const semaphore = new Semaphore(1, { name: "s" });
      const first = await semaphore.acquire();
      const hint = semaphore.whenAvailable().then(() => semaphore.tryAcquire()?.release());
      const other = semaphore.run(() => io("other works"));
      await io("first works");
      first.release();
      await Promise.all([hint, other]);
      expect(semaphore.stats()).toMatchObject({ held: 0, waiting: 0, available: 1 });
    },

  "a deadline ends a wait at its time and no earlier, whatever else happens":
    ({ Semaphore }) =>
    async (t) => {
      const semaphore = new Semaphore(1, { name: "s" });
      const first = await semaphore.acquire();
      const ended = semaphore.acquire({ timeout: 30 }).then(
        (guard) => guard.release(),
        (error: LockwrightError) => {
          expect(error.code).toBe("LW_TIMEOUT");
          expect(t.now).toBeGreaterThanOrEqual(30);
        },
      );
      await io("first works");
      first.release();
      await ended;
      expect(semaphore.available).toBe(1);
    },

  "a paused semaphore lets its waiters in when it grows, though nobody releases [I3]":
    ({ Semaphore }) =>
    async () => {
      const semaphore = new Semaphore(0, { name: "s" });
      let done = 0;
      const task = async (id: number): Promise<void> => {
        await io(`task ${id} arrives`);
        await semaphore.run(() => void (done += 1));
      };
      const grow = io("grow").then(() => semaphore.resize(2));
      await Promise.all([task(0), task(1), grow]);
      expect(done).toBe(2);
    },
};
