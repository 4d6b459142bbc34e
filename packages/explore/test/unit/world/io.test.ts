/** Fakes and externals that a body marks. */
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, test } from "vitest";
import { d, p, r } from "../../../src/runtime/point.js";
import type { Explorer } from "../../../src/runtime/explorer.js";
import { issueIo as io, type IoOptions } from "../../../src/world/io.js";
import { ENGINES, runBody, task } from "../../support/run.js";

class Store {
  readonly #rows = new Map<string, number>();
  readonly log: string[];
  name = "store";

  constructor(log: string[] = []) {
    this.log = log;
  }

  get size(): number {
    return this.#rows.size;
  }

  async put(key: string, value: number): Promise<this> {
    this.log.push(`put ${key}`);
    this.#rows.set(key, value);
    return this;
  }

  get(key: string): number | undefined {
    this.log.push(`get ${key}`);
    return this.#rows.get(key);
  }

  fails(): never {
    throw new Error("the fake fails");
  }

  peek(key: string): number | undefined {
    return this.#rows.get(key);
  }

  /** Calls itself: its own calls are its own. */
  async twice(key: string): Promise<void> {
    await this.put(key, 1);
    await this.put(key, 2);
  }
}

describe.each(ENGINES)("on the %s engine", (engine) => {
  test("private fields, getters, this and fields are the fake's own", async () => {
    const { run } = await runBody(
      async (t) => {
        const fake = new Store();
        const store = t.io(fake);
        expect(await store.put("a", 1)).toBe(fake);
        expect(store.size).toBe(1);
        store.name = "renamed";
        expect([fake.name, store.name]).toEqual(["renamed", "renamed"]);
        expect(await Promise.resolve(store.get("a"))).toBe(1);
        expect(store).toBeInstanceOf(Store);
        expect(Object.keys(store)).toEqual(Object.keys(fake));
        expect("put" in store).toBe(true);
        expect(Reflect.get(store, "put")).toBe(Reflect.get(store, "put"));
        expect(String(store)).toBe("[object Object]");
        delete (store as { name?: string }).name;
        expect(fake.name).toBeUndefined();
        await store.twice("b");
        expect(fake.peek("b")).toBe(2);
      },
      { engine },
    );
    expect(run.outcome).toEqual({ kind: "passed" });
    expect(run.step).toBe(6);
  });

  test("frozen fakes, functions and protocols of the language work", async () => {
    const { run } = await runBody(
      async (t) => {
        const frozen = t.io(Object.freeze({ read: async () => 1, *[Symbol.iterator]() { yield 1; }, toString: () => "me" })); // prettier-ignore
        expect(await frozen.read()).toBe(1);
        expect([...frozen]).toEqual([1]);
        const stub = t.io(async (path: string) => `got ${path}`);
        expect(await stub("/a")).toBe("got /a");
        expect(Object.getOwnPropertyNames(frozen)).toContain("read");
        expect(await Promise.resolve(t.io({ value: 1 }))).toMatchObject({ value: 1 });
      },
      { engine },
    );
    expect(run.outcome).toEqual({ kind: "passed" });
    expect(run.step).toBe(4);
  });

  test.each<readonly [points: IoOptions["points"] | "sync", effect: number, answer: number]>([
    ["both", 1, 2],
    ["before", 1, 1],
    ["after", 0, 1],
    ["sync", 0, 0],
  ])("points %s: the effect is in step %i, the caller goes on in step %i", async (points, effect, answer) => {
    const options: IoOptions = points === "sync" ? { sync: ["put"] } : { points: points! };
    const { trace } = await runBody(
      async (t) => {
        await t.io({ put: async () => t.note("effect") }, options).put();
        t.note("answer");
      },
      { engine },
    );
    const stepOf = (text: string): number | undefined =>
      trace.steps.find(({ events }) => events.some((event) => event.kind === "note" && event.text === text))?.step;
    expect([stepOf("effect"), stepOf("answer")]).toEqual([effect, answer]);
  });

  test("what a fake throws or rejects with comes back as a rejection, after its answer", async () => {
    const { run, trace } = await runBody(
      async (t) => {
        const store = t.io(new Store());
        await expect(async () => store.fails()).rejects.toThrow("the fake fails");
      },
      { engine },
    );
    expect(run.outcome).toEqual({ kind: "passed" });
    expect(trace.steps.map(({ taken, isRejection }) => [taken?.label, isRejection])).toEqual([
      [undefined, false],
      ["fails", false],
      ["fails: answer", true],
    ]);
  });

  test("the async context is kept through effects, timers, ticks, immediates, externals and holds", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const note = (): void => void seen.push(storage.getStore());
    const strand = task("strand", async ({ a, at }) => {
      r(a, await p(a, at(0), 0, Promise.resolve()));
      note();
      r(a, await p(a, at(1), 0, io("request")));
      note();
    });
    const { run } = await runBody(
      async (t) => {
        const fake = t.io({ effect: async () => note() });
        const inside = async (): Promise<void> => {
          setTimeout(note, 5);
          setInterval(note, 10).unref();
          setImmediate(note);
          process.nextTick(note);
          queueMicrotask(note);
          await Promise.all([fake.effect(), strand(), new Promise((resolve) => setTimeout(resolve, 15))]);
          note();
        };
        await storage.run("mine", inside);
        expect(storage.getStore()).toBeUndefined();
      },
      { engine, strategy: { pick: () => 0, hold: () => true } },
    );
    expect(run.outcome).toEqual({ kind: "passed" });
    expect(seen).toEqual(Array.from({ length: 9 }, () => "mine"));
  });

  test("a spawned strand has its name, also when nothing in it was transformed", async () => {
    const { trace } = await runBody(
      async (t) => {
        const instrumented = task("inner", async ({ a, at }) => void r(a, await p(a, at(0), 0, io("one"))));
        await Promise.all([t.spawn("payer", instrumented), t.spawn("plain", () => io("two"))]);
        await expect(t.spawn("thrower", () => { throw new Error("at once"); })).rejects.toThrow("at once"); // prettier-ignore
      },
      { engine },
    );
    expect(trace.strands.map(({ name }) => name)).toEqual(expect.arrayContaining(["payer", "plain"]));
    expect(trace.strands.map(({ name }) => name)).not.toContain("inner");
  });

  test("a fork before a call is not taken for a part of the call", async () => {
    const forked = task("forked", async ({ a, at }) => void r(a, await p(a, at(0), 0, io("fork"))));
    const main = task("main", async ({ a, at }, t: Explorer) => {
      const store = t.io(new Store(), { points: "after" });
      void forked();
      r(a, await p(a, at(0), d(a), store.get("a")));
    });
    const { trace } = await runBody(main, { engine });
    expect(trace.strands.map(({ name }) => name)).toEqual(["main", "forked"]);
  });
});

describe("options", () => {
  test.each([
    [{ channel: 1 }, /channel must be a string, got 1/],
    [{ order: "lifo" }, /order must be "any" or "fifo", got "lifo"/],
    [{ order: "fifo" }, /order "fifo" needs a channel/],
    [{ points: "none" }, /points must be "both", "before" or "after", got "none"/],
    [{ min: -1 }, /min must be 0 or more milliseconds, got -1/],
    [{ min: Infinity }, /min must be 0 or more milliseconds, got Infinity/],
    [{ min: 5, max: 4 }, /max must be at least min \(5\) milliseconds, got 4/],
    [{ max: Number.NaN }, /max must be at least min/],
    [{ sync: "put" }, /sync must be an array of method names, got "put"/],
    [null, /options must be an object, got null/],
  ])("%j are refused, naming what is wrong", async (options, message) => {
    await expect(async () => io("x", options as never)).rejects.toThrow(message);
    await runBody(async (t) => expect(() => t.io({}, options as never)).toThrow(message)).then(({ run }) =>
      expect(run.outcome).toEqual({ kind: "passed" }),
    );
  });

  test("a label must be a string, a fake an object", async () => {
    expect(() => io(5 as never)).toThrow(/label must be a string, got 5/);
    await runBody(async (t) => {
      for (const fake of [null, undefined, 5, "text"])
        expect(() => t.io(fake as never)).toThrow(/fake must be an object/);
      expect(() => t.spawn(5 as never, async () => {})).toThrow(/name must be a string/);
      expect(() => t.spawn("x", 5 as never)).toThrow(/fn must be a function/);
      expect(() => t.invariant(5 as never)).toThrow(/check must be a function/);
      expect(() => t.after(5 as never)).toThrow(/check must be a function/);
    }).then(({ run }) => expect(run.outcome).toEqual({ kind: "passed" }));
  });

  test("outside a run an external is a turn of the loop", async () => {
    let turned = false;
    setImmediate(() => (turned = true));
    await io();
    expect(turned).toBe(true);
  });
});
