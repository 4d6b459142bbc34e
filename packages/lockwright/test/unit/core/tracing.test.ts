/** The tracing channels, heard as an APM hears them: by `tracingChannel("lockwright:acquire")`, knowing nothing of us. */
import { tracingChannel } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isAcquireTraced } from "../../../src/events.js";
import { Mutex, Semaphore } from "../../../src/index.js";
import { LockSpace } from "../../../src/leases/index.js";
import { memoryStore } from "../../../src/stores/memory.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";

let platform: TestPlatform & Disposable;
beforeEach(() => {
  platform = installTestPlatform();
});
afterEach(() => platform[Symbol.dispose]());

interface Context {
  readonly lock: { readonly name: string };
  readonly waited?: number;
  readonly error?: unknown;
}

/** What was told, in order, each with its context's number. */
async function trace(body: (told: string[]) => Promise<void>): Promise<{ told: string[]; contexts: Context[] }> {
  const told: string[] = [];
  const contexts: Context[] = [];
  const tell =
    (name: string) =>
    (message: unknown): void => {
      if (!contexts.includes(message as Context)) contexts.push(message as Context);
      told.push(`${contexts.indexOf(message as Context)} ${name}`);
    };
  const handlers = {
    start: tell("start"),
    end: tell("end"),
    asyncStart: tell("asyncStart"),
    asyncEnd: tell("asyncEnd"),
    error: tell("error"),
  };
  const channel = tracingChannel("lockwright:acquire");
  channel.subscribe(handlers);
  try {
    await body(told);
  } finally {
    channel.unsubscribe(handlers);
  }
  return { told, contexts };
}

describe("tracing an acquire in process", () => {
  test("a queued acquire opens and closes one context, with its wait, before its caller goes on", async () => {
    const { told, contexts } = await trace(async (told) => {
      const mutex = new Mutex({ name: "m" });
      const guard = mutex.tryAcquire();
      const waiting = mutex.acquire().then((next) => {
        told.push("the caller");
        next.release();
      });
      platform.advance(7);
      guard?.release();
      await waiting;
    });
    expect(told).toEqual(["0 start", "0 end", "0 asyncStart", "0 asyncEnd", "the caller"]);
    expect(contexts).toMatchObject([{ lock: { name: "m", kind: "mutex" }, waited: 7 }]);
    expect(contexts[0]).not.toHaveProperty("error");
  });

  test("an acquire that does not wait is not traced, a run is", async () => {
    const { told, contexts } = await trace(async () => {
      const semaphore = new Semaphore(2, { name: "s" });
      (await semaphore.acquire()).release();
      expect(await semaphore.run(() => 3)).toBe(3);
      await semaphore.run(() => {}, { weight: 2 });
    });
    expect(told.map((line) => line.slice(2))).toEqual([
      "start",
      "end",
      "asyncStart",
      "asyncEnd",
      "start",
      "end",
      "asyncStart",
      "asyncEnd",
    ]);
    expect(contexts).toMatchObject([{ waited: 0 }, { waited: 0 }]);
  });

  const reason = new Error("gone");
  test.each([
    ["timeout", expect.objectContaining({ code: "LW_TIMEOUT" })],
    ["abort", reason],
    ["cancel", reason],
    ["close", expect.objectContaining({ code: "LW_CLOSED" })],
  ])("a wait that ends by %s tells its error", async (how, expected: unknown) => {
    const { told, contexts } = await trace(async () => {
      const mutex = new Mutex();
      mutex.tryAcquire();
      const controller = new AbortController();
      const options = how === "timeout" ? { timeout: 5 } : how === "abort" ? { signal: controller.signal } : {};
      const waiting = mutex.acquire(options);
      platform.advance(5);
      controller.abort(reason);
      if (how === "cancel") mutex.cancelWaiters(reason);
      if (how === "close") mutex.close(reason);
      await expect(waiting).rejects.toBe(await waiting.catch((error: unknown) => error));
    });
    expect(told).toEqual(["0 start", "0 end", "0 error", "0 asyncStart", "0 asyncEnd"]);
    expect(contexts[0]?.waited).toBe(5);
    expect(contexts[0]?.error).toEqual(expected);
  });

  test("a run whose body fails has an acquire that did not", async () => {
    const { told } = await trace(async () => {
      await expect(new Mutex().run(() => Promise.reject(new Error("body")))).rejects.toThrow("body");
    });
    expect(told).toEqual(["0 start", "0 end", "0 asyncStart", "0 asyncEnd"]);
  });

  test("a listener to one of the five is enough to be told on it", async () => {
    expect(isAcquireTraced()).toBe(false);
    const channel = tracingChannel("lockwright:acquire");
    for (const name of ["start", "end", "asyncStart", "asyncEnd"] as const) {
      let heard = 0;
      const listener = (): void => void (heard += 1);
      channel[name].subscribe(listener);
      expect(isAcquireTraced()).toBe(true);
      await new Mutex().run(() => {});
      channel[name].unsubscribe(listener);
      expect({ name, heard }).toEqual({ name, heard: 1 });
    }
    expect(isAcquireTraced()).toBe(false);
  });
});

describe("tracing the acquire of a lease", () => {
  test("one that waits, a run, and one that times out; not one that finds it free", async () => {
    platform[Symbol.dispose](); // a store has a life of its own
    const { told, contexts } = await trace(async () => {
      const space = new LockSpace({ store: memoryStore(), ownsStore: true });
      const mutex = space.mutex("m");
      const lease = await mutex.acquire();
      const waiting = mutex.acquire();
      while ((await mutex.inspect()).waiters.length === 0) await Promise.resolve(); // traces are numbered as they begin
      await expect(mutex.acquire({ timeout: 1 })).rejects.toMatchObject({ code: "LW_TIMEOUT" });
      await expect(mutex.run(() => {}, { timeout: 0 })).rejects.toMatchObject({ code: "LW_TIMEOUT" });
      await lease.release();
      await (await waiting).release();
      await mutex.run(() => {});
      await space.close();
    });
    const of = (context: number): string[] =>
      told.filter((line) => line.startsWith(`${context} `)).map((line) => line.slice(2));
    expect(of(0)).toEqual(["start", "end", "asyncStart", "asyncEnd"]); // waiting
    expect(of(1)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]); // timed out
    expect(of(2)).toEqual(["start", "end", "error", "asyncStart", "asyncEnd"]); // run, not even asked to wait
    expect(of(3)).toEqual(["start", "end", "asyncStart", "asyncEnd"]); // run
    expect(contexts).toHaveLength(4);
    expect(contexts.map(({ lock }) => lock)).toMatchObject(
      Array.from({ length: 4 }, () => ({ name: "m", scope: "lease" })),
    );
  });
});
