/** What goes to which stream, in what colour, and what happens when nobody reads it. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { showsColour, StreamWriter } from "../../src/cli/writer.js";
import { notRun } from "../support/not-run.js";
import { follow, Room } from "./command-line.js";

const BIN = fileURLToPath(new URL("../../bin/lockwright.js", import.meta.url));
// oxlint-disable-next-line no-control-regex
const ESCAPE = /\u001b\[/;
let room: Room;
beforeAll(async () => {
  room = new Room();
  await room.hold("web-1", "mutex|job", `mutex|${"long-name-".repeat(20)}`);
});
afterAll(async () => {
  await room[Symbol.asyncDispose]();
});

/** Runs a shell line in the room, with `lockwright` as $LW. */
function shell(line: string): ReturnType<typeof follow> {
  const env = { ...room.env, LW: `${process.execPath} ${BIN}` };
  return follow(spawn("bash", ["-c", line], { env, cwd: room.folder, stdio: ["ignore", "pipe", "pipe"] }));
}

describe("colour", () => {
  test("is decided by NO_COLOR, then by a FORCE_COLOR that says something, then by the terminal", () => {
    expect(showsColour({}, true)).toBe(true);
    expect(showsColour({}, false)).toBe(false);
    expect(showsColour({ NO_COLOR: "1" }, true)).toBe(false);
    expect(showsColour({ NO_COLOR: "" }, true)).toBe(true);
    expect(showsColour({ NO_COLOR: "1", FORCE_COLOR: "" }, true)).toBe(false);
    expect(showsColour({ FORCE_COLOR: "" }, false)).toBe(false);
    expect(showsColour({ FORCE_COLOR: "1" }, false)).toBe(true);
    expect(showsColour({ FORCE_COLOR: "0" }, true)).toBe(false);
    expect(showsColour({ TERM: "dumb" }, true)).toBe(false);
  });

  test("stays out of pipes, and of errors in pipes", async () => {
    expect((await room.run("ls")).stdout).not.toMatch(ESCAPE);
    expect((await room.run("nope")).stderr).not.toMatch(ESCAPE);
    expect((await room.start(["ls"], { env: { FORCE_COLOR: "" } }).done).stdout).not.toMatch(ESCAPE);
    expect((await room.start(["ls"], { env: { FORCE_COLOR: "1" } }).done).stdout).toMatch(ESCAPE);
  });
});

describe("a terminal", () => {
  const hasScript = spawnSync("script", ["--version"]).status === 0;

  /** Runs a line on a pseudo terminal of 60 columns. */
  const onTerminal = async (line: string): Promise<string> => {
    const { stdout } = await shell(`script -qec 'stty cols 60; ${line}' /dev/null < /dev/null`).done;
    return stdout;
  };

  test("gets colour and names cut to its width; NO_COLOR takes the colour", async () => {
    if (!hasScript) return notRun("cli: output on a terminal", "no script(1) of util-linux");
    const coloured = await onTerminal("$LW ls");
    expect(coloured).toMatch(ESCAPE);
    expect(coloured).toContain("…");
    const plain = await onTerminal("NO_COLOR=1 FORCE_COLOR= $LW ls");
    expect(plain).not.toMatch(ESCAPE);
    expect(Math.max(...plain.split(/\r?\n/).map((line) => line.length))).toBeLessThanOrEqual(60);
    expect((await room.run("ls")).stdout).toContain("long-name-".repeat(20));
  });

  test("gets a progress line from wait, which is cleared", async () => {
    if (!hasScript) return notRun("cli: progress on a terminal", "no script(1) of util-linux");
    const shown = await onTerminal("$LW wait job --timeout 300ms");
    const [, first = "", ...others] = shown.split("\r\u001b[K");
    expect(first).toMatch(/^waiting for "job": held by web-1 for /);
    expect(others.at(-1)).toMatch(/^"job" is not free/);
  });
});

describe("stdout and stderr", () => {
  test("data goes to stdout and talk to stderr; --quiet silences the talk", async () => {
    const talking = await room.run("release", "job", "--token", "1", "--json");
    expect(talking.stderr).not.toBe("");
    expect(() => JSON.parse(talking.stdout) as unknown).not.toThrow();
    expect(await room.run("ls", "nothing-here", "--quiet")).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(await room.run("ls", "nothing-here", "-q", "--json")).toMatchObject({ code: 0, stderr: "" });
  });

  test("a reader that leaves ends a watch quietly", async () => {
    const piped = shell(`$LW watch --json | head -1; echo "codes: \${PIPESTATUS[0]}"`);
    const { stdout, stderr } = await piped.done;
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\{"schema":1,"event":"watching".*\}\ncodes: 0\n$/);
  });

  test("a reader that leaves before the data disturbs no command", async () => {
    const { stdout, stderr } = await shell(
      `{ $LW ls --all; echo "code $?" >&2; } | true; { $LW ls 2>&1 >&3 | true; } 3>/dev/null; $LW help | head -1`,
    ).done;
    expect(stderr).toBe("code 0\n");
    expect(stdout).toBe("Usage: lockwright <command> [options] [arguments]\n");
  });

  test("a full disk is told and exits 1", async () => {
    if (!existsSync("/dev/full")) return notRun("cli: full disk", "no /dev/full");
    const { stdout, stderr } = await shell(`$LW ls --all > /dev/full; echo "code $?"`).done;
    expect(stdout).toBe("code 1\n");
    expect(stderr).toMatch(/^lockwright: .*(ENOSPC|no space left)/);
  });
});

describe("a writer", () => {
  test("writes bigints as decimal strings and escapes nothing else", () => {
    const written: string[] = [];
    new StreamWriter({ write: (text) => written.push(text) }, {}).document({
      token: 9_007_199_254_740_993n,
      name: "ü",
    });
    expect(written).toEqual(['{"token":"9007199254740993","name":"ü"}\n']);
  });

  test("shows a status on a terminal only", () => {
    const written: string[] = [];
    const write = (text: string): unknown => written.push(text);
    new StreamWriter({ write }, {}).status("busy");
    new StreamWriter({ write, isTTY: true }, {}, true).status("busy");
    expect(written).toEqual([]);
  });
});
