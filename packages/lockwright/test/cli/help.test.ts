/** Help, versions and hints. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { didYouMean } from "../../src/cli/did-you-mean.js";
import { Room } from "./command-line.js";

let room: Room;
beforeAll(() => {
  room = new Room();
});
afterAll(async () => {
  await room[Symbol.asyncDispose]();
});

const commands = ["run", "ls", "show", "release", "wait", "watch", "demo", "completion", "help"];

describe("help", () => {
  test.each([["help"], ["--help"], ["-h"]])("%s lists every command with its line on stdout", async (word) => {
    const { code, stdout, stderr } = await room.run(word);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} +[a-z].{10,}$`, "m"));
  });

  test.each(commands)("of %s has usage, options and exit codes, in 80 to 120 columns", async (command) => {
    const { code, stdout, stderr } = await room.run(command, "--help");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^Usage: lockwright ${command} `));
    expect(stdout).toMatch(/^ {6}--store <url> +where the locks are/m);
    expect(stdout).toMatch(/^ {2}-q, --quiet +/m);
    expect(stdout).toMatch(/^Exit codes:\n {2}0 /m);
    expect(stdout).toMatch(/^ {2}64 +wrong usage\n {2}69 +/m);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    expect((await room.run("help", command)).stdout).toBe(stdout);
  });

  test("says what is special of each command", async () => {
    const lines: readonly [string, RegExp][] = [
      ["ls", /^Usage: lockwright ls \[options\] \[prefix\]\n\nList the locks in use\.\n/],
      ["show", /^Usage: lockwright show \[options\] <name>\n/],
      [
        "release",
        /^Usage: lockwright release \[options\] <name> --token <token>\n[^]* 1 +that token is not the holder's/,
      ],
      ["wait", /^ {2}75 +still not free/m],
      ["watch", /^ {2}0 +ended by Ctrl-C/m],
      ["run", /^Usage: lockwright run \[options\] <name> -- <command> \[args…\]\n/],
      ["completion", /^Usage: lockwright completion \[options\] bash\|zsh\|fish\n/],
    ];
    for (const [command, says] of lines) expect((await room.run(command, "--help")).stdout).toMatch(says);
  });

  test("wins over missing arguments, and opens no store", async () => {
    expect((await room.run("release", "--help", "--store", "sqlite:/none/x.db")).code).toBe(0);
  });

  test.each([["--version"], ["-V"]])("%s prints the package's version", async (option) => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
      version: string;
    };
    expect(await room.run(option)).toMatchObject({ code: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });
});

test("a near miss is found by edits, swaps and beginnings, a far one is not", () => {
  expect(didYouMean("realese", commands)).toBe("release");
  expect(didYouMean("comp", commands)).toBe("completion");
  expect(didYouMean("sl", commands)).toBe("ls");
  expect(didYouMean("migrate", commands)).toBeUndefined();
  expect(didYouMean("x".repeat(100_000), commands)).toBeUndefined();
});
