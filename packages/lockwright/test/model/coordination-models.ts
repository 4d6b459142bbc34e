/** Read-write locks, conditions, queues and what else makes tasks meet, under every order of a few tasks. */
import { io } from "@lockwright/explore";
import { expect } from "vitest";
import type { LockwrightError } from "../../src/index.js";
import type { Models } from "./library.ts";

export const coordinationModels: Models = {
  "readers and writers never meet, and a writer sees every write before it":
    ({ ReadWriteLock }) =>
    async (t) => {
      const lock = new ReadWriteLock({ name: "config" });
      let [readers, writers, version] = [0, 0, 0];
      t.invariant(() => writers <= 1 && (writers === 0 || readers === 0), "a writer is alone");
      const read = async (id: number): Promise<void> => {
        await io(`reader ${id} comes`);
        await lock.read.run(async () => {
          readers += 1;
          const seen = version;
          await io(`reader ${id} reads`);
          expect(version).toBe(seen);
          readers -= 1;
        });
      };
      const write = (id: number): Promise<void> =>
        lock.write.run(async () => {
          writers += 1;
          const before = version;
          await io(`writer ${id} writes`);
          version = before + 1;
          writers -= 1;
        });
      await Promise.all([read(1), write(1), read(2), write(2)]);
      expect(version).toBe(2);
    },

  "of readers that upgrade one writes at a time, on what it has read":
    ({ ReadWriteLock }) =>
    async () => {
      const lock = new ReadWriteLock({ name: "cache" });
      let filled = 0;
      const fill = async (id: number): Promise<void> => {
        await io(`task ${id} comes`);
        await lock.upgradeable.run(async (reading) => {
          if (filled > 0) return;
          const writing = await reading.upgrade();
          await io(`task ${id} fills`);
          filled += 1;
          writing.release();
        });
      };
      const read = lock.read.run(() => io("a reader reads"));
      await Promise.all([fill(1), fill(2), read]);
      expect(filled).toBe(1);
    },

  "no notification is lost between a check and a wait":
    ({ Condition, Mutex }) =>
    async () => {
      const mutex = new Mutex({ name: "stock" });
      const delivered = new Condition(mutex);
      let [stock, sold] = [0, 0];
      const buy = async (id: number): Promise<void> => {
        await io(`buyer ${id} comes`);
        await mutex.run(async (guard) => {
          await delivered.waitFor(guard, () => stock > 0);
          stock -= 1;
          sold += 1;
        });
      };
      const deliver = async (): Promise<void> => {
        await io("the van comes");
        await mutex.run((guard) => {
          stock += 1;
          delivered.notify(guard);
        });
      };
      await Promise.all([buy(1), buy(2), deliver(), deliver()]);
      expect([stock, sold]).toEqual([0, 2]);
    },

  "a notification that crosses an abort goes to the other waiter":
    ({ Condition, Mutex }) =>
    async () => {
      const mutex = new Mutex({ name: "turn" });
      const condition = new Condition(mutex);
      const abort = new AbortController();
      let turns = 0;
      const wait = (signal?: AbortSignal): Promise<void> =>
        mutex.run(async (guard) => {
          await condition.waitFor(guard, () => turns > 0, signal && { signal });
          turns -= 1;
        });
      const first = wait(abort.signal).then(
        () => true,
        (error: unknown) => expect(error).toBe(abort.signal.reason),
      );
      const second = wait();
      const cancel = io("cancel").then(() => abort.abort(new Error("enough")));
      const give = (): Promise<void> =>
        mutex.run(async (guard) => {
          await io("a turn");
          turns += 1;
          condition.notify(guard);
          await io("whoever was notified waits for the mutex");
        });
      const [, isGivenToFirst] = await Promise.all([give(), first, cancel]);
      if (isGivenToFirst === true) await give();
      await second;
      expect(mutex.locked).toBe(false);
    },

  "a bounded queue hands every item on once, in order, and never holds more than its capacity":
    ({ Queue }) =>
    async (t) => {
      const queue = new Queue<string>({ capacity: 1, name: "q" });
      t.invariant(() => queue.size <= 1, "at most one item waits");
      const produce = async (name: string): Promise<void> => {
        using producer = queue.producer();
        for (const at of [1, 2]) {
          await io(`${name}${at} is made`);
          await producer.put(`${name}${at}`);
        }
      };
      const taken: string[] = [];
      const producing = [produce("a"), produce("b")];
      for await (const item of queue) {
        taken.push(item);
        await io(`${item} is used`);
      }
      await Promise.all(producing);
      expect(taken.toSorted()).toEqual(["a1", "a2", "b1", "b2"]);
      for (const name of ["a", "b"])
        expect(taken.filter((item) => item.startsWith(name))).toEqual([`${name}1`, `${name}2`]);
    },

  "a take that crosses its abort takes an item or leaves it":
    ({ Queue }) =>
    async () => {
      const queue = new Queue<number>({ name: "q" });
      const abort = new AbortController();
      const taken: number[] = [];
      const keep = (item: number): void => void taken.push(item);
      const first = queue.take({ signal: abort.signal }).then(keep, (error: unknown) => {
        expect(error).toBe(abort.signal.reason);
      });
      const put = io("put").then(() => queue.put(1));
      const cancel = io("cancel").then(() => abort.abort(new Error("enough")));
      await Promise.all([first, put, cancel]);
      if (taken.length === 0) taken.push(await queue.take());
      expect(taken).toEqual([1]);
    },

  "nobody is ahead of the others at a barrier":
    ({ Barrier }) =>
    async (t) => {
      const phases = [0, 0, 0];
      const barrier = new Barrier(3);
      t.invariant(() => Math.max(...phases) - Math.min(...phases) <= 1, "no party is two phases ahead");
      const party = async (id: number): Promise<void> => {
        for (let phase = 1; phase <= 2; phase += 1) {
          await io(`party ${id} works`);
          phases[id] = phase;
          await barrier.wait();
          expect(Math.min(...phases)).toBeGreaterThanOrEqual(phase);
        }
      };
      await Promise.all([0, 1, 2].map(party));
      expect(barrier.phase).toBe(2);
    },

  "callers of one flight get one result, a caller that leaves takes nobody with it":
    ({ SingleFlight }) =>
    async () => {
      const flights = new SingleFlight<string, number>();
      const abort = new AbortController();
      let calls = 0;
      const running = new Set<AbortSignal>();
      const load = async (signal: AbortSignal): Promise<number> => {
        running.add(signal);
        expect([...running].filter(({ aborted }) => !aborted)).toEqual([signal]);
        calls += 1;
        await io("origin");
        running.delete(signal);
        signal.throwIfAborted();
        return calls;
      };
      const ask = async (id: number, signal?: AbortSignal): Promise<void> => {
        await io(`caller ${id} comes`);
        const value = await flights.run("page", load, signal && { signal }).catch((error: unknown) => error);
        if (signal === undefined || value !== signal.reason) expect(value).toBeGreaterThan(0);
      };
      const cancel = io("cancel").then(() => abort.abort(new Error("enough")));
      const calm = new AbortController(); // never aborted, so it never leaves
      await Promise.all([ask(1, calm.signal), ask(2, abort.signal), ask(3), cancel]);
      expect(flights.size).toBe(0);
    },

  "the first failure of a group stops the others, and none of them outlives it":
    ({ TaskGroup }) =>
    async () => {
      let alive = 0;
      const work = (id: number) => async (signal: AbortSignal) => {
        alive += 1;
        try {
          for (let step = 0; step < 2 && !signal.aborted; step += 1) await io(`task ${id} works`);
          if (id === 1) throw new Error("task 1 fails");
        } finally {
          alive -= 1;
        }
      };
      const failed = await TaskGroup.run((group) => {
        for (const id of [1, 2, 3]) group.spawn(work(id)).catch(() => {});
      }).catch((error: unknown) => error);
      expect((failed as Error).message).toContain("task 1 fails");
      expect(alive).toBe(0);
    },

  "sets of locks taken in any order never close a ring":
    ({ Mutex, acquireAll }) =>
    async () => {
      const forks = [0, 1, 2].map((id) => new Mutex({ name: `fork ${id}` }));
      let eaten = 0;
      const eat = async (id: number): Promise<void> => {
        const both = await acquireAll([forks[(id + 1) % 3]!, forks[id]!]);
        await io(`${id} eats`);
        eaten += 1;
        both.release();
      };
      await Promise.all([0, 1, 2].map(eat));
      expect(eaten).toBe(3);
    },

  "a set and a nested lock that close a ring are told so, and the others go on":
    ({ Mutex, acquireAll }) =>
    async () => {
      const [a, b] = [new Mutex({ name: "a" }), new Mutex({ name: "b" })];
      const codeOf = (error: unknown): string => (error as LockwrightError).code;
      const together = async (): Promise<string> => {
        await io("one comes");
        const both = await acquireAll([a, b]);
        await io("one works");
        both.release();
        return "done";
      };
      const nested = async (): Promise<string> => {
        await io("two comes");
        const guard = await b.acquire();
        try {
          await io("two works");
          (await a.acquire({ holding: guard })).release();
          return "done";
        } finally {
          guard.release();
        }
      };
      const ends = await Promise.all([together(), nested()].map((end) => end.catch(codeOf)));
      expect(["done", "LW_DEADLOCK"]).toContain(ends[1]);
      expect(ends).toContain("done");
    },
};
