/** Completions, by the function of a real shell where there is one. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { notRun } from "../support/not-run.js";
import { follow, type Outcome, Room } from "./command-line.js";

const BIN = fileURLToPath(new URL("../../bin/lockwright.js", import.meta.url));
let room: Room;
beforeAll(async () => {
  room = new Room();
  const bin = join(room.folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "lockwright"), `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`);
  chmodSync(join(bin, "lockwright"), 0o755);
  await room.hold("web-1", "mutex|nightly-invoices", "mutex|shop:a", "mutex|shop:b", "mutex|two words");
});
afterAll(async () => {
  await room[Symbol.asyncDispose]();
});

async function inShell(shell: string, script: string): Promise<Outcome> {
  const env = { ...room.env, PATH: `${join(room.folder, "bin")}:${process.env["PATH"]}` };
  return await follow(spawn(shell, ["-c", script], { env, cwd: room.folder, stdio: ["ignore", "pipe", "pipe"] })).done;
}

async function candidates(...words: readonly string[]): Promise<readonly string[]> {
  const { code, stdout, stderr } = await room.run("__complete", "--", ...words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.replace(/\t.*/, ""));
}

describe("__complete", () => {
  test.each<[readonly string[], readonly string[]]>([
    [["w"], ["wait", "watch"]],
    [["--v"], ["--version"]],
    [["show", "n"], ["nightly-invoices"]],
    [
      ["show", "shop:"],
      ["shop:a", "shop:b"],
    ],
    [["release", "--token", "7", "shop:a"], ["shop:a"]],
    [["show", "shop:a", ""], []],
    [["release", "x", "--t"], ["--token"]],
    [["release", "x", "--token", ""], []],
    [["ls", "--js"], ["--json"]],
    [["help", "sh"], ["show"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["completion", "z"], ["zsh"]],
    [["show", "--store", ""], ["sqlite:"]],
    [["show", "--store", "sqlite:/none/none.db", ""], []],
    [["show", "--store=nonsense:", ""], []],
    [
      ["run", "--on-busy", ""],
      ["fail", "skip"],
    ],
    [["run", "--on-busy=s"], ["--on-busy=skip"]],
    [["run", "job", "--", "l"], [":command"]],
    [["run", "job", "--", "ls", "x"], [":file"]],
    [["nope", ""], []],
    [["constructor", ""], []],
  ])("offers for %j: %j", async (words, offered) => {
    expect(await candidates(...words)).toEqual(offered);
  });

  test("offers every command and not itself", async () => {
    const offered = await candidates("");
    expect(offered).toEqual([
      "run",
      "ls",
      "show",
      "release",
      "wait",
      "watch",
      "explore",
      "demo",
      "completion",
      "help",
      "--help",
      "--version",
    ]);
  });
});

describe("bash", () => {
  /** What the completion function answers with the cursor at the end of the line. */
  async function complete(line: string): Promise<readonly string[]> {
    const script = `eval "$(lockwright completion bash)"; COMP_LINE=${JSON.stringify(line)}; COMP_POINT=\${#COMP_LINE}; _lockwright; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await inShell("bash", script);
    expect(stderr).toBe("");
    return stdout.split("\n").filter((word) => word !== "");
  }

  test("reads the script without complaint", async () => {
    const { stdout } = await room.run("completion", "bash");
    const checked = spawnSync("bash", ["-n"], { input: stdout, encoding: "utf8" });
    expect(checked).toMatchObject({ status: 0, stderr: "" });
    expect((await inShell("bash", 'eval "$(lockwright completion bash)"; complete -p lockwright')).stdout).toBe(
      "complete -o default -F _lockwright lockwright\n",
    );
  });

  test("completes commands, options and names of locks", async () => {
    expect(await complete("lockwright re")).toEqual(["release"]);
    expect(await complete("lockwright ls --a")).toEqual(["--all"]);
    expect(await complete("lockwright show ni")).toEqual(["nightly-invoices"]);
    expect(await complete("lockwright show tw")).toEqual(["two\\ words"]);
  });

  test("gives only what follows a colon or an equals sign, where bash splits words", async () => {
    expect(await complete("lockwright show shop:")).toEqual(["a", "b"]);
    expect(await complete("lockwright run --on-busy=s")).toEqual(["skip"]);
  });

  test("offers programs after the -- of run", async () => {
    expect(await complete("lockwright run job -- bas")).toContain("bash");
  });
});

describe.each(["zsh", "fish"])("%s", (shell) => {
  test("reads the script without complaint", async () => {
    const { stdout } = await room.run("completion", shell);
    expect(stdout).toContain("lockwright __complete -- ");
    if (spawnSync(shell, ["--version"]).status !== 0) return notRun(`cli: completion in ${shell}`, `no ${shell}`);
    const script = join(room.folder, `completion.${shell}`);
    writeFileSync(script, stdout); // fish reads no script from a socket
    expect(spawnSync(shell, ["-n", script], { encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
  });
});

test("fish itself completes commands and locks with it", async () => {
  if (spawnSync("fish", ["--version"]).status !== 0) return notRun("cli: completing in fish", "no fish");
  const { stdout: script } = await room.run("completion", "fish");
  const file = join(room.folder, "lockwright.fish");
  writeFileSync(file, script);
  const { stdout } = await inShell(
    "fish",
    `source ${file}; complete -C "lockwright rel"; complete -C "lockwright show night"`,
  );
  expect(stdout.split("\n").map((line) => line.replace(/\t.*/, ""))).toEqual(["release", "nightly-invoices", ""]);
});

test("--json gives the script in a document", async () => {
  const { stdout } = await room.run("completion", "fish", "--json");
  expect(JSON.parse(stdout)).toMatchObject({
    schema: 1,
    shell: "fish",
    script: expect.stringContaining("complete -c lockwright") as string,
  });
});
