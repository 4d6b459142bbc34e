/**
 * The clock that the processes of a machine share: `platform.now()` must agree with CLOCK_MONOTONIC in every process,
 * however it was scheduled while it loaded. A process whose clock is behind counts on its leases for that much longer
 * than everybody else does.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const run = promisify(execFile);
const PLATFORM = new URL("../../dist/platform.js", import.meta.url).href;

/** Prints by how many milliseconds the built platform's clock differs, at the best of many looks. */
const MEASURE = `
  const { nodePlatform } = await import(${JSON.stringify(PLATFORM)});
  const shared = () => Number(process.hrtime.bigint() / 1000n) / 1000;
  let least = Infinity, error = 0;
  for (let look = 0; look < 500; look += 1) {
    const before = shared(), now = nodePlatform.now(), width = shared() - before;
    if (width < least) [least, error] = [width, now - before - width / 2];
  }
  console.log(error);`;

/** As if the process lost the processor for 300 ms right after its first reading of the shared clock. */
const INTERRUPTED = `
  const { bigint } = process.hrtime;
  process.hrtime.bigint = () => {
    const reading = bigint();
    process.hrtime.bigint = bigint;
    for (const end = reading + 300_000_000n; bigint() < end; );
    return reading;
  };`;

async function clockError(before: string): Promise<number> {
  const { stdout } = await run(process.execPath, [
    "--no-warnings",
    "--input-type=module",
    "-e",
    `${before};${MEASURE}`,
  ]);
  return Math.abs(Number(stdout));
}

it("the clock of a process agrees with the machine's to a tenth of a millisecond", async () => {
  expect(await clockError("")).toBeLessThan(0.1);
});

it("the clock of a process that was kept waiting while it loaded agrees too (slow)", async () => {
  expect(await clockError(INTERRUPTED)).toBeLessThan(0.1);
});
