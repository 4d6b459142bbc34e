/** Generated inputs: the same from the same seed, shrunk after the schedule, carried by the token. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { explore, exploreReport } from "../../src/explore.js";
import { type InputArbitrary, InputSpace } from "../../src/inputs.js";
import type { Report } from "../../src/report/report.js";
import { issueIo as io } from "../../src/world/io.js";

/** Answers that come in another order than asked for are stored in that order: wrong for lists of two different items. */
async function storeAll(items: readonly number[]): Promise<void> {
  const stored: number[] = [];
  await Promise.all(items.map((item) => io(`store ${item}`).then(() => stored.push(item))));
  if (stored.join() !== items.join()) throw new Error("stored in another order");
}

const numbers = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 6 });
const failing = (seed = 1): Promise<Report> =>
  exploreReport((_, items) => storeAll(items), { inputs: [numbers], seed, budget: { ms: 20_000 } });

describe("a body that takes inputs", () => {
  test("gets one for each arbitrary, typed", async () => {
    const seen: [number, string[]][] = [];
    await explore((_, n, words) => void seen.push([n, words]), {
      inputs: [fc.integer({ min: 1, max: 9 }), fc.array(fc.string())],
      budget: { ms: 20_000 },
    });
    expect(new Set(seen.map(([n, words]) => `${n} ${words.join("|")}`)).size).toBeGreaterThan(5);
    expect(seen.every(([n, words]) => n >= 1 && n <= 9 && Array.isArray(words))).toBe(true);
  });

  test.each([1, 2, 3])("fails with the smallest inputs that fail in the same way (seed %i)", async (seed) => {
    const { failure } = await failing(seed);
    // Order matters from two different items on; zero and one are the smallest two.
    expect((failure!.inputs![0] as number[]).toSorted((a, b) => a - b)).toEqual([0, 1]);
    expect(failure).toMatchObject({ grade: "B", error: { message: "stored in another order" } });
    expect(failure!.message).toMatch(/inputs: \[ [01], [01] \]/);
    expect(failure!.token).toMatch(/^lw1d\.0@[0-9a-z]+(:[0-9a-z]+)*~/);
  });

  test("is the same in every exploration from one seed", async () => {
    const [one, two] = [await failing(), await failing()];
    expect(one.failure!.token).toBe(two.failure!.token);
  });

  test("is played back by its token, with the inputs as shrunk", async () => {
    const { failure } = await failing();
    const seen: unknown[] = [];
    const again = await exploreReport(
      (_, items) => {
        seen.push(items);
        return storeAll(items);
      },
      { inputs: [numbers], replay: failure!.token },
    );
    expect(seen).toEqual([failure!.inputs![0]]);
    expect(again.failure).toMatchObject({ token: failure!.token, inputs: failure!.inputs });
  });

  test("keeps the failure it began with", async () => {
    const halving: InputArbitrary<number> = {
      generate: () => ({ value: 1000, context: undefined }),
      shrink: (value) => [value >> 1, value - 1].map((smaller) => ({ value: smaller, context: undefined })),
    };
    const report = await exploreReport(
      async (_, n) => {
        await io("one");
        if (n >= 100) throw new RangeError("too large");
        if (n >= 1) throw new TypeError("not zero");
      },
      { inputs: [halving], budget: { ms: 20_000 } },
    );
    expect([report.failure!.error.name, report.failure!.inputs]).toEqual(["RangeError", [100]]);
  });

  test("gets a copy for each run: what one run changes no other sees", async () => {
    const lengths = new Set<string>();
    const report = await exploreReport(
      async (_, items, box) => {
        lengths.add(`${items.length} ${box.left.length}`);
        await Promise.all([io("a"), io("b")]);
        items.push(1);
        box.left.pop();
      },
      {
        inputs: [fc.constant([] as number[]), fc.record({ left: fc.constant([1, 2] as number[]) })],
        budget: { runs: 100, ms: 20_000 },
      },
    );
    expect([report.ok, ...lengths]).toEqual([true, "0 2"]);
  });

  test("says how many inputs were tried, and claims no more", async () => {
    const { coverage } = await exploreReport((_, n) => void n, { inputs: [fc.nat()], budget: { ms: 20_000 } });
    expect(coverage.line).toMatch(/^20 inputs from seed 1, \d+ schedules in all, not exhaustive; with the last input /);
    expect(coverage.complete).toBeUndefined();
  });
});

describe("refused:", () => {
  test("at compile time, a body whose inputs do not fit", () => {
    // Never called: the compiler is what is tested.
    const misfits = (): unknown[] => [
      // @ts-expect-error -- without inputs there is nothing to take
      explore((_, n: number) => void n),
      // @ts-expect-error -- a string is no number
      explore((_, n: number) => void n, { inputs: [fc.string()] }),
      // @ts-expect-error -- one input, two taken
      explore((_, n: number, m: number) => void (n + m), { inputs: [fc.nat()] }),
    ];
    expect(misfits).toBeTypeOf("function");
  });

  test.each([
    [fc.nat(), /^inputs must be an array of arbitraries, got an object/],
    [[fc.nat(), 5], /^inputs\[1\] must be an arbitrary of fast-check 4, got 5/],
    [[null], /^inputs\[0\] must be an arbitrary of fast-check 4, got null/],
    [[{ generate() {} }], /^inputs\[0\] must be an arbitrary of fast-check 4, got an object/],
  ])("inputs that are none (%#)", async (inputs, says) => {
    await expect(explore(() => {}, { inputs: inputs as never })).rejects.toThrow(says);
  });

  test.each([
    ["a token without inputs where the body takes some", "lw1d~0000", [fc.nat()], "names no inputs"],
    ["a token with inputs where the body takes none", "lw1d@0~0000", [], "names inputs, and this body takes none"],
    ["a token of inputs that are not there", "lw1d@0:zzz~0000", [fc.constant(1)], "do not give"],
  ])("%s", async (_, replay, inputs, says) => {
    const error: unknown = await explore(() => {}, { replay, inputs: inputs as never }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "LW_REPLAY_MISMATCH", message: expect.stringContaining(says) });
  });
});

function firstOf<T>(items: Iterable<T>, most: number): readonly T[] {
  const first: T[] = [];
  for (const item of items) if (first.push(item) === most) break;
  return first;
}

describe("the space of inputs", () => {
  const kinds: Readonly<Record<string, InputArbitrary<unknown>>> = {
    "whole numbers": fc.integer(),
    "safe integers": fc.maxSafeInteger(),
    "big ones": fc.bigInt(),
    doubles: fc.double(),
    strings: fc.string({ unit: "binary" }),
    dates: fc.date(),
    anything: fc.anything(),
    streams: fc.infiniteStream(fc.nat()).map((stream) => [...stream.take(3)]),
    subarrays: fc.shuffledSubarray([1, 2, 3, 4, 5]),
    letrec: fc.letrec((tie) => ({ tree: fc.oneof({ depthSize: "small" }, fc.nat(), fc.array(tie("tree"))) })).tree,
  };
  test.each(Object.entries(kinds))("gives the same %s at the same address", (_, arbitrary) => {
    const [one, two] = [new InputSpace([arbitrary], 7), new InputSpace([arbitrary], 7)];
    for (let sample = 0; sample < 20; sample += 1) {
      let inputs = one.sample(sample);
      for (let step = 0; step < 3; step += 1) {
        const smaller = firstOf(one.smaller(inputs), 3).at(-1);
        if (smaller !== undefined) inputs = smaller;
      }
      expect(two.find(inputs.address)?.parts[0]!.value).toEqual(inputs.parts[0]!.value);
    }
  });

  test("spreads whole numbers evenly over their range", () => {
    const space = new InputSpace([fc.noBias(fc.integer({ min: 0, max: 9 }))], 1);
    const counts = Array.from({ length: 10 }, () => 0);
    for (let sample = 0; sample < 5000; sample += 1) counts[space.sample(sample).parts[0]!.value as number]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(400);
    expect(Math.max(...counts)).toBeLessThan(600);
  });
});
