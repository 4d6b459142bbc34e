/** `fence()` on every SQLite driver that is here: what passes, what is refused, and what a refusal leaves behind. */
import Libsql from "libsql";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LeaseLostError, StaleTokenError } from "../../../src/errors.js";
import { fence, type Lease, LockSpace, type LockStore, type SqliteTransaction } from "../../../src/leases/index.js";
import type { HeldLease } from "../../../src/leases/lease.js";
import { memoryStore } from "../../../src/stores/memory.js";

interface Handle extends SqliteTransaction {
  close(): unknown;
}
interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => Handle;
}

// Node 20 has no node:sqlite, and its types no declaration of it.
const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown };
const builtin = getBuiltinModule?.("node:sqlite") as NodeSqlite | undefined;
const drivers: [string, (path: string) => Handle][] = [["libsql", (path) => new Libsql(path)]];
if (builtin !== undefined) drivers.push(["node:sqlite", (path) => new builtin.DatabaseSync(path)]);

function rows(db: Handle): unknown {
  return (db.prepare("SELECT count(*) AS n FROM bill").get() as { n: number }).n;
}

function highest(db: Handle, resource: string): unknown {
  const sql = "SELECT CAST(token AS TEXT) AS token FROM lockwright_fence WHERE resource = ?";
  return (db.prepare(sql).get(resource) as { token: string } | undefined)?.token;
}

/** The same lock and token in another process, killed with the transaction open. */
const FENCE_WRITE_DIE = `
import { fence, openLockSpace } from "lockwright/leases";
const [name, path] = process.argv.slice(1);
const module = await import(name);
const db = new (module.DatabaseSync ?? module.default)(path);
const space = await openLockSpace("memory:", { prefix: "shop:" });
const lease = await space.mutex("bills").acquire();
db.exec("BEGIN IMMEDIATE");
await fence(db, lease);
db.exec("INSERT INTO bill VALUES (1)");
process.kill(process.pid, "SIGKILL");`;

describe.each(drivers)("fence over %s", (name, open) => {
  let folder: string;
  let db: Handle;
  let space: LockSpace;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "fence-"));
    db = open(join(folder, "app.db"));
    db.exec("CREATE TABLE bill (text TEXT)");
    space = new LockSpace({ store: memoryStore(), prefix: "shop:" });
  });
  afterEach(async () => {
    await space.close();
    db.close();
    rmSync(folder, { recursive: true });
  });

  /** Two leases of one lock, the first overtaken by the second without knowing it. */
  async function overtaken(): Promise<{ old: Lease; young: Lease }> {
    const old = await space.mutex("bills").acquire();
    const { id } = (old as HeldLease).grant;
    await space.store.execute([{ type: "release", resource: "shop:bills", id, token: old.token }]);
    return { old, young: await space.mutex("bills").acquire() };
  }

  function write(handle: Handle = db): void {
    handle.exec("INSERT INTO bill VALUES ('x')");
  }

  it("lets the holder through, also in several transactions, and keeps its token under the full name", async () => {
    const lease = await space.mutex("bills").acquire();
    for (let round = 0; round < 3; round += 1) {
      db.exec("BEGIN IMMEDIATE");
      await fence(db, lease);
      write();
      db.exec("COMMIT");
    }
    expect([rows(db), highest(db, "shop:bills"), highest(db, "bills")]).toEqual([3, String(lease.token), undefined]);
  });

  it("refuses an older token and takes back what the transaction wrote before [F1]", async () => {
    const { old, young } = await overtaken();
    db.exec("BEGIN IMMEDIATE");
    await fence(db, young);
    db.exec("COMMIT");
    db.exec("BEGIN IMMEDIATE");
    write();
    const error: unknown = await fence(db, old).catch((thrown: unknown) => thrown);
    db.exec("ROLLBACK");
    expect(error).toBeInstanceOf(StaleTokenError);
    expect(error).toMatchObject({ code: "LW_STALE_TOKEN", lock: "bills", token: old.token, current: young.token });
    expect([rows(db), highest(db, "shop:bills")]).toEqual([0, String(young.token)]);
  });

  it("a caller that swallows the refusal can commit neither what came before nor after [F3]", async () => {
    const { old, young } = await overtaken();
    db.exec("BEGIN IMMEDIATE");
    await fence(db, young);
    db.exec("COMMIT");
    db.exec("BEGIN IMMEDIATE");
    write();
    db.exec("SAVEPOINT inner");
    await fence(db, old).catch(() => {});
    expect(() => db.exec("ROLLBACK TO inner")).toThrow(/no such savepoint/);
    write();
    expect(() => db.exec("COMMIT")).toThrow(/constraint/i);
    write();
    expect(() => db.exec("COMMIT")).toThrow(/constraint/i);
    db.exec("ROLLBACK");
    expect(rows(db)).toBe(0);
    write(); // the handle is whole again
    expect(rows(db)).toBe(1);
  });

  it("a handle that is closed, or a process that dies, after a swallowed refusal leaves nothing", async () => {
    const { old, young } = await overtaken();
    db.exec("BEGIN");
    await fence(db, young);
    db.exec("COMMIT");
    const other = open(join(folder, "app.db"));
    other.exec("BEGIN");
    await fence(other, old).catch(() => {});
    write(other);
    other.close();
    expect(rows(db)).toBe(0);
  });

  it("a refused transaction takes no lock on the database: others go on writing", async () => {
    const { old, young } = await overtaken();
    db.exec("BEGIN");
    await fence(db, young);
    db.exec("COMMIT");
    const other = open(join(folder, "app.db"));
    other.exec("BEGIN");
    await fence(other, old).catch(() => {});
    write();
    expect(rows(db)).toBe(1);
    other.close();
  });

  it("a crash between the fence and the commit leaves the old token, so the holder may try again", async () => {
    const lease = await space.mutex("bills").acquire();
    const died = spawnSync(
      process.execPath,
      ["--no-warnings", "--input-type=module", "-e", FENCE_WRITE_DIE, name, join(folder, "app.db")],
      { cwd: import.meta.dirname },
    );
    expect([died.signal, String(died.stderr)]).toEqual(["SIGKILL", ""]);
    db.exec("BEGIN IMMEDIATE");
    await fence(db, lease);
    db.exec("COMMIT");
    expect([rows(db), highest(db, "shop:bills")]).toEqual([0, String(lease.token)]);
  });

  it("nobody passes the fence between another's check and its commit [F2]", async () => {
    const { old, young } = await overtaken();
    const other = open(join(folder, "app.db"));
    db.exec("BEGIN");
    await fence(db, old); // the young holder has not been here yet
    other.exec("BEGIN");
    await expect(fence(other, young)).rejects.toThrow(/locked|busy/i);
    other.exec("ROLLBACK");
    db.exec("COMMIT");
    other.close();
  });

  it("a lost lease is refused before the database is asked, and its transaction cannot commit", async () => {
    const lease = await space.mutex("bills").acquire({ ttl: 20 });
    (lease as HeldLease).lose("expired");
    db.exec("BEGIN");
    write();
    await expect(fence(db, lease)).rejects.toBeInstanceOf(LeaseLostError);
    expect(() => db.exec("COMMIT")).toThrow(/constraint/i);
    db.exec("ROLLBACK");
    expect(rows(db)).toBe(0);
  });

  it("outside a transaction it refuses and touches nothing", async () => {
    const lease = await space.mutex("bills").acquire();
    await expect(fence(db, lease)).rejects.toMatchObject({
      code: "LW_CONFLICT",
      message: expect.stringContaining("BEGIN IMMEDIATE"),
    });
    const mute: SqliteTransaction = { prepare: (sql) => db.prepare(sql), exec: (sql) => db.exec(sql) }; // cannot tell
    await expect(fence(mute, lease)).rejects.toMatchObject({ code: "LW_CONFLICT" });
    expect(() => highest(db, "shop:bills")).toThrow(/no such table/);
    db.exec("BEGIN");
    await fence(mute, lease);
    db.exec("COMMIT");
    expect(highest(db, "shop:bills")).toBe(String(lease.token));
  });

  it("with foreign keys off it refuses: the refusal of a stale token would not hold", async () => {
    const lease = await space.mutex("bills").acquire();
    db.exec("PRAGMA foreign_keys = OFF");
    db.exec("BEGIN");
    await expect(fence(db, lease)).rejects.toMatchObject({
      code: "LW_CONFLICT",
      message: expect.stringContaining("foreign_keys"),
    });
    db.exec("ROLLBACK");
  });

  it("keeps tokens beyond 2^53 exact, in bind, order and error", async () => {
    const lease = (await space.mutex("bills").acquire()) as HeldLease;
    const beyond = 2n ** 53n;
    const withToken = (token: bigint): Lease =>
      new Proxy(lease, { get: (on, key) => (key === "token" ? token : bound(on, key)) });
    db.exec("BEGIN");
    await fence(db, withToken(beyond + 1n));
    db.exec("COMMIT");
    db.exec("BEGIN");
    const error: unknown = await fence(db, withToken(beyond)).catch((thrown: unknown) => thrown);
    db.exec("ROLLBACK");
    expect(error).toMatchObject({ token: beyond, current: beyond + 1n });
    expect(highest(db, "shop:bills")).toBe("9007199254740993");
  });
});

function bound(on: object, key: string | symbol): unknown {
  const value: unknown = Reflect.get(on, key, on);
  return typeof value === "function" ? (value.bind(on) as unknown) : value;
}

describe("fence", () => {
  it("names what it was given instead of a handle or a lease", async () => {
    const space = new LockSpace({ store: memoryStore() });
    const lease = await space.mutex("a").acquire();
    for (const wrong of [undefined, null, {}, "db", { prepare: () => {} }]) {
      await expect(fence(wrong as never, lease)).rejects.toThrow(/^transaction must be an open SQLite database/);
    }
    for (const wrong of [undefined, null, {}, { ...lease }]) {
      await expect(fence(new Libsql(":memory:"), wrong as never)).rejects.toThrow(/^lease must be a Lease/);
    }
    await space.close();
  });

  it("refuses by name a lease whose tokens have no order", async () => {
    const store = memoryStore();
    const unordered: LockStore = Object.create(store, {
      name: { value: "quorum" },
      capabilities: { value: { ...store.capabilities, fencing: "none" } },
    });
    const bind = (key: "execute" | "listen" | "close") =>
      Object.defineProperty(unordered, key, { value: (store[key] as () => void).bind(store) });
    for (const key of ["execute", "listen", "close"] as const) bind(key);
    const space = new LockSpace({ store: unordered });
    const lease = await space.mutex("a").acquire();
    await expect(fence(new Libsql(":memory:"), lease)).rejects.toThrow(
      /fence refuses the lease on "a": the tokens of a quorum store/,
    );
    await space.close();
  });
});
