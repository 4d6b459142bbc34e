import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { CapacityLimiter, type Guard, type LockwrightError } from "../../../src/index.js";
import { codeOf, rejectionOf, settle } from "../../support/settling.js";
import { installTestPlatform } from "../../support/test-platform.js";

describe("borrowers", () => {
  test("the same borrower twice is an error, while it holds and while it waits; state is untouched [54]", async () => {
    const limiter = new CapacityLimiter<string>(2, { name: "seats" });
    const guard = await limiter.acquire({ borrower: "ann" });
    const error = await rejectionOf(limiter.acquire({ borrower: "ann" }));
    expect(error.code).toBe("LW_BUSY");
    expect(error.message).toContain('this borrower holds a permit of "seats" already');
    expect(() => limiter.tryAcquire({ borrower: "ann" })).toThrow(expect.objectContaining({ code: "LW_BUSY" }));
    await limiter.acquire({ borrower: "bob" });
    const waiting = limiter.acquire({ borrower: "cid" });
    expect((await rejectionOf(limiter.acquire({ borrower: "cid" }))).message).toContain("waits for a permit");
    expect(limiter.stats()).toMatchObject({ held: 2, waiting: 1, available: 0 });
    guard.release();
    (await waiting).release();
    (await limiter.acquire({ borrower: "ann" })).release();
  });

  test("a release without a borrow is an error, also by one that only waits or was served before [54]", async () => {
    const limiter = new CapacityLimiter<string>(1);
    expect(() => limiter.release("nobody")).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    await limiter.acquire({ borrower: "ann" });
    const wait = limiter.acquire({ borrower: "bob" });
    expect(() => limiter.release("bob")).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    limiter.release("ann");
    expect(() => limiter.release("ann")).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    await wait;
    limiter.release("bob");
    expect(limiter.stats()).toMatchObject({ held: 0, available: 1 });
  });

  test("a permit is given back on behalf of its borrower, and its guard is then spent [55]", async () => {
    const limiter = new CapacityLimiter<object>(1);
    const worker = { name: "worker" };
    const guard = await limiter.acquire({ borrower: worker });
    expect([...limiter.borrowers]).toEqual([worker]);
    const next = limiter.acquire({ borrower: {} });
    limiter.release(worker);
    expect(guard.held).toBe(false);
    expect(() => guard.release()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    (await next).release();
  });

  test("the guard gives it back as well, and the borrower is then gone", async () => {
    const limiter = new CapacityLimiter<string>(1);
    (await limiter.acquire({ borrower: "ann" })).release();
    expect(() => limiter.release("ann")).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
    expect(limiter.borrowers.size).toBe(0);
  });

  test("without a borrower each guard borrows for itself", async () => {
    const limiter = new CapacityLimiter<Guard>(2);
    const guards = [await limiter.acquire(), limiter.tryAcquire()!];
    expect([...limiter.borrowers]).toEqual(guards);
    limiter.release(guards[0]!);
    expect(limiter.borrowers.size).toBe(1);
    guards[1]!.release();
  });

  test("any value but undefined borrows, null and NaN included", async () => {
    const limiter = new CapacityLimiter<unknown>(3);
    for (const borrower of [null, Number.NaN, 0]) await limiter.acquire({ borrower });
    expect([...limiter.borrowers]).toEqual([null, Number.NaN, 0]);
    expect(limiter.stats().held).toBe(3);
    for (const borrower of [Number.NaN, null, -0]) limiter.release(borrower);
    expect(limiter.stats().held).toBe(0);
  });

  test("borrowers is a snapshot of holders: no waiter is in it", async () => {
    const limiter = new CapacityLimiter<string>(1);
    await limiter.acquire({ borrower: "ann" });
    const wait = limiter.acquire({ borrower: "bob" });
    const before = limiter.borrowers;
    limiter.release("ann");
    expect([[...before], [...limiter.borrowers]]).toEqual([["ann"], ["bob"]]);
    (await wait).release();
  });

  test("run and tryAcquire borrow on behalf too", async () => {
    const limiter = new CapacityLimiter<string>(1);
    expect(await limiter.run(() => [...limiter.borrowers], { borrower: "ann" })).toEqual(["ann"]);
    const guard = limiter.tryAcquire({ borrower: "bob" })!;
    expect([[...limiter.borrowers], limiter.tryAcquire({ borrower: "cid" })]).toEqual([["bob"], undefined]);
    guard.release();
    expect(await limiter.run(async () => limiter.release("ann"), { borrower: "ann" })).toBeUndefined();
    expect(limiter.stats().available).toBe(1);
  });
});

describe("total", () => {
  test("raised, it wakes exactly that many; lowered below what is held, nobody is thrown out or let in [56]", async () => {
    const limiter = new CapacityLimiter<number>(1);
    const served: number[] = [];
    const guards: Guard[] = [];
    for (const borrower of [0, 1, 2, 3, 4]) {
      void limiter.acquire({ borrower }).then((guard) => {
        served.push(borrower);
        guards.push(guard);
      });
    }
    await settle();
    limiter.total = 3;
    expect(limiter.stats()).toMatchObject({ capacity: 3, held: 3, waiting: 2 });
    await settle();
    expect(served).toEqual([0, 1, 2]);
    limiter.total = 1;
    expect(limiter.stats()).toMatchObject({ capacity: 1, held: 3, available: -2, waiting: 2 });
    guards[0]!.release();
    guards[1]!.release();
    await settle();
    expect(served).toEqual([0, 1, 2]);
    guards[2]!.release();
    await settle();
    expect([served, limiter.total]).toEqual([[0, 1, 2, 3], 1]);
    guards[3]!.release();
    await settle();
    guards[4]!.release();
    expect(limiter.stats()).toMatchObject({ held: 0, waiting: 0 });
  });

  test("0 pauses it", async () => {
    const limiter = new CapacityLimiter(0);
    const wait = limiter.acquire();
    expect(limiter.stats().waiting).toBe(1);
    limiter.total = 1;
    (await wait).release();
  });
});

describe("waiting", () => {
  test.each(["abort", "timeout", "cancelWaiters", "close"] as const)(
    "a waiter ended by %s leaves no entry: its borrower may ask again [57, I4, B1]",
    async (how) => {
      using platform = installTestPlatform();
      const limiter = new CapacityLimiter<string>(1);
      await limiter.acquire({ borrower: "ann" });
      const controller = new AbortController();
      const wait = rejectionOf<unknown>(limiter.acquire({ borrower: "bob", signal: controller.signal, timeout: 10 }));
      if (how === "abort") controller.abort("no");
      else if (how === "timeout") platform.advance(10);
      else if (how === "cancelWaiters") limiter.cancelWaiters();
      else limiter.close();
      await wait;
      expect([limiter.stats().waiting, limiter.borrowers.has("bob")]).toEqual([0, false]);
      const again = limiter.acquire({ borrower: "bob" }).then(
        (guard) => {
          guard.release();
          return "served";
        },
        (error: LockwrightError) => error.code,
      );
      limiter.release("ann");
      expect(await again).toBe(how === "close" ? "LW_CLOSED" : "served");
      expect(platform.timers.size).toBe(0);
    },
  );

  test("a refused ask leaves no entry either: timeout 0, too many waiters, aborted before", async () => {
    const limiter = new CapacityLimiter<string>(1, { maxWaiters: 0 });
    const guard = await limiter.acquire();
    expect(await codeOf(limiter.acquire({ borrower: "ann" }))).toBe("LW_OVERLOADED");
    expect(await rejectionOf<unknown>(limiter.acquire({ borrower: "ann", signal: AbortSignal.abort("no") }))).toBe(
      "no",
    );
    guard.release();
    (await limiter.acquire({ borrower: "ann" })).release();
    const patient = new CapacityLimiter<string>(1);
    await patient.acquire();
    expect(await codeOf(patient.acquire({ borrower: "ann", timeout: 0 }))).toBe("LW_TIMEOUT");
    expect(await codeOf(patient.acquire({ borrower: "ann", timeout: 0 }))).toBe("LW_TIMEOUT");
  });

  test("a run cancelled just after its grant passes the permit on, its body not run [57]", async () => {
    const limiter = new CapacityLimiter<string>(1);
    await limiter.acquire({ borrower: "ann" });
    const controller = new AbortController();
    let calls = 0;
    const run = rejectionOf<unknown>(
      limiter.run(() => void (calls += 1), { borrower: "bob", signal: controller.signal }),
    );
    const next = limiter.acquire({ borrower: "cid" });
    limiter.release("ann");
    controller.abort("stop");
    expect(await run).toBe("stop");
    const guard = await next;
    expect([calls, [...limiter.borrowers]]).toEqual([0, ["cid"]]);
    guard.release();
  });

  test("a try between a release and the woken waiter's resume does not over-subscribe [58]", async () => {
    const limiter = new CapacityLimiter<string>(1);
    await limiter.acquire({ borrower: "ann" });
    const wait = limiter.acquire({ borrower: "bob" });
    limiter.release("ann");
    expect(limiter.tryAcquire({ borrower: "cid" })).toBeUndefined();
    expect(limiter.stats()).toMatchObject({ held: 1, waiting: 0 });
    (await wait).release();
    limiter.tryAcquire({ borrower: "cid" })!.release();
  });

  test("stats are right at each step [59], and waiters are served first come, first served [60]", async () => {
    const limiter = new CapacityLimiter<number>(2, { name: "seats" });
    const common = { name: "seats", capacity: 2, closed: false };
    expect(limiter.stats()).toEqual({ ...common, available: 2, held: 0, waiting: 0 });
    await limiter.acquire({ borrower: 0 });
    await limiter.acquire({ borrower: 1 });
    const served: number[] = [];
    const waits = [2, 3, 4].map((borrower) => limiter.acquire({ borrower }).then(() => served.push(borrower)));
    expect(limiter.stats()).toEqual({ ...common, available: 0, held: 2, waiting: 3 });
    for (const borrower of [0, 1, 2, 3]) {
      limiter.release(borrower);
      await settle();
    }
    await Promise.all(waits);
    expect(served).toEqual([2, 3, 4]);
    limiter.release(4);
    expect(limiter.stats()).toEqual({ ...common, available: 2, held: 0, waiting: 0 });
  });
});

test("inspect text shows state and waiter count [11]", async () => {
  const limiter = new CapacityLimiter<string>(1, { name: "seats" });
  await limiter.acquire({ borrower: "ann" });
  void limiter.acquire({ borrower: "bob" });
  expect(inspect(limiter)).toBe('CapacityLimiter { name: "seats", held: 1 of 1, waiting: 1 }');
});
