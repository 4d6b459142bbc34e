/** The keeper thread exists only in the build, so these import the package as its users do. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LockSpace } from "lockwright/leases";
import { memoryStore } from "lockwright/stores/memory";
import { sqliteStore } from "lockwright/stores/sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lw-keeper-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Blocks the loop, as a long computation does. */
function stall(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

async function use(
  options: { ttl: number; maxStall?: number },
  act: (space: LockSpace) => Promise<void>,
): Promise<void> {
  const store = await sqliteStore({ path: join(folder, "locks.db") });
  const space = new LockSpace({ store, ...options });
  try {
    // The first lease waits for the thread to be there: starting it takes longer than the ttls below.
    await using first = await space.mutex("first").acquire({ ttl: 60_000 });
    await first.renew();
    while (!(await isKept(space))) await new Promise((resolve) => setTimeout(resolve, 10));
    await act(space);
  } finally {
    await space.close();
    await store.close();
  }
}

/** Whether the thread has opened the store: it renews a short lease. */
async function isKept(space: LockSpace): Promise<boolean> {
  await using lease = await space.mutex("probe").acquire({ ttl: 200 });
  await new Promise((resolve) => setTimeout(resolve, 250));
  return lease.state === "held";
}

describe("slow: the keeper thread", () => {
  test("a lease is kept while the main loop is blocked for three ttls [3]", async () => {
    await use({ ttl: 300 }, async (space) => {
      const lease = await space.mutex("busy").acquire();
      expect(space.stats().renewal).toBe("thread");
      stall(900);
      lease.check();
      await lease.release();
    });
  });

  test("past maxStall the lease is left to end, and says so first thing [3]", async () => {
    await use({ ttl: 200, maxStall: 200 }, async (space) => {
      const lease = await space.mutex("hung").acquire();
      stall(1000);
      expect(() => lease.check()).toThrow(expect.objectContaining({ code: "LW_LEASE_LOST" }));
    });
  });

  test("renew sets the pace of the thread, shorter or longer", async () => {
    await use({ ttl: 30_000 }, async (space) => {
      const lease = await space.mutex("pace").acquire();
      await lease.renew(200);
      stall(600);
      lease.check();
      await lease.renew(60_000);
      expect(lease.expiresAt - Date.now()).toBeGreaterThan(50_000);
      await lease.release();
    });
  });

  test("a lease that was upgraded, lost and released gives its slot back once", async () => {
    await use({ ttl: 300 }, async (space) => {
      const reader = await space.readWriteLock("rw").read.acquire();
      await space.forceRelease("rw", { token: reader.token });
      await expect(reader.upgrade()).rejects.toMatchObject({ code: "LW_LEASE_LOST" });
      await reader.release();
      const leases = await Promise.all(["a", "b", "c"].map((name) => space.mutex(name).acquire()));
      stall(700); // each has a slot of its own, so each is kept
      for (const lease of leases) lease.check();
      for (const lease of leases) await lease.release();
      for (const lease of leases) expect(lease.state).toBe("released");
    });
  });
});

test("a store without a keeper renews on the loop and says so", async () => {
  const space = new LockSpace({ store: memoryStore() });
  expect(space.stats().renewal).toBeUndefined();
  await using lease = await space.mutex("m").acquire();
  lease.check();
  expect(space.stats().renewal).toBe("loop");
  await space.close();
});
