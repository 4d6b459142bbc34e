/** `map` and `mapStream` against a loop that does one item after the other. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Semaphore } from "../../../src/index.js";
import { coreOf } from "./permit-model.js";

interface Item {
  readonly value: number;
  readonly weight: number;
  /** Microtasks its body takes. */
  readonly steps: number;
  readonly fails: boolean;
}

const item = fc.record({
  value: fc.integer({ min: 0, max: 99 }),
  weight: fc.integer({ min: 1, max: 3 }),
  steps: fc.nat({ max: 6 }),
  fails: fc.boolean(),
});
const scene = fc.record({
  items: fc.array(item, { maxLength: 12 }),
  permits: fc.integer({ min: 3, max: 5 }),
  isAsync: fc.boolean(),
  isWeighted: fc.boolean(),
  stopOnError: fc.boolean(),
  ordered: fc.boolean(),
  anyFail: fc.boolean(),
  rival: fc.nat({ max: 4 }),
});

type Scene = typeof scene extends fc.Arbitrary<infer S> ? S : never;

async function* asyncly<T>(items: readonly T[]): AsyncGenerator<T> {
  for (const each of items) {
    await Promise.resolve();
    yield each;
  }
}

/** The obvious map: one item after the other. */
function reference({ items, stopOnError }: Scene): { results: number[]; errors: number[] } {
  const [results, errors]: [number[], number[]] = [[], []];
  for (const [index, each] of items.entries()) {
    if (!each.fails) results.push(each.value * index);
    else errors.push(index);
    if (each.fails && stopOnError) break;
  }
  return { results, errors };
}

interface Watch {
  readonly semaphore: Semaphore;
  running: number;
  most: number;
}

function mapper(watch: Watch, shown: Scene): (each: Item, index: number) => Promise<number> {
  return async (each, index) => {
    const weight = shown.isWeighted ? each.weight : 1;
    watch.running += weight;
    watch.most = Math.max(watch.most, watch.running);
    for (let step = 0; step < each.steps; step += 1) await Promise.resolve();
    watch.running -= weight;
    if (each.fails) throw new Error(String(index));
    return each.value * index;
  };
}

/** Others who use the same semaphore meanwhile. */
async function rivals(semaphore: Semaphore, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_each, at) => semaphore.run(() => Promise.resolve(at))));
}

async function indicesOf(shown: Scene, error: unknown): Promise<number[]> {
  if (shown.stopOnError) return [Number((error as Error).message)];
  expect(error).toBeInstanceOf(AggregateError);
  return (error as AggregateError).errors.map((each: Error) => Number(each.message));
}

function prepare(made: Scene): { shown: Scene; source: Iterable<Item> | AsyncIterable<Item>; watch: Watch } {
  const items = made.items.map((each) => ({ ...each, fails: each.fails && made.anyFail }));
  const shown = { ...made, items };
  const semaphore = new Semaphore(made.permits);
  return { shown, source: made.isAsync ? asyncly(items) : items, watch: { semaphore, running: 0, most: 0 } };
}

function expectRest({ semaphore, most }: Watch): void {
  expect(most).toBeLessThanOrEqual(semaphore.capacity);
  expect(semaphore.stats()).toMatchObject({ available: semaphore.capacity, waiting: 0 });
  expect(coreOf(semaphore).inspect().span).toBe(0);
}

/** What happened, and what must have. */
interface Verdict {
  readonly actual: unknown;
  readonly expected: unknown;
}

function judgeMap(shown: Scene, outcome: number[] | { readonly failed: number[] }): Verdict {
  const { results, errors } = reference(shown);
  if (errors.length === 0) return { actual: outcome, expected: results };
  if (!shown.stopOnError) return { actual: outcome, expected: { failed: errors } };
  // With several at once another than the first in order may fail first.
  return { actual: shown.items[(outcome as { failed: number[] }).failed[0]!]!.fails, expected: true };
}

function judgeStream(shown: Scene, seen: number[], failed: number[]): Verdict {
  const { ordered, stopOnError } = shown;
  const { results, errors } = reference(shown);
  const arranged = (list: readonly number[]): readonly number[] =>
    ordered ? list : list.toSorted((left, right) => left - right);
  if (errors.length === 0 || !stopOnError)
    return { actual: [arranged(seen), failed], expected: [arranged(results), errors] };
  const isFailure = shown.items[failed[0]!]!.fails;
  return { actual: [ordered ? seen : [], isFailure], expected: [ordered ? results.slice(0, seen.length) : [], true] };
}

test("map gives what a sequential loop gives, within its permits, and leaves nothing", async () => {
  await fc.assert(
    fc.asyncProperty(scene, async (made) => {
      const { shown, source, watch } = prepare(made);
      const weight = shown.isWeighted ? { weight: (each: Item) => each.weight } : {};
      const others = rivals(watch.semaphore, shown.rival);
      const outcome = await watch.semaphore
        .map(source, mapper(watch, shown), { stopOnError: shown.stopOnError, ...weight })
        .catch(async (error: unknown) => ({ failed: await indicesOf(shown, error) }));
      await others;
      const { actual, expected } = judgeMap(shown, outcome);
      expect(actual).toEqual(expected);
      expectRest(watch);
    }),
    { numRuns: 300 },
  );
});

test("mapStream gives the same, in order or as a set, and a failure after what was ready before it", async () => {
  await fc.assert(
    fc.asyncProperty(scene, async (made) => {
      const { shown, source, watch } = prepare(made);
      const weight = shown.isWeighted ? { weight: (each: Item) => each.weight } : {};
      const { ordered, stopOnError } = shown;
      const others = rivals(watch.semaphore, shown.rival);
      const stream = watch.semaphore.mapStream(source, mapper(watch, shown), { stopOnError, ordered, ...weight });
      const seen: number[] = [];
      let failed: number[] = [];
      try {
        for await (const result of stream) seen.push(result);
      } catch (error) {
        failed = await indicesOf(shown, error);
      }
      await others;
      const { actual, expected } = judgeStream(shown, seen, failed);
      expect(actual).toEqual(expected);
      expectRest(watch);
    }),
    { numRuns: 300 },
  );
});
