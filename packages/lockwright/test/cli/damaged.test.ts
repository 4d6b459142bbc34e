/** A lock database that is damaged inside: its first page is ours, the others are noise. */
import { closeSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { expect, test } from "vitest";
import { RunBench } from "../fault/run-support.js";

test("a damaged lock database is refused with 69, by name, and left as it is", async () => {
  using bench = new RunBench();
  expect((await bench.run("run", "k", "--", "true")).code).toBe(0);
  const file = `${bench.folder}/locks.db`;
  const descriptor = openSync(file, "r+");
  const noise = Buffer.alloc(statSync(file).size - 4096, 0xa5);
  writeSync(descriptor, noise, 0, noise.length, 4096);
  closeSync(descriptor);
  const before = readFileSync(file);
  for (const args of [["run", "k", "--", "sh", "-c", 'echo ran >> "$LOG"'], ["ls"], ["show", "k"]]) {
    const { code, stdout, stderr } = await bench.run(...args);
    expect([args[0], code, stdout]).toEqual([args[0], 69, ""]);
    expect(stderr).toContain(file);
    expect(stderr).toMatch(/damaged|malformed/);
  }
  expect(bench.lines()).toEqual([]);
  expect(readFileSync(file).equals(before)).toBe(true);
});
