/**
 * The lease state machine over the memory store, with a network in between: each request and each answer takes as long as
 * the schedule says, and time passes only as far as the schedule lets it.
 */
import assert from "node:assert/strict";
import { io } from "@lockwright/explore";
import { expect } from "vitest";
import type { LockSpace, LockStore } from "../../src/leases/index.js";
import type { Library, Models } from "./library.ts";

/** The store behind a network. */
function far(store: LockStore): LockStore {
  return new Proxy(store, {
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (key !== "execute") return typeof value === "function" ? (value.bind(target) as unknown) : value;
      return async (...args: Parameters<LockStore["execute"]>) => {
        await io("request");
        const results = await target.execute(...args);
        await io("answer");
        return results;
      };
    },
  });
}

/** One world, and spaces of processes that reach it over the network. */
function network({ LockSpace, MemoryWorld, memoryStore }: Library): { readonly spaceOn: (ttl?: number) => LockSpace } {
  const world = new MemoryWorld();
  return { spaceOn: (ttl = 10_000) => new LockSpace({ store: far(memoryStore({ world })), ttl }) };
}

export const leaseModels: Models = {
  "two processes never hold one mutex, and tokens only grow": (library) => async (t) => {
    const { spaceOn } = network(library);
    const tokens: bigint[] = [];
    let inside = 0;
    t.invariant(() => inside <= 1, "one holder at a time");
    const work = async (): Promise<void> => {
      await using space = spaceOn();
      await space.mutex("m").run(async (lease) => {
        inside += 1;
        tokens.push(lease.token);
        await io("work");
        inside -= 1;
      });
    };
    await Promise.all([work(), work()]);
    expect(tokens).toHaveLength(2);
    expect(tokens[1]! > tokens[0]!).toBe(true);
  },

  "a holder that outlives its ttl knows it before it writes": (library) => async (t) => {
    const { spaceOn } = network(library);
    const slow = spaceOn(1000);
    const quick = spaceOn(1000);
    const written: bigint[] = [];
    const write = async (space: LockSpace, ms: number): Promise<void> => {
      const lease = await space.mutex("m").acquire();
      await new Promise((resolve) => setTimeout(resolve, ms));
      // A lost lease says so before the write.
      if (lease.state === "held") written.push(lease.token);
      else assert.throws(() => lease.check(), library.LeaseLostError);
      await lease.release();
    };
    await Promise.all([write(slow, 400), write(quick, 10)]);
    await Promise.all([slow.close(), quick.close()]);
    await t.settled();
    expect(written.toSorted((a, b) => Number(a - b))).toEqual(written);
  },

  "a waiter that gives up while its grant is on the way gives it back": (library) => async () => {
    const { spaceOn } = network(library);
    const [one, two] = [spaceOn(), spaceOn()];
    const abort = new AbortController();
    const held = await one.mutex("m").acquire();
    const waiting = two
      .mutex("m")
      .acquire({ signal: abort.signal })
      .then(
        (lease) => lease.release(),
        (error: unknown) => expect(error).toBe(abort.signal.reason),
      );
    await Promise.all([
      waiting,
      io("give up").then(() => abort.abort(new Error("enough"))),
      io("done").then(() => held.release()),
    ]);
    const again = await one.mutex("m").acquire();
    expect(again.state).toBe("held");
    await again.release();
    await Promise.all([one.close(), two.close()]);
  },

  "readers share, a writer is alone, and an upgrade does not let a second writer in": (library) => async (t) => {
    const { spaceOn } = network(library);
    let [readers, writers] = [0, 0];
    t.invariant(() => writers === 0 || (writers === 1 && readers === 0), "a writer is alone");
    const read = async (): Promise<void> => {
      await using space = spaceOn();
      const lease = await space.readWriteLock("rw").read.acquire();
      readers += 1;
      await io("read");
      readers -= 1;
      await lease.release();
    };
    const write = async (): Promise<void> => {
      await using space = spaceOn();
      const lease = await space.readWriteLock("rw").write.acquire();
      writers += 1;
      await io("write");
      writers -= 1;
      await lease.release();
    };
    await Promise.all([read(), write(), read()]);
    expect([readers, writers]).toEqual([0, 0]);
  },

  "compare-and-set loses no update, whoever is slow": (library) => async () => {
    const { spaceOn } = network(library);
    const add = async (): Promise<void> => {
      const space = spaceOn();
      await space.cell<number>("n").update((seen) => (seen ?? 0) + 1, { attempts: 20 });
      await space.close();
    };
    await Promise.all([add(), add(), add()]);
    const space = spaceOn();
    expect((await space.cell<number>("n").get()).value).toBe(3);
    await space.close();
  },
};
