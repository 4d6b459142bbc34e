/** The verdicts of design note 0006, on the platform clock. Actors are named after the locks they take. */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { DeadlockReport, NestedEvent } from "../../../src/events.js";
import { DeadlockError, Mutex, Semaphore, taskScope, trackOwners } from "../../../src/index.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let clock: TestPlatform & Disposable;
let reports: DeadlockReport[];
let nested: NestedEvent[];
const onDeadlock = (report: unknown): void => void reports.push(report as DeadlockReport);
const onNested = (event: unknown): void => void nested.push(event as NestedEvent);

beforeEach(() => {
  clock = installTestPlatform();
  reports = [];
  nested = [];
  subscribe("lockwright:deadlock", onDeadlock);
  subscribe("lockwright:nested", onNested);
});
afterEach(() => {
  unsubscribe("lockwright:deadlock", onDeadlock);
  unsubscribe("lockwright:nested", onNested);
  assert.equal(clock.timers.size, 0, "no timer is left");
  clock[Symbol.dispose]();
});

/** Lets everything happen that needs no timer. */
async function settle(): Promise<void> {
  for (let step = 0; step < 50; step += 1) await Promise.resolve();
}

/** What became of a promise so far. */
function watch<T>(promise: Promise<T>): { value?: T; error?: DeadlockError } {
  const seen: { value?: T; error?: DeadlockError } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error as DeadlockError),
  );
  return seen;
}

/** A promise that somebody else resolves. */
function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

const locks = (...names: string[]): Mutex[] => names.map((name) => new Mutex({ name }));

describe("what callers say: holding", () => {
  test("a mutex asked for by who holds it rejects at once, with every part of the edge", async () => {
    const mutex = new Mutex({ name: "cart" });
    const guard = await mutex.acquire();
    clock.advance(7);
    const error = await mutex.acquire({ holding: guard }).catch((reason: unknown) => reason as DeadlockError);
    expect(error).toBeInstanceOf(DeadlockError);
    expect(error).toMatchObject({ code: "LW_DEADLOCK", name: "DeadlockError" });
    expect((error as DeadlockError).edges).toEqual([
      {
        lock: "cart",
        holder: 'a holder of "cart"',
        waiter: 'a holder of "cart"',
        held: undefined,
        waited: 0,
        holderSite: undefined,
        waiterSite: undefined,
      },
    ]);
    expect((error as DeadlockError).message).toMatch(
      /"cart" can never be granted .*\n.*\n.*ReentrantMutex.*detached: true/,
    );
    expect((error as DeadlockError).stack, "the stack is that of the acquire").toContain("deadlock.test.ts");
    expect(reports).toMatchObject([{ kind: "proved", evidence: "holding", rejected: true, at: 1007 }]);
    expect(mutex.stats()).toMatchObject({ held: 1, waiting: 0 });
    guard.release();
  });

  test("A holds a and wants b, B holds b and wants a: the second to ask rejects, the first goes on [V1]", async () => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    const [guardA, guardB] = await Promise.all([a.acquire(), b.acquire()]);
    const first = watch(b.acquire({ holding: guardA }));
    const second = watch(a.acquire({ holding: [guardB] }));
    await settle();
    expect(second.error?.edges.map(({ lock }) => lock)).toEqual(["a", "b"]);
    expect(second.error?.message).toContain("acquireAll");
    expect(first).toEqual({});
    guardB.release();
    await settle();
    expect(first.value?.held).toBe(true);
  });

  test("a guard that is released meanwhile is no edge", async () => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    const [guardA, guardB] = await Promise.all([a.acquire(), b.acquire()]);
    const first = watch(b.acquire({ holding: guardA }));
    guardA.release();
    const second = watch(a.acquire({ holding: guardB }));
    await settle();
    expect(second.value?.held).toBe(true);
    guardB.release();
    await settle();
    expect(first.value?.held).toBe(true);
    expect(reports).toEqual([]);
  });

  test("a ring of three closes with the third", async () => {
    const [a, b, c] = locks("a", "b", "c") as [Mutex, Mutex, Mutex];
    const [guardA, guardB, guardC] = await Promise.all([a.acquire(), b.acquire(), c.acquire()]);
    const waits = [watch(b.acquire({ holding: guardA })), watch(c.acquire({ holding: guardB }))];
    await settle();
    expect(reports).toEqual([]);
    const last = watch(a.acquire({ holding: guardC }));
    await settle();
    expect(last.error?.edges.map(({ lock }) => lock)).toEqual(["a", "b", "c"]);
    expect(waits).toEqual([{}, {}]);
  });

  test("a cycle through a semaphore with a permit that may come back is none", async () => {
    const pool = new Semaphore(2, { name: "pool" });
    const a = new Mutex({ name: "a" });
    const [one, spare, guardA] = await Promise.all([pool.acquire(), pool.acquire(), a.acquire()]);
    const first = watch(a.acquire({ holding: one }));
    const second = watch(pool.acquire({ holding: guardA }));
    await settle();
    expect([first, second]).toEqual([{}, {}]);
    spare.release();
    await settle();
    expect(second.value?.held).toBe(true);
    expect(reports).toEqual([]);
  });

  test("a knot of weights without a cycle of ones: three of three held by three who want two more each", async () => {
    const tape = new Semaphore(4, { name: "tape" });
    const guards = [tape.tryAcquire()!, tape.tryAcquire()!, tape.tryAcquire()!];
    const waits = guards.slice(0, 2).map((guard) => watch(tape.acquire({ weight: 2, holding: guard })));
    await settle();
    // One is free and the third may give back one: that is two.
    expect(waits).toEqual([{}, {}]);
    const third = watch(tape.acquire({ weight: 2, holding: guards[2]! }));
    await settle();
    expect(third.error?.edges.length).toBe(9);
    guards[2]!.release();
    await settle();
    expect(waits[0]?.value?.held).toBe(true);
  });

  test("one who waits behind a heavier one, whom it keeps out, is stuck behind it", async () => {
    const tape = new Semaphore(2, { name: "tape" });
    const guard = tape.tryAcquire()!;
    const heavy = watch(tape.acquire({ weight: 2 }));
    const light = watch(tape.acquire({ holding: guard }));
    await settle();
    expect(light.error).toBeInstanceOf(DeadlockError);
    guard.release();
    await settle();
    expect(heavy.value?.held).toBe(true);
  });

  test("one who waits behind a heavier one with a timeout is not stuck: that one leaves by itself [W1]", async () => {
    const tape = new Semaphore(2, { name: "tape" });
    const guard = tape.tryAcquire()!;
    const heavy = watch(tape.acquire({ weight: 2, timeout: 10 }));
    const light = watch(tape.acquire({ holding: guard }));
    await settle();
    expect(light).toEqual({});
    clock.advance(10);
    await settle();
    expect(heavy.error?.code).toBe("LW_TIMEOUT");
    expect(light.value?.held).toBe(true);
  });

  test("a wait with a timeout is no edge, its own and others' [W1]", async () => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    const [guardA, guardB] = await Promise.all([a.acquire(), b.acquire()]);
    const first = watch(b.acquire({ holding: guardA, timeout: 20 }));
    const second = watch(a.acquire({ holding: guardB }));
    await settle();
    expect([first, second]).toEqual([{}, {}]);
    clock.advance(20);
    guardA.release();
    await settle();
    expect(first.error?.code).toBe("LW_TIMEOUT");
    expect(second.value?.held).toBe(true);
    expect(reports).toEqual([]);
  });

  test("a semaphore too small for the request as it is waits for a resize, which is no deadlock", async () => {
    const pool = new Semaphore(0, { name: "pool" });
    const a = new Mutex();
    const guard = await a.acquire();
    const wait = watch(pool.acquire({ holding: guard }));
    await settle();
    expect(wait).toEqual({});
    pool.resize(1);
    await settle();
    expect(wait.value?.held).toBe(true);
  });

  test("two waits behind one guard: stuck only when both are, and found when the other one is served", async () => {
    // A holds a and waits for b and c at once; B holds b and waits for a; c comes free later.
    const [a, b, c] = locks("a", "b", "c") as [Mutex, Mutex, Mutex];
    const [guardA, guardB, guardC] = await Promise.all([a.acquire(), b.acquire(), c.acquire()]);
    const waitB = watch(b.acquire({ holding: guardA }));
    const waitC = watch(c.acquire({ holding: guardA }));
    const waitA = watch(a.acquire({ holding: guardB }));
    await settle();
    expect([waitA, waitB, waitC]).toEqual([{}, {}, {}]);
    guardC.release();
    await settle();
    expect(waitC.value?.held).toBe(true);
    expect(waitB.error?.edges.map(({ lock }) => lock)).toEqual(["b", "a"]);
    expect(waitA).toEqual({});
  });

  test("a signal that aborts the closing wait's knot later is no reason to wait for it", async () => {
    const mutex = new Mutex();
    const guard = await mutex.acquire();
    const wait = watch(mutex.acquire({ holding: guard, signal: new AbortController().signal }));
    await settle();
    expect(wait.error).toBeInstanceOf(DeadlockError);
  });
});

describe("what code declares: task scopes", () => {
  test("A and B in scopes, by run in opposite order: one rejects by name, the other ends", async () => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    const order = watch(taskScope(() => a.run(() => b.run(() => "done")), { name: "order" }));
    const refund = watch(taskScope(() => b.run(() => a.run(() => "done")), { name: "refund" }));
    await settle();
    expect(order.value).toBe("done");
    expect(refund.error?.edges).toMatchObject([
      {
        lock: "a",
        waiter: expect.stringMatching(/^body \d+ of "b" in refund$/),
        holder: expect.stringMatching(/in order$/),
      },
      { lock: "b", waiter: expect.stringMatching(/in order$/), holder: expect.stringMatching(/in refund$/) },
    ]);
    expect(reports).toMatchObject([{ kind: "proved", evidence: "scope", rejected: true }]);
    expect(nested).toEqual([]);
  });

  test("a run that gives back its own lock is no travelling guard: the lock is still believed", async () => {
    const mutex = new Mutex();
    await taskScope(() => mutex.run(() => 1));
    const error: unknown = await taskScope(() => mutex.run(() => mutex.run(() => 1))).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(DeadlockError);
  });

  test("a chain of bodies is one task: a, then c inside, then b inside that, against b, then a", async () => {
    const [a, b, c] = locks("a", "b", "c") as [Mutex, Mutex, Mutex];
    const deep = watch(
      taskScope(() => a.run(async () => c.run(async () => (await Promise.resolve(), b.run(() => 1))))),
    );
    const other = watch(taskScope(() => b.run(async () => (await settle(), a.run(() => 2)))));
    await settle();
    await settle();
    expect(other.error?.edges.map(({ lock }) => lock)).toEqual(["a", "b"]);
    expect(deep.value).toBe(1);
  });

  test("acquire, tryAcquire and run all give the task its holds", async () => {
    for (const take of [
      (lock: Mutex) => lock.acquire(),
      (lock: Mutex) => Promise.resolve(lock.tryAcquire()!),
    ] as const) {
      const mutex = new Mutex();
      const outcome = await taskScope(async () => {
        const guard = await take(mutex);
        const error: unknown = await mutex.acquire().catch((reason: unknown) => reason);
        guard.release();
        return error;
      });
      expect(outcome).toBeInstanceOf(DeadlockError);
    }
    const mutex = new Mutex();
    expect(await taskScope(() => mutex.run(() => mutex.acquire().catch((reason: unknown) => reason)))).toBeInstanceOf(
      DeadlockError,
    );
  });

  test("a wait that is granted gives its task the hold", async () => {
    const mutex = new Mutex();
    const first = await mutex.acquire();
    const inner = watch(
      taskScope(async () => {
        using _ = await mutex.acquire();
        await mutex.acquire();
      }),
    );
    await settle();
    first.release();
    await settle();
    expect(inner.error).toBeInstanceOf(DeadlockError);
  });

  test("a task with two waits is stuck when the last that could be met is gone", async () => {
    // P holds a and runs on b and c at once; T holds b and wants a; c is held by nobody of the knot.
    const [a, b, c] = locks("a", "b", "c") as [Mutex, Mutex, Mutex];
    const guardC = await c.acquire();
    const other = gate();
    const t = watch(taskScope(() => b.run(async () => (await other.opened, a.run(() => "t")))));
    await settle();
    const p = watch(
      taskScope(async () => {
        using _ = await a.acquire();
        return await Promise.all([b.run(() => 1), c.run(() => 2)]);
      }),
    );
    await settle();
    other.open();
    await settle();
    expect([p, t]).toEqual([{}, {}]);
    guardC.release();
    await settle();
    expect(p.error?.edges.map(({ lock }) => lock)).toEqual(["b", "a"]);
    expect(t.value).toBe("t");
  });

  test("the same by acquire alone: the wait that is served leaves only the one that cannot be", async () => {
    const [a, b, c] = locks("a", "b", "c") as [Mutex, Mutex, Mutex];
    const guardC = await c.acquire();
    const t = watch(taskScope(() => b.run(async () => (await settle(), a.run(() => "t")))));
    const p = watch(
      taskScope(async () => {
        using _ = await a.acquire();
        const [forB, forC] = [b.acquire(), c.acquire()];
        (await forC).release();
        await forB;
      }),
    );
    await settle();
    await settle();
    expect([p, t]).toEqual([{}, {}]);
    guardC.release();
    await settle();
    expect(p.error?.edges.map(({ lock }) => lock)).toEqual(["b", "a"]);
    expect(t.value).toBe("t");
  });

  test("a hold left behind by a scope that ended is nobody's", async () => {
    const mutex = new Mutex();
    const guard = await taskScope(() => mutex.acquire());
    const wait = watch(taskScope(() => mutex.acquire()));
    await settle();
    expect(wait).toEqual({});
    guard.release();
    await settle();
    expect(wait.value?.held).toBe(true);
  });

  test.each<[string, (a: Mutex) => Promise<void>]>([
    [
      "another task, while its own goes on",
      (a) =>
        taskScope(async () => {
          const guard = await a.acquire();
          await taskScope(() => guard.release());
        }),
    ],
    ["the code after its task", async (a) => (await taskScope(() => a.acquire())).release()],
  ])("a lock whose guard was given back by %s is only reported from then on [V2]", async (_name, giveBack) => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    await giveBack(a);
    const order = watch(taskScope(() => a.run(() => b.run(() => 1))));
    const refund = watch(taskScope(() => b.run(() => a.run(() => 2))));
    await settle();
    expect([order, refund]).toEqual([{}, {}]);
    expect(reports).toMatchObject([{ kind: "suspected", evidence: "scope", rejected: false }]);
    expect(b.cancelWaiters()).toBe(1);
    await settle();
  });

  test("the scope settles as its function does, and refuses what is none", async () => {
    expect(await taskScope(() => 5)).toBe(5);
    await expect(
      taskScope(() => {
        throw new Error("own");
      }),
    ).rejects.toThrow("own");
    await expect(taskScope(7 as never)).rejects.toThrow(TypeError);
    await expect(taskScope(() => 1, { name: 3 as never })).rejects.toThrow(/name must be a string, got 3/);
    expect(() => trackOwners("yes" as never)).toThrow(/on must be true or false, got "yes"/);
  });
});

describe("what is seen: the body on the stack", () => {
  test("a mutex inside itself is told at once and rejected after 25 ms, with the inner stack", async () => {
    const mutex = new Mutex({ name: "m" });
    const outer = watch(mutex.run(async () => mutex.run(() => 1)));
    await settle();
    expect(nested).toMatchObject([{ lock: { name: "m" }, within: { name: "m" } }]);
    clock.advance(24);
    await settle();
    expect(outer).toEqual({});
    clock.advance(1);
    await settle();
    expect(outer.error?.edges).toMatchObject([{ lock: "m", holder: 'a run body of "m"', held: 25, waited: 25 }]);
    expect(outer.error?.stack).toContain("deadlock.test.ts");
    expect(reports).toMatchObject([{ kind: "proved", evidence: "nested", rejected: true }]);
  });

  test("a limit inside itself: the last body that makes it full is the victim, and the others go on [V1]", async () => {
    const limit = new Semaphore(2, { name: "limit" });
    const runs = [1, 2].map((id) => watch(limit.run(async () => limit.run(() => id))));
    await settle();
    expect(nested.length).toBe(1);
    clock.advance(25);
    await settle();
    expect(runs.map(({ value, error }) => value ?? error?.code)).toEqual([1, "LW_DEADLOCK"]);
  });

  test("bodies of two locks that want each other's are found the same way", async () => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    const runs = [watch(a.run(async () => b.run(() => 1))), watch(b.run(async () => a.run(() => 2)))];
    await settle();
    expect(nested).toMatchObject([{ lock: { name: "a" }, within: { name: "b" } }]);
    clock.advance(25);
    await settle();
    expect(runs.map(({ value, error }) => value ?? error?.code)).toEqual([1, "LW_DEADLOCK"]);
  });

  test("another knot is another suspicion: the 25 ms begin anew", async () => {
    // The first two bodies form a knot. The first ends; its own follow-up takes its place and asks again.
    const limit = new Semaphore(2, { name: "limit" });
    const [firstEnds, followUpEnds] = [gate(), gate()];
    let late: { value?: unknown; error?: DeadlockError } = {};
    const followUp = async (): Promise<void> => {
      late = watch(limit.run(() => "late"));
      await followUpEnds.opened;
    };
    const first = watch(limit.run(async () => (void limit.run(followUp), await firstEnds.opened, "first")));
    const second = watch(limit.run(async () => limit.run(() => "second")));
    await settle();
    clock.advance(20);
    firstEnds.open();
    await settle();
    expect(first.value).toBe("first");
    clock.advance(5);
    await settle();
    expect([second, late], "this knot has stood for 5 ms only").toEqual([{}, {}]);
    clock.advance(20);
    await settle();
    expect([second, late.error?.code]).toEqual([{}, "LW_DEADLOCK"]);
    followUpEnds.open();
    await settle();
    expect(second.value).toBe("second");
  });

  test("a `report` lock tells and lets the wait stand; an `off` lock looks for nothing [V2]", async () => {
    for (const deadlock of ["report", "off"] as const) {
      const mutex = new Mutex({ name: deadlock, deadlock });
      const outer = watch(mutex.run(async () => mutex.run(() => 1)));
      await settle();
      clock.advance(100);
      await settle();
      expect(outer).toEqual({});
      mutex.cancelWaiters();
      await settle();
      expect(outer.error?.code).toBe("LW_CANCELLED");
    }
    expect(reports).toMatchObject([{ rejected: false, edges: [{ lock: "report" }] }]);
    expect(nested.map(({ lock }) => lock.name)).toEqual(["report"]);
  });

  test("a wait for an `off` lock is no edge for the others", async () => {
    const off = new Mutex({ name: "off", deadlock: "off" });
    const mutex = new Mutex({ name: "m" });
    const [one, two] = await Promise.all([off.acquire(), mutex.acquire()]);
    const waits = [watch(mutex.acquire({ holding: one })), watch(off.acquire({ holding: two }))];
    await settle();
    expect(waits).toEqual([{}, {}]);
    one.release();
    await settle();
    expect(waits[1]?.value?.held).toBe(true);
  });
});

describe("the innocent twins stay silent", () => {
  test("a map of run in one scope, on a mutex, a semaphore and a heavy one", async () => {
    for (const lock of [new Mutex(), new Semaphore(3)]) {
      const results = await taskScope(() =>
        Promise.all(Array.from({ length: 20 }, (_, at) => lock.run(async () => (await settle(), at)))),
      );
      expect(results.length).toBe(20);
    }
    const heavy = new Semaphore(4);
    await taskScope(() => Promise.all([1, 2, 3, 4, 3, 2].map((weight) => heavy.run(settle, { weight }))));
    expect(reports).toEqual([]);
  });

  test("a follow-up that says so, in a scope and out of one", async () => {
    const mutex = new Mutex();
    const done: string[] = [];
    const withFollowUp = (name: string): Promise<void> =>
      mutex.run(async () => {
        void mutex.run(() => void done.push(name), { detached: true });
        await settle();
        clock.advance(100);
      });
    await taskScope(() => withFollowUp("in a scope"));
    await withFollowUp("outside");
    await settle();
    expect(done).toEqual(["in a scope", "outside"]);
    expect([reports, nested]).toEqual([[], []]);
  });

  test("a body that schedules itself again, and ends", async () => {
    const mutex = new Mutex();
    let rounds = 0;
    const again = (): void => {
      rounds += 1;
      if (rounds < 100) void mutex.run(again);
    };
    await mutex.run(again);
    for (let turn = 0; rounds < 100 && turn < 100; turn += 1) await settle();
    clock.advance(100);
    expect(rounds).toBe(100);
    expect(reports).toEqual([]);
  });

  test("a short body that nobody awaits", async () => {
    const limit = new Semaphore(2);
    let done = 0;
    const crawl = (depth: number): Promise<void> =>
      limit.run(async () => {
        if (depth > 0) for (let link = 0; link < 3; link += 1) void crawl(depth - 1);
        await settle();
        clock.advance(5);
        done += 1;
      });
    await crawl(3);
    for (let turn = 0; done < 40 && turn < 200; turn += 1) await settle();
    expect(done).toBe(40);
    expect(reports).toEqual([]);
  });

  test("a guard that travels, acquired as detached: whoever has it may ask again", async () => {
    const mutex = new Mutex();
    const wait = await taskScope(async () => {
      const guard = await mutex.acquire({ detached: true });
      void Promise.resolve().then(() => guard.release());
      return watch(mutex.acquire());
    });
    await settle();
    expect(wait.value?.held).toBe(true);
    expect(reports).toEqual([]);
  });

  test("concurrent parts that have scopes of their own", async () => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    const outcome = await taskScope(async () => {
      const guard = await a.acquire();
      const part = taskScope(() => b.run(() => a.run(() => "part")));
      await settle();
      guard.release();
      return await part;
    });
    expect(outcome).toBe("part");
    expect(reports).toEqual([]);
  });

  test("a body that waits for others who do not wait for it", async () => {
    const [a, b] = locks("a", "b") as [Mutex, Mutex];
    const guard = await b.acquire();
    const outer = watch(a.run(async () => b.run(() => "done")));
    await settle();
    clock.advance(1000);
    guard.release();
    await settle();
    expect(outer.value).toBe("done");
    expect([reports, nested]).toEqual([[], []]);
  });
});

describe("owners", () => {
  afterEach(() => trackOwners(false));

  test("with owners tracked, each edge says where and for how long", async () => {
    trackOwners(true);
    const mutex = new Mutex({ name: "m" });
    const guard = await mutex.acquire();
    clock.advance(12);
    const wait = watch(mutex.acquire({ holding: guard }));
    await settle();
    expect(wait.error?.edges).toMatchObject([
      {
        held: 12,
        holderSite: expect.stringContaining("deadlock.test.ts"),
        waiterSite: expect.stringContaining("deadlock.test.ts"),
      },
    ]);
    expect(wait.error?.message).toMatch(/for 12 ms since .*deadlock\.test\.ts/);
    guard.release();
  });
});
