/** What is refused, with which code, in one clear line and without a stack. */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { notRun } from "../support/not-run.js";
import { Room } from "./command-line.js";

let room: Room;
beforeAll(() => {
  room = new Room();
});
afterAll(async () => {
  await room[Symbol.asyncDispose]();
});

/** The words, the exit code, what stderr must say. */
const table: readonly [title: string, words: readonly string[], code: number, says: RegExp][] = [
  ["an unknown command", ["lss"], 64, /there is no command "lss"\ndid you mean ls\?/],
  [
    "a command near to nothing",
    ["frobnicate"],
    64,
    /the commands are run, ls, show, release, wait, watch, explore, demo/,
  ],
  ["the name of an inherited property as command", ["constructor"], 64, /there is no command "constructor"/],
  ["an option before the command", ["--json", "ls"], 64, /options come after the command/],
  ["an unknown option", ["ls", "--jsn"], 64, /ls has no option "--jsn"\ndid you mean --json\?/],
  ["an unknown short option", ["ls", "-z"], 64, /ls has no option "-z"/],
  ["the name of an inherited property as option", ["ls", "--__proto__"], 64, /ls has no option/],
  ["a value for a flag", ["ls", "--json=yes"], 64, /--json takes no value/],
  ["an option without its value", ["wait", "job", "--timeout"], 64, /--timeout needs a value: --timeout <duration>/],
  [
    "an option that swallowed another",
    ["wait", "job", "--timeout", "--json"],
    64,
    /--timeout needs a value, got the option "--json"/,
  ],
  ["a missing name", ["show"], 64, /show needs a <name>/],
  ["a name too many", ["show", "a", "b"], 64, /show does not take the argument "b"/],
  ["an empty name", ["show", ""], 64, /name must not be empty/],
  ["a name of 10 kB", ["show", "x".repeat(10_000)], 64, /name must be at most 512 bytes of UTF-8, got 10000/],
  [
    "control characters in a name",
    ["show", "a\u001b[2Jb"],
    64,
    /name must not contain control characters, got "a\\u001b\[2Jb"/,
  ],
  ["a prefix of 10 kB", ["ls", "x".repeat(10_000)], 64, /prefix must be at most 128 bytes/],
  ["a duration without unit", ["wait", "job", "--timeout", "30"], 64, /got "30"\nsay which unit: 30s or 30ms\?/],
  [
    "a duration of nonsense",
    ["wait", "job", "--timeout", "soon"],
    64,
    /must be a duration such as 500ms, 30s, 5m, 2h or 1d, got "soon"/,
  ],
  ["a negative duration", ["wait", "job", "--timeout=-5s"], 64, /must be a duration/],
  ["a duration over the bound", ["wait", "job", "--timeout", "9999d"], 64, /must be from 0ms to 365d, got 9999d/],
  [
    "a token that is none",
    ["release", "job", "--token", "0x1f"],
    64,
    /--token must be a token, a whole number such as 42/,
  ],
  ["--exact without a name", ["watch", "--exact"], 64, /--exact needs the name of a lock/],
  [
    "an unknown shell",
    ["completion", "bsh"],
    64,
    /shell must be one of bash, zsh, fish, got "bsh"\ndid you mean bash\?/,
  ],
  ["help for an unknown command", ["help", "shw"], 64, /did you mean show\?/],
  ["an empty store", ["ls", "--store", ""], 64, /--store needs a value/],
  ["an unknown scheme", ["ls", "--store", "mysql://u:secret@h/db"], 64, /--store: url must begin with one of sqlite:/],
  ["a store that is no URL", ["ls", "--store", "./locks.db"], 64, /a file is named by sqlite:\.\/locks\.db/],
  ["a memory store", ["ls", "--store", "memory:"], 64, /a memory: store lives in one process/],
  ["a store without a file", ["ls", "--store", "sqlite:"], 64, /url must name a file/],
  [
    "a store in no folder",
    ["ls", "--store", "sqlite:./none/locks.db"],
    69,
    /the folder .*\/none of the lock database cannot be read/,
  ],
];

describe("the command line refuses", () => {
  test.each(table)("%s", async (_title, words, code, says) => {
    const outcome = await room.run(...words);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(says);
    expect(outcome.stderr).toMatch(/^lockwright: /);
    expect(outcome.stderr).not.toMatch(/\n {4}at |secret|unexpected/);
    expect(outcome.stderr.length).toBeLessThan(600);
    expect(outcome.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
  });

  test("without a command, with the overview on stderr", async () => {
    const { code, stdout, stderr } = await room.run();
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain("Usage: lockwright <command>");
  });
});

describe("a store that cannot be used exits 69", () => {
  test("when its file is no database, and leaves the file as it was", async () => {
    const file = join(room.folder, "notes.txt");
    writeFileSync(file, "not a database, but long enough to have a header of one\n".repeat(200));
    const before = readFileSync(file);
    const { code, stderr } = await room.run("ls", "--store", `sqlite:${file}`);
    expect(code).toBe(69);
    expect(stderr).toContain(`${file} is not a lockwright database`);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  test("when its database belongs to another program", async () => {
    const file = await database("foreign.db", 68, 0x0badcafe);
    const { code, stderr } = await room.run("ls", "--store", `sqlite:${file}`);
    expect(code).toBe(69);
    expect(stderr).toContain("it is a database of another program");
  });

  test("when a newer lockwright wrote it", async () => {
    const file = await database("newer.db", 60, 999);
    const { code, stderr } = await room.run("show", "job", "--store", `sqlite:${file}`);
    expect(code).toBe(69);
    expect(stderr).toContain("999");
  });

  test("when its folder cannot be written", async () => {
    if (process.platform !== "linux") return notRun("cli: read-only folder", "needs /proc");
    const named = await room.run("ls", "--store", "sqlite:/proc/locks.db");
    expect(named.code).toBe(69);
    expect(named.stderr).toContain("the database /proc/locks.db cannot be opened");
    const own = await room.start(["ls"], { env: { XDG_STATE_HOME: "/proc/none" } }).done;
    expect(own.code).toBe(69);
    expect(own.stderr).toMatch(/cannot create \/proc\/none\/lockwright .* name a store by --store or LOCKWRIGHT_STORE/);
  });

  test("and prints the stack only with LOCKWRIGHT_DEBUG=1", async () => {
    const { stderr } = await room.start(["ls", "--store", "sqlite:/none/x.db"], { env: { LOCKWRIGHT_DEBUG: "1" } })
      .done;
    expect(stderr).toMatch(/\n {4}at /);
  });
});

/** Makes a lock database and then overwrites a number of its header (the SQLite file format: 60 user version, 68 application). */
async function database(name: string, offset: number, value: number): Promise<string> {
  const folder = join(room.folder, "files");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  expect((await room.run("ls", "--store", `sqlite:${file}`)).code).toBe(0);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  const handle = openSync(file, "r+");
  writeSync(handle, bytes, 0, 4, offset);
  closeSync(handle);
  return file;
}
