/**
 * What a process does whose event loop runs empty while somebody still waits at an event, a queue, a condition: it ends as if
 * nobody did. An idle consumer is a normal end; only waits for a lock that is held are rejected then.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";

const FACE = new URL("../../../dist/index.js", import.meta.url).href;

/** Runs a program that starts `wait` and does not await it; gives its exit code and what it printed. */
function play(wait: string): { readonly code: number | null; readonly output: string } {
  const program = `
    import * as lockwright from ${JSON.stringify(FACE)};
    const { AutoResetEvent, Barrier, Condition, CountDownLatch, ManualResetEvent, Queue, SingleFlight } = lockwright;
    const started = (async () => { ${wait} })();
    started.then(() => console.log("passed"), (error) => console.log("rejected", error.code));
    process.on("beforeExit", () => setImmediate(() => {}).unref());
    process.on("exit", (code) => console.log("exit", code));
  `;
  const run = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 15_000,
  });
  return { code: run.status, output: `${run.stdout}${run.stderr}` };
}

const waits: Readonly<Record<string, string>> = {
  "a ManualResetEvent": "await new ManualResetEvent().wait()",
  "an AutoResetEvent": "await new AutoResetEvent().wait()",
  "a CountDownLatch": "await new CountDownLatch(1).wait()",
  "a Barrier": "await new Barrier(2).wait()",
  "a Condition": "const it = new Condition(); await it.wait(await it.lock.acquire())",
  "the take of a Queue": "await new Queue().take()",
  "the put of a Queue": "await new Queue({ capacity: 0 }).put(1)",
  "the join of a Queue": "const it = new Queue(); it.tryPut(1); await it.join()",
  "an iteration of a Queue": "for await (const item of new Queue()) console.log(item)",
};

describe("at drain", () => {
  test.each(Object.entries(waits))("%s is not rejected, and the process ends normally [W4]", (_what, wait) => {
    expect(play(wait)).toEqual({ code: 0, output: "exit 0\n" });
  });

  test("a wait with a timeout keeps the process alive for its answer [D1]", () => {
    expect(play("await new Queue().take({ timeout: 30 })")).toEqual({
      code: 0,
      output: "rejected LW_TIMEOUT\nexit 0\n",
    });
  });
});
