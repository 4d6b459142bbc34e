import { describe, expect, test } from "vitest";
import { type LockCase, lockCases, type LockNeed, type LockSubject } from "../../src/conformance/locks-all.js";
import {
  type AcquireOptions,
  AdaptiveLimiter,
  CapacityLimiter,
  type Guard,
  KeyedMutex,
  KeyedSemaphore,
  type Lock,
  type LockStats,
  LockwrightError,
  Mutex,
  Queue,
  ReadWriteLock,
  ReentrantMutex,
  type RunOptions,
  Semaphore,
  StampedLock,
  StripedMutex,
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

/** A lock whose guard is the only item of a queue: whoever took it, holds. Proves that hand-over is exclusive and fair. */
class QueueLock implements Lock {
  readonly name = "queue";
  readonly #guards = new Queue<Guard>({ capacity: 1, name: this.name });

  constructor() {
    this.#free();
  }

  acquire(options?: AcquireOptions): Promise<Guard> {
    return this.#guards.take(options);
  }

  tryAcquire(): Guard | undefined {
    return this.#guards.tryTake();
  }

  async run<T>(fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    using guard = await this.acquire(options);
    options?.signal?.throwIfAborted();
    return await fn(guard, options?.signal ?? new AbortController().signal);
  }

  runSync<T>(fn: (guard: Guard) => T): T {
    using guard = this.tryAcquire();
    if (guard === undefined) throw new LockwrightError("LW_BUSY", "not free");
    const value = fn(guard);
    if (value instanceof Promise) throw new TypeError("fn must not return a promise");
    return value;
  }

  stats(): LockStats {
    const { size, taking } = this.#guards.stats();
    return { name: this.name, capacity: 1, available: size, held: 1 - size, waiting: taking, closed: false };
  }

  #free(): void {
    let held = true;
    const giveBack = (): void => {
      held = false;
      this.#free();
    };
    this.#guards.tryPut({
      get held(): boolean {
        return held;
      },
      release(): void {
        if (!held) throw new LockwrightError("LW_NOT_HELD", "held no more");
        giveBack();
      },
      [Symbol.dispose](): void {
        if (held) giveBack();
      },
      async [Symbol.asyncDispose](): Promise<void> {
        if (held) giveBack();
      },
    });
  }
}

const everything = ["signal", "timeout", "cancel", "close", "when"] as const;

const subjects: readonly LockSubject[] = [
  { name: "Mutex", has: [...everything], make: () => new Mutex() },
  { name: "Mutex, lifo with ageing 1", has: [...everything], make: () => new Mutex({ order: "lifo", ageing: 1 }) },
  { name: "Mutex, priority", has: [...everything], make: () => new Mutex({ order: "priority" }) },
  { name: "ReentrantMutex", has: [...everything], make: () => new ReentrantMutex() },
  { name: "ReentrantMutex, lifo", has: [...everything], make: () => new ReentrantMutex({ order: "lifo", ageing: 1 }) },
  { name: "Semaphore(1)", has: [...everything], make: () => new Semaphore(1) },
  { name: "Semaphore(3)", has: everything, make: () => new Semaphore(3) },
  { name: "ReadWriteLock.write", has: everything, make: () => new ReadWriteLock().write },
  { name: "ReadWriteLock.upgradeable", has: everything, make: () => new ReadWriteLock().upgradeable },
  {
    name: "ReadWriteLock.write, preferring readers",
    has: everything,
    make: () => new ReadWriteLock({ policy: "prefer-readers" }).write,
  },
  {
    name: "ReadWriteLock.upgradeable, preferring writers",
    has: everything,
    make: () => new ReadWriteLock({ policy: "prefer-writers", ageing: 3 }).upgradeable,
  },
  { name: "StampedLock.write", has: everything, make: () => new StampedLock().write },
  { name: "CapacityLimiter(1)", has: everything, make: () => new CapacityLimiter(1) },
  { name: "CapacityLimiter(3)", has: everything, make: () => new CapacityLimiter(3) },
  { name: "KeyedMutex.at", has: everything, make: () => new KeyedMutex().at("key") },
  { name: "KeyedSemaphore(2).at", has: everything, make: () => new KeyedSemaphore(2).at("key") },
  { name: "StripedMutex(4).at", has: everything, make: () => new StripedMutex(4).at("key") },
  { name: "AdaptiveLimiter(1)", has: everything, make: () => new AdaptiveLimiter({ initial: 1, max: 1 }) },
  { name: "AdaptiveLimiter(3)", has: everything, make: () => new AdaptiveLimiter({ initial: 3, min: 3, max: 3 }) },
  { name: "a lock built on a Semaphore", has: [], make: () => new TurnLock() },
  { name: "a lock built on a Queue", has: ["signal", "timeout"], make: () => new QueueLock() },
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
