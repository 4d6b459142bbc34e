import fc from "fast-check";
import { expect, test } from "vitest";
import { ExpiryHeap } from "../../../src/leases/expiry-heap.js";

test("the heap agrees with a plain map after any pushes, moves and removals", () => {
  const moves = fc.array(fc.record({ id: fc.nat(12), at: fc.nat(50), gone: fc.nat(4), now: fc.nat(60) }), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(moves, (sequence) => {
      const times = new Map<string, number>();
      const heap = new ExpiryHeap((id) => times.get(id));
      for (const { id, at, gone, now } of sequence) {
        if (gone === 0) times.delete(`${id}`);
        else {
          times.set(`${id}`, at);
          heap.push(`${id}`, at, times.size);
        }
        const expected = [...times].filter(([, time]) => time <= now).map(([each]) => each);
        expect(heap.due(now).toSorted()).toEqual(expected.toSorted());
        expect(heap.soonest()).toBe(times.size === 0 ? undefined : Math.min(...times.values()));
      }
    }),
    { numRuns: 200 },
  );
});

test("a hundred thousand renewals of one id do not pile up", () => {
  let time = 0;
  const heap = new ExpiryHeap(() => time);
  const startedAt = performance.now();
  for (time = 1; time <= 100_000; time += 1) heap.push("a", time, 1);
  time = 100_000;
  expect(heap.due(100_000)).toEqual(["a"]);
  expect(heap.due(99_999)).toEqual([]);
  expect(performance.now() - startedAt).toBeLessThan(5000);
});
