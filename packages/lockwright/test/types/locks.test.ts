/**
 * What must compile and what must not. The compiler does the judging: `tsc -p packages/lockwright/test/types` fails when
 * a line marked `@ts-expect-error` compiles. The tests below keep the file honest at run time.
 */
import { expect, expectTypeOf, test } from "vitest";
import {
  type AcquireOptions,
  type Guard,
  type LocalLock,
  type Lock,
  type LockStats,
  Mutex,
  type ReentrantGuard,
  ReentrantMutex,
  Semaphore,
  taskScope,
  trackOwners,
} from "../../src/index.js";

test("locks fit the interfaces they promise", () => {
  const locks: LocalLock[] = [new Mutex(), new Semaphore(1), new ReentrantMutex()];
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
    const options: AcquireOptions = { weight: 2 };
    void mutex.acquire(options);
  }
  expect(never()).toBe(false);
});
