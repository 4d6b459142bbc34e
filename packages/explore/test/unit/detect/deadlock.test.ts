import { describe, expect, test } from "vitest";
import { Mutex, Semaphore } from "../../../../lockwright/src/index.js";
import { deadlockLines, findLockCycle } from "../../../src/detect/deadlock.js";
import { enter, exit, p, r } from "../../../src/runtime/point.js";
import type { Trace, TraceParked } from "../../../src/trace.js";
import { lockOrder } from "../../support/programs.js";
import { record, SourceFile } from "../../support/scripted.js";

const file = new SourceFile("/shop/reentry.ts");
const SAVE = file.fn(1, "save");
const OUTER = file.at(2, "mutex.acquire()", "save");
const INNER = file.at(3, "mutex.acquire()", "save");

/** A trace of strands that wait: who, for which lock, held by whom. */
function waiting(...waits: (readonly [strand: number, lock: string, ...holders: number[]])[]): Trace {
  const strands = [0, 1, 2, 3, 4].map((index) => ({ index, name: `s${index}`, path: `0.${index}` }));
  const parked = waits.map(([strand, name, ...holders]): TraceParked => ({
    strand,
    chain: [],
    lock: { name, holders },
  }));
  return { version: 1, strands, steps: [], bodyEnd: undefined, parked, held: [], timers: [], inFlight: [] };
}

describe("a deadlock", () => {
  test("names the cycle, then each strand with its line, its lock and the holder", async () => {
    const { trace, outcome } = await record(lockOrder((name) => new Mutex({ name })));
    expect(outcome.kind).toBe("deadlock");
    expect(deadlockLines(trace)).toEqual([
      "cycle: transfer #1 waits for account b, held by transfer #2 waits for account a, held by transfer #1",
      "transfer #1 waits at `to.acquire()` (transfer.ts:13) for account b, held by transfer #2",
      "transfer #2 waits at `to.acquire()` (transfer.ts:13) for account a, held by transfer #1",
      "body waits at `Promise.all([transfer(a, b), transfer(b, a)])` (transfer.ts:3)",
    ]);
  });

  test("over a lock that its waiter holds itself says so", async () => {
    const mutex = new Mutex({ name: "file" });
    const { trace } = await record(async () => {
      const a = enter(SAVE);
      r(a, await p(a, OUTER, 1, mutex.acquire()));
      r(a, await p(a, INNER, 1, mutex.acquire()));
      exit(a);
    });
    expect(deadlockLines(trace)).toEqual([
      "save holds file itself and waits for it",
      "save waits at `mutex.acquire()` (reentry.ts:3) for file, held by save",
    ]);
  });

  test("over a semaphore names all of its holders", async () => {
    const slots = new Semaphore(2, { name: "slots" });
    const { trace } = await record(async () => {
      const a = enter(SAVE);
      r(a, await p(a, OUTER, 1, slots.acquire()));
      r(a, await p(a, OUTER, 1, slots.acquire()));
      r(a, await p(a, INNER, 1, slots.acquire()));
      exit(a);
    });
    expect(deadlockLines(trace)[1]).toContain("for slots, held by save, save");
  });

  test("without locks lists who waits, and timers that will wake nobody", async () => {
    const { trace, outcome } = await record(async () => {
      const a = enter(SAVE);
      setInterval(() => {}, 100_000);
      r(a, await p(a, OUTER, 1, new Promise(() => {})));
      exit(a);
    });
    expect(outcome.kind).toBe("deadlock");
    const [waits, timer, ...more] = deadlockLines(trace);
    expect(waits).toBe("save waits at `mutex.acquire()` (reentry.ts:2)");
    expect(timer).toMatch(/^the 100000 ms interval \(deadlock\.test\.ts:\d+\) is set and wakes nobody$/);
    expect(more).toEqual([]);
  });
});

describe("the cycle", () => {
  test("leaves out those who merely wait for it", () => {
    const cycle = findLockCycle(waiting([0, "a", 1], [1, "b", 2], [2, "c", 1]));
    expect(cycle).toEqual([
      { strand: 1, lock: "b" },
      { strand: 2, lock: "c" },
    ]);
  });

  test("is found through any of several holders", () => {
    expect(findLockCycle(waiting([0, "a", 3, 1], [1, "b", 4, 0]))).toHaveLength(2);
  });

  test("is none in a mere queue", () => {
    expect(findLockCycle(waiting([0, "a", 3], [1, "a", 3], [2, "b", 0]))).toBeUndefined();
    expect(findLockCycle(waiting())).toBeUndefined();
  });
});
