/** `fencedWriteFile`: whole or not at all, only by the holder, and nothing left lying about. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { lstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LeaseLostError, StaleTokenError } from "../../../src/errors.js";
import { fencedWriteFile, type Lease, LockSpace, type LockStore } from "../../../src/leases/index.js";
import { memoryStore } from "../../../src/stores/memory.js";
import { sqliteStore } from "../../../src/stores/sqlite.js";
import type { HeldLease } from "../../../src/leases/lease.js";

// By name: the test runner wraps the optional peer that is not installed, and then it cannot be told from a broken one.
const driver =
  (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule?.("node:sqlite") === undefined
    ? "libsql"
    : "node:sqlite";

describe.each(["memory", "sqlite"])("fencedWriteFile under a %s store", (kind) => {
  let folder: string;
  let file: string;
  let store: LockStore;
  let space: LockSpace;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "fenced-"));
    file = join(folder, "stock.json");
    store =
      kind === "memory"
        ? memoryStore()
        : await sqliteStore({ path: join(mkdtempSync(join(tmpdir(), "locks-")), "l.db"), driver });
    space = new LockSpace({ store, renewal: "loop" });
  });
  afterEach(async () => {
    await space.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  /** Takes the lock away behind the lease's back, and gives it to another. */
  async function overtake(old: Lease): Promise<Lease> {
    await store.execute([{ type: "release", resource: old.name, id: (old as HeldLease).grant.id, token: old.token }]);
    return await space.mutex(old.name).acquire();
  }

  it("replaces the content and leaves nothing else in the folder", async () => {
    const lease = await space.mutex("stock").acquire();
    await fencedWriteFile(file, "one", lease);
    await fencedWriteFile(file, Buffer.from("two"), lease, { fsync: false });
    await fencedWriteFile(join(folder, "bin"), "00ff", lease, { encoding: "hex" });
    expect(readFileSync(file, "utf8")).toBe("two");
    expect([...readFileSync(join(folder, "bin"))]).toEqual([0, 255]);
    expect(readdirSync(folder).sort()).toEqual(["bin", "stock.json"]);
  });

  it("a stale holder changes nothing, learns the newer token, and its lease is lost [W2]", async () => {
    const old = await space.mutex("stock").acquire();
    await fencedWriteFile(file, "old", old);
    const young = await overtake(old);
    await fencedWriteFile(file, "young", young);
    const error: unknown = await fencedWriteFile(file, "late", old).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(StaleTokenError);
    expect(error).toMatchObject({ lock: "stock", token: old.token, current: young.token });
    expect([readFileSync(file, "utf8"), old.state, readdirSync(folder)]).toEqual(["young", "lost", ["stock.json"]]);
    await expect(fencedWriteFile(file, "later", old)).rejects.toBeInstanceOf(LeaseLostError);
  });

  it("a lock taken between the check and the rename is noticed there [W2]", async () => {
    const old = await space.mutex("stock").acquire();
    const writing = fencedWriteFile(file, Buffer.alloc(4_000_000), old); // checked; now on its way to the disk
    await overtake(old);
    await expect(writing).rejects.toBeInstanceOf(StaleTokenError);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("a released lease is refused before anything is written", async () => {
    const lease = await space.mutex("stock").acquire();
    await lease.release();
    await expect(fencedWriteFile(file, "x", lease)).rejects.toMatchObject({ code: "LW_NOT_HELD" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("keeps the mode of the file it replaces; a new one gets what the umask leaves", async () => {
    const lease = await space.mutex("stock").acquire();
    await fencedWriteFile(file, "x", lease);
    expect(statSync(file).mode & 0o777).toBe(0o666 & ~process.umask());
    chmodSync(file, 0o646);
    await fencedWriteFile(file, "y", lease);
    expect(statSync(file).mode & 0o777).toBe(0o646);
  });

  it("follows symbolic links, also to a file that is not there yet, and leaves them standing", async () => {
    const lease = await space.mutex("stock").acquire();
    mkdirSync(join(folder, "real"));
    symlinkSync("real/target.json", join(folder, "link"));
    symlinkSync(join(folder, "link"), join(folder, "link2"));
    for (const text of ["first", "second"]) {
      await fencedWriteFile(join(folder, "link2"), text, lease);
      expect(readFileSync(join(folder, "real/target.json"), "utf8")).toBe(text);
    }
    expect(lstatSync(join(folder, "link")).isSymbolicLink()).toBe(true);
    symlinkSync("loop", join(folder, "loop"));
    await expect(fencedWriteFile(join(folder, "loop"), "x", lease)).rejects.toMatchObject({ code: "ELOOP" });
  });

  it("what the file system refuses comes through, and leaves no temporary file [W3]", async () => {
    const lease = await space.mutex("stock").acquire();
    await expect(fencedWriteFile(folder, "x", lease)).rejects.toThrow(/must name a regular file/);
    await expect(fencedWriteFile(join(folder, "no/file"), "x", lease)).rejects.toMatchObject({ code: "ENOENT" });
    const name = "n".repeat(255);
    await fencedWriteFile(join(folder, name), "long", lease); // the longest name there can be
    await expect(fencedWriteFile(join(folder, `${name}n`), "x", lease)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
    expect(readdirSync(folder)).toEqual([name]);
    await fencedWriteFile(file, "still the holder", lease);
  });

  it("removes what killed writers of this lock left, and nothing that may be in use [W3]", async () => {
    const lock = space.mutex("stock");
    const leftovers = await (async () => {
      await using lease = await lock.acquire();
      const writing = fencedWriteFile(file, Buffer.alloc(1_000_000), lease);
      let seen: string[] = [];
      while (seen.length === 0) {
        await new Promise((resolve) => setImmediate(resolve));
        seen = readdirSync(folder).filter((name) => name.endsWith(".tmp"));
      }
      await writing;
      return seen;
    })();
    const [old] = leftovers as [string];
    const fresh = old.replace(/-\w+\.tmp$/, "-fresh.tmp");
    const foreign = old.replace(/^\.lockwright-[0-9a-f]{16}/, ".lockwright-0123456789abcdef");
    const newer = old.replace(/-(\d+)-\w+\.tmp$/, "-999-newer.tmp");
    for (const name of [old, fresh, foreign, newer, ".lockwright-mine.tmp"]) writeFileSync(join(folder, name), "");
    const twoMinutesAgo = Date.now() / 1000 - 120;
    for (const name of [old, foreign, newer, ".lockwright-mine.tmp"])
      utimesSync(join(folder, name), twoMinutesAgo, twoMinutesAgo);
    await using lease = await lock.acquire();
    await fencedWriteFile(file, "x", lease);
    expect(existsSync(join(folder, old))).toBe(false);
    expect(readdirSync(folder).sort()).toEqual([fresh, foreign, newer, ".lockwright-mine.tmp", "stock.json"].sort());
  });

  it("says what is wrong with its arguments", async () => {
    const lease = await space.mutex("stock").acquire();
    await expect(fencedWriteFile("", "x", lease)).rejects.toThrow(/^path must be/);
    await expect(fencedWriteFile(file, 5 as never, lease)).rejects.toThrow(
      /^data must be a string or a Uint8Array, got number 5/,
    );
    await expect(fencedWriteFile(file, "x", {} as never)).rejects.toThrow(/^lease must be a Lease/);
    await expect(fencedWriteFile(file, "x", lease, { encoding: "utf9" as never })).rejects.toThrow(/^encoding must be/);
    await expect(fencedWriteFile(file, "x", lease, { fsync: 1 as never })).rejects.toThrow(/^fsync must be/);
  });
});

describe("fencedWriteFile", () => {
  it("refuses a store that cannot act under its own lock, by name", async () => {
    const inner = memoryStore();
    const store: LockStore = {
      ...inner,
      name: "remote",
      location: "remote:",
      capabilities: inner.capabilities,
      process: inner.process,
    } as LockStore;
    Object.assign(store, {
      commit: undefined,
      listen: inner.listen.bind(inner),
      execute: inner.execute.bind(inner),
      close: inner.close.bind(inner),
    });
    const space = new LockSpace({ store });
    const lease = await space.mutex("stock").acquire();
    await expect(fencedWriteFile("/tmp/never", "x", lease)).rejects.toThrow(/cannot work with a remote store/);
    await space.close();
  });
});
