/**
 * Each snippet does the same natively, transformed outside a run, and controlled without a deviation: same values, same
 * log, same number of microtask ticks between any two lines of it.
 */
import { describe, expect, test } from "vitest";
import type { TransformOptions } from "../../src/transform/index.ts";
import { asModule, evaluate, happenings, hasUsing, subjects, transformed } from "../support/subjects.ts";
import { realSubjects } from "../support/real-runtime.ts";
import { loops } from "./snippets-loops.ts";
import { plain } from "./snippets-plain.ts";
import { MAKE, pairs, using } from "./snippets-using.ts";

interface Build extends TransformOptions {
  readonly title: string;
  readonly snippets: Readonly<Record<string, string>>;
  readonly before?: string;
}

const builds: readonly Build[] = [
  { title: "plain forms", snippets: plain },
  { title: "loops and generators", snippets: loops },
  { title: "with accesses tracked", snippets: { ...plain, ...loops }, track: true },
];
// A Node without the syntax has nothing to compare with here; disposal.test.ts compares it with what another Node did.
const usingBuilds: readonly Build[] = [true, false].map((lowerUsing) => ({
  title: lowerUsing ? "using, lowered" : "using, as the language runs it",
  snippets: { ...using, ...pairs() },
  before: MAKE,
  lowerUsing,
}));

describe.each([...subjects, ...realSubjects])("$name", (subject) => {
  describe.each(hasUsing() ? [...builds, ...usingBuilds] : [...builds])(
    "$title",
    ({ snippets, before = "", title: _, ...options }) => {
      test.each(Object.entries(snippets))("%s", async (_name, body) => {
        const code = asModule(before + body);
        const expected = await happenings((main) => main(), evaluate(code));
        subject.install();
        const given = await happenings(subject.run, evaluate(transformed(code, options)));
        expect(given).toBe(expected);
      });
    },
  );
});
