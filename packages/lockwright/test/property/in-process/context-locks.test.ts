/** As in `context.test.ts`, for every way into the locks with faces, keys and borrowers. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import {
  acquireAll,
  CapacityLimiter,
  type Guard,
  KeyedMutex,
  KeyedSemaphore,
  type LocalLock,
  Mutex,
  ReadWriteLock,
  StampedLock,
  StripedMutex,
} from "../../../src/index.js";

/** A lock, and what keeps it from being had: waiters then queue behind it. */
interface Subject {
  readonly lock: LocalLock;
  readonly block: () => Guard;
}

const own = (lock: LocalLock): Subject => ({ lock, block: () => lock.tryAcquire()! });

const subjects: Readonly<Record<string, () => Subject>> = {
  "ReadWriteLock.read": () => {
    const lock = new ReadWriteLock();
    return { lock: lock.read, block: () => lock.write.tryAcquire()! };
  },
  "ReadWriteLock.upgradeable": () => own(new ReadWriteLock().upgradeable),
  "ReadWriteLock.write, preferring writers": () => own(new ReadWriteLock({ policy: "prefer-writers" }).write),
  "StampedLock.read": () => {
    const lock = new StampedLock();
    return { lock: lock.read, block: () => lock.write.tryAcquire()! };
  },
  "CapacityLimiter(1)": () => own(new CapacityLimiter(1)),
  "KeyedMutex.at": () => own(new KeyedMutex().at("key")),
  "KeyedSemaphore(1).at": () => own(new KeyedSemaphore(1).at("key")),
  "StripedMutex(2).at": () => own(new StripedMutex(2).at("key")),
};

const caller = new AsyncLocalStorage<number>();

/** Lets several callers, each in a store of its own, wait behind a hold; gives what they saw besides their own store. */
async function strangers(block: () => Guard, one: (see: () => void) => Promise<void>): Promise<number> {
  const seen: [number, number | undefined][] = [];
  const hold = block();
  const callers = [1, 2, 3, 4, 5].map((id) => caller.run(id, () => one(() => seen.push([id, caller.getStore()]))));
  caller.run(99, () => hold.release());
  await Promise.all(callers);
  expect(seen.length).toBeGreaterThanOrEqual(5);
  return seen.filter(([id, store]) => id !== store).length;
}

test.each(Object.entries(subjects))("every body and wait on %s sees its own caller's store", async (_name, make) => {
  const { lock, block } = make();
  const wrong = await strangers(block, async (see) => {
    await lock.run(async () => {
      see();
      await Promise.resolve();
      see();
    });
    const guard = await lock.acquire();
    see();
    guard.release();
    await lock.whenAvailable();
    see();
  });
  expect(wrong).toBe(0);
});

describe("further ways in", () => {
  test("an upgrade resumes in the context of its caller, not of the reader that left", async () => {
    const lock = new ReadWriteLock();
    const wrong = await strangers(
      () => lock.read.tryAcquire()!,
      async (see) => {
        const upgradeable = await lock.upgradeable.acquire();
        const writing = await upgradeable.upgrade();
        see();
        writing.release();
        upgradeable.release();
      },
    );
    expect(wrong).toBe(0);
  });

  test("an optimistic read runs in its caller's context, with the lock too", async () => {
    const lock = new StampedLock();
    const wrong = await strangers(
      () => lock.write.tryAcquire()!,
      (see) => lock.readOptimistic(see).then(() => lock.readOptimistic(async () => see())),
    );
    expect(wrong).toBe(0);
  });

  test("run by key, by borrower, and several locks or keys resume in their caller's context", async () => {
    const keyed = new KeyedMutex();
    const limiter = new CapacityLimiter<number>(1);
    const mutex = new Mutex();
    const wrong = await strangers(
      () => keyed.tryAcquireAll(["a", "b"])!,
      async (see) => {
        await keyed.run("a", see);
        await limiter.run(see, { borrower: caller.getStore()! });
        for (const wait of [keyed.acquireAll(["b", "a"]), acquireAll([mutex, keyed.at("a")])]) {
          const all = await wait;
          see();
          all.release();
        }
      },
    );
    expect(wrong).toBe(0);
  });
});
