import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { LockSpace, openLockSpace, openLockStore } from "../../../src/leases/index.js";
import { memoryStore } from "../../../src/stores/memory.js";

const folder = mkdtempSync(join(tmpdir(), "lw-misuse-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What a caller without types might pass. */
function loose(value: unknown): never {
  return value as never;
}

describe("a space is refused at the door", () => {
  test.each([
    [{ store: undefined }, TypeError, /store must be a LockStore/],
    [{ store: {} }, TypeError, /store must be a LockStore/],
    [{ prefix: 5 }, TypeError, /prefix must be a string, got number 5/],
    [{ prefix: "\u0007" }, RangeError, /prefix must not contain control/],
    [{ ttl: "10s" }, TypeError, /ttl must be a number of milliseconds, got "10s"/],
    [{ ttl: 0 }, RangeError, /ttl must be from 1/],
    [{ maxStall: -5 }, RangeError, /maxStall must be from 1/],
    [{ label: {} }, TypeError, /label must be a string/],
    [{ renewal: "worker" }, RangeError, /renewal must be "thread" or "loop", got worker/],
  ])("%o", (options, kind, message) => {
    const make = (): unknown => new LockSpace(loose({ store: memoryStore(), ...options }));
    expect(make).toThrow(kind);
    expect(make).toThrow(message);
  });
});

describe("a URL is refused with what is known", () => {
  test.each([
    [undefined, TypeError, /url must be a string such as "sqlite:.*got undefined/],
    ["", RangeError, /url must begin with one of memory:, sqlite:/],
    ["locks.db", RangeError, /got "locks.db"/],
    ["mongodb://host/locks", RangeError, /got scheme mongodb:/],
    ["__proto__:", RangeError, /url must begin with/],
    ["sqlite:", RangeError, /url must name a file/],
  ])("%s", async (url, kind, message) => {
    await expect(openLockSpace(loose(url))).rejects.toThrow(kind);
    await expect(openLockStore(loose(url))).rejects.toThrow(message);
  });

  test("no password of a URL is shown", async () => {
    await expect(openLockSpace("mongodb://me:secret@host/locks")).rejects.not.toThrow(/secret/);
  });

  test("bad options of a good URL are refused, and the URL is good afterwards", async () => {
    const url = `sqlite:${join(folder, "a.db")}`;
    await expect(openLockSpace(url, { ttl: 0 })).rejects.toThrow(RangeError);
    await (await openLockSpace(url)).close();
  });
});

describe("a call is refused and leaves no trace", () => {
  const cases: readonly [string, (space: LockSpace) => unknown, ErrorConstructor, RegExp][] = [
    ["acquire with a bad timeout", (space) => space.mutex("m").acquire({ timeout: -1 }), RangeError, /timeout/],
    ["acquire with a bad ttl", (space) => space.mutex("m").acquire({ ttl: 0 }), RangeError, /ttl/],
    [
      "acquire with a bad signal",
      (space) => space.mutex("m").acquire({ signal: loose({ aborted: false }) }),
      TypeError,
      /signal/,
    ],
    ["acquire with a bad label", (space) => space.mutex("m").acquire({ label: "\n" }), RangeError, /label/],
    [
      "a mutex with a weight",
      (space) => space.mutex("m").acquire({ weight: 2 }),
      TypeError,
      /a mutex takes none, got 2/,
    ],
    ["a semaphore with weight 0", (space) => space.semaphore("s", 2).acquire({ weight: 0 }), RangeError, /weight/],
    [
      "a semaphore with a fractional weight",
      (space) => space.semaphore("s", 2).acquire({ weight: 1.5 }),
      RangeError,
      /weight/,
    ],
    ["a semaphore of -1", (space) => space.semaphore("s", -1), RangeError, /permits/],
    ["a semaphore of a million", (space) => space.semaphore("s", 1_000_000), RangeError, /permits/],
    ["a resize to a text", (space) => space.semaphore("s", 1).resize(loose("2")), TypeError, /permits/],
    [
      "run without a function",
      (space) => space.mutex("m").run(loose(5)),
      TypeError,
      /fn must be a function, got number/,
    ],
    ["acquireAll with a bad name", (space) => space.acquireAll(["a", loose(5)]), TypeError, /name/],
    [
      "acquireAll with a bad timeout",
      (space) => space.acquireAll(["a"], { timeout: Number.NaN }),
      RangeError,
      /timeout/,
    ],
    ["a cell with a bad name", (space) => space.cell(""), RangeError, /name/],
    ["a cell's bad version", (space) => space.cell("c").compareAndSet(-1, 1), RangeError, /version/],
    [
      "a cell's huge value",
      (space) => space.cell("c").compareAndSet(0, "x".repeat(1_000_001)),
      RangeError,
      /at most 1000000 bytes/,
    ],
    [
      "a cell's value JSON cannot say",
      (space) => space.cell("c").compareAndSet(0, () => 1),
      TypeError,
      /something JSON can say/,
    ],
    ["update with no attempts", (space) => space.cell("c").update(() => 1, { attempts: 0 }), RangeError, /attempts/],
    [
      "forceRelease with a number",
      (space) => space.forceRelease("m", { token: loose(1) }),
      TypeError,
      /token must be a bigint/,
    ],
    ["inspect of nothing", (space) => space.inspect(loose(undefined)), TypeError, /name/],
    ["a watch of nothing", (space) => space.watch("").next(), RangeError, /name/],
    ["list with a bad prefix", (space) => space.list(loose(null)), TypeError, /prefix/],
  ];

  test.each(cases)("%s", async (_, call, kind, message) => {
    const space = new LockSpace({ store: memoryStore(), renewal: "loop" });
    const refused = async (): Promise<unknown> => call(space);
    await expect(refused()).rejects.toThrow(kind);
    await expect(refused()).rejects.toThrow(message);
    expect(await space.list()).toEqual([]);
    expect(space.stats()).toMatchObject({ held: 0, waiting: 0 });
  });
});

test("a lease's renew with a bad ttl is refused and the lease stands", async () => {
  const space = new LockSpace({ store: memoryStore(), renewal: "loop" });
  const lease = await space.mutex("m").acquire();
  await expect(lease.renew(0)).rejects.toThrow(RangeError);
  lease.check();
  await space.close();
});

test("a name that is a member of Object.prototype is a name like any other", async () => {
  const space = new LockSpace({ store: memoryStore(), renewal: "loop" });
  for (const name of ["__proto__", "toString", "constructor"]) await (await space.mutex(name).acquire()).release();
  expect((await space.list()).map(({ name }) => name)).toEqual(["__proto__", "constructor", "toString"]);
  await space.close();
});
