/** A database that another process has locked: for a moment, and at the worst moment. */
import { mkdtempSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LockSpace } from "../../../src/leases/lock-space.js";
import { type SqliteStore, sqliteStore } from "../../../src/stores/sqlite.js";
import { type Database, loadDriver } from "../../../src/stores/sqlite/driver.js";

let folder: string;
let store: SqliteStore;
let space: LockSpace;
let other: Database;

beforeEach(async () => {
  folder = mkdtempSync("/tmp/lw-busy-");
  store = await sqliteStore({ path: `${folder}/locks.db` });
  space = new LockSpace({ store, ownsStore: true, renewal: "loop" });
  other = (await loadDriver()).open(`${folder}/locks.db`);
});
afterEach(async () => {
  await space.close();
  other.close();
  rmSync(folder, { recursive: true, force: true });
});

test("a grant on a remembered copy waits for another's transaction, and commits go on as before", async () => {
  const mutex = space.mutex("a");
  await (await mutex.acquire()).release(); // the copy is remembered now, and the next grant is one statement
  for (let round = 0; round < 3; round += 1) {
    other.exec("BEGIN IMMEDIATE");
    const waiting = mutex.acquire();
    await Promise.resolve();
    other.exec("COMMIT");
    const lease = await waiting;
    expect(lease.token).toBe(BigInt(round + 2));
    // Not only the same statement: a whole transaction, and one that reads.
    await space.mutex(`b${round}`).run(() => {});
    expect((await space.list()).length).toBe(round + 2);
    await lease.release();
  }
});

test("a look does not wait for another's transaction", async () => {
  await (await space.mutex("a").acquire()).release();
  other.exec("BEGIN IMMEDIATE");
  expect((await space.inspect("a")).token).toBe(1n);
  other.exec("COMMIT");
});
