/** Random programs do the same natively, transformed outside a run, and controlled; a failure prints seed and program. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSync } from "oxc-parser";
import { randomProgram, type Resources } from "../support/random-program.ts";
import { asModule, evaluate, happenings, hasUsing, subjects, transformed } from "../support/subjects.ts";

const RUNS = Number(process.env["LOCKWRIGHT_TRANSFORM_RUNS"] ?? 200);
const choices = fc.array(fc.nat(10_000), { maxLength: 150, size: "max" });
/** Not null alone where the language disposes: the one place where [T1] is not kept, see disposal.ts. */
const builds: readonly { readonly resources: Resources; readonly lowerUsing: boolean }[] = hasUsing()
  ? [
      { resources: "all", lowerUsing: true },
      { resources: "all but null", lowerUsing: false },
    ]
  : [{ resources: "none", lowerUsing: true }];

describe.each([...subjects])("$name", (subject) => {
  test.each(builds)("a random program does what it does natively, with %o", async ({ resources, lowerUsing }) => {
    await fc.assert(
      fc.asyncProperty(choices, fc.boolean(), async (numbers, track) => {
        const code = asModule(randomProgram(numbers, resources));
        const expected = await happenings((main) => main(), evaluate(code));
        subject.install();
        const given = await happenings(subject.run, evaluate(transformed(code, { lowerUsing, track })));
        expect({ code, log: given }).toEqual({ code, log: expected });
      }),
      { numRuns: RUNS },
    );
  });
});

test("a random program keeps its lines, and parses again", () => {
  fc.assert(
    fc.property(choices, fc.boolean(), fc.boolean(), (numbers, track, lowerUsing) => {
      const code = asModule(randomProgram(numbers, "all")).replaceAll("; ", ";\n");
      const result = transformed(code, { track, lowerUsing });
      expect(result.split("\n").length).toBe(code.split("\n").length);
      expect(parseSync("a.cjs", result, { showSemanticErrors: true }).errors).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});
