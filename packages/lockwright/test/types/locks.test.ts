/**
 * What must compile and what must not. The compiler does the judging: `tsc -p packages/lockwright/test/types` fails when
 * a line marked `@ts-expect-error` compiles. The tests below keep the file honest at run time.
 */
import { expect, expectTypeOf, test } from "vitest";
import {
  type AcquireOptions,
  type AdaptiveGuard,
  AdaptiveLimiter,
  type Guard,
  type LocalLock,
  type Lock,
  type LockStats,
  type MapProgress,
  Mutex,
  type RateCheck,
  RateLimiter,
  Semaphore,
  TaskGroup,
} from "../../src/index.js";

test("locks fit the interfaces they promise", () => {
  const locks: LocalLock[] = [new Mutex(), new Semaphore(1)];
  const anyLock: Lock = locks[0]!;
  expectTypeOf(anyLock.stats()).toEqualTypeOf<LockStats>();
  expect(locks.length).toBe(2);
});

test("methods have the types of the contract", async () => {
  const mutex = new Mutex({ name: "m", order: "priority", ageing: 3, maxWaiters: 5 });
  expectTypeOf<ReturnType<Mutex["acquire"]>>().toEqualTypeOf<Promise<Guard>>();
  expectTypeOf<ReturnType<Mutex["tryAcquire"]>>().toEqualTypeOf<Guard | undefined>();
  expectTypeOf(mutex.run(() => 1)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(mutex.run(async () => "a")).toEqualTypeOf<Promise<string>>();
  expectTypeOf(new Mutex().runSync(() => true)).toEqualTypeOf<boolean>();
  expectTypeOf(mutex.run((guard, signal) => [guard, signal] as const)).toEqualTypeOf<
    Promise<readonly [Guard, AbortSignal]>
  >();
  expectTypeOf(mutex.whenAvailable()).toEqualTypeOf<Promise<void>>();
  expectTypeOf(new Semaphore(2).drain()).toEqualTypeOf<Guard | undefined>();
});

test("limits have the types of the contract", async () => {
  const semaphore = new Semaphore(2);
  expectTypeOf(semaphore.map([1, 2], async (item) => `${item}`)).toEqualTypeOf<Promise<string[]>>();
  expectTypeOf(semaphore.map(new Set(["a"]), (item, index) => [item, index] as const)).toEqualTypeOf<
    Promise<(readonly [string, number])[]>
  >();
  const stream = semaphore.mapStream([1], (item, _index, signal) => signal.aborted || item > 1, {
    ordered: false,
    weight: (item) => item,
    onProgress: (progress) => expectTypeOf(progress).toEqualTypeOf<MapProgress>(),
  });
  expectTypeOf(stream).toEqualTypeOf<AsyncIterableIterator<boolean>>();
  const limiter: LocalLock<AdaptiveGuard> = new AdaptiveLimiter({ algorithm: "probe", order: "lifo", min: 2 });
  expectTypeOf(limiter.acquire()).toEqualTypeOf<Promise<AdaptiveGuard>>();
  expectTypeOf(new AdaptiveLimiter().run((guard) => guard.outcome("drop"))).toEqualTypeOf<Promise<void>>();
  expectTypeOf(new AdaptiveLimiter().tryAcquire()).toEqualTypeOf<AdaptiveGuard | undefined>();
  expectTypeOf(new AdaptiveLimiter().limit).toEqualTypeOf<number>();
  const rate = new RateLimiter({ rate: 1000 });
  expectTypeOf(rate.acquire({ weight: 1, timeout: 5 })).toEqualTypeOf<Promise<void>>();
  expectTypeOf(rate.tryAcquire()).toEqualTypeOf<boolean>();
  expectTypeOf(rate.check()).toEqualTypeOf<RateCheck>();
  const group = new TaskGroup({ limit: semaphore, onError: "collect" });
  expectTypeOf(group.spawn(async () => 1, { name: "child" })).toEqualTypeOf<Promise<number>>();
  expectTypeOf(TaskGroup.run((inner) => inner.spawn(() => "a"))).toEqualTypeOf<Promise<string>>();
  await group.join();
});

test("what must not compile does not", () => {
  const never = (): boolean => false;
  if (never()) {
    const mutex = new Mutex();
    // @ts-expect-error a guard may be absent
    mutex.tryAcquire().release();
    // @ts-expect-error no such order
    new Mutex({ order: "random" });
    // @ts-expect-error a semaphore needs its permits
    new Semaphore();
    // @ts-expect-error held is read only
    mutex.tryAcquire()!.held = false;
    // @ts-expect-error the guard is the only way to release
    mutex.release();
    // @ts-expect-error the core is not public
    mutex.core.free = 3;
    // @ts-expect-error capacity changes through resize
    new Semaphore(1).capacity = 2;
    // @ts-expect-error a timeout is a number of milliseconds
    void mutex.acquire({ timeout: "1s" });
    // @ts-expect-error a mutex cannot be resized
    mutex.resize(2);
    // @ts-expect-error a rate limiter needs its rate
    new RateLimiter({ per: 1000 });
    // @ts-expect-error no such outcome
    new AdaptiveLimiter().tryAcquire()!.outcome("failed");
    // @ts-expect-error the limit is found, not set
    new AdaptiveLimiter().limit = 5;
    // @ts-expect-error ordered is for streams
    void new Semaphore(1).map([1], () => 1, { ordered: false });
    // @ts-expect-error numbers are not iterable
    void new Semaphore(1).map(5, () => 1);
    // @ts-expect-error a mutex maps nothing
    void mutex.map([1], () => 1);
    // @ts-expect-error a child gets a signal, not a guard
    void new TaskGroup().spawn((guard: Guard) => guard.release());
    const options: AcquireOptions = { weight: 2 };
    void mutex.acquire(options);
  }
  expect(never()).toBe(false);
});
