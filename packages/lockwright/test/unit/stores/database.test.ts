import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Command } from "../../../src/leases/lock-store.js";
import { LockDatabase } from "../../../src/stores/sqlite/database.js";
import { PROTOCOL } from "../../../src/stores/sqlite/document.js";
import { type Driver, explain, loadDriver, resultCode, storeError } from "../../../src/stores/sqlite/driver.js";
import { type SqliteStore, sqliteStore } from "../../../src/stores/sqlite.js";

let folder: string;
let path: string;
let driver: Driver;
beforeAll(async () => {
  driver = await loadDriver();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lw-database-"));
  path = join(folder, "locks.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs statements on the file beside the store. */
function sql(text: string): void {
  const connection = driver.open(path);
  connection.exec(text);
  connection.close();
}

function acquire(id: string, resource = "r"): Command {
  const entry = { resource, id, process: "p", capacity: 1_000_000, weight: 1_000_000, ttl: 60_000, patience: 60_000 };
  return { type: "acquire", ...entry, queue: true, barging: false };
}

async function use(act: (store: SqliteStore) => Promise<void>): Promise<void> {
  const store = await sqliteStore({ path });
  try {
    await act(store);
  } finally {
    await store.close();
  }
}

describe("a file that is not ours is refused and not touched", () => {
  test.each([
    ["a table", "CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1);"],
    ["an application id", "PRAGMA application_id = 252006673; CREATE TABLE pages (id INTEGER);"],
    ["a user version", "PRAGMA user_version = 7;"],
    ["tables of our names", "CREATE TABLE resource (name TEXT); CREATE TABLE space (id INTEGER);"],
  ])("a database with %s", async (_, text) => {
    sql(text);
    const before = readFileSync(path);
    await expect(sqliteStore({ path })).rejects.toMatchObject({
      code: "LW_STORE_UNAVAILABLE",
      message: expect.stringContaining("it is a database of another program") as string,
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder)).toEqual(["locks.db"]);
  });

  test("a file that is no database", async () => {
    const garbage = Buffer.from("this is a diary, not a database. ".repeat(200));
    writeFileSync(path, garbage);
    await expect(sqliteStore({ path })).rejects.toMatchObject({
      code: "LW_STORE_UNAVAILABLE",
      message: expect.stringContaining("is not a lockwright database") as string,
    });
    expect(readFileSync(path).equals(garbage)).toBe(true);
  });

  test("an empty file is taken as a new database", async () => {
    writeFileSync(path, "");
    await use(async (store) => {
      expect(await store.execute([acquire("a")])).toEqual([{ type: "granted", token: 1n }]);
    });
  });
});

test("a newer protocol is refused with LW_PROTOCOL and both numbers, and nothing is changed", async () => {
  await use(async (store) => void (await store.execute([acquire("a")])));
  sql(`PRAGMA user_version = ${PROTOCOL + 1}; PRAGMA wal_checkpoint(TRUNCATE);`);
  const before = readFileSync(path);
  await expect(sqliteStore({ path })).rejects.toMatchObject({
    code: "LW_PROTOCOL",
    message: expect.stringMatching(`protocol ${PROTOCOL + 1}.*speaks ${PROTOCOL}`) as string,
  });
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a document of a newer protocol in use is refused by the step that meets it, and not overwritten", async () => {
  await use(async (store) => {
    await store.execute([acquire("a")]);
    const state = `{"p":${PROTOCOL + 1},"x":1}`;
    sql(`UPDATE resource SET state = '${state}', version = version + 1`);
    await expect(store.execute([acquire("b")])).rejects.toMatchObject({ code: "LW_PROTOCOL" });
    await expect(store.inspect("r")).rejects.toMatchObject({ code: "LW_PROTOCOL" });
    expect(await store.execute([acquire("a", "other")])).toEqual([{ type: "granted", token: 1n }]);
  });
});

describe("after a boot", () => {
  const BOOT_JUMP = 2n ** 20n;

  test("holders and waiters are gone and tokens are far higher, also of a crowded lock and of one never used", async () => {
    await use(async (store) => {
      await store.execute([acquire("a"), acquire("b")]);
      await store.execute(Array.from({ length: 30 }, (_, index) => acquire(`${index}`, "crowded")));
      await store.cells.write("cell", 0, '"kept"');
    });
    sql("UPDATE space SET boot = 'an earlier one'");
    await use(async (store) => {
      for (const name of ["r", "crowded"]) {
        expect(await store.inspect(name)).toMatchObject({ used: 0, holders: [], waiters: [], token: 1n + BOOT_JUMP });
        expect(await store.execute([acquire("c", name)])).toEqual([{ type: "granted", token: 2n + BOOT_JUMP }]);
      }
      const [fresh] = await store.execute([acquire("c", "never used before")]);
      expect((fresh as { token: bigint }).token).toBeGreaterThan(BOOT_JUMP);
      expect(await store.cells.read("cell")).toEqual({ json: '"kept"', version: 1 });
    });
  });

  test("a second opening of the same boot changes nothing", async () => {
    await use(async (store) => void (await store.execute([acquire("a")])));
    await use(async (store) => expect((await store.inspect("r")).holders.map(({ id }) => id)).toEqual(["a"]));
  });
});

describe("a database that is removed or replaced while in use", () => {
  test.each(["renamed", "removed", "replaced"])("%s: every command rejects with LW_STORE_UNAVAILABLE", async (how) => {
    await use(async (store) => {
      await store.execute([acquire("a")]);
      if (how === "removed") rmSync(path);
      else renameSync(path, join(folder, "elsewhere.db"));
      if (how === "replaced") writeFileSync(path, "");
      const gone = { code: "LW_STORE_UNAVAILABLE", message: expect.stringContaining("while in use") as string };
      await expect(store.execute([acquire("b")])).rejects.toMatchObject(gone);
      await expect(store.execute([acquire("b"), acquire("c")])).rejects.toMatchObject(gone);
      await expect(store.inspect("r")).rejects.toMatchObject(gone);
      await expect(store.cells.read("c")).rejects.toMatchObject(gone);
      await expect(store.cells.write("c", 0, "1")).rejects.toMatchObject(gone);
    });
  });
});

test("a closed store refuses with LW_CLOSED, and closes again", async () => {
  const store = await sqliteStore({ path });
  await store.execute([acquire("a")]);
  await Promise.all([store.close(), store.close()]);
  await store.close();
  await expect(store.execute([acquire("b")])).rejects.toMatchObject({ code: "LW_CLOSED" });
  await expect(store.inspect("r")).rejects.toMatchObject({ code: "LW_CLOSED" });
});

test("bad options are refused by name", async () => {
  await expect(sqliteStore({ path: "" })).rejects.toThrow(/path must be/);
  await expect(sqliteStore({ path: 5 as unknown as string })).rejects.toThrow(TypeError);
  await expect(sqliteStore({ path, driver: "sqlite9" as "libsql" })).rejects.toThrow(
    /driver must be one of node:sqlite/,
  );
  await expect(sqliteStore({ path: join(folder, "none", "x.db") })).rejects.toMatchObject({
    code: "LW_STORE_UNAVAILABLE",
  });
  expect(readdirSync(folder)).toEqual([]);
});

describe("a driver's error", () => {
  test.each([
    [{ errcode: 5 }, 5],
    [{ errcode: 261 }, 5],
    [{ code: "SQLITE_BUSY" }, 5],
    [{ code: "SQLITE_BUSY_SNAPSHOT" }, 5],
    [{ code: "SQLITE_IOERR_WRITE" }, 10],
    [{ code: "SQLITE_FULL" }, 13],
    [{ code: "SQLITE_NOTADB" }, 26],
    [{ code: "SQLITE_CONSTRAINT_UNIQUE" }, 1],
    [{ message: "Unable to open connection to local database /x: 14" }, 14],
    [{ code: "ENOENT" }, undefined],
    [new TypeError("x"), undefined],
  ])("%j has primary result code %s", (error, code) => {
    expect(resultCode(error)).toBe(code);
  });

  test("is told as LW_STORE_UNAVAILABLE with what to mend, others pass through", () => {
    const told = storeError(Object.assign(new Error("disk full"), { code: "SQLITE_FULL" }), "/x");
    expect(told).toMatchObject({ code: "LW_STORE_UNAVAILABLE", message: "the disk of /x is full (disk full)" });
    const other = new TypeError("mine");
    expect(storeError(other, "/x")).toBe(other);
    expect(storeError(told, "/y")).toBe(told);
    for (const code of [5, 8, 10, 11, 13, 14, 26, undefined]) expect(explain(code, "/the/path")).toContain("/the/path");
  });

  test("a driver that is not there is an error that says what to install", async () => {
    const absent = process.versions.node.startsWith("20.") ? "node:sqlite" : undefined;
    if (absent === undefined) return;
    await expect(loadDriver(absent)).rejects.toMatchObject({
      code: "LW_STORE_UNAVAILABLE",
      message: expect.stringContaining("npm install libsql") as string,
    });
  });
});

test.each([0, 1, 2])("a database that another process creates before look %i is no other program's", async (at) => {
  const donor = join(folder, "donor.db");
  await (await sqliteStore({ path: donor })).close();
  const application = driver.open(donor).prepare("PRAGMA application_id").get() as { application_id: number };
  let looks = 0;
  const opening = LockDatabase.open(path, {
    name: driver.name,
    open(file) {
      const connection = driver.open(file);
      return {
        exec: (text) => connection.exec(text),
        close: () => connection.close(),
        prepare(text) {
          if (looks === at)
            sql(`BEGIN IMMEDIATE; CREATE TABLE t (a); PRAGMA application_id = ${application.application_id};
              PRAGMA user_version = ${PROTOCOL}; COMMIT`);
          looks += 1;
          return connection.prepare(text);
        },
      };
    },
  });
  const outcome = await opening.then(
    (database) => database.close(),
    (error: unknown) => String(error),
  );
  expect(looks).toBeGreaterThan(at);
  expect(outcome ?? "").not.toContain("another program"); // it is no whole space, and may be refused for that
});
