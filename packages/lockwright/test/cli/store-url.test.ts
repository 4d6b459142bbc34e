/** Which store is meant: the order of precedence, the user's own folder, and what is never printed. */
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { maskCredentials, storeUrl } from "../../src/cli/store-url.js";
import { documentIn, Room } from "./command-line.js";

let room: Room;
beforeEach(() => {
  room = new Room();
});
afterEach(async () => {
  await room[Symbol.asyncDispose]();
});

const none = { option: undefined, env: {}, home: "/home/u", platform: "linux" } as const;

/** Writes a package.json into a folder of the room and gives the folder. */
function project(folder: string, manifest: unknown): string {
  const path = join(room.folder, folder);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), typeof manifest === "string" ? manifest : JSON.stringify(manifest));
  return path;
}

describe("the store", () => {
  test("is --store, else LOCKWRIGHT_STORE, else the package.json's, else the user's own", () => {
    const cwd = project("app", { lockwright: { store: "sqlite:./locks.db" } });
    const env = { LOCKWRIGHT_STORE: "sqlite:/env.db" };
    expect(storeUrl({ ...none, option: "sqlite:/option.db", env, cwd })).toMatchObject({
      url: "sqlite:/option.db",
      from: "--store",
    });
    expect(storeUrl({ ...none, env, cwd })).toMatchObject({ url: "sqlite:/env.db", from: "LOCKWRIGHT_STORE" });
    expect(storeUrl({ ...none, env: { LOCKWRIGHT_STORE: "" }, cwd })).toMatchObject({
      url: `sqlite:${cwd}/locks.db`,
      from: `${cwd}/package.json`,
    });
    expect(storeUrl({ ...none, cwd: "/" })).toMatchObject({
      url: "sqlite:/home/u/.local/state/lockwright/locks.db",
      from: "default",
    });
  });

  test("of a package.json is relative to that file, found from below, past packages that name none", () => {
    const root = project("repo", { lockwright: { store: "sqlite:data/locks.db" } });
    const inner = project("repo/packages/a", { name: "a" });
    mkdirSync(join(inner, "src"));
    expect(storeUrl({ ...none, cwd: join(inner, "src") }).url).toBe(`sqlite:${root}/data/locks.db`);
    project("repo/packages/a", { lockwright: { store: "sqlite:///var/lib/locks.db" } });
    expect(storeUrl({ ...none, cwd: join(inner, "src") }).url).toBe("sqlite:///var/lib/locks.db");
  });

  test.each([
    ["{ broken", /package\.json cannot be read, and it may name the store/],
    [{ lockwright: { store: 7 } }, /lockwright\.store must be a URL/],
    [{ lockwright: { store: "" } }, /lockwright\.store must be a URL/],
    [{ lockwright: { store: "memory:" } }, /package\.json: a memory: store lives in one process/],
  ])("of a wrong package.json %j is an error, not another store", (manifest, says) => {
    const cwd = project("app", manifest);
    expect(() => storeUrl({ ...none, cwd })).toThrow(says);
  });

  test.each([["null"], ['{"lockwright":null}'], ['{"lockwright":"x"}'], ["[]"]])(
    "a package.json of %s names none",
    (manifest) => {
      const cwd = project("app", manifest);
      expect(storeUrl({ ...none, cwd }).from).toBe("default");
    },
  );

  test("of the user follows XDG_STATE_HOME on Linux, if absolute, and the Library on macOS", () => {
    const env = { XDG_STATE_HOME: "/state" };
    expect(storeUrl({ ...none, env, cwd: "/" }).url).toBe("sqlite:/state/lockwright/locks.db");
    expect(storeUrl({ ...none, env: { XDG_STATE_HOME: "state" }, cwd: "/" }).url).toBe(
      "sqlite:/home/u/.local/state/lockwright/locks.db",
    );
    expect(storeUrl({ ...none, env, platform: "darwin", cwd: "/" }).url).toBe(
      "sqlite:/home/u/Library/Application Support/lockwright/locks.db",
    );
  });

  test("of the user is made on first use, in a folder closed to others", async () => {
    expect(documentIn(await room.run("ls", "--json"))).toEqual({ schema: 1, store: room.url, locks: [] });
    expect(statSync(join(room.folder, "lockwright")).mode & 0o777).toBe(0o700);
  });

  test("is the same for the built program", async () => {
    const cwd = project("app", { lockwright: { store: "sqlite:./locks.db" } });
    const storeOf = async (words: readonly string[], env: NodeJS.ProcessEnv): Promise<unknown> =>
      documentIn(await room.start(["ls", "--json", ...words], { env, cwd }).done)["store"];
    const other = `sqlite:${room.folder}/env.db`;
    expect(await storeOf([], {})).toBe(`sqlite:${cwd}/locks.db`);
    expect(await storeOf([], { LOCKWRIGHT_STORE: other })).toBe(other);
    expect(await storeOf(["--store", `sqlite:${room.folder}/option.db`], { LOCKWRIGHT_STORE: other })).toBe(
      `sqlite:${room.folder}/option.db`,
    );
    expect(await storeOf(["--store=sqlite:./here.db"], {})).toBe(`sqlite:${cwd}/here.db`);
  });
});

describe("credentials in a URL", () => {
  test.each([
    ["redis://user:secret@h:6379/0", "redis://***@h:6379/0"],
    ["redis://:secret@h", "redis://***@h"],
    ["postgres://u:se/c@ret@h/db", "postgres://***@h/db"],
    ["postgres:u:secret@h/db", "postgres:***@h/db"],
    ["postgres://h/db?user=u&password=secret&x=1", "postgres://h/db?user=u&password=***&x=1"],
    ['cannot reach "rediss://u:secret@h" (ECONNREFUSED)', 'cannot reach "rediss://***@h" (ECONNREFUSED)'],
    ["sqlite:/srv/a@b.db", "sqlite:/srv/a@b.db"],
    ["no URL here, mail me: a@b", "no URL here, mail me: a@b"],
  ])("are masked: %s", (text, masked) => {
    expect(maskCredentials(text)).toBe(masked);
  });

  test("are in no message of the program", async () => {
    for (const url of ["mysql://user:secret@h/db", "user:secret@h", "x://secret@h"]) {
      const { code, stderr } = await room.run("ls", "--store", url);
      expect(code).toBe(64);
      expect(stderr).not.toContain("secret");
    }
  });
});
