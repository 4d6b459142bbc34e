/**
 * What every lock must do, as data: any runner can run it over any lock.
 *
 * A case says what it `needs` of a lock; a lock that lacks it is excused from the case and from no other. `run` throws on
 * failure. Every case begins with a lock of its own on which one permit is free, whatever its capacity: the others are
 * taken first, so a semaphore of three is held to the same order as a mutex.
 */
import assert from "node:assert/strict";
import { type Guard, type LocalLock, type Lock, LockwrightError, type LockwrightErrorCode } from "../index.js";

/**
 * What a lock can do beyond `acquire`, `tryAcquire`, `run`, `runSync` and `stats`: `signal`, `timeout` (options of a
 * wait), `cancel` (cancelWaiters), `close`, `when` (whenAvailable).
 */
export type LockNeed = "signal" | "timeout" | "cancel" | "close" | "when";

/** A lock to be tried: how to make one, and which needs it meets. */
export interface LockSubject {
  readonly name: string;
  readonly has: readonly LockNeed[];
  make(): Lock;
}

/** One thing a lock must do. */
export interface LockCase {
  /** Subject, verb, consequence; invariants of the permit core in brackets. */
  readonly name: string;
  readonly needs: readonly LockNeed[];
  run(subject: LockSubject): Promise<void>;
}

/** A lock with one free permit. */
interface Tried {
  readonly lock: LocalLock;
  /** Held guards that stand for the other permits. */
  readonly rest: readonly Guard[];
}

function prepare(subject: LockSubject): Tried {
  const lock = subject.make() as LocalLock;
  const rest: Guard[] = [];
  while (lock.stats().available > 1) rest.push(lock.tryAcquire()!);
  assert.equal(lock.stats().available, 1, "a fresh lock has a free permit");
  return { lock, rest };
}

function take(lock: Lock): Guard {
  const guard = lock.tryAcquire();
  assert.ok(guard, "tryAcquire takes a free permit");
  return guard;
}

/** Lets everything that needs no timer happen. */
export async function settle(): Promise<void> {
  for (let step = 0; step < 30; step += 1) await Promise.resolve();
}

async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail("expected a rejection"),
    (error: unknown) => error,
  );
}

async function assertCode(promise: Promise<unknown>, code: LockwrightErrorCode): Promise<void> {
  const error = await rejection(promise);
  assert.ok(error instanceof LockwrightError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code);
}

function assertQuiet({ lock, rest }: Tried): void {
  const { available, waiting } = lock.stats();
  assert.deepEqual(
    { available, waiting },
    { available: 1, waiting: 0 },
    "nothing is held or waited for that should not be",
  );
  assert.equal(
    rest.every((guard) => guard.held),
    true,
  );
  take(lock).release();
}

function lockCase(name: string, needs: readonly LockNeed[], body: (tried: Tried) => Promise<void> | void): LockCase {
  return {
    name,
    needs,
    async run(subject) {
      await body(prepare(subject));
    },
  };
}

const core: readonly LockCase[] = [
  lockCase("a fresh lock is free, acquire takes it, release frees it [1]", [], async (tried) => {
    const guard = await tried.lock.acquire();
    assert.equal(guard.held, true);
    assert.equal(tried.lock.tryAcquire(), undefined);
    guard.release();
    assert.equal(guard.held, false);
    assertQuiet(tried);
  }),
  lockCase("waiters are served in order of arrival, a later one never passes [2, I6]", [], async (tried) => {
    const first = take(tried.lock);
    const served: number[] = [];
    const waits = [1, 2, 3, 4].map(async (at) => {
      const guard = await tried.lock.acquire();
      served.push(at);
      guard.release();
    });
    first.release();
    await Promise.all(waits);
    assert.deepEqual(served, [1, 2, 3, 4]);
    assertQuiet(tried);
  }),
  lockCase("a release with waiters leaves nothing for tryAcquire in the same tick [3, I3]", [], async (tried) => {
    const first = take(tried.lock);
    const next = tried.lock.acquire();
    first.release();
    assert.equal(tried.lock.tryAcquire(), undefined);
    (await next).release();
    assertQuiet(tried);
  }),
  lockCase("stats count the new holder before it has run [4, I3]", [], async (tried) => {
    const first = take(tried.lock);
    const next = tried.lock.acquire();
    assert.equal(tried.lock.stats().waiting, 1);
    first.release();
    const { available, waiting } = tried.lock.stats();
    assert.deepEqual({ available, waiting }, { available: 0, waiting: 0 });
    (await next).release();
    assertQuiet(tried);
  }),
  lockCase("tryAcquire takes a free lock without a yield and gives undefined on a held one [5]", [], (tried) => {
    const guard = take(tried.lock);
    assert.equal(tried.lock.tryAcquire(), undefined);
    guard.release();
    assertQuiet(tried);
  }),
  lockCase("a hold by tryAcquire keeps a queued acquire out until it is released [6]", [], async (tried) => {
    const guard = take(tried.lock);
    let isIn = false;
    const wait = tried.lock.acquire().then((next) => {
      isIn = true;
      next.release();
    });
    await settle();
    assert.equal(isIn, false);
    guard.release();
    await wait;
    assertQuiet(tried);
  }),
  lockCase("a second release throws LW_NOT_HELD and frees nobody else's hold [8, 9, 13]", [], async (tried) => {
    const first = take(tried.lock);
    first.release();
    const second = take(tried.lock);
    assert.throws(() => first.release(), { code: "LW_NOT_HELD" });
    first[Symbol.dispose]();
    await first[Symbol.asyncDispose]();
    assert.equal(second.held, true);
    assert.equal(tried.lock.tryAcquire(), undefined);
    second.release();
    assertQuiet(tried);
  }),
  lockCase("workers that yield inside never overlap [10]", [], async (tried) => {
    let inside = 0;
    let turns = 0;
    const work = async (): Promise<void> => {
      for (let loop = 0; loop < 20; loop += 1) {
        const guard = tried.lock.tryAcquire() ?? (await tried.lock.acquire());
        inside += 1;
        assert.equal(inside, 1);
        await Promise.resolve();
        inside -= 1;
        turns += 1;
        guard.release();
      }
    };
    await Promise.all(Array.from({ length: 8 }, work));
    assert.equal(turns, 160);
    assertQuiet(tried);
  }),
  lockCase("a hold may be disposed of and released by whoever was handed it [9]", [], async (tried) => {
    const guard = take(tried.lock);
    await (async (handed: Guard) => handed[Symbol.dispose]())(guard);
    assert.equal(guard.held, false);
    await take(tried.lock)[Symbol.asyncDispose]();
    assertQuiet(tried);
  }),
  lockCase("acquire gives a native promise and yields once when free [14, 34]", [], async (tried) => {
    const order: string[] = [];
    const wait = tried.lock.acquire();
    assert.equal(Object.getPrototypeOf(wait), Promise.prototype);
    const taken = wait.then((guard) => {
      order.push("acquired");
      guard.release();
    });
    const later = Promise.resolve().then(() => order.push("tick"));
    await Promise.all([taken, later]);
    assert.deepEqual(order, ["acquired", "tick"]);
    assertQuiet(tried);
  }),
];

const running: readonly LockCase[] = [
  lockCase("run returns the body's value, plain or promised [31]", [], async (tried) => {
    assert.equal(await tried.lock.run(() => 1), 1);
    assert.equal(await tried.lock.run(async () => 2), 2);
    assertQuiet(tried);
  }),
  lockCase("run rejects with the very thing the body threw and leaves nothing held [31, 35]", [], async (tried) => {
    const thrown = { odd: true };
    assert.equal(
      await rejection(
        tried.lock.run(() => {
          throw thrown;
        }),
      ),
      thrown,
    );
    assert.equal(await rejection(tried.lock.run(() => Promise.reject(thrown))), thrown);
    assertQuiet(tried);
  }),
  lockCase("a thrown thenable is passed on and not called [32]", [], async (tried) => {
    let calls = 0;
    // oxlint-disable-next-line unicorn/no-thenable -- a hostile thenable is what this case is about
    const thrown = { then: () => void (calls += 1) };
    const caught = await tried.lock
      .run(() => {
        throw thrown;
      })
      .catch((error: unknown) => [error]);
    assert.equal((caught as unknown[])[0], thrown);
    assert.equal(calls, 0);
    assertQuiet(tried);
  }),
  lockCase("run settles after the release and after the body's own promise [33]", [], async (tried) => {
    let isBodyOver = false;
    const free = await tried.lock
      .run(async () => {
        await settle();
        isBodyOver = true;
      })
      .then(() => tried.lock.stats().available);
    assert.equal(free, 1);
    assert.equal(isBodyOver, true);
    assertQuiet(tried);
  }),
  lockCase("run gives a native promise [34]", [], async (tried) => {
    const promise = tried.lock.run(() => undefined);
    assert.equal(Object.getPrototypeOf(promise), Promise.prototype);
    await promise;
    assertQuiet(tried);
  }),
  lockCase("a body starts one microtask after the grant, free or contended", [], async (tried) => {
    const order: string[] = [];
    const freeRun = tried.lock.run(() => void order.push("free body"));
    order.push("after call");
    const tick = Promise.resolve().then(() => order.push("tick"));
    await Promise.all([freeRun, tick]);
    const guard = take(tried.lock);
    const queuedRun = tried.lock.run(() => void order.push("queued body"));
    await settle();
    guard.release();
    order.push("after release");
    const tock = Promise.resolve().then(() => order.push("tock"));
    await Promise.all([queuedRun, tock]);
    assert.deepEqual(order, ["after call", "free body", "tick", "after release", "queued body", "tock"]);
    assertQuiet(tried);
  }),
  lockCase("a body may release its guard early, and run then frees nothing twice", [], async (tried) => {
    await tried.lock.run(async (guard) => {
      guard.release();
      const other = take(tried.lock);
      await settle();
      other.release();
    });
    assertQuiet(tried);
  }),
  lockCase("runSync on a held lock throws LW_BUSY without waiting, and works after the release [36]", [], (tried) => {
    const guard = take(tried.lock);
    assert.throws(() => tried.lock.runSync(() => 1), { code: "LW_BUSY" });
    guard.release();
    assert.equal(
      tried.lock.runSync(() => 2),
      2,
    );
    assert.throws(
      () =>
        tried.lock.runSync(() => {
          throw new Error("mine");
        }),
      { message: "mine" },
    );
    assertQuiet(tried);
  }),
  lockCase("runSync refuses a body that returns a promise and leaves nothing held", [], (tried) => {
    assert.throws(() => tried.lock.runSync(() => Promise.resolve(1)), TypeError);
    assertQuiet(tried);
  }),
  lockCase("run without a signal gives the body one that never aborts", [], async (tried) => {
    const seen = await tried.lock.run((_guard, signal) => signal);
    assert.equal(seen.aborted, false);
    assertQuiet(tried);
  }),
];

export {
  assertCode as assertRejectsWithCode,
  assertQuiet,
  core as coreCases,
  lockCase,
  rejection,
  running as runCases,
  take,
  type Tried,
};
