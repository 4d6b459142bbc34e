import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Guard, type LocalLock, type LockwrightError, ReadWriteLock } from "../../../src/index.js";
import { codeOf, rejectionOf, settle } from "../../support/settling.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  platform[Symbol.dispose]();
});

/** Asks for `face` and notes `label` when it is granted; the guard goes to `guards`. */
function ask(face: LocalLock, label: string, served: string[], guards: Map<string, Guard>): void {
  void face.acquire().then((guard) => {
    served.push(label);
    guards.set(label, guard);
  });
}

/** Asks in turn as the letters say (r, u, w), and gives what is served as guards are released by label. */
function queueOf(lock: ReadWriteLock, letters: string): { served: string[]; guards: Map<string, Guard> } {
  const served: string[] = [];
  const guards = new Map<string, Guard>();
  const faces: Record<string, LocalLock> = { r: lock.read, u: lock.upgradeable, w: lock.write };
  let count = 0;
  for (const letter of letters) ask(faces[letter]!, `${letter}${(count += 1)}`, served, guards);
  return { served, guards };
}

/** Releases the holds named, then lets what follows happen. */
async function release(guards: Map<string, Guard>, ...labels: string[]): Promise<void> {
  for (const label of labels) guards.get(label)!.release();
  await settle();
}

describe("admission", () => {
  test("readers coexist, a writer waits for all of them, and they for it [38]", async () => {
    const lock = new ReadWriteLock();
    const readers = [lock.read.tryAcquire()!, lock.read.tryAcquire()!];
    expect(lock.write.tryAcquire()).toBeUndefined();
    const write = lock.write.acquire();
    readers[0]!.release();
    await settle();
    expect(lock.write.stats()).toMatchObject({ held: 0, waiting: 1 });
    readers[1]!.release();
    const writer = await write;
    expect([lock.read.tryAcquire(), lock.upgradeable.tryAcquire(), lock.write.tryAcquire()]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    writer.release();
    lock.read.tryAcquire()!.release();
  });

  test("a read behind a queued write waits: nobody passes, by acquire or by try [2, 38, I1]", async () => {
    const lock = new ReadWriteLock();
    const { served, guards } = queueOf(lock, "rwr");
    await settle();
    expect(served).toEqual(["r1"]);
    expect(lock.read.tryAcquire()).toBeUndefined();
    await release(guards, "r1");
    expect(served).toEqual(["r1", "w2"]);
    await release(guards, "w2");
    expect(served).toEqual(["r1", "w2", "r3"]);
    await release(guards, "r3");
  });

  test("the release of a write lets in all reads at the head in one step, and no later one [39, I3]", async () => {
    const lock = new ReadWriteLock();
    const { served, guards } = queueOf(lock, "wrrurwr");
    await settle();
    guards.get("w1")!.release();
    expect(lock.read.stats()).toMatchObject({ held: 3, waiting: 1 });
    expect(lock.upgradeable.stats()).toMatchObject({ held: 1 });
    await settle();
    expect(served).toEqual(["w1", "r2", "r3", "u4", "r5"]);
    await release(guards, "r2", "r3", "u4", "r5");
    expect(served.at(-1)).toBe("w6");
    await release(guards, "w6");
    await release(guards, "r7");
  });

  test("five shared, one exclusive, five shared run in three phases [40]", async () => {
    const lock = new ReadWriteLock();
    let inside = 0;
    const phases: string[] = [];
    const read = (): Promise<void> =>
      lock.read.run(async () => {
        inside += 1;
        await settle(5);
        phases.push(`r${inside}`);
        await settle(5);
        inside -= 1;
      });
    const firsts = [1, 2, 3, 4, 5].map(read);
    const exclusive = lock.write.run(async () => {
      phases.push(`w${inside}`);
      await settle(5);
    });
    await Promise.all([...firsts, exclusive, ...[1, 2, 3, 4, 5].map(read)]);
    expect(phases).toEqual(["r5", "r5", "r5", "r5", "r5", "w0", "r5", "r5", "r5", "r5", "r5"]);
  });

  test("one upgradeable at most, beside any plain readers", async () => {
    const lock = new ReadWriteLock();
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const reader = lock.read.tryAcquire()!;
    expect(lock.upgradeable.tryAcquire()).toBeUndefined();
    const second = lock.upgradeable.acquire();
    expect(lock.read.tryAcquire(), "the second upgradeable is the head [I1]").toBeUndefined();
    upgradeable.release();
    (await second).release();
    reader.release();
  });

  test("a cancelled queued writer lets the readers behind it in at once [15, I4]", async () => {
    const lock = new ReadWriteLock();
    const hold = lock.read.tryAcquire()!;
    const controller = new AbortController();
    const write = rejectionOf<unknown>(lock.write.acquire({ signal: controller.signal }));
    const reads = [lock.read.acquire(), lock.read.acquire()];
    controller.abort("no");
    expect(lock.read.stats()).toMatchObject({ held: 3, waiting: 0 });
    expect(await write).toBe("no");
    for (const read of reads) (await read).release();
    hold.release();
  });

  test("a fair lock bounds a writer's wait behind an endless stream of readers, by count of grants", async () => {
    const lock = new ReadWriteLock();
    let reads = 0;
    let isOver = false;
    // Three readers that always ask again before they let go: without fairness there is always one in.
    const stream = async (): Promise<void> => {
      let guard = await lock.read.acquire();
      while (!isOver) {
        const next = lock.read.acquire().then((granted) => {
          reads += 1;
          return granted;
        });
        await settle(2);
        guard.release();
        guard = await next;
      }
      guard.release();
    };
    const streams = [stream(), stream(), stream()];
    for (let turn = 0; turn < 50; turn += 1) {
      await settle(turn % 7);
      const { held, waiting } = lock.read.stats();
      const before = reads;
      const writer = await lock.write.acquire();
      // Whoever was in or ahead in the queue has its turn; nobody who came later.
      expect(reads - before).toBeLessThanOrEqual(held + waiting);
      writer.release();
    }
    isOver = true;
    await Promise.all(streams);
    expect(reads).toBeGreaterThan(50);
    expect(lock.write.stats()).toMatchObject({ available: 1, waiting: 0 });
  });
});

describe("policies", () => {
  test("prefer-readers lets a read past waiting writes and upgradeables, by acquire and by try", async () => {
    const lock = new ReadWriteLock({ policy: "prefer-readers" });
    const { served, guards } = queueOf(lock, "ruwur");
    await settle();
    expect(served).toEqual(["r1", "u2", "r5"]);
    const tried = lock.read.tryAcquire()!;
    expect(tried.held).toBe(true);
    expect(lock.upgradeable.tryAcquire(), "an upgradeable holds").toBeUndefined();
    tried.release();
    await release(guards, "r1", "r5", "u2");
    expect(served.slice(3), "an upgradeable before the writer that came first").toEqual(["u4"]);
    await release(guards, "u4");
    expect(served.at(-1)).toBe("w3");
    await release(guards, "w3");
  });

  test("prefer-readers: a write that ends lets in every read of the queue, wherever it stands", async () => {
    const lock = new ReadWriteLock({ policy: "prefer-readers" });
    const { served, guards } = queueOf(lock, "wrwrwr");
    await settle();
    await release(guards, "w1");
    expect(served).toEqual(["w1", "r2", "r4", "r6"]);
    await release(guards, "r2", "r4", "r6");
    await release(guards, "w3");
    await release(guards, "w5");
    expect(served.slice(4)).toEqual(["w3", "w5"]);
  });

  test("prefer-writers serves writes before the reads that came first", async () => {
    const lock = new ReadWriteLock({ policy: "prefer-writers" });
    const { served, guards } = queueOf(lock, "wrrwuw");
    await settle();
    await release(guards, "w1");
    await release(guards, "w4");
    await release(guards, "w6");
    expect(served).toEqual(["w1", "w4", "w6", "r2", "r3", "u5"]);
    await release(guards, "r2", "r3", "u5");
  });

  test("with ageing the other side is served at every n-th grant", async () => {
    const lock = new ReadWriteLock({ policy: "prefer-readers", ageing: 3 });
    const hold = lock.read.tryAcquire()!;
    let isIn = false;
    const write = lock.write.acquire().then((guard) => {
      isIn = true;
      guard.release();
    });
    let passed = 0;
    for (let at = 0; at < 10 && !isIn; at += 1) {
      const guard = lock.read.tryAcquire();
      if (guard === undefined) break;
      passed += 1;
      guard.release();
      await settle();
    }
    expect(passed, "after two that passed it the writer is the head").toBe(2);
    hold.release();
    await write;
  });

  test("order priority lets callers say who goes first, and the others refuse a priority", async () => {
    const lock = new ReadWriteLock({ order: "priority" });
    const hold = lock.write.tryAcquire()!;
    const served: string[] = [];
    const note = (label: string) => (guard: Guard) => {
      served.push(label);
      guard.release();
    };
    const waits = [
      lock.read.acquire().then(note("read")),
      lock.write.acquire({ priority: 5 }).then(note("write")),
      lock.read.acquire({ priority: 9 }).then(note("urgent read")),
    ];
    hold.release();
    await Promise.all(waits);
    expect(served).toEqual(["urgent read", "write", "read"]);
    const preferring = new ReadWriteLock({ policy: "prefer-readers" });
    await expect(preferring.read.acquire({ priority: 1 })).rejects.toThrow(/takes no priority/);
  });
});

describe("upgrade", () => {
  test("it waits for plain readers, ahead of the queue, with new readers held out meanwhile", async () => {
    const lock = new ReadWriteLock();
    const reader = lock.read.tryAcquire()!;
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const queuedWrite = lock.write.acquire();
    let isUpgraded = false;
    const upgrade = upgradeable.upgrade().then((guard) => {
      isUpgraded = true;
      return guard;
    });
    expect(lock.read.tryAcquire()).toBeUndefined();
    const late = lock.read.acquire();
    await settle();
    expect([isUpgraded, upgradeable.held]).toEqual([false, true]);
    reader.release();
    expect(lock.write.stats(), "in the step of the release [I3]").toMatchObject({ held: 1, available: 0, waiting: 1 });
    const writing = await upgrade;
    expect([writing.held, upgradeable.held]).toEqual([true, false]);
    writing.release();
    expect([writing.held, upgradeable.held]).toEqual([false, true]);
    upgradeable.release();
    (await queuedWrite).release();
    (await late).release();
  });

  test("a writer queued in between does not block it: the upgradeable does not wait behind itself [RW1]", async () => {
    const lock = new ReadWriteLock();
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const write = lock.write.acquire();
    const writing = await upgradeable.upgrade();
    expect(lock.write.stats().waiting).toBe(1);
    writing.release();
    upgradeable.release();
    (await write).release();
  });

  test("going back to upgradeable lets in the readers that it held out, not the writer", async () => {
    const lock = new ReadWriteLock();
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const writing = await upgradeable.upgrade();
    const { served, guards } = queueOf(lock, "rwr");
    await settle();
    expect(served).toEqual([]);
    writing.release();
    await settle();
    expect(served).toEqual(["r1"]);
    upgradeable.release();
    await release(guards, "r1");
    await release(guards, "w2");
    await release(guards, "r3");
  });

  test.each(["abort", "timeout", "cancelWaiters", "close"] as const)(
    "an upgrade ended by %s leaves the upgradeable hold intact and lets in whom it held out [RW4]",
    async (how) => {
      const lock = new ReadWriteLock();
      const reader = lock.read.tryAcquire()!;
      const upgradeable = lock.upgradeable.tryAcquire()!;
      const controller = new AbortController();
      const upgrade = rejectionOf(upgradeable.upgrade({ signal: controller.signal, timeout: 20 }));
      const held = lock.read.acquire();
      expect(lock.upgradeable.stats().waiting).toBe(1);
      if (how === "abort") controller.abort(Object.assign(new Error("mine"), { code: "mine" }));
      else if (how === "timeout") platform.advance(20);
      else if (how === "cancelWaiters") lock.upgradeable.cancelWaiters();
      else lock.upgradeable.close();
      const code = { abort: "mine", timeout: "LW_TIMEOUT", cancelWaiters: "LW_CANCELLED", close: "LW_CLOSED" }[how];
      expect((await upgrade).code).toBe(code);
      expect(upgradeable.held).toBe(true);
      expect(lock.read.stats(), "in the same step").toMatchObject({ held: 2, waiting: 0 });
      expect(lock.upgradeable.stats()).toMatchObject({ held: 1, waiting: 0 });
      (await held).release();
      reader.release();
      const again = upgradeable.upgrade().then(
        (guard) => {
          guard.release();
          return "upgraded";
        },
        (error: LockwrightError) => error.code,
      );
      expect(await again).toBe(how === "close" ? "LW_CLOSED" : "upgraded");
      upgradeable.release();
      expect(lock.write.stats()).toMatchObject({ available: 1, held: 0 });
    },
  );

  test("a timeout of 0 upgrades now or never, and says who is in the way", async () => {
    const lock = new ReadWriteLock({ name: "config" });
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const reader = lock.read.tryAcquire()!;
    const error = await rejectionOf(upgradeable.upgrade({ timeout: 0 }));
    expect(error.message).toContain('"config" was not free within 0 ms (held by an upgradeable reader and 1 reader,');
    reader.release();
    (await upgradeable.upgrade({ timeout: 0 })).release();
    upgradeable.release();
  });

  test("an aborted signal is refused even where the upgrade could be had", async () => {
    const lock = new ReadWriteLock();
    const upgradeable = lock.upgradeable.tryAcquire()!;
    expect(await rejectionOf<unknown>(upgradeable.upgrade({ signal: AbortSignal.abort("late") }))).toBe("late");
    expect(upgradeable.held).toBe(true);
    upgradeable.release();
  });

  test("an abort after the grant changes nothing: the guard is delivered [I5]", async () => {
    const lock = new ReadWriteLock();
    const reader = lock.read.tryAcquire()!;
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const controller = new AbortController();
    const upgrade = upgradeable.upgrade({ signal: controller.signal, timeout: 5 });
    reader.release();
    controller.abort();
    platform.advance(10);
    const writing = await upgrade;
    expect(writing.held).toBe(true);
    writing.release();
    upgradeable.release();
  });

  test("a second upgrade of the same guard is refused while the first waits, and while it is held", async () => {
    const lock = new ReadWriteLock();
    const reader = lock.read.tryAcquire()!;
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const first = upgradeable.upgrade();
    expect(await codeOf(upgradeable.upgrade())).toBe("LW_BUSY");
    expect(upgradeable.tryUpgrade()).toBeUndefined();
    reader.release();
    const writing = await first;
    expect(await codeOf(upgradeable.upgrade())).toBe("LW_NOT_HELD");
    expect(() => upgradeable.tryUpgrade()).toThrow(/lent to its upgrade/);
    writing.release();
    upgradeable.release();
    expect(await codeOf(upgradeable.upgrade())).toBe("LW_NOT_HELD");
  });

  test("a lent guard refuses its release, and frees nothing", async () => {
    const lock = new ReadWriteLock({ name: "config" });
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const writing = await upgradeable.upgrade();
    const error = {
      code: "LW_NOT_HELD",
      message: expect.stringContaining("release the guard that the upgrade gave first"),
    };
    expect(() => upgradeable.release()).toThrow(expect.objectContaining(error));
    expect(lock.write.stats().held).toBe(1);
    writing.release();
    expect(() => writing.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    upgradeable.release();
  });

  test("a lent guard that is disposed of ends with its upgrade, so nothing is left behind [RW3]", async () => {
    const lock = new ReadWriteLock();
    let writing: Guard;
    {
      using upgradeable = await lock.upgradeable.acquire();
      writing = await upgradeable.upgrade();
    }
    expect(lock.write.stats().held).toBe(1);
    writing.release();
    expect(lock.write.stats()).toMatchObject({ available: 1, held: 0 });
    let handed: Guard | undefined;
    await lock.upgradeable.run(async (guard) => {
      handed = await guard.upgrade();
    });
    expect(handed!.held, "the body's own hold ended, not the upgrade it handed on").toBe(true);
    handed!.release();
    expect(lock.write.stats()).toMatchObject({ available: 1, held: 0 });
  });

  test("the release of the guard an upgrade waits for ends the upgrade", async () => {
    const lock = new ReadWriteLock();
    const reader = lock.read.tryAcquire()!;
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const upgrade = codeOf(upgradeable.upgrade());
    const write = lock.write.acquire();
    upgradeable.release();
    expect(await upgrade).toBe("LW_NOT_HELD");
    expect(lock.upgradeable.stats()).toMatchObject({ held: 0, waiting: 0 });
    reader.release();
    (await write).release();
  });

  test("a plain reader becomes the writer only as the sole holder, ahead of the queue, and goes back to reading", async () => {
    const lock = new ReadWriteLock();
    const [reader, other] = [lock.read.tryAcquire()!, lock.read.tryAcquire()!];
    expect(reader.tryUpgrade()).toBeUndefined();
    const write = lock.write.acquire();
    other.release();
    const writing = reader.tryUpgrade()!;
    expect([writing.held, reader.held, lock.write.stats().held]).toEqual([true, false, 1]);
    expect(lock.read.stats().held, "its own hold is lent").toBe(1);
    writing.release();
    expect([reader.held, lock.read.stats().held, lock.write.stats().waiting]).toEqual([true, 1, 1]);
    expect(lock.read.tryAcquire(), "the writer is still the head").toBeUndefined();
    reader.release();
    (await write).release();
    expect(() => reader.tryUpgrade()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
  });

  test("an upgradeable may try too, and a try beside another's waiting upgrade fails", async () => {
    const lock = new ReadWriteLock();
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const writing = upgradeable.tryUpgrade()!;
    writing.release();
    const reader = lock.read.tryAcquire()!;
    const upgrade = upgradeable.upgrade();
    expect(reader.tryUpgrade()).toBeUndefined();
    reader.release();
    (await upgrade).release();
    upgradeable.release();
  });

  test("the same under a preference: readers are held out while an upgrade waits", async () => {
    const lock = new ReadWriteLock({ policy: "prefer-readers" });
    const reader = lock.read.tryAcquire()!;
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const upgrade = upgradeable.upgrade();
    const late = lock.read.acquire();
    expect(lock.read.stats()).toMatchObject({ held: 1, waiting: 1, available: 0 });
    reader.release();
    (await upgrade).release();
    (await late).release();
    upgradeable.release();
  });
});

describe("downgrade", () => {
  test("it lets no writer in between, and brings the reads at the head in with it", async () => {
    const lock = new ReadWriteLock();
    const writing = lock.write.tryAcquire()!;
    const { served, guards } = queueOf(lock, "rwr");
    const reading = writing.downgrade();
    expect([writing.held, reading.held]).toEqual([false, true]);
    expect(lock.read.stats()).toMatchObject({ held: 2, waiting: 1 });
    await settle();
    expect(served).toEqual(["r1"]);
    reading.release();
    await release(guards, "r1");
    await release(guards, "w2");
    await release(guards, "r3");
  });

  test("before a waiting writer it keeps reading alone, and may go up again", async () => {
    const lock = new ReadWriteLock();
    const writing = lock.write.tryAcquire()!;
    const next = lock.write.acquire();
    const reading = writing.downgrade();
    expect(lock.write.stats()).toMatchObject({ held: 0, waiting: 1 });
    reading.tryUpgrade()!.release();
    reading.release();
    (await next).release();
  });

  test("the writer's guard is spent: its release and a second downgrade throw and free nothing", () => {
    const lock = new ReadWriteLock();
    const writing = lock.write.tryAcquire()!;
    const reading = writing.downgrade();
    expect(() => writing.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    expect(() => writing.downgrade()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    writing[Symbol.dispose]();
    expect(reading.held).toBe(true);
    reading.release();
  });
});

describe("faces", () => {
  test("each counts, cancels and closes its own callers only", async () => {
    const lock = new ReadWriteLock();
    const hold = lock.write.tryAcquire()!;
    const reads = [codeOf(lock.read.acquire()), codeOf(lock.read.whenAvailable())];
    const write = lock.write.acquire();
    const upgradeable = lock.upgradeable.acquire();
    expect([lock.read, lock.upgradeable, lock.write].map((face) => face.stats().waiting)).toEqual([1, 1, 1]);
    expect(lock.read.cancelWaiters()).toBe(2);
    expect(await Promise.all(reads)).toEqual(["LW_CANCELLED", "LW_CANCELLED"]);
    lock.upgradeable.close("shutdown");
    lock.upgradeable.close("again");
    expect(await rejectionOf(upgradeable)).toMatchObject({ code: "LW_CLOSED", cause: "shutdown" });
    expect(await codeOf(lock.upgradeable.acquire())).toBe("LW_CLOSED");
    expect(await codeOf(lock.upgradeable.whenAvailable())).toBe("LW_CLOSED");
    expect(await rejectionOf<unknown>(lock.upgradeable.acquire({ signal: AbortSignal.abort("first") }))).toBe("first");
    expect(() => lock.upgradeable.tryAcquire()).toThrow(expect.objectContaining({ code: "LW_CLOSED" }));
    expect([lock.read, lock.upgradeable, lock.write].map((face) => face.stats().closed)).toEqual([false, true, false]);
    hold.release();
    (await write).release();
    lock.read.tryAcquire()!.release();
  });

  test("stats of each face are told from one state", () => {
    const lock = new ReadWriteLock({ name: "config" });
    lock.read.tryAcquire();
    lock.read.tryAcquire();
    lock.upgradeable.tryAcquire();
    const common = { name: "config", waiting: 0, closed: false };
    expect(lock.read.stats()).toEqual({ ...common, capacity: Infinity, available: Infinity, held: 2 });
    expect(lock.upgradeable.stats()).toEqual({ ...common, capacity: 1, available: 0, held: 1 });
    expect(lock.write.stats()).toEqual({ ...common, capacity: 1, available: 0, held: 0 });
    expect(Object.isFrozen(lock.read.stats())).toBe(true);
  });

  test("whenAvailable of a face resolves when that kind of hold could be had", async () => {
    const lock = new ReadWriteLock();
    const reader = lock.read.tryAcquire()!;
    await lock.read.whenAvailable();
    await lock.upgradeable.whenAvailable();
    let isTold = false;
    const told = lock.write.whenAvailable().then(() => (isTold = true));
    await settle();
    expect(isTold).toBe(false);
    reader.release();
    await told;
    const writer = lock.write.tryAcquire()!;
    expect(await codeOf(lock.read.whenAvailable({ timeout: 0 }))).toBe("LW_TIMEOUT");
    writer.release();
  });

  test("run and runSync of the read face work beside other readers", async () => {
    const lock = new ReadWriteLock();
    const other = lock.read.tryAcquire()!;
    expect(lock.read.runSync(() => lock.read.stats().held)).toBe(2);
    expect(await lock.read.run(async (guard) => guard.tryUpgrade())).toBeUndefined();
    expect(() => lock.write.runSync(() => 1)).toThrow(
      expect.objectContaining({
        code: "LW_BUSY",
        message: expect.stringContaining("held by 1 reader, 0 callers wait"),
      }),
    );
    other.release();
    await expect(lock.read.run(() => Promise.reject(new Error("body")))).rejects.toThrow("body");
    expect(lock.write.stats().available).toBe(1);
  });

  test("maxWaiters bounds the one queue of all faces", async () => {
    const lock = new ReadWriteLock({ maxWaiters: 2 });
    const hold = lock.write.tryAcquire()!;
    const waits = [lock.read.acquire(), lock.write.acquire()];
    expect(await codeOf(lock.upgradeable.acquire())).toBe("LW_OVERLOADED");
    hold.release();
    for (const wait of waits) (await wait).release();
  });
});

describe("texts", () => {
  test("inspect text shows who holds and how many wait, for the lock, its faces and its guards [11]", async () => {
    class Config extends ReadWriteLock {}
    const lock = new Config({ name: "config" });
    expect(inspect(lock)).toBe('Config { name: "config", not held, waiting: 0 }');
    const reader = lock.read.tryAcquire()!;
    const upgradeable = lock.upgradeable.tryAcquire()!;
    const write = lock.write.acquire();
    expect(String(lock)).toBe('Config { name: "config", held by an upgradeable reader and 1 reader, waiting: 1 }');
    expect(inspect(lock.write)).toBe(
      'ReadWriteLock.write { name: "config", held by an upgradeable reader and 1 reader, waiting: 1 }',
    );
    expect(inspect(reader)).toBe('ReadGuard { lock: "config", held }');
    reader.release();
    const upgrade = await upgradeable.upgrade();
    expect(inspect(upgradeable)).toBe('UpgradeableGuard { lock: "config", lent to its upgrade }');
    expect(inspect(upgrade)).toBe('UpgradedGuard { lock: "config", held }');
    expect(inspect(lock.read)).toContain("held by a writer");
    upgrade.release();
    upgradeable.release();
    const writing = await write;
    expect(inspect(writing)).toBe('WriteGuard { lock: "config", held }');
    writing.release();
    lock.read.close();
    expect(inspect(lock.read)).toContain("closed");
    expect([lock.name, lock.read.name, new ReadWriteLock().name]).toEqual([
      "config",
      "config",
      expect.stringMatching(/^read-write-lock-\d+$/),
    ]);
  });

  test("a timeout names the lock and who holds it", async () => {
    const lock = new ReadWriteLock({ name: "config" });
    const readers = [lock.read.tryAcquire()!, lock.read.tryAcquire()!];
    const wait = rejectionOf(lock.write.acquire({ timeout: 30 }));
    platform.advance(30);
    expect((await wait).message).toContain('"config" was not free within 30 ms (held by 2 readers, 0 callers wait)');
    for (const reader of readers) reader.release();
  });
});
