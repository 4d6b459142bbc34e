/**
 * What must compile and what must not. The compiler does the judging: `tsc -p packages/lockwright/test/types` fails when
 * a line marked `@ts-expect-error` compiles. The tests below keep the file honest at run time.
 */
import { expect, expectTypeOf, test } from "vitest";
import {
  type AcquireOptions,
  acquireAll,
  type AdaptiveGuard,
  AdaptiveLimiter,
  CapacityLimiter,
  type Guard,
  KeyedMutex,
  KeyedSemaphore,
  type LocalLock,
  type Lock,
  type LockStats,
  type MapProgress,
  Mutex,
  type RateCheck,
  RateLimiter,
  type ReadGuard,
  ReadWriteLock,
  type ReentrantGuard,
  ReentrantMutex,
  Semaphore,
  type Stamp,
  StampedLock,
  StripedMutex,
  TaskGroup,
  taskScope,
  trackOwners,
  type UpgradeableGuard,
  type WriteGuard,
} from "../../src/index.js";

test("locks fit the interfaces they promise", () => {
  const locks: LocalLock[] = [new Mutex(), new Semaphore(1), new ReentrantMutex()];
  const rw = new ReadWriteLock({ policy: "prefer-readers", ageing: 4, name: "rw", maxWaiters: 3 });
  const others: LocalLock[] = [rw.read, rw.upgradeable, rw.write, new StampedLock().read, new CapacityLimiter(1)];
  others.push(new KeyedMutex().at("k"), new KeyedSemaphore<number>(2).at(1), new StripedMutex(4).at("k"));
  expect(others.length).toBe(8);
  const anyLock: Lock = locks[0]!;
  expectTypeOf(anyLock.stats()).toEqualTypeOf<LockStats>();
  expect(locks.length).toBe(3);
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
  expectTypeOf<ReturnType<ReentrantMutex["acquire"]>>().toEqualTypeOf<Promise<ReentrantGuard>>();
  expectTypeOf(new ReentrantMutex().run((guard) => guard.depth)).toEqualTypeOf<Promise<number>>();
  expectTypeOf(taskScope(async () => "a", { name: "t" })).toEqualTypeOf<Promise<string>>();
  expectTypeOf(trackOwners).toEqualTypeOf<(on: boolean) => void>();
  expectTypeOf(new Semaphore(2).drain()).toEqualTypeOf<Guard | undefined>();
});

test("guards have the powers of their side, and keys and borrowers their types", async () => {
  const rw = new ReadWriteLock();
  expectTypeOf(rw.read).toEqualTypeOf<LocalLock<ReadGuard>>();
  expectTypeOf(rw.upgradeable).toEqualTypeOf<LocalLock<UpgradeableGuard>>();
  expectTypeOf(rw.write).toEqualTypeOf<LocalLock<WriteGuard>>();
  expectTypeOf<ReturnType<UpgradeableGuard["upgrade"]>>().toEqualTypeOf<Promise<Guard>>();
  expectTypeOf<ReturnType<ReadGuard["tryUpgrade"]>>().toEqualTypeOf<Guard | undefined>();
  expectTypeOf<ReturnType<WriteGuard["downgrade"]>>().toEqualTypeOf<ReadGuard>();
  expectTypeOf(await rw.upgradeable.run((guard) => guard)).toEqualTypeOf<UpgradeableGuard>();
  const stamped = new StampedLock();
  expectTypeOf(stamped.tryOptimisticRead()).toEqualTypeOf<Stamp | undefined>();
  expectTypeOf(stamped.readOptimistic(async () => 1)).toEqualTypeOf<Promise<number>>();
  const limiter = new CapacityLimiter<"a" | "b">(2);
  expectTypeOf(limiter.borrowers).toEqualTypeOf<ReadonlySet<"a" | "b">>();
  expectTypeOf(new CapacityLimiter(1).borrowers).toEqualTypeOf<ReadonlySet<unknown>>();
  const keyed = new KeyedMutex<{ readonly id: number }>({ compare: (a, b) => a.id - b.id });
  expectTypeOf<Parameters<typeof keyed.tryAcquire>[0]>().toEqualTypeOf<{ readonly id: number }>();
  expectTypeOf<Parameters<KeyedMutex["tryAcquire"]>[0]>().toEqualTypeOf<string>();
  expectTypeOf(keyed.acquireAll([])).toEqualTypeOf<Promise<Guard>>();
  expectTypeOf(new StripedMutex<number>(3).tryAcquireAll([1])).toEqualTypeOf<Guard | undefined>();
  expectTypeOf(acquireAll([rw.read, new Mutex()])).toEqualTypeOf<Promise<Guard>>();
  const striped: KeyedMutex<string> = new StripedMutex(2);
  expect(striped).toBeInstanceOf(KeyedMutex);
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
    // @ts-expect-error no such mode
    new Mutex({ deadlock: "throw" });
    // @ts-expect-error holding takes guards
    void mutex.acquire({ holding: mutex });
    // @ts-expect-error a mutex cannot be resized
    mutex.resize(2);
    const rw = new ReadWriteLock();
    // @ts-expect-error a plain reader may only try
    void rw.read.tryAcquire()!.upgrade();
    // @ts-expect-error only a writer goes down
    rw.upgradeable.tryAcquire()!.downgrade();
    // @ts-expect-error an upgrade goes back, it does not go down
    rw.read.tryAcquire()!.tryUpgrade()!.downgrade();
    // @ts-expect-error no such policy
    new ReadWriteLock({ policy: "random" });
    // @ts-expect-error the lock itself is not acquired, its faces are
    void rw.acquire();
    // @ts-expect-error the faces are read only
    rw.read = rw.write;
    // @ts-expect-error a number is no stamp
    new StampedLock().validate(1);
    // @ts-expect-error borrowers are of the type named
    new CapacityLimiter<"a">(1).release("b");
    // @ts-expect-error borrowers cannot be changed from outside
    new CapacityLimiter<"a">(1).borrowers.add("a");
    // @ts-expect-error a keyed lock is acquired by key
    void new KeyedMutex().acquire();
    // @ts-expect-error keys are of the type named
    void new KeyedMutex<number>().acquire("1");
    // @ts-expect-error several weights of several keys have no safe order
    void new KeyedSemaphore(2).acquireAll(["a"]);
    // @ts-expect-error a striped mutex needs its stripes
    new StripedMutex();
    // @ts-expect-error a keyed lock is no lock
    void acquireAll([new KeyedMutex()]);
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
