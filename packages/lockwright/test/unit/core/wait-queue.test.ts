import { expect, test } from "vitest";
import { HELD, LEFT, Permit, type PermitOwner, QUEUED } from "../../../src/core/guard.js";
import { Heap } from "../../../src/core/heap.js";
import { WaitQueue, WaitRing } from "../../../src/core/wait-queue.js";

const owner = { name: "test", mode: "exclusive" } as PermitOwner;
const waiter = (): Permit => new Permit(owner, QUEUED, 1);

function fill(ring: { push(permit: Permit): void }, n: number): Permit[] {
  return Array.from({ length: n }, () => {
    const permit = waiter();
    ring.push(permit);
    return permit;
  });
}

test("a ring keeps arrival order through growth and wrap-around [Q1]", () => {
  const ring = new WaitRing();
  const all = fill(ring, 10);
  for (const permit of all.slice(0, 8)) {
    permit.state = HELD;
    ring.removed(permit);
  }
  const more = fill(ring, 40);
  expect(ring.entries()).toEqual([...all.slice(8), ...more]);
  expect([ring.first(), ring.last(), ring.live]).toEqual([all[8], more[39], 42]);
});

test("an entry removed from the middle is skipped, and the ends close over tombstones [Q1]", () => {
  const ring = new WaitRing();
  const all = fill(ring, 5);
  for (const at of [1, 3, 0, 4]) {
    all[at]!.state = LEFT;
    ring.removed(all[at]!);
  }
  expect([ring.first(), ring.last(), ring.live]).toEqual([all[2], all[2], 1]);
});

test("a ring with nothing live holds nothing [Q2]", () => {
  const ring = new WaitRing();
  for (const n of [3, 5000]) {
    const all = fill(ring, n);
    for (const permit of all.reverse()) {
      permit.state = LEFT;
      ring.removed(permit);
    }
    expect([ring.live, ring.span]).toEqual([0, 0]);
  }
});

test("tombstones never outnumber the living by more than 32 [Q3]", () => {
  const ring = new WaitRing();
  const all = fill(ring, 1000);
  for (const [at, permit] of all.entries()) {
    if (at === 0 || at === 999) continue;
    permit.state = LEFT;
    ring.removed(permit);
    expect(ring.span - ring.live).toBeLessThanOrEqual(Math.max(33, ring.live + 1));
  }
  expect(ring.entries()).toEqual([all[0], all[999]]);
});

test("a heap gives its entries in order, also after a filter", () => {
  const heap = new Heap<number>((a, b) => a < b);
  const numbers = Array.from({ length: 200 }, (_, at) => (at * 7919) % 211);
  for (const number of numbers) heap.push(number);
  heap.filter((number) => number % 2 === 0);
  const out: number[] = [];
  while (heap.size > 0) out.push(heap.pop()!);
  expect(out).toEqual(numbers.filter((number) => number % 2 === 0).sort((a, b) => a - b));
});

test("a priority queue drops cancelled entries once they are the larger part [Q3]", () => {
  for (const ageing of [0, 4]) {
    const queue = new WaitQueue("priority", ageing);
    const all = fill(queue, 500);
    for (const permit of all.slice(1)) {
      permit.state = LEFT;
      queue.removed(permit);
    }
    expect(queue.span).toBeLessThanOrEqual(34);
    expect(queue.head()).toBe(all[0]);
    all[0]!.state = HELD;
    queue.granted(all[0]!);
    expect([queue.span, queue.head()]).toEqual([0, undefined]);
  }
});
