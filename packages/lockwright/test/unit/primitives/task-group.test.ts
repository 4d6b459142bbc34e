import { getEventListeners, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { LockwrightError, Semaphore, TaskGroup } from "../../../src/index.js";
import { codeOf, Gate, settle } from "../../support/quiet.js";

/** A child that ends when the signal aborts: by default with the reason. */
function untilAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "resolved",
    (error: unknown) => error,
  );
}

describe("children", () => {
  test("start one microtask after spawn and settle like their function", async () => {
    const group = new TaskGroup();
    let isStarted = false;
    const child = group.spawn((signal) => {
      isStarted = true;
      expect(signal).toBe(group.signal);
      return 5;
    });
    expect(isStarted).toBe(false);
    expect(await child).toBe(5);
    expect(Object.getPrototypeOf(child)).toBe(Promise.prototype);
    await group.join();
  });

  test("join waits for all, those spawned meanwhile too, and then spawn is LW_CLOSED [J1]", async () => {
    const group = new TaskGroup({ name: "g" });
    const gates = [new Gate(), new Gate()];
    void group.spawn(async () => {
      await gates[0]!.promise;
      void group.spawn(() => gates[1]!.promise);
    });
    let isJoined = false;
    const join = group.join().then(() => (isJoined = true));
    await settle();
    gates[0]!.open();
    await settle();
    expect(isJoined).toBe(false);
    gates[1]!.open();
    await join;
    const late = group.spawn(() => 1);
    await expect(late).rejects.toMatchObject({ code: "LW_CLOSED", message: expect.stringMatching(/"g" has ended/) });
  });

  // A: the only child. B: awaits A outside the group and spawns when A has ended, while join waits.
  test("a task spawned by whoever awaited the last child still belongs to the group [J1]", async () => {
    const group = new TaskGroup();
    const gate = new Gate();
    const child = group.spawn(() => gate.promise);
    const order: string[] = [];
    const chain = child.then(() =>
      group.spawn(async () => {
        await settle();
        order.push("second");
      }),
    );
    const join = group.join().then(() => order.push("joined"));
    gate.open();
    await Promise.all([chain, join]);
    expect(order).toEqual(["second", "joined"]);
  });

  test("a group without children can be joined, more than once", async () => {
    const group = new TaskGroup();
    await group.join();
    await group.join();
    expect(String(group)).toMatch(/^TaskGroup \{ name: "task-group-\d+", over, children: 0 \}$/);
  });
});

describe("failure", () => {
  test("the first one aborts the others, all are waited for, join rejects with that very error [J1, J2, J4]", async () => {
    const group = new TaskGroup();
    const boom = new Error("boom");
    const [gate, last] = [new Gate(), new Gate()];
    void group.spawn(untilAbort);
    void group.spawn(async (signal) => {
      await once(signal, "abort");
      await last.promise;
    });
    void group.spawn(() => gate.promise);
    let isJoined = false;
    const join = outcomeOf(group.join()).then((outcome) => {
      isJoined = true;
      return outcome;
    });
    gate.break(boom);
    await settle();
    expect([group.signal.aborted, group.signal.reason, isJoined]).toEqual([true, boom, false]);
    last.open();
    expect(await join).toBe(boom);
  });

  test("whoever awaits the failed child finds the group aborted already", async () => {
    const group = new TaskGroup();
    const child = group.spawn(() => {
      throw new Error("at once");
    });
    expect(await child.catch(() => group.signal.aborted)).toBe(true);
    await expect(group.join()).rejects.toThrow("at once");
  });

  test("several failures become one AggregateError, without the echoes of the abort [J4]", async () => {
    const group = new TaskGroup({ name: "many" });
    const [first, second] = [new Error("first"), new Error("second")];
    const echoes = [
      untilAbort,
      (signal: AbortSignal) => sleep(60_000, undefined, { signal }),
      (signal: AbortSignal) =>
        untilAbort(signal).catch((cause: unknown) => Promise.reject(new Error("wrapped", { cause }))),
      (signal: AbortSignal) =>
        untilAbort(signal).catch(() => Promise.reject(new DOMException("Aborted by its own", "AbortError"))),
    ];
    for (const echo of echoes) void group.spawn(echo);
    void group.spawn((signal) => untilAbort(signal).catch(() => Promise.reject(second)));
    void group.spawn(() => Promise.reject(first));
    const error = (await outcomeOf(group.join())) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual([first, second]);
    expect(error.message).toBe('2 tasks of "many" failed: see errors');
  });

  test("an AbortError without an abort of the group is a failure like any other [J4]", async () => {
    const group = new TaskGroup();
    const own = new DOMException("of its own", "AbortError");
    void group.spawn(() => Promise.reject(own));
    await expect(group.join()).rejects.toBe(own);
  });

  test('onError: "collect" lets the others go on and tells all', async () => {
    const group = new TaskGroup({ onError: "collect" });
    const gate = new Gate<number>();
    const good = group.spawn(() => gate.promise);
    void group.spawn(() => Promise.reject(new Error("a")));
    void group.spawn(() => Promise.reject(new Error("b")));
    await settle();
    expect(group.signal.aborted).toBe(false);
    gate.open(7);
    expect(await good).toBe(7);
    const error = (await outcomeOf(group.join())) as AggregateError;
    expect(error.errors.map(String)).toEqual(["Error: a", "Error: b"]);
    const single = new TaskGroup({ onError: "collect" });
    void single.spawn(() => Promise.reject(new Error("only")));
    await expect(single.join()).rejects.toThrow("only");
  });

  test("what a child rethrows of another's counts once; equal primitives are two failures", async () => {
    const group = new TaskGroup({ onError: "collect" });
    const boom = new Error("boom");
    const source = group.spawn(() => Promise.reject(boom));
    void group.spawn(() => source);
    await expect(group.join()).rejects.toBe(boom);
    const primitives = new TaskGroup({ onError: "collect" });
    for (const text of ["x", "x"]) void primitives.spawn(() => Promise.reject(text));
    expect(((await outcomeOf(primitives.join())) as AggregateError).errors).toEqual(["x", "x"]);
  });

  test("spawn promises never raise unhandledRejection [J3]", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const group = new TaskGroup({ limit: 1 });
    void group.spawn(() => Promise.reject(new Error("boom")));
    void group.spawn(() => 1);
    await outcomeOf(group.join());
    void group.spawn(() => 1);
    void group.spawn("no function" as never);
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });
});

describe("cancel", () => {
  test("aborts the running, never starts the others, and join resolves all the same [J2]", async () => {
    const group = new TaskGroup({ limit: 1 });
    const running = outcomeOf(group.spawn(untilAbort));
    let isRun = false;
    const waiting = outcomeOf(group.spawn(() => (isRun = true)));
    await settle();
    group.cancel("enough");
    const late = outcomeOf(group.spawn(() => (isRun = true)));
    await group.join();
    expect([await running, await waiting, await late, isRun]).toEqual(["enough", "enough", "enough", false]);
  });

  test("in the tick of the spawn it comes before the start", async () => {
    const group = new TaskGroup();
    let isRun = false;
    const child = codeOf(group.spawn(() => (isRun = true)));
    group.cancel();
    expect([await child, isRun]).toEqual(["LW_CANCELLED", false]);
    await group.join();
  });

  test("a second cancel keeps the first reason, one after the end does nothing", async () => {
    const group = new TaskGroup();
    group.cancel("first");
    group.cancel("second");
    expect(group.signal.reason).toBe("first");
    const over = new TaskGroup();
    await over.join();
    over.cancel();
    expect(over.signal.aborted).toBe(false);
  });

  test("the caller's signal aborts the group, and join rejects with its reason", async () => {
    const controller = new AbortController();
    const group = new TaskGroup({ signal: controller.signal });
    void group.spawn(untilAbort);
    await settle();
    controller.abort("shutdown");
    expect(group.signal.reason).toBe("shutdown");
    await expect(group.join()).rejects.toBe("shutdown");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    const before = new TaskGroup({ signal: controller.signal });
    expect(await outcomeOf(before.spawn(() => 1))).toBe("shutdown");
    await expect(before.join()).rejects.toBe("shutdown");
  });

  test("a group that ended holds on to its caller's signal no more", async () => {
    const controller = new AbortController();
    const groups = [1, 2, 3].map(() => new TaskGroup({ signal: controller.signal }));
    expect(getEventListeners(controller.signal, "abort").length).toBe(1);
    await Promise.all(groups.map((group) => group.join()));
    expect([getEventListeners(controller.signal, "abort").length, hasAbortGroup(controller.signal)]).toEqual([
      0,
      false,
    ]);
  });

  test("groups under one signal are aborted after every wait of that signal has left", async () => {
    const controller = new AbortController();
    const semaphore = new Semaphore(1);
    const hold = semaphore.tryAcquire()!;
    const group = new TaskGroup({ signal: controller.signal });
    const wait = codeOf(semaphore.acquire({ signal: controller.signal }));
    let seen = -1;
    group.signal.addEventListener("abort", () => (seen = semaphore.stats().waiting));
    controller.abort("x");
    expect(seen).toBe(0);
    expect(await wait).toBe("x");
    hold.release();
    await outcomeOf(group.join());
  });
});

describe("limit", () => {
  test("a number bounds how many run, in the order of spawning", async () => {
    const group = new TaskGroup({ limit: 2 });
    const gates = [0, 1, 2, 3].map(() => new Gate());
    const started: number[] = [];
    for (const at of [0, 1, 2, 3]) {
      void group.spawn(() => {
        started.push(at);
        return gates[at]!.promise;
      });
    }
    await settle();
    expect(started).toEqual([0, 1]);
    gates[1]!.open();
    await settle();
    expect(started).toEqual([0, 1, 2]);
    for (const gate of gates) gate.open();
    await group.join();
    expect(started).toEqual([0, 1, 2, 3]);
  });

  test("a semaphore may be shared, and has its permits back after an abort", async () => {
    const shared = new Semaphore(2);
    const hold = shared.tryAcquire()!;
    const groups = [new TaskGroup({ limit: shared }), new TaskGroup({ limit: shared })];
    for (const group of groups) for (const _ of [1, 2, 3]) void group.spawn(untilAbort);
    await settle();
    expect(shared.stats()).toMatchObject({ held: 2, waiting: 5 });
    for (const group of groups) group.cancel();
    await Promise.all(groups.map((group) => group.join()));
    hold.release();
    expect(shared.stats()).toMatchObject({ available: 2, waiting: 0 });
  });

  test("a semaphore that is closed fails the group", async () => {
    const shared = new Semaphore(1);
    const group = new TaskGroup({ limit: shared });
    const running = new Gate();
    void group.spawn(() => running.promise);
    void group.spawn(() => 1);
    shared.close();
    running.open();
    expect(await codeOf(group.join())).toBe("LW_CLOSED");
  });
});

describe("TaskGroup.run", () => {
  test("gives the value of its body once all children have ended", async () => {
    const gate = new Gate();
    let isOver = false;
    const run = TaskGroup.run((group) => {
      void group.spawn(() => gate.promise);
      return "value";
    }).then((value) => {
      isOver = true;
      return value;
    });
    await settle();
    expect(isOver).toBe(false);
    gate.open();
    expect(await run).toBe("value");
  });

  test("a body that throws aborts the children and is told, once, also when it passes on a child's error", async () => {
    const boom = new Error("boom");
    let isAborted = false;
    await expect(
      TaskGroup.run(async (group) => {
        void group.spawn((signal) => untilAbort(signal).catch(() => (isAborted = true)));
        await settle();
        throw boom;
      }),
    ).rejects.toBe(boom);
    expect(isAborted).toBe(true);
    await expect(TaskGroup.run((group) => group.spawn(() => Promise.reject(boom)))).rejects.toBe(boom);
  });

  test("a child's failure is told although the body only sees the abort", async () => {
    const boom = new Error("boom");
    await expect(
      TaskGroup.run(async (group) => {
        void group.spawn(() => Promise.reject(boom));
        await sleep(60_000, undefined, { signal: group.signal });
      }),
    ).rejects.toBe(boom);
  });

  test("a body that cancels its group keeps its value, and one that throws the echo of that has none", async () => {
    const value = await TaskGroup.run((group) => {
      void group.spawn(untilAbort);
      group.cancel();
      return 3;
    });
    expect(value).toBe(3);
    const none = TaskGroup.run((group) => {
      group.cancel();
      group.signal.throwIfAborted();
      return 3;
    });
    await expect(none).rejects.toThrow(LockwrightError);
  });

  test("an aborted signal runs nothing and rejects with the reason", async () => {
    let isRun = false;
    const run = TaskGroup.run(() => (isRun = true), { signal: AbortSignal.abort("early") });
    await expect(run).rejects.toBe("early");
    expect(isRun).toBe(false);
  });
});

describe("await using", () => {
  test("waits for the children and tells their failure", async () => {
    const gate = new Gate();
    let isDone = false;
    {
      await using group = new TaskGroup();
      void group.spawn(async () => {
        await gate.promise;
        isDone = true;
      });
      void settle().then(() => gate.open());
    }
    expect(isDone).toBe(true);
    const failing = async (): Promise<void> => {
      await using group = new TaskGroup();
      void group.spawn(() => Promise.reject(new Error("boom")));
    };
    await expect(failing()).rejects.toThrow("boom");
  });

  test("after an explicit join it does not tell the failure again", async () => {
    const joined = async (): Promise<void> => {
      await using group = new TaskGroup();
      void group.spawn(() => Promise.reject(new Error("boom")));
      await group.join();
    };
    const error = await outcomeOf(joined());
    expect(String(error)).toBe("Error: boom");
  });

  test("its text tells its state", async () => {
    const group = new TaskGroup({ name: "t" });
    const gate = new Gate();
    void group.spawn(() => gate.promise);
    expect(String(group)).toBe('TaskGroup { name: "t", open, children: 1 }');
    group.cancel();
    expect(String(group)).toBe('TaskGroup { name: "t", cancelled, children: 1 }');
    gate.open();
    await group.join();
  });
});
