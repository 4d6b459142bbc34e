/** Every mutant of the explorer is noticed by the killer that is there for it, and no killer accuses the explorer itself. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { killers } from "./killers.ts";
import { loadLibrary, using } from "./library.ts";
import { mutants } from "./mutants.ts";

const entries = Object.entries(mutants);

describe("the explorer as it is", () => {
  test.each(Object.entries(killers))("%s", async (_, killer) => {
    await expect(using(await loadLibrary(), killer)).resolves.toBeUndefined();
  });
});

describe("a mutant is killed:", () => {
  test.each(entries)("%s", async (name, { killedBy }) => {
    const killer = killers[killedBy];
    if (killer === undefined) throw new Error(`no killer is called ${JSON.stringify(killedBy)}`);
    const library = await loadLibrary(name);
    // Not just any throw: a copy that cannot run at all would prove nothing about the killer.
    await expect(using(library, killer)).rejects.toMatchObject({ name: "AssertionError" });
  });
});

test("each mutant changes one place, which is there once", () => {
  const counts = entries.map(([name, { file, find }]) => {
    const code = readFileSync(new URL(`../../src/${file}`, import.meta.url), "utf8");
    return [name, code.split(find).length - 1];
  });
  expect(counts).toEqual(entries.map(([name]) => [name, 1]));
});

test("each killer kills", () => {
  const used = new Set(entries.map(([, { killedBy }]) => killedBy));
  expect([...used].toSorted()).toEqual(Object.keys(killers).toSorted());
});
