import { describe, expect, test } from "vitest";
import { type LockCase, lockCases, type LockNeed, type LockSubject } from "../../src/conformance/locks-all.js";
import {
  AdaptiveLimiter,
  type Guard,
  type Lock,
  type LockStats,
  Mutex,
  type RunOptions,
  Semaphore,
} from "../../src/index.js";

/** A lock that only uses the public face of another: proves that the contract can be met from outside. */
class TurnLock implements Lock {
  readonly name = "turns";
  readonly #turns = new Semaphore(1, { name: this.name });
  acquire(): Promise<Guard> {
    return this.#turns.acquire();
  }
  tryAcquire(): Guard | undefined {
    return this.#turns.tryAcquire();
  }
  async run<T>(fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    return this.#turns.run(fn, options);
  }
  runSync<T>(fn: (guard: Guard) => T): T {
    return this.#turns.runSync(fn);
  }
  stats(): LockStats {
    return this.#turns.stats();
  }
}

const everything = ["signal", "timeout", "cancel", "close", "when"] as const;

const subjects: readonly LockSubject[] = [
  { name: "Mutex", has: [...everything], make: () => new Mutex() },
  { name: "Mutex, lifo with ageing 1", has: [...everything], make: () => new Mutex({ order: "lifo", ageing: 1 }) },
  { name: "Mutex, priority", has: [...everything], make: () => new Mutex({ order: "priority" }) },
  { name: "Semaphore(1)", has: [...everything], make: () => new Semaphore(1) },
  { name: "Semaphore(3)", has: everything, make: () => new Semaphore(3) },
  { name: "AdaptiveLimiter(1)", has: everything, make: () => new AdaptiveLimiter({ initial: 1, max: 1 }) },
  { name: "AdaptiveLimiter(3)", has: everything, make: () => new AdaptiveLimiter({ initial: 3, min: 3, max: 3 }) },
  { name: "a lock built on a Semaphore", has: [], make: () => new TurnLock() },
];

type Cell = "runs" | readonly LockNeed[];

function cellOf(subject: LockSubject, each: LockCase): Cell {
  const missing = each.needs.filter((need) => !subject.has.includes(need));
  return missing.length === 0 ? "runs" : missing;
}

const ran = new Set<string>();

describe.each(subjects)("$name", (subject) => {
  for (const each of lockCases) {
    if (cellOf(subject, each) !== "runs") continue;
    test(`${each.name}`, async () => {
      ran.add(`${subject.name}/${each.name}`);
      await expect(each.run(subject)).resolves.toBeUndefined();
    });
  }
});

test("every cell of the matrix has run or is excused by a need", () => {
  const holes: string[] = [];
  for (const subject of subjects) {
    for (const each of lockCases) {
      const key = `${subject.name}/${each.name}`;
      if (cellOf(subject, each) === "runs" && !ran.has(key)) holes.push(key);
    }
  }
  expect(holes).toEqual([]);
  expect(new Set(lockCases.map((each) => each.name)).size).toBe(lockCases.length);
  // Nothing may be excused everywhere.
  for (const each of lockCases) expect(subjects.some((subject) => cellOf(subject, each) === "runs")).toBe(true);
});
