import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { StampedLock } from "../../../src/index.js";
import { codeOf, rejectionOf, settle } from "../../support/settling.js";
import { installTestPlatform } from "../../support/test-platform.js";

describe("versions", () => {
  test("a stamp is valid until a write begins, and none is given while one goes on [RW5]", async () => {
    const lock = new StampedLock();
    const stamp = lock.tryOptimisticRead()!;
    lock.read.tryAcquire()!.release();
    expect(lock.validate(stamp), "a read changes nothing").toBe(true);
    const guard = lock.write.tryAcquire()!;
    expect([lock.validate(stamp), lock.tryOptimisticRead()]).toEqual([false, undefined]);
    guard.release();
    expect(lock.validate(stamp)).toBe(false);
    expect(lock.validate(lock.tryOptimisticRead()!)).toBe(true);
  });

  test("a write granted by another's release invalidates in that step, before its caller has run [I3, RW5]", async () => {
    const lock = new StampedLock();
    const reader = lock.read.tryAcquire()!;
    const write = lock.write.acquire();
    const stamp = lock.tryOptimisticRead()!;
    expect(lock.validate(stamp), "a waiting write has not begun").toBe(true);
    reader.release();
    expect([lock.validate(stamp), lock.tryOptimisticRead()]).toEqual([false, undefined]);
    (await write).release();
  });

  test("a write that hands over to the next leaves no moment for a stamp", async () => {
    const lock = new StampedLock();
    const first = lock.write.tryAcquire()!;
    const second = lock.write.acquire();
    first.release();
    expect(lock.tryOptimisticRead()).toBeUndefined();
    (await second).release();
    expect(lock.tryOptimisticRead()).toBe(4);
  });

  test("a write that is cancelled in the queue invalidates nothing", async () => {
    const lock = new StampedLock();
    const reader = lock.read.tryAcquire()!;
    const stamp = lock.tryOptimisticRead()!;
    const write = codeOf(lock.write.acquire());
    lock.write.cancelWaiters();
    await write;
    reader.release();
    expect(lock.validate(stamp)).toBe(true);
  });

  test("tryWrite takes the lock only for a valid stamp on a free lock", async () => {
    const lock = new StampedLock();
    const stale = lock.tryOptimisticRead()!;
    lock.write.tryAcquire()!.release();
    expect(lock.tryWrite(stale)).toBeUndefined();
    const stamp = lock.tryOptimisticRead()!;
    const reader = lock.read.tryAcquire()!;
    expect(lock.tryWrite(stamp), "a reader holds").toBeUndefined();
    reader.release();
    const guard = lock.tryWrite(stamp)!;
    expect([guard.held, lock.tryWrite(stamp)]).toEqual([true, undefined]);
    guard.release();
    lock.write.close();
    expect(() => lock.tryWrite(lock.tryOptimisticRead()!)).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
  });
});

describe("readOptimistic", () => {
  test("it reads once and takes nothing when no write comes in between", async () => {
    const lock = new StampedLock();
    let reads = 0;
    const value = await lock.readOptimistic(async () => {
      reads += 1;
      await settle();
      return lock.read.stats().held;
    });
    expect([value, reads]).toEqual([0, 1]);
  });

  test("a write in between makes it read again, and in the end with the lock", async () => {
    const lock = new StampedLock();
    const held: number[] = [];
    const value = lock.readOptimistic(async () => {
      held.push(lock.read.stats().held);
      if (lock.read.stats().held === 0) lock.write.runSync(() => undefined);
      await settle();
      return held.length;
    });
    expect(await value).toBe(4);
    expect(held, "three tries, then the read lock").toEqual([0, 0, 0, 1]);
    expect(lock.read.stats().held).toBe(0);
  });

  test("attempts says how often; 0 takes the lock at once", async () => {
    const lock = new StampedLock();
    const held: number[] = [];
    const read = (): void => {
      held.push(lock.read.stats().held);
      if (lock.read.stats().held === 0) lock.write.runSync(() => undefined);
    };
    await lock.readOptimistic(read, { attempts: 1 });
    await lock.readOptimistic(read, { attempts: 0 });
    expect(held).toEqual([0, 1, 1]);
  });

  test("while somebody writes it waits for the read lock, within its timeout and signal", async () => {
    using platform = installTestPlatform();
    const lock = new StampedLock();
    const writer = lock.write.tryAcquire()!;
    const late = codeOf(lock.readOptimistic(() => 1, { timeout: 5 }));
    const controller = new AbortController();
    const aborted = rejectionOf<unknown>(lock.readOptimistic(() => 1, { signal: controller.signal }));
    const served = lock.readOptimistic(() => lock.read.stats().held);
    expect(lock.read.stats().waiting).toBe(3);
    platform.advance(5);
    controller.abort("no");
    expect([await late, await aborted]).toEqual(["LW_TIMEOUT", "no"]);
    writer.release();
    expect(await served).toBe(1);
    expect(platform.timers.size).toBe(0);
  });

  test("an error of a read that a write met is not told: it reads again", async () => {
    const lock = new StampedLock();
    let reads = 0;
    const torn = await lock.readOptimistic(async () => {
      reads += 1;
      if (reads > 1) return "whole";
      lock.write.runSync(() => undefined);
      throw new Error("torn");
    });
    expect(torn).toBe("whole");
    await expect(lock.readOptimistic(() => Promise.reject(new Error("its own")))).rejects.toThrow("its own");
  });

  test("a signal that aborts between attempts ends it", async () => {
    const lock = new StampedLock();
    const controller = new AbortController();
    const read = lock.readOptimistic(
      () => {
        lock.write.runSync(() => undefined);
        controller.abort("enough");
      },
      { signal: controller.signal },
    );
    expect(await rejectionOf<unknown>(read)).toBe("enough");
  });
});

test("reads coexist and writes exclude, in order of arrival [38]", async () => {
  const lock = new StampedLock();
  const readers = [lock.read.tryAcquire()!, lock.read.tryAcquire()!];
  const write = lock.write.acquire();
  expect(lock.read.tryAcquire()).toBeUndefined();
  expect([lock.read.stats().held, lock.write.stats().waiting]).toEqual([2, 1]);
  for (const reader of readers) reader.release();
  (await write).release();
});

test("inspect text shows holders, waiters and the version [11]", () => {
  const lock = new StampedLock({ name: "position" });
  const guard = lock.write.tryAcquire()!;
  expect(inspect(lock)).toBe('StampedLock { name: "position", held by a writer, waiting: 0, version: 1 }');
  expect(inspect(guard)).toBe('WriteGuard { lock: "position", held }');
  guard.release();
  expect(inspect(lock.read.tryAcquire())).toBe('ReadGuard { lock: "position", held }');
  expect(String(lock.read)).toBe('StampedLock.read { name: "position", held by 1 reader, waiting: 0 }');
  expect(new StampedLock().name).toMatch(/^stamped-lock-\d+$/);
});
