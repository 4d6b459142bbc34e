/** Each bug is found by the defaults, graded as stated, and replays; each corrected twin is clean. */
import { exploreReport, type Failure } from "@lockwright/explore";
import { describe, expect, test } from "vitest";
import { programs } from "./all.ts";
import type { Program } from "./zoo.ts";

const REPLAYS = 100;

async function find({ bug, options, grade }: Program): Promise<Failure> {
  const report = await exploreReport(bug, { ...options, ...(grade === "C" ? { failOn: "latent" } : {}) });
  if (report.failure === undefined) throw new Error(`not found: ${report.coverage.line}`);
  return report.failure;
}

describe.each(programs.map((program) => [program.name, program] as const))("%s", (_, program) => {
  test("is found and graded", async () => {
    const failure = await find(program);
    expect(failure.error.message).toMatch(program.message);
    expect(failure.grade).toBe(program.grade);
  });

  test(`replays ${REPLAYS} out of ${REPLAYS} times with one trace`, async () => {
    const { token, error } = await find(program);
    const seen = new Set<string>();
    for (let time = 0; time < REPLAYS; time += 1) {
      const { failure } = await exploreReport(program.bug, { ...program.options, replay: token });
      seen.add(`${failure?.error.message} ${failure?.trace.steps.at(-1)?.hash}`);
    }
    expect(seen.size).toBe(1);
    expect([...seen][0]).toContain(error.message);
  });

  test("has a corrected twin that is clean", async () => {
    const report = await exploreReport(program.fixed, { ...program.options, failOn: "latent" });
    expect(report.failure?.message).toBeUndefined();
    expect(report.warnings).toEqual([]);
  });
});
