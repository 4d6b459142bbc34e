/** Signals, stops and losses of `lockwright run`: what the table of exit codes says, seen from outside. */
import { execFileSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isRunning, recorder, RunBench, tokensInOrder, until } from "./run-support.js";

async function commandOf(bench: RunBench, token: number): Promise<number> {
  return Number((await bench.line(`enter ${token} `)).split(" ")[2]);
}

test("the command gets its lock, token, expiry and run id, our arguments untouched, and its exit code is ours", async () => {
  using bench = new RunBench();
  const script =
    "console.log(JSON.stringify([process.env.LOCKWRIGHT_LOCK, process.env.LOCKWRIGHT_TOKEN, Number(process.env.LOCKWRIGHT_EXPIRES) > Date.now(), process.env.LOCKWRIGHT_RUN.length, process.argv.slice(1)])); process.exitCode = 3";
  const { code, stdout } = await bench.run(
    "run",
    "a b",
    "--",
    process.execPath,
    "-e",
    script,
    "--",
    "$HOME",
    "it's; rm",
    "",
  );
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toEqual(["a b", "1", true, 16, ["$HOME", "it's; rm", ""]]);
});

test("a command ended by a signal gives 128+n", async () => {
  using bench = new RunBench();
  expect((await bench.run("run", "k", "--", "sh", "-c", "kill -9 $$")).code).toBe(137);
});

test("a signal reaches the command, whose own answer decides the exit code", async () => {
  using bench = new RunBench();
  const script = `trap 'echo told; exit 9' TERM; echo "enter $LOCKWRIGHT_TOKEN $$" >> "$LOG"; while :; do sleep 0.02; done`;
  const run = bench.start("run", "k", "--", "sh", "-c", script);
  await commandOf(bench, 1);
  run.process.kill("SIGTERM");
  expect(await run.ended).toMatchObject({ code: 9, stdout: "told\n" });
});

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
  "%s while waiting leaves the queue and gives 128+n, the command never run",
  async (signal) => {
    using bench = new RunBench();
    const holder = bench.start("run", "k", "--", ...recorder(60));
    await commandOf(bench, 1);
    const waiter = bench.start("run", "k", "--", ...recorder(60));
    await until(async () => (await bench.show("k")).waiters.length === 1, "a waiter");
    waiter.process.kill(signal);
    const numbers = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };
    expect((await waiter.ended).code).toBe(128 + numbers[signal]);
    expect((await bench.show("k")).waiters).toEqual([]);
    expect(bench.lines()).toHaveLength(1);
    holder.process.kill("SIGTERM");
    await holder.ended;
  },
);

/** Puts a `setsid` first in the path that takes its time, so that the command's shell is ready late. */
function slowShell(bench: RunBench, seconds: number): void {
  const real = execFileSync("sh", ["-c", "command -v setsid"], { encoding: "utf8" }).trim();
  writeFileSync(`${bench.folder}/setsid`, `#!/bin/sh\nsleep ${seconds}\nexec ${real} "$@"\n`);
  chmodSync(`${bench.folder}/setsid`, 0o755);
  bench.env["PATH"] = `${bench.folder}:${process.env["PATH"]}`;
}

test("a signal that comes between the lock and the command ends the run, and there is no command", async () => {
  using bench = new RunBench();
  slowShell(bench, 1);
  const run = bench.start("run", "k", "--", ...recorder(60));
  await until(async () => (await bench.show("k")).holders.length === 1, "the lock to be held");
  run.process.kill("SIGTERM");
  expect((await run.ended).code).toBe(143);
  expect(await bench.show("k")).toMatchObject({ holders: [] });
  expect(bench.lines()).toEqual([]);
});

test("a shell that does not get ready is not waited for: the command starts without it", async () => {
  using bench = new RunBench();
  slowShell(bench, 30);
  expect(await bench.run("run", "k", "--", "sh", "-c", "echo $LOCKWRIGHT_TOKEN; exit 4")).toMatchObject({
    code: 4,
    stdout: "1\n",
  });
});

test("a wrapper stopped past its ttl: its command is killed before the next gets the lock; woken, it says 76", async () => {
  using bench = new RunBench();
  const run = bench.start("run", "k", "--ttl", "1s", "--", ...recorder(60));
  const command = await commandOf(bench, 1);
  run.process.kill("SIGSTOP");
  // What the second command sees of the first, at its own start.
  const look = `grep -q ') [^ZX] ' /proc/${command}/stat 2>/dev/null && echo alive || echo gone; echo "enter $LOCKWRIGHT_TOKEN $$" >> "$LOG"`;
  const next = await bench.run("run", "k", "--wait", "10s", "--", "sh", "-c", look);
  expect(next).toMatchObject({ code: 0, stdout: "gone\n" });
  run.process.kill("SIGCONT");
  const { code, stderr } = await run.ended;
  expect(code).toBe(76);
  expect(stderr).toContain("is lost");
  expect(tokensInOrder(bench.lines(), new Set([1]))).toEqual([1, 2]);
});

test("a lock taken by force ends the command and gives 76", async () => {
  using bench = new RunBench();
  const run = bench.start("run", "k", "--", ...recorder(60));
  const command = await commandOf(bench, 1);
  expect((await bench.run("release", "k", "--token", "1")).code).toBe(0);
  expect((await run.ended).code).toBe(76);
  expect(isRunning(command)).toBe(false);
});

test("a store that goes away while the command runs: SIGTERM while the lease still holds, and 76 if that does not end it", async () => {
  using bench = new RunBench();
  const script = `trap 'echo asked >> "$LOG"' TERM; echo "enter $LOCKWRIGHT_TOKEN $$" >> "$LOG"; while :; do sleep 0.02; done`;
  const run = bench.start("run", "k", "--ttl", "1s", "--", "sh", "-c", script);
  const command = await commandOf(bench, 1);
  const { renameSync } = await import("node:fs");
  renameSync(`${bench.folder}/locks.db`, `${bench.folder}/gone.db`);
  await bench.line("asked");
  const { code, stderr } = await run.ended;
  expect(code).toBe(76);
  expect(stderr).toContain("cannot be renewed");
  expect(isRunning(command)).toBe(false);
});

test("--max-hold asks the command to end and says so", async () => {
  using bench = new RunBench();
  const { code, stderr } = await bench.run("run", "k", "--max-hold", "300ms", "--", "sleep", "60");
  expect(code).toBe(143);
  expect(stderr).toContain("--max-hold");
});

test("a program that is not there is 127, one that may not run 126, and nobody waits to learn it", async () => {
  using bench = new RunBench();
  const holder = bench.start("run", "k", "--", ...recorder(60));
  await commandOf(bench, 1);
  const file = `${bench.folder}/plain`;
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o644);
  expect(await bench.run("run", "k", "--", "no-such-program")).toMatchObject({ code: 127, stdout: "" });
  expect((await bench.run("run", "k", "--", `${bench.folder}/nope`)).code).toBe(127);
  expect((await bench.run("run", "k", "--", file)).code).toBe(126);
  expect((await bench.run("run", "k", "--", bench.folder)).code).toBe(126);
  holder.process.kill("SIGTERM");
  await holder.ended;
});

test("--wait ends in 75 and names the holder; --json says the same in documents, on stderr", async () => {
  using bench = new RunBench();
  const holder = bench.start("run", "k", "--label", "the nightly one", "--", ...recorder(60));
  await commandOf(bench, 1);
  const human = await bench.run("run", "k", "--wait", "100ms", "--", "true");
  expect(human).toMatchObject({ code: 75, stdout: "" });
  expect(human.stderr).toContain("held by the nightly one for");
  const machine = await bench.run("run", "k", "--no-wait", "--json", "--", "true");
  expect(machine.code).toBe(75);
  expect(JSON.parse(machine.stderr)).toMatchObject({
    event: "busy",
    lock: "k",
    holders: [{ label: "the nightly one", token: "1" }],
  });
  holder.process.kill("SIGTERM");
  await holder.ended;
  const events = (await bench.run("run", "k", "--json", "--", "sh", "-c", "exit 4")).stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as object);
  expect(events).toMatchObject([
    { event: "acquired", token: "2" },
    { event: "ended", code: 4, exit: 4 },
  ]);
});

test("--foreground keeps the command in our process group", async () => {
  using bench = new RunBench();
  const group = 'read -r line < /proc/$$/stat; set -- ${line##*) }; echo "$3"';
  const own = await bench.run("run", "k", "--", "sh", "-c", `${group}; echo $$`);
  const [leader, itself] = own.stdout.trim().split("\n");
  expect(leader).toBe(itself);
  const shared = await bench.run("run", "k", "--foreground", "--", "sh", "-c", `${group}; echo $$`);
  const [foreign, other] = shared.stdout.trim().split("\n");
  expect(foreign).not.toBe(other);
});

test("wrong usage is 64, one line and a hint, and touches nothing", async () => {
  using bench = new RunBench();
  const wrong: readonly (readonly string[])[] = [
    ["run"],
    ["run", "k"],
    ["run", "k", "--"],
    ["run", "", "--", "true"],
    ["run", "x".repeat(10_000), "--", "true"],
    ["run", "a\nb", "--", "true"],
    ["run", "k", "--ttl", "5", "--", "true"],
    ["run", "k", "--wait", "1s", "--no-wait", "--", "true"],
    ["run", "k", "--permits", "0", "--", "true"],
    ["run", "k", "--permits", "2", "--shared", "--", "true"],
    ["run", "k", "--on-busy", "wait", "--", "true"],
    ["run", "k", "--label", "x".repeat(300), "--", "true"],
    ["run", "k", "--nope", "--", "true"],
    ["run", "--store", "ftp://x", "k", "--", "true"],
  ];
  for (const args of wrong) {
    const { code, stdout, stderr } = await bench.run(...args);
    expect([args.join(" ").slice(0, 60), code, stdout]).toEqual([args.join(" ").slice(0, 60), 64, ""]);
    expect(stderr.trim().split("\n").length).toBeLessThanOrEqual(2);
    expect(stderr).not.toContain("    at ");
  }
  expect((await bench.run("ls", "--all", "--json")).stdout).toContain('"locks":[]');
});
