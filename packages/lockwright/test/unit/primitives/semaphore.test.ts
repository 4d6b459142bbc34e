import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Guard, type LockwrightError, Semaphore } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  platform[Symbol.dispose]();
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "resolved",
    (error: LockwrightError) => error.code ?? String(error),
  );
}

/** Starts an acquire and notes its label when it is served. */
function ask(
  semaphore: Semaphore,
  served: string[],
  label: string,
  options: { weight?: number; priority?: number; signal?: AbortSignal } = {},
): Promise<Guard> {
  return semaphore.acquire(options).then((guard) => {
    served.push(label);
    return guard;
  });
}

async function settle(): Promise<void> {
  for (let step = 0; step < 20; step += 1) await Promise.resolve();
}

describe("permits", () => {
  test("value and locked agree with the state, and it is locked also while waiters exist [44]", async () => {
    const semaphore = new Semaphore(3);
    expect([semaphore.capacity, semaphore.available, semaphore.locked]).toEqual([3, 3, false]);
    const two = semaphore.tryAcquire({ weight: 2 })!;
    expect([semaphore.available, semaphore.locked]).toEqual([1, false]);
    const wait = semaphore.acquire({ weight: 2 });
    expect([semaphore.available, semaphore.locked]).toEqual([1, true]);
    two.release();
    (await wait).release();
    expect([semaphore.available, semaphore.locked]).toEqual([3, false]);
  });

  test("an extra release throws and makes no permit [45, I2]", () => {
    const semaphore = new Semaphore(2);
    const guard = semaphore.tryAcquire()!;
    guard.release();
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    expect(semaphore.available).toBe(2);
  });

  // A and B hold; C, D, E wait. A and B release in one tick, and A asks again in between.
  test("two releases in one tick with a re-acquire between serve the oldest two [46, I1, I6]", async () => {
    const semaphore = new Semaphore(2);
    const [a, b] = [semaphore.tryAcquire()!, semaphore.tryAcquire()!];
    const served: string[] = [];
    const waits = ["c", "d", "e"].map((label) => ask(semaphore, served, label));
    a.release();
    waits.push(ask(semaphore, served, "a again"));
    b.release();
    await settle();
    expect(served).toEqual(["c", "d"]);
    for (const wait of waits) (await wait).release();
    expect(served).toEqual(["c", "d", "e", "a again"]);
    expect(semaphore.available).toBe(2);
  });

  test("a first waiter cancelled before its wake leaves two releases to the second and third [47]", async () => {
    const semaphore = new Semaphore(2);
    const holds = [semaphore.tryAcquire()!, semaphore.tryAcquire()!];
    const controller = new AbortController();
    const first = codeOf(semaphore.acquire({ signal: controller.signal }));
    const others = [semaphore.acquire(), semaphore.acquire()];
    controller.abort();
    for (const hold of holds) hold.release();
    for (const other of others) (await other).release();
    await first;
    expect(semaphore.available).toBe(2);
  });

  test("two cancelled at the head, one release wakes exactly the third [48]", async () => {
    const semaphore = new Semaphore(1);
    const hold = semaphore.tryAcquire()!;
    const served: string[] = [];
    const controller = new AbortController();
    const gone = [1, 2].map(() => codeOf(semaphore.acquire({ signal: controller.signal })));
    const third = ask(semaphore, served, "third");
    const fourth = ask(semaphore, served, "fourth");
    controller.abort();
    hold.release();
    await settle();
    expect(served).toEqual(["third"]);
    (await third).release();
    (await fourth).release();
    await Promise.all(gone);
  });

  test("drain takes all that is free as one guard, and nothing past a waiter [I1]", async () => {
    const semaphore = new Semaphore(3);
    const one = semaphore.tryAcquire()!;
    const rest = semaphore.drain()!;
    expect(semaphore.available).toBe(0);
    expect(semaphore.drain()).toBeUndefined();
    const wait = semaphore.acquire({ weight: 2 });
    one.release();
    expect(semaphore.available).toBe(1);
    expect(semaphore.drain()).toBeUndefined();
    rest.release();
    (await wait).release();
    expect(semaphore.available).toBe(3);
  });
});

describe("weights", () => {
  test("a heavy head holds back lighter waiters and runs when it fits [49, I1]", async () => {
    const semaphore = new Semaphore(3);
    const hold = semaphore.tryAcquire()!;
    const served: string[] = [];
    const heavy = ask(semaphore, served, "heavy", { weight: 3 });
    const light = ask(semaphore, served, "light");
    await settle();
    expect(served).toEqual([]);
    expect(semaphore.tryAcquire()).toBeUndefined();
    hold.release();
    await settle();
    expect(served).toEqual(["heavy"]);
    (await heavy).release();
    (await light).release();
  });

  test("a light waiter of high priority passes a heavy head, a heavy one passes light ones of low [49]", async () => {
    const semaphore = new Semaphore(3, { order: "priority" });
    const hold = semaphore.tryAcquire({ weight: 2 })!;
    const served: string[] = [];
    const heavy = ask(semaphore, served, "heavy low", { weight: 2 });
    (await ask(semaphore, served, "light high", { priority: 1 })).release();
    expect(served).toEqual(["light high"]);
    const top = ask(semaphore, served, "heavy high", { weight: 3, priority: 2 });
    hold.release();
    (await top).release();
    (await heavy).release();
    expect(served).toEqual(["light high", "heavy high", "heavy low"]);
  });

  test("a lighter newcomer to a lifo semaphore is the new head and gets in at once [I1]", async () => {
    const semaphore = new Semaphore(2, { order: "lifo" });
    const hold = semaphore.tryAcquire()!;
    const heavy = semaphore.acquire({ weight: 2 });
    const light = await semaphore.acquire();
    expect(semaphore.stats()).toMatchObject({ available: 0, waiting: 1 });
    light.release();
    hold.release();
    (await heavy).release();
  });

  // B (light) waits, A (heavy, higher priority) goes before it, two permits come free, C (highest) passes both.
  test("a newcomer that passes the queue may make it the oldest's turn, who then gets in at once [I1]", async () => {
    const semaphore = new Semaphore(3, { order: "priority", ageing: 2 });
    const holds = [semaphore.tryAcquire({ weight: 2 })!, semaphore.tryAcquire()!];
    const b = semaphore.acquire({ priority: 0 });
    const a = semaphore.acquire({ priority: 1, weight: 3 });
    holds[0]!.release();
    const c = semaphore.acquire({ priority: 2 });
    expect(semaphore.stats()).toMatchObject({ available: 0, waiting: 1 });
    holds[1]!.release();
    (await c).release();
    (await b).release();
    (await a).release();
    expect(semaphore.available).toBe(3);
  });

  test("the leaving of a heavy head lets in whoever fits now [I4]", async () => {
    const semaphore = new Semaphore(2);
    const hold = semaphore.tryAcquire()!;
    const heavy = codeOf(semaphore.acquire({ weight: 2, timeout: 10 }));
    const light = semaphore.acquire();
    platform.advance(10);
    expect(semaphore.stats()).toMatchObject({ available: 0, waiting: 0 });
    expect(await heavy).toBe("LW_TIMEOUT");
    (await light).release();
    hold.release();
  });

  test("a shared abort of a heavy head and a light waiter grants neither: two passes [I4]", async () => {
    const semaphore = new Semaphore(2);
    const hold = semaphore.tryAcquire()!;
    const { signal, abort } = ((controller) => ({ signal: controller.signal, abort: () => controller.abort("x") }))(
      new AbortController(),
    );
    const both = [codeOf(semaphore.acquire({ weight: 2, signal })), codeOf(semaphore.acquire({ signal }))];
    abort();
    expect(await Promise.all(both)).toEqual(["x", "x"]);
    expect(semaphore.available).toBe(1);
    hold.release();
  });

  test("two deadlines due at once grant neither: all leave before anyone is let in [I4]", async () => {
    const semaphore = new Semaphore(2);
    const hold = semaphore.tryAcquire()!;
    const both = [codeOf(semaphore.acquire({ weight: 2, timeout: 10 })), codeOf(semaphore.acquire({ timeout: 10 }))];
    platform.advance(10);
    expect(await Promise.all(both)).toEqual(["LW_TIMEOUT", "LW_TIMEOUT"]);
    hold.release();
    expect(semaphore.available).toBe(2);
  });

  test("a weight above the capacity rejects with LW_WEIGHT, unless it is paused", async () => {
    const semaphore = new Semaphore(2);
    expect(await codeOf(semaphore.acquire({ weight: 3 }))).toBe("LW_WEIGHT");
    expect(await codeOf(semaphore.whenAvailable({ weight: 3 }))).toBe("LW_WEIGHT");
    expect(() => semaphore.tryAcquire({ weight: 3 })).toThrow(expect.objectContaining({ code: "LW_WEIGHT" }));
    const paused = new Semaphore(0);
    expect(paused.tryAcquire({ weight: 3 })).toBeUndefined();
    const wait = paused.acquire({ weight: 3 });
    paused.resize(3);
    (await wait).release();
  });
});

describe("resize", () => {
  test("growing lets in every waiter that now fits, with weights [50, I3]", async () => {
    const semaphore = new Semaphore(0);
    const served: string[] = [];
    const waits = [
      ask(semaphore, served, "two", { weight: 2 }),
      ask(semaphore, served, "one"),
      ask(semaphore, served, "three", { weight: 3 }),
    ];
    semaphore.resize(4);
    expect(semaphore.stats()).toMatchObject({ available: 1, waiting: 1 });
    (await waits[0]!).release();
    (await waits[2]!).release();
    (await waits[1]!).release();
    expect(served).toEqual(["two", "one", "three"]);
  });

  test("a shrink revokes nothing, and its debt clears after that many releases [51, I2]", async () => {
    const semaphore = new Semaphore(3);
    const holds = [1, 2, 3].map(() => semaphore.tryAcquire()!);
    semaphore.resize(1);
    expect([semaphore.available, semaphore.stats().held]).toEqual([-2, 3]);
    const wait = semaphore.acquire();
    holds[0]!.release();
    holds[1]!.release();
    expect(semaphore.stats().waiting).toBe(1);
    holds[2]!.release();
    expect(semaphore.stats().waiting).toBe(0);
    (await wait).release();
    expect(semaphore.available).toBe(1);
  });

  test("a shrink rejects waiters that can never fit, and lets in those behind them", async () => {
    const semaphore = new Semaphore(3);
    const hold = semaphore.tryAcquire()!;
    const heavy = codeOf(semaphore.acquire({ weight: 3 }));
    const light = semaphore.acquire();
    semaphore.resize(2);
    expect(await heavy).toBe("LW_WEIGHT");
    (await light).release();
    hold.release();
    expect(semaphore.available).toBe(2);
  });

  test("a resize to 0 pauses: all queue, a hold finishes, nothing is rejected", async () => {
    const semaphore = new Semaphore(2);
    const hold = semaphore.tryAcquire({ weight: 2 })!;
    const wait = semaphore.acquire({ weight: 2 });
    semaphore.resize(0);
    hold.release();
    expect(semaphore.stats()).toMatchObject({ available: 0, waiting: 1 });
    semaphore.resize(2);
    (await wait).release();
  });
});

describe("whenAvailable", () => {
  test("it is told when its weight fits and no waiter stands ahead [53]", async () => {
    const semaphore = new Semaphore(2);
    const holds = [semaphore.tryAcquire()!, semaphore.tryAcquire()!];
    const told: string[] = [];
    void semaphore.whenAvailable({ weight: 2 }).then(() => told.push("two"));
    void semaphore.whenAvailable().then(() => told.push("one"));
    holds[0]!.release();
    await settle();
    expect(told).toEqual(["one"]);
    holds[1]!.release();
    await settle();
    expect(told).toEqual(["one", "two"]);
    expect(semaphore.stats().waiting).toBe(0);
  });

  test("the queue goes first: a hand-off tells nobody [53]", async () => {
    const semaphore = new Semaphore(1, { order: "priority" });
    const hold = semaphore.tryAcquire()!;
    let isTold = false;
    const told = semaphore.whenAvailable().then(() => (isTold = true));
    const low = semaphore.acquire({ priority: -5 });
    hold.release();
    await settle();
    expect(isTold).toBe(false);
    (await low).release();
    await told;
  });

  test("growing tells it, closing rejects it, a shrink below its weight rejects it", async () => {
    const semaphore = new Semaphore(1);
    const hold = semaphore.tryAcquire()!;
    const grown = semaphore.whenAvailable();
    semaphore.resize(2);
    await grown;
    const heavy = codeOf(semaphore.whenAvailable({ weight: 2 }));
    semaphore.resize(1);
    expect(await heavy).toBe("LW_WEIGHT");
    const closed = codeOf(semaphore.whenAvailable());
    semaphore.close();
    expect(await closed).toBe("LW_CLOSED");
    hold.release();
  });
});
