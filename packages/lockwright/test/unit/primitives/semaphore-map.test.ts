import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { type MapProgress, Semaphore } from "../../../src/index.js";
import { codeOf, Gate, settle } from "../../support/quiet.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => {
  assert.equal(platform.timers.size, 0, "no timer is left");
  platform[Symbol.dispose]();
});

/** A source that notes how far it was read and whether it was closed. */
class Source {
  pulled = 0;
  closed = 0;
  readonly #size: number;

  constructor(size = Infinity) {
    this.#size = size;
  }

  *sync(): Generator<number> {
    try {
      while (this.pulled < this.#size) yield this.pulled++;
    } finally {
      this.closed += 1;
    }
  }

  async *async(): AsyncGenerator<number> {
    yield* this.sync();
  }
}

const kinds = ["sync", "async"] as const;

describe.each(kinds)("map over a(n) %s source", (kind) => {
  test("gives results in input order, however the bodies finish", async () => {
    const semaphore = new Semaphore(3);
    const gates = [0, 1, 2, 3].map(() => new Gate<string>());
    const results = semaphore.map(new Source(4)[kind](), (item) => gates[item]!.promise);
    for (const at of [2, 1, 0, 3]) {
      await settle();
      gates[at]!.open(`result ${at}`);
    }
    expect(await results).toEqual([0, 1, 2, 3].map((at) => `result ${at}`));
    expect(semaphore.available).toBe(3);
  });

  test("pulls an item only when a permit is free [M1]", async () => {
    const semaphore = new Semaphore(2);
    const source = new Source();
    const gates: Gate[] = [];
    const over = codeOf(
      semaphore.map(source[kind](), (_item, at) => {
        gates[at] = new Gate();
        return gates[at].promise;
      }),
    );
    await settle();
    expect([source.pulled, gates.length]).toEqual([2, 2]);
    gates[0]!.open();
    await settle();
    expect([source.pulled, gates.length]).toEqual([3, 3]);
    const rest = gates.slice(1);
    semaphore.close();
    for (const gate of rest) gate.open();
    expect(await over).toBe("LW_CLOSED");
    expect(source.closed).toBe(1);
  });

  test("a failing body aborts the others' signal, is waited for, closes the source and rejects with that error [M3, M4]", async () => {
    const semaphore = new Semaphore(3);
    const source = new Source();
    const boom = new Error("boom");
    const [first, last] = [new Gate(), new Gate()];
    const seen: unknown[] = [];
    let isOver = false;
    const over = semaphore.map(source[kind](), async (item, _at, signal) => {
      if (item === 1) await first.promise;
      if (item === 1) throw boom;
      signal.addEventListener("abort", () => seen.push(signal.reason));
      await last.promise;
      if (item === 2) throw new Error("an echo");
    });
    void over.catch(() => (isOver = true));
    await settle();
    first.open();
    await settle();
    expect(seen).toEqual([boom, boom]);
    expect([isOver, source.closed, semaphore.available]).toEqual([false, 0, 1]);
    last.open();
    await expect(over).rejects.toBe(boom);
    expect([source.pulled, source.closed, semaphore.available]).toEqual([3, 1, 3]);
  });

  test("stopOnError: false tries everything and lists the failures in input order", async () => {
    const semaphore = new Semaphore(4);
    const source = new Source(6);
    const gates = Array.from({ length: 6 }, () => new Gate());
    const progress: MapProgress[] = [];
    const over = semaphore.map(
      source[kind](),
      async (item) => {
        await gates[item]!.promise;
        if (item % 2 === 1) throw item;
      },
      { stopOnError: false, onProgress: (each) => progress.push(each) },
    );
    for (const at of [3, 2, 1, 0, 5, 4]) {
      await settle();
      gates[at]!.open();
    }
    const error = (await over.catch((thrown: unknown) => thrown)) as AggregateError;
    expect(error).toBeInstanceOf(AggregateError);
    expect(error.errors).toEqual([1, 3, 5]);
    expect(error.message).toBe("3 of 6 items failed");
    expect(progress.at(-1)).toEqual({ done: 6, failed: 3, active: 0, total: undefined });
    expect(semaphore.available).toBe(4);
  });

  test("an abort rejects with the reason itself once the running bodies have ended", async () => {
    const semaphore = new Semaphore(1);
    const source = new Source();
    const controller = new AbortController();
    const gate = new Gate();
    const over = semaphore.map(source[kind](), () => gate.promise, { signal: controller.signal });
    await settle();
    controller.abort("enough");
    await settle();
    expect(semaphore.available).toBe(0);
    gate.open();
    await expect(over).rejects.toBe("enough");
    expect([semaphore.available, source.closed, hasAbortGroup(controller.signal)]).toEqual([1, 1, false]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("an aborted signal maps nothing and opens no source", async () => {
    const source = new Source();
    const over = new Semaphore(1).map(source[kind](), () => 1, { signal: AbortSignal.abort("before") });
    await expect(over).rejects.toBe("before");
    expect(source.pulled).toBe(0);
  });

  test("a timeout bounds the wait of an item for its permit", async () => {
    const semaphore = new Semaphore(1);
    const guard = semaphore.tryAcquire()!;
    const over = codeOf(semaphore.map(new Source()[kind](), () => 1, { timeout: 50 }));
    await settle();
    platform.advance(50);
    expect(await over).toBe("LW_TIMEOUT");
    guard.release();
    expect(semaphore.stats()).toMatchObject({ available: 1, waiting: 0 });
  });

  test("weights are taken per item, and one that can never fit fails the map with LW_WEIGHT", async () => {
    const semaphore = new Semaphore(4);
    const source = new Source();
    const held: number[] = [];
    const over = codeOf(
      semaphore.map(
        source[kind](),
        async () => {
          held.push(semaphore.stats().held);
          await Promise.resolve();
        },
        { weight: (item) => item + 1 },
      ),
    );
    expect(await over).toBe("LW_WEIGHT");
    expect(held.length).toBe(4);
    expect(Math.max(...held)).toBeLessThanOrEqual(4);
    expect([source.closed, semaphore.available]).toEqual([1, 4]);
  });

  test.each([
    ["weight", { weight: (): number => thrown() }],
    ["onProgress", { onProgress: (): void => thrown() }],
    ["onProgress with stopOnError: false", { stopOnError: false, onProgress: (): void => thrown() }],
  ])("a %s that throws fails the map and closes the source", async (_what, options) => {
    const semaphore = new Semaphore(2);
    const source = new Source();
    await expect(semaphore.map(source[kind](), async () => 1, options)).rejects.toThrow("thrown");
    expect([source.closed, semaphore.available, semaphore.stats().waiting]).toEqual([1, 2, 0]);
  });

  test("a body's microtask starts after the grant, and a body that throws at once is a failed item", async () => {
    const semaphore = new Semaphore(1);
    let isStarted = false;
    const over = semaphore.map(new Source(1)[kind](), () => {
      isStarted = true;
      throw new Error("at once");
    });
    expect(isStarted).toBe(false);
    await expect(over).rejects.toThrow("at once");
    expect(semaphore.available).toBe(1);
  });
});

function thrown(): never {
  throw new Error("thrown");
}

// Between a grant and the start of its body lie microtasks: in one of these steps the abort falls just there.
test.each(kinds)("no body of a(n) %s source starts after an abort, whenever that comes [M3]", async (kind) => {
  for (let step = 0; step < 60; step += 1) {
    const semaphore = new Semaphore(2);
    const controller = new AbortController();
    let [late, started] = [0, 0];
    const over = codeOf(
      semaphore.map(
        new Source(6)[kind](),
        async () => {
          started += 1;
          if (controller.signal.aborted) late += 1;
          await Promise.resolve();
        },
        { signal: controller.signal, weight: (item) => 1 + (item % 2) },
      ),
    );
    await settle(step);
    const before = started;
    controller.abort("now");
    await over;
    expect([late, started, semaphore.available]).toEqual([0, before, 2]);
  }
});

describe("sources", () => {
  test.each([
    ["an array", [7, 8, 9], 3],
    ["a Set", new Set([7, 8, 9]), 3],
    ["a Map", new Map([[7, 8]]), 1],
    ["a typed array", new Uint8Array([7, 8]), 2],
    ["a generator", new Source(2).sync(), undefined],
    ["a string, whose items are not its length", "a𝒳", undefined],
  ] as [string, Iterable<unknown>, number | undefined][])("total of %s", async (_what, items, total) => {
    const progress: MapProgress[] = [];
    await new Semaphore(1).map(items, async () => 1, { onProgress: (each) => progress.push(each) });
    expect(progress.every((each) => each.total === total && Object.isFrozen(each))).toBe(true);
    expect(progress.map((each) => each.done)).toEqual(progress.map((_each, at) => at + 1));
  });

  test("an empty array is done at once, however crowded the semaphore is", async () => {
    const semaphore = new Semaphore(1);
    semaphore.tryAcquire();
    expect(await semaphore.map([], () => 1)).toEqual([]);
    expect(await new Semaphore(0).map(new Set(), () => 1)).toEqual([]);
  });

  test("a source that throws fails the map and is not closed again, like in a for await", async () => {
    for (const isAsync of [false, true]) {
      let closed = 0;
      const iterator = {
        next: () => thrown(),
        return: () => {
          closed += 1;
          return { done: true as const, value: undefined };
        },
      };
      const items = isAsync
        ? {
            [Symbol.asyncIterator]: () => ({
              ...iterator,
              next: async () => thrown(),
              return: async () => iterator.return(),
            }),
          }
        : { [Symbol.iterator]: () => iterator };
      const semaphore = new Semaphore(1);
      await expect(semaphore.map(items as Iterable<number>, () => 1)).rejects.toThrow("thrown");
      expect([closed, semaphore.available]).toEqual([0, 1]);
    }
  });

  test("a source whose iterator breaks its word fails the map with a TypeError", async () => {
    const items = { [Symbol.iterator]: () => ({ next: () => 5 }) } as unknown as Iterable<number>;
    await expect(new Semaphore(1).map(items, () => 1)).rejects.toThrow(/must give objects, gave 5/);
  });

  test("a return() that throws does not hide the error of the map", async () => {
    const items = {
      [Symbol.iterator]: () => ({ next: () => ({ done: false, value: 1 }), return: () => thrown() }),
    } as unknown as Iterable<number>;
    await expect(new Semaphore(1).map(items, () => Promise.reject(new Error("first")))).rejects.toThrow("first");
  });

  test("a source that hangs does not make an abort hang, and keeps no permit meanwhile [M2, M4]", async () => {
    const semaphore = new Semaphore(1);
    const hang = new Gate();
    async function* hanging(): AsyncGenerator<number> {
      await hang.promise;
      yield 1;
    }
    const controller = new AbortController();
    const over = semaphore.map(hanging(), () => 1, { signal: controller.signal });
    await settle();
    expect(semaphore.available).toBe(1);
    controller.abort("no more");
    await expect(over).rejects.toBe("no more");
    hang.open();
    await settle();
    expect(semaphore.available).toBe(1);
  });

  test("a source may use the semaphore it is mapped with [M2]", async () => {
    const semaphore = new Semaphore(1);
    async function* pages(): AsyncGenerator<number> {
      for (let page = 0; page < 3; page += 1) yield await semaphore.run(async () => page);
    }
    expect(await semaphore.map(pages(), async (page) => page * 2)).toEqual([0, 2, 4]);
  });

  test("an abort by the source while it is being pulled ends the map", async () => {
    const controller = new AbortController();
    const items = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          controller.abort("from within");
          return new Promise<IteratorResult<number>>(() => {});
        },
      }),
    };
    await expect(new Semaphore(1).map(items, () => 1, { signal: controller.signal })).rejects.toBe("from within");
  });

  // The map holds nothing and stands behind B in the queue; C comes later.
  test.each(kinds)("items of a(n) %s source queue like any other caller [I6]", async (kind) => {
    const semaphore = new Semaphore(1);
    const a = semaphore.tryAcquire()!;
    const order: string[] = [];
    const b = semaphore.run(() => order.push("b"));
    const map = semaphore.map(new Source(1)[kind](), () => order.push("item"));
    const c = semaphore.run(() => order.push("c"));
    a.release();
    await Promise.all([b, map, c]);
    // The item of an async source was pulled in its turn, then queued for its permit behind c.
    expect(order).toEqual(kind === "sync" ? ["b", "item", "c"] : ["b", "c", "item"]);
  });
});
