import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LifoQueue, PriorityQueue, Queue } from "../../../src/index.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { Asks, expectNoDeadlines } from "./asks.js";
import { commands, type Real } from "./queue-model.js";
import { type Pick, ReferenceQueue } from "./reference-queue.js";

/** What the priority queues look at in an item, a number of its own. Few ranks, so that many items are equal. */
const rankOf = (item: number): number => (item * 7) % 3;

const best: Pick = (items) => items.findIndex((item) => items.every((other) => rankOf(item) <= rankOf(other)));

interface Subject {
  readonly name: string;
  readonly capacity: number;
  readonly pick: Pick;
  make(capacity: number): Queue<number>;
}

const compare = (a: number, b: number): number => rankOf(a) - rankOf(b);
const kinds: readonly Omit<Subject, "capacity">[] = [
  { name: "Queue", pick: () => 0, make: (capacity) => new Queue({ capacity }) },
  { name: "LifoQueue", pick: (items) => items.length - 1, make: (capacity) => new LifoQueue({ capacity }) },
  { name: "PriorityQueue", pick: best, make: (capacity) => new PriorityQueue({ capacity, compare }) },
  {
    name: "PriorityQueue, ageing 3",
    pick: (items, takes) => (takes % 3 === 0 ? 0 : best(items, takes)),
    make: (capacity) => new PriorityQueue({ capacity, compare, ageing: 3 }),
  },
];
const subjects: readonly Subject[] = kinds.flatMap((kind) =>
  [0, 1, 3, Infinity]
    .filter((capacity) => capacity > 0 || kind.name === "Queue")
    .map((capacity) => ({ ...kind, name: `${kind.name}, capacity ${capacity}`, capacity })),
);

describe.each(subjects)("$name", (subject) => {
  test("behaves like the obvious reference [B1 B2 B3 B4 B5 W1 W2]", async () => {
    await fc.assert(
      fc.asyncProperty(commands, async (sequence) => {
        using clock = installTestPlatform();
        const queue = subject.make(subject.capacity);
        const real: Real = { queue, asks: new Asks(clock) };
        const model = new ReferenceQueue(subject.capacity, subject.pick);
        await fc.asyncModelRun(() => ({ model, real }), sequence);
        queue.shutdown("now");
        if (queue.stats().unfinished > 0) queue.taskDone(queue.stats().unfinished);
        expect(queue.stats()).toMatchObject({ size: 0, putting: 0, taking: 0, unfinished: 0 });
        expectNoDeadlines(clock);
      }),
      { numRuns: 60 },
    );
  });
});
