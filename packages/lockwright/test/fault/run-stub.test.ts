/** The shell that waits to become the command: whatever it is, the command must not be able to tell. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isRunning, recorder, RunBench, until } from "./run-support.js";

const LOOK = `
const { execFileSync } = require("node:child_process");
const { readdirSync, readFileSync } = require("node:fs");
const [, , group, session] = readFileSync("/proc/self/stat", "utf8").replace(/^.*\\) /s, "").split(" ");
const ignored = /SigIgn:\\s*(\\w+)/.exec(readFileSync("/proc/self/status", "utf8"))[1];
const env = { ...process.env };
for (const name of ["LOCKWRIGHT_TOKEN", "LOCKWRIGHT_EXPIRES", "LOCKWRIGHT_RUN"]) delete env[name];
const inherited = JSON.parse(execFileSync("sh", ["-c", 'cd /proc/$PPID/fd; for d in 3 4 5; do [ -S $d ] && echo $d; done; true'], { encoding: "utf8" }).trim().split("\\n").at(0));
console.log(JSON.stringify({ env, leads: Number(group) === process.pid && Number(session) === process.pid, ignored, inherited, token: process.env.LOCKWRIGHT_TOKEN, expires: Number(process.env.LOCKWRIGHT_EXPIRES) > Date.now(), args: process.argv.slice(1), cwd: process.cwd() }));
process.exitCode = 3;
`;
const command = [process.execPath, "-e", LOOK, "--", "$HOME", "it's; rm", "", "-x"] as const;

/** What a command sees that had to wait. */
async function seenAfterWaiting(
  bench: RunBench,
  ...args: readonly string[]
): Promise<{ code: number | null; seen: object }> {
  const holder = bench.start("run", "k", "--", ...recorder(60));
  await bench.line("enter 1 ");
  const waiter = bench.start("run", "k", ...args, "--", ...command);
  await until(async () => (await bench.show("k")).waiters.length === 1, "a waiter");
  await until(() => stubsOf(waiter.process.pid as number).length > 0 || args.includes("--foreground"), "the stub");
  holder.process.kill("SIGTERM");
  const { code, stdout } = await waiter.ended;
  return { code, seen: JSON.parse(stdout) as object };
}

/** The outer shells of stubs that a wrapper started. */
function stubsOf(wrapper: number): number[] {
  try {
    const found = execFileSync("pgrep", ["-P", String(wrapper), "-f", "run-stub.sh"], { encoding: "utf8" });
    return found.trim().split("\n").map(Number);
  } catch {
    return []; // pgrep found none
  }
}

test("a command that waited sees what one started at once sees: environment, group, signals, descriptors, arguments", async () => {
  using bench = new RunBench();
  const direct = await bench.run("run", "free", "--", ...command);
  const waited = await seenAfterWaiting(bench);
  expect([direct.code, waited.code]).toEqual([3, 3]);
  const expected = {
    env: { ...bench.env, LOCKWRIGHT_LOCK: "k" },
    leads: true,
    ignored: (JSON.parse(direct.stdout) as { ignored: string }).ignored,
    inherited: 3,
    token: "2",
    expires: true,
    args: ["$HOME", "it's; rm", "", "-x"],
    cwd: process.cwd(),
  };
  expect(waited.seen).toMatchObject(expected);
  expect(JSON.parse(direct.stdout)).toMatchObject({
    ...expected,
    env: { ...bench.env, LOCKWRIGHT_LOCK: "free" },
    token: "1",
  });
});

test("names and values that a shell would drop or change reach the command all the same, started without the stub", async () => {
  using bench = new RunBench();
  const odd = {
    "odd.name": "1",
    "npm_config_//registry/:_authToken": "a=b\n\nc",
    IFS: "x",
    OPTIND: "7",
    PWD: "/nowhere",
  };
  Object.assign(bench.env, odd);
  const { code, seen } = await seenAfterWaiting(bench, "--foreground");
  expect(code).toBe(3);
  expect((seen as { env: object }).env).toMatchObject(odd);
  const direct = await bench.run("run", "free", "--", ...command);
  expect(direct.code).toBe(3);
  expect((JSON.parse(direct.stdout) as { env: object }).env).toMatchObject(odd);
});

test("a value with line ends and other bytes is no obstacle to the stub", async () => {
  using bench = new RunBench();
  Object.assign(bench.env, { LINES_OF: "a\nb\n\n", ACCENT: "é\u{1f512}", EMPTY: "" });
  const { seen } = await seenAfterWaiting(bench);
  expect((seen as { env: object }).env).toMatchObject({ LINES_OF: "a\nb\n\n", ACCENT: "é\u{1f512}", EMPTY: "" });
});

test("the shell that waits in front of the command killed: the command dies with it, and the lock is free", async () => {
  using bench = new RunBench();
  const run = bench.start("run", "k", "--", ...recorder(60));
  const child = Number((await bench.line("enter 1 ")).split(" ")[2]);
  const [stub] = stubsOf(run.process.pid as number);
  expect(stub).toBeDefined();
  process.kill(stub as number, "SIGKILL");
  expect((await run.ended).code).toBe(137);
  expect(isRunning(child)).toBe(false);
  expect((await bench.run("run", "k", "--no-wait", "--", "true")).code).toBe(0);
});

test("a run that gives up waiting, and one that is killed while it waits, leave no shell behind", async () => {
  using bench = new RunBench();
  const holder = bench.start("run", "k", "--", ...recorder(60));
  await bench.line("enter 1 ");
  expect((await bench.run("run", "k", "--wait", "300ms", "--", "true")).code).toBe(75);
  const waiter = bench.start("run", "k", "--", "true");
  const [stub] = await until(() => {
    const found = stubsOf(waiter.process.pid as number);
    return found.length > 0 && found;
  }, "the stub");
  waiter.process.kill("SIGKILL");
  await until(() => !isRunning(stub as number), "the stub to end");
  await until(() => runsOf(bench.folder).size === 1, "only the holder's processes to be left");
  holder.process.kill("SIGTERM");
  await holder.ended;
});

/** The ids of the runs that have a process with this folder in its environment. */
function runsOf(folder: string): Set<string> {
  const runs = new Set<string>();
  for (const process of readdirSync("/proc")) {
    let environ: string;
    try {
      environ = readFileSync(`/proc/${process}/environ`, "latin1");
    } catch {
      continue; // no process, or it ended
    }
    const run = /(?:^|\0)LOCKWRIGHT_RUN=(\w+)/.exec(environ)?.[1];
    if (run !== undefined && environ.includes(folder)) runs.add(run);
  }
  return runs;
}
