/** Outside a run nothing is different; in other threads, processes and copies everything still is as it should be. */
import { spawnSync } from "node:child_process";
import * as timers from "node:timers";
import * as timersPromises from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { activeRun, currentRun } from "../../../src/runtime/run.js";
import { enter, p, r, c, it, y } from "../../../src/runtime/point.js";
import { io } from "../../../src/runtime/index.js";
import { runBody } from "../../support/run.js";

const DIST = new URL("../../../dist/", import.meta.url);

describe("outside a run", () => {
  test("timers are Node's own, in every way to them", async () => {
    const handles = [setTimeout(() => {}, 1), timers.setTimeout(() => {}, 1), setInterval(() => {}, 1)];
    for (const handle of handles) {
      expect(handle.constructor.name).toBe("Timeout");
      clearTimeout(handle);
    }
    expect(setImmediate(() => {}).constructor.name).toBe("Immediate");
    expect(timers.setTimeout).toBe(setTimeout);
    const start = performance.now();
    await timersPromises.setTimeout(20);
    expect(performance.now() - start).toBeGreaterThan(15);
    const ticks: string[] = [];
    process.nextTick((...args: string[]) => ticks.push(...args), "a", "b");
    await timersPromises.setImmediate();
    expect(ticks).toEqual(["a", "b"]);
  });

  test("a timer from outside may be cleared inside a run, and one from inside outside", async () => {
    let fired = 0;
    const outer = setTimeout(() => (fired += 1), 5);
    const numbered = setTimeout(() => (fired += 1), 5);
    let inner: NodeJS.Timeout | undefined;
    await runBody(async () => {
      clearTimeout(outer);
      clearTimeout(Number(numbered));
      inner = setTimeout(() => (fired += 1), 5);
      inner.unref();
    });
    clearTimeout(inner);
    clearTimeout(Number(inner));
    await timersPromises.setTimeout(20);
    expect(fired).toBe(0);
  });

  test("points hand through what they get", async () => {
    expect(enter(0)).toBeNull();
    const value = {};
    const operand = Promise.resolve(value);
    expect(p(null, 0, 1, operand)).toBe(operand);
    expect(r(null, value)).toBe(value);
    expect(y(null, value)).toBe(value);
    const iterable: unknown[] = [];
    expect(it(null, 0, iterable)).toBe(iterable);
    c(null);
    await io("a turn of the loop");
  });

  test("no run is left behind by one that ended, was stuck, was cut or threw", async () => {
    const bodies: readonly (() => Promise<unknown>)[] = [
      async () => {},
      () => new Promise(() => {}),
      () => Promise.reject(new Error("no")),
      async () => {
        for (;;) await io("again");
      },
    ];
    for (const engine of ["async", "fast"] as const)
      for (const body of bodies) {
        await runBody(body as () => Promise<void>, { engine, maxSteps: 10 });
        expect([activeRun(), currentRun()]).toEqual([null, null]);
      }
  });
});

/** A program against the build, since other threads and processes load no TypeScript on Node 20. */
const program = (body: string): string => `
  const base = ${JSON.stringify(DIST.href)};
  const { installRuntime } = await import(base + "runtime/registry.js");
  const { Run } = await import(base + "runtime/run.js");
  const { runAsync } = await import(base + "runtime/engine-async.js");
  const { runFast, isFastEngineAvailable } = await import(base + "runtime/engine-fast.js");
  const { issueIo: io } = await import(base + "world/io.js");
  const nativeImmediate = setImmediate;
  installRuntime();
  const make = () => new Run({ fidelity: "holds", strategy: { pick: () => 0 }, maxSteps: 100, ioMax: 1000, seed: 1 });
  const body = async () => {
    await Promise.all([io("a"), new Promise((resolve) => setTimeout(resolve, 5))]);
  };
  const macrotask = (act) => new Promise((resolve) => nativeImmediate(() => resolve(act())));
  ${body}
`;

function runProgram(body: string, ...flags: readonly string[]): { readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, [...flags, "--input-type=module", "-e", program(body)], {
    encoding: "utf8",
    timeout: 15_000,
  });
}

describe("elsewhere", () => {
  test("without code generation the fast engine is not available, and the reference engine does", () => {
    const { stdout, stderr } = runProgram(
      `const run = make();
       await runAsync(run, body);
       console.log(isFastEngineAvailable(), run.outcome.kind, run.now);`,
      "--disallow-code-generation-from-strings",
    );
    expect(stdout.trim() || stderr).toBe("false passed 5");
  });

  test("both engines run in a worker thread", async () => {
    const source = program(`
      const { parentPort } = await import("node:worker_threads");
      const first = make();
      await runAsync(first, body);
      const second = make();
      await macrotask(() => runFast(second, body));
      parentPort.postMessage([first.outcome.kind, first.step, second.outcome.kind, second.step]);
    `);
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    const message = await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));
    expect(message).toEqual(["passed", 2, "passed", 2]);
    await worker.terminate();
  });

  test("a second copy in one thread is refused, the same one again is not", () => {
    const { stdout, stderr } = runProgram(`
      installRuntime();
      const copy = await import(base + "runtime/registry.js?copy");
      try { copy.installRuntime(); } catch (error) { console.log(error.code, error.message); }
    `);
    expect(stdout.trim() || stderr).toMatch(/^LW_SCHEDULE two copies of @lockwright\/explore are loaded in one thread/);
  });

  test("a fast run that does not begin in a macrotask of its own is no run: nothing drains there", () => {
    const { stdout, stderr } = runProgram(`
      const run = make();
      await Promise.resolve();
      runFast(run, body);
      console.log(run.outcome.kind);
    `);
    // Why every caller starts it from setImmediate.
    expect(stdout.trim() || stderr).toBe("deadlock");
  });

  test("process.exit inside a body ends the process as ever", () => {
    const { status } = spawnSync(
      process.execPath,
      [
        "--input-type=module",
        "-e",
        program(`await runAsync(make(), async () => { await io("a"); process.exit(7); });`),
      ],
      { timeout: 15_000 },
    );
    expect(status).toBe(7);
    expect(pathToFileURL(fileURLToPath(DIST)).href).toBe(DIST.href);
  });
});
