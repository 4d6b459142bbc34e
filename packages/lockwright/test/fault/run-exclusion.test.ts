/** `lockwright run` as cron sees it: one at a time, in order, all of them, or all but one skipped. */
import { expect, test } from "vitest";
import { recorder, RunBench, tokensInOrder, until } from "./run-support.js";

test("the record check itself reports an overlap and a token out of order (negative control)", () => {
  expect(() => tokensInOrder(["enter 1 10", "enter 2 11", "leave 1 10"])).toThrow("entered while 1 was inside");
  expect(() => tokensInOrder(["enter 2 10", "leave 2 10", "enter 1 11"])).toThrow("came after 2");
  expect(() => tokensInOrder(["enter 1 10", "leave 2 10"])).toThrow("left while 1 was inside");
});

test(
  "twenty runs started at once all run, one at a time, in the order of the queue (slow)",
  { timeout: 120_000 },
  async () => {
    using bench = new RunBench();
    const first = bench.start("run", "same", "--label", "first", "--", ...recorder(60));
    await bench.line("enter 1");
    const runs = Array.from({ length: 20 }, (_, index) =>
      bench.start("run", "same", "--label", `r${index}`, "--", "sh", "-c", record(index)),
    );
    const queue = await until(async () => {
      const { waiters } = await bench.show("same");
      return waiters.length === 20 && waiters.map((waiter) => waiter.label);
    }, "twenty waiters");
    first.process.kill("SIGTERM");
    const endings = await Promise.all(runs.map((run) => run.ended));
    expect(endings.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => 0));
    const after = bench.lines().slice(1);
    expect(tokensInOrder(after)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
    const order = after.filter((line) => line.startsWith("enter")).map((line) => `r${line.split(" ")[2]}`);
    expect(order).toEqual(queue);
  },
);

function record(index: number): string {
  return `echo "enter $LOCKWRIGHT_TOKEN ${index}" >> "$LOG"; sleep 0.01; echo "leave $LOCKWRIGHT_TOKEN ${index}" >> "$LOG"`;
}

test(
  "of twenty runs with --on-busy skip one runs, nineteen exit 0 and say who holds it (slow)",
  { timeout: 120_000 },
  async () => {
    using bench = new RunBench();
    // The winner stays inside until the last of the others has looked.
    const wait = `echo "enter $LOCKWRIGHT_TOKEN $$" >> "$LOG"; while [ ! -e "$LOG.go" ]; do sleep 0.02; done; echo "leave $LOCKWRIGHT_TOKEN $$" >> "$LOG"`;
    const runs = Array.from({ length: 20 }, () =>
      bench.start("run", "same", "--on-busy", "skip", "--", "sh", "-c", wait),
    );
    const settled: Awaited<(typeof runs)[number]["ended"]>[] = [];
    for (const run of runs) void run.ended.then((ending) => settled.push(ending));
    await until(() => settled.length === 19, "nineteen to give up");
    const [winner] = (await bench.show("same")).holders;
    const { writeFileSync } = await import("node:fs");
    writeFileSync(`${bench.log}.go`, "");
    const endings = await Promise.all(runs.map((run) => run.ended));
    expect(endings.map(({ code }) => code)).toEqual(Array.from({ length: 20 }, () => 0));
    const skipped = endings.filter(({ stderr }) => stderr.includes("skipped"));
    expect(skipped).toHaveLength(19);
    for (const { stderr } of skipped) {
      expect(stderr).toContain(`held by ${winner?.label}`);
      expect(stderr).toMatch(/for \d+(\.\d+)?(ms|s), token 1/);
    }
    expect(tokensInOrder(bench.lines())).toEqual([1]);
  },
);

test("--permits lets so many in and no more; --shared readers share, and a plain run waits for them", async () => {
  using bench = new RunBench();
  const two = [1, 2].map(() => bench.start("run", "gpu", "--permits", "2", "--", ...recorder(30)));
  await until(() => bench.lines().length === 2, "two inside");
  expect((await bench.run("run", "gpu", "--permits", "2", "--no-wait", "--", "true")).code).toBe(75);
  for (const { process } of two) process.kill("SIGTERM");
  await Promise.all(two.map((run) => run.ended));
  const readers = [1, 2].map(() => bench.start("run", "doc", "--shared", "--", ...recorder(30)));
  await until(() => bench.lines().length === 4, "two readers inside");
  expect((await bench.run("run", "doc", "--no-wait", "--", "true")).code).toBe(75);
  for (const { process } of readers) process.kill("SIGTERM");
  await Promise.all(readers.map((run) => run.ended));
  expect((await bench.run("run", "doc", "--no-wait", "--", "true")).code).toBe(0);
});
