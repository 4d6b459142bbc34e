/** The heap of the priority queue against a stable sort, and under a comparator that throws at any moment. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, test } from "vitest";
import { ItemHeap } from "../../../src/core/item-heap.js";

interface Item {
  readonly rank: number;
  readonly id: number;
}

/** Undefined takes one out, a number puts one of that rank in. */
const operations = fc.array(fc.option(fc.integer({ min: 0, max: 40 }), { nil: undefined, freq: 2 }), {
  maxLength: 200,
  size: "max",
});

/** Takes out of an array in order of arrival what the heap should give. */
function takeFrom(items: Item[], isOldestsTurn: boolean): Item {
  const best = items.toSorted((a, b) => a.rank - b.rank)[0]!;
  return items.splice(isOldestsTurn ? 0 : items.indexOf(best), 1)[0]!;
}

describe.each([0, 1, 2, 5])("with ageing %i", (ageing) => {
  test("it gives what a stable sort of what is in gives, and every n-th time the oldest [H2 H3]", () => {
    fc.assert(
      fc.property(operations, (ranks) => {
        const heap = new ItemHeap<Item>((a, b) => a.rank - b.rank, ageing);
        const items: Item[] = [];
        let takes = 0;
        for (const [id, rank] of ranks.entries()) {
          if (rank !== undefined) {
            heap.push({ rank, id });
            items.push({ rank, id });
          } else if (items.length > 0) {
            takes += 1;
            assert.deepEqual(heap.pop(), takeFrom(items, ageing > 0 && takes % ageing === 0));
          }
          assert.equal(heap.size, items.length);
        }
        assert.deepEqual(heap.clear(), items);
        assert.equal(heap.size, 0);
      }),
      { numRuns: 100 },
    );
  });

  test("a comparator that throws at any moment has lost and doubled nothing, and the order holds [H1]", () => {
    fc.assert(
      fc.property(operations, fc.infiniteStream(fc.integer({ min: 0, max: 9 })), (ranks, fuses) => {
        let left = Infinity;
        const heap = new ItemHeap<Item>((a, b) => {
          if (--left < 0) throw new Error("fuse");
          return a.rank - b.rank;
        }, ageing);
        const items: Item[] = [];
        let takes = 0;
        for (const [id, rank] of ranks.entries()) {
          const item = { rank: rank ?? 0, id };
          if (rank === undefined && items.length === 0) continue;
          left = fuses.next().value as number;
          try {
            if (rank !== undefined) heap.push(item);
            else {
              const taken = heap.pop();
              takes += 1;
              assert.deepEqual(taken, takeFrom(items, ageing > 0 && takes % ageing === 0));
            }
            if (rank !== undefined) items.push(item);
          } catch (error) {
            assert.equal((error as Error).message, "fuse");
          }
          assert.equal(heap.size, items.length);
        }
        left = Infinity;
        while (items.length > 0) {
          takes += 1;
          assert.deepEqual(heap.pop(), takeFrom(items, ageing > 0 && takes % ageing === 0));
        }
      }),
      { numRuns: 100 },
    );
  });
});
