/** Deadlocks that decide how a process ends: each program in a process of its own, on every Node there is, and in a worker. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { notRun } from "../../support/not-run.js";

const PROGRAMS = fileURLToPath(new URL("./deadlock-programs.mjs", import.meta.url));
const NODES = fileURLToPath(new URL("../../../../../proof/node_modules", import.meta.url));
const IN_WORKER = `
  const { Worker } = require("node:worker_threads");
  const worker = new Worker(${JSON.stringify(PROGRAMS)}, { workerData: process.argv[1] });
  worker.on("error", (error) => { console.error(error); process.exitCode = 1; });
  worker.on("exit", (code) => { process.exitCode ||= code; });
`;

interface Ending {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(node: string, args: readonly string[]): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(node, args, { stdio: ["ignore", "pipe", "pipe"], timeout: 15_000 });
    const text = { out: "", err: "" };
    child.stdout.on("data", (chunk: Buffer) => (text.out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (text.err += chunk.toString()));
    child.on("close", (code) => resolve({ code, ...text }));
  });
}

/** What a program must do: the lines it prints, and with what it ends. */
interface Expected {
  readonly program: string;
  readonly prints: RegExp;
  /** The exit code; 0 when left out. */
  readonly code?: number;
}

const expected: readonly Expected[] = [
  { program: "nested mutex", prints: /^$/, code: 1 },
  { program: "nested limit", prints: /^$/, code: 1 },
  { program: "nested mutex beside timers", prints: /^LW_DEADLOCK\n$/ },
  { program: "nested limit beside timers", prints: /^LW_DEADLOCK\n$/ },
  { program: "a cycle by scopes beside timers", prints: /^1,LW_DEADLOCK\n$/ },
  { program: "a late nested mutex, at the top level", prints: /^$/, code: 1 },
  { program: "a late nested mutex, in a chain of promises", prints: /^$/, code: 1 },
  {
    program: "a cycle by drain",
    prints: /^LW_DEADLOCK LW_DEADLOCK\n"b" can never be granted .* the event loop is empty/,
  },
  { program: "an upgrade behind a reader who never leaves", prints: /^LW_DEADLOCK/ },
  { program: "a drain that is caught, after which the program goes on", prints: /^LW_DEADLOCK\non\n$/ },
  { program: "a guard that is never given back", prints: /^LW_DEADLOCK/ },
  { program: "a paused semaphore", prints: /^LW_DEADLOCK/ },
  { program: "a reentrant mutex asked for outside its context", prints: /^LW_DEADLOCK/ },
  // Untouched: what Node does with a top-level await that never settles.
  { program: "report at the end", prints: /^drained false\n$/, code: 13 },
  { program: "off at the end", prints: /^$/, code: 13 },
  { program: "drain with owners tracked", prints: /^true true\n$/ },
  { program: "another listener that releases at the first beforeExit", prints: /^served\n$/ },
  { program: "another listener that does nothing", prints: /^LW_DEADLOCK/ },
  { program: "a map of run", prints: /^6\n$/ },
  { program: "detached follow-ups", prints: /^3\n$/ },
  { program: "a body that schedules itself", prints: /^20\n$/ },
  { program: "short bodies that nobody awaits", prints: /^done\n$/ },
  { program: "an idle consumer at the end", prints: /^idle\n$/ },
  { program: "a guard that travels", prints: /^passed on\n$/ },
  { program: "a wait with a timeout at the end", prints: /^LW_TIMEOUT/ },
];

/** How it must have ended. */
function endingOf({ prints, code = 0 }: Expected): Record<keyof Ending, unknown> {
  const says = code === 1 ? /LW_DEADLOCK/ : /^(?![^]*DeadlockError)/;
  return { out: expect.stringMatching(prints), code, err: expect.stringMatching(says) };
}

const majors = [20, 22, 24, 26].map((major) => ({ major, node: `${NODES}/n${major}/bin/node` }));

describe("this Node", () => {
  test.each(expected)("$program", async (one) => {
    expect(await run(process.execPath, [PROGRAMS, one.program])).toEqual(endingOf(one));
  });

  test.each(expected)("in a worker thread: $program", async (one) => {
    expect(await run(process.execPath, ["-e", IN_WORKER, one.program])).toEqual(endingOf(one));
  });
});

describe.each(majors)("Node $major", ({ major, node }) => {
  test("every program ends as it should (slow)", { timeout: 60_000 }, async () => {
    if (!existsSync(node))
      return notRun(`deadlock programs on Node ${major}`, "npm ci --prefix proof has not been run");
    for (const one of expected) {
      const ending = { program: one.program, ...(await run(node, [PROGRAMS, one.program])) };
      expect(ending).toEqual({ program: one.program, ...endingOf(one) });
    }
  });
});
