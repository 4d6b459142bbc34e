/**
 * Answers that are lost on their way back: the store did what it was asked, and the caller learns only that it failed.
 * In process, over the memory store, by a clock that moves when told to.
 */
import { describe, expect, it } from "vitest";
import type { HeldLease } from "../../src/leases/lease.ts";
import { LockSpace } from "../../src/leases/lock-space.ts";
import type { Command, LockStore } from "../../src/leases/lock-store.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { installTestPlatform } from "../support/test-platform.ts";

/** The store, whose answers to commands of this type are lost while `isLosing` says so. */
function losing(store: LockStore, type: Command["type"], isLosing: () => boolean): LockStore {
  const execute: LockStore["execute"] = async (commands) => {
    const results = await store.execute(commands);
    if (commands.some((command) => command.type === type) && isLosing()) throw new Error("cut off");
    return results;
  };
  return new Proxy(store, {
    get(target, key): unknown {
      if (key === "execute") return execute;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value as () => void).bind(target) : value;
    },
  });
}

/** Lets every pending promise step run. */
async function turn(): Promise<void> {
  for (let step = 0; step < 50; step += 1) await Promise.resolve();
}

describe("a waiter whose claim's answer was lost", () => {
  it("counts its hold from that claim, and not from the heartbeat that told it [rule 1]", async () => {
    using clock = installTestPlatform();
    const store = memoryStore();
    let isCut = false;
    const first = new LockSpace({ store, ttl: 2000 });
    const second = new LockSpace({ store: losing(store, "heartbeat", () => isCut), ttl: 2000 });
    const holder = await first.mutex("job").acquire();
    const granting = second.mutex("job").acquire();
    await turn();
    clock.advance(500);
    await turn();
    isCut = true;
    await holder.release(); // the push makes the waiter claim its grant, and it does not hear of it
    await turn();
    isCut = false;
    const claimedAt = clock.now();
    clock.advance(700); // its own next heartbeat
    const lease = (await granting) as HeldLease;
    expect(clock.now() - claimedAt).toBe(700);
    expect(lease.deadline - claimedAt).toBeLessThanOrEqual(2000); // when the store will give it to another
    await Promise.all([first.close(), second.close()]);
  });
});
