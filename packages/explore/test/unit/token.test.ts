/** Tokens: what is written reads the same, and nothing else reads at all. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Deviation, Schedule } from "../../src/schedule.js";
import { readToken, writeToken } from "../../src/token.js";

const at = fc.nat(5000);
const deviations: fc.Arbitrary<Deviation[]> = fc
  .tuple(
    fc.uniqueArray(at, { maxLength: 6 }),
    fc.uniqueArray(at, { maxLength: 4 }),
    fc.infiniteStream(fc.integer({ min: 1, max: 99 })),
  )
  .map(([picks, holds, choices]) => [
    ...picks
      .toSorted((a, b) => a - b)
      .map((pick) => ({ kind: "pick", at: pick, choice: choices.next().value }) as const),
    ...holds.toSorted((a, b) => a - b).map((hold) => ({ kind: "hold", at: hold }) as const),
  ]);
const address = fc.option(fc.array(fc.nat(1000), { minLength: 1, maxLength: 5 }), { nil: undefined });
const fairFrom = fc.option(fc.nat(500), { nil: undefined });

describe("a token", () => {
  test("reads as it was written", () => {
    fc.assert(
      fc.property(deviations, fairFrom, fc.boolean(), address, (list, fair, isLoose, inputs) => {
        const fidelity = list.some(({ kind }) => kind === "hold") ? "holds" : "external";
        const schedule: Schedule = { fidelity, deviations: list, ...(fair === undefined ? {} : { fairFrom: fair }) };
        const token = writeToken(schedule, "0af9", isLoose, inputs);
        expect(readToken(token)).toEqual({
          ...schedule,
          hash: "0af9",
          isLoose,
          ...(inputs === undefined ? {} : { address: inputs }),
        });
      }),
    );
  });

  test("names inputs by sample and candidates, before the real I/O and the hash", () => {
    const schedule: Schedule = { fidelity: "external", deviations: [{ kind: "pick", at: 1, choice: 1 }], fairFrom: 9 };
    expect(writeToken(schedule, "b639", true, [3, 10, 0])).toBe("lw1d.1!9@3:a:0+io~b639");
    expect(writeToken(schedule, "b639", false, [0])).toBe("lw1d.1!9@0~b639");
  });

  test.each(["lw1d@~b639", "lw1d@3:~b639", "lw1d@:3~b639", "lw1d+io@3~b639", "lw1d@3!9~b639", "lw1d@zzzzzzzz~b639"])(
    "%s is none",
    (token) => {
      expect(() => readToken(token)).toThrow(expect.objectContaining({ code: "LW_REPLAY_MISMATCH" }));
    },
  );
});
