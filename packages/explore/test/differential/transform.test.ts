/**
 * Each snippet does the same natively, transformed outside a run, and controlled without a deviation: same values, same
 * log, same number of microtask ticks between any two lines of it.
 */
import { describe, expect, test } from "vitest";
import { asModule, evaluate, happenings, subjects, transformed } from "../support/subjects.ts";
import { realSubjects } from "../support/real-runtime.ts";
import { plain } from "./snippets-plain.ts";

const native = (main: () => Promise<unknown>): Promise<unknown> => main();

describe.each([...subjects, ...realSubjects])("$name", (subject) => {
  test.each(Object.entries(plain))("%s", async (_, body) => {
    const expected = await happenings(native, evaluate(asModule(body)));
    subject.install();
    const main = evaluate(transformed(asModule(body)));
    expect(await happenings(subject.run, main)).toBe(expected);
  });
});
