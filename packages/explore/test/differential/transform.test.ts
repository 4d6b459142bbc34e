/**
 * Each snippet does the same natively, transformed outside a run, and controlled without a deviation: same values, same
 * log, same number of microtask ticks between any two lines of it.
 */
import { compileFunction } from "node:vm";
import { describe, expect, test } from "vitest";
import type { TransformOptions } from "../../src/transform/index.ts";
import { asModule, evaluate, happenings, subjects, transformed } from "../support/subjects.ts";
import { realSubjects } from "../support/real-runtime.ts";
import { loops } from "./snippets-loops.ts";
import { plain } from "./snippets-plain.ts";
import { MAKE, pairs, using } from "./snippets-using.ts";

const native = (main: () => Promise<unknown>): Promise<unknown> => main();

function hasUsing(): boolean {
  try {
    return typeof compileFunction("async()=>{await using x=null}") === "function";
  } catch {
    return false;
  }
}

describe.each([...subjects, ...realSubjects])("$name", (subject) => {
  async function compare(body: string, options: TransformOptions = {}): Promise<void> {
    const expected = await happenings(native, evaluate(asModule(body)));
    subject.install();
    const main = evaluate(transformed(asModule(body), options));
    expect(await happenings(subject.run, main)).toBe(expected);
  }

  describe("plain forms", () => {
    test.each(Object.entries(plain))("%s", (_, body) => compare(body));
  });

  describe("loops and generators", () => {
    test.each(Object.entries(loops))("%s", (_, body) => compare(body));
  });

  describe("with accesses tracked", () => {
    test.each(Object.entries({ ...plain, ...loops }))("%s", (_, body) => compare(body, { track: true }));
  });

  describe.runIf(hasUsing())("using, as the language runs it", () => {
    test.each(Object.entries({ ...using, ...pairs() }))("%s", (_, body) => compare(MAKE + body, { lowerUsing: false }));
  });

  describe.runIf(hasUsing())("using, lowered", () => {
    test.each(Object.entries({ ...using, ...pairs() }))("%s", (_, body) => compare(MAKE + body, { lowerUsing: true }));
  });
});
