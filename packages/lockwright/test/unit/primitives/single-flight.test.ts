import { getEventListeners } from "node:events";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { hasAbortGroup } from "../../../src/core/abort-groups.js";
import { SingleFlight } from "../../../src/index.js";
import { errorOf, settle, statesOf, watch } from "../../support/waits.js";

/** A run that the test ends by hand, and what it saw. */
class Origin {
  calls = 0;
  signal: AbortSignal | undefined;
  finish: (value: string) => void = () => undefined;
  fail: (error: unknown) => void = () => undefined;
  readonly fetch = (signal: AbortSignal): Promise<string> => {
    this.calls += 1;
    this.signal = signal;
    return new Promise((resolve, reject) => {
      this.finish = resolve;
      this.fail = reject;
    });
  };
}

describe("sharing", () => {
  test("callers of one key share one run and its very result; other keys have their own", async () => {
    const flights = new SingleFlight<string, object>();
    let calls = 0;
    const make = async (): Promise<object> => {
      calls += 1;
      return {};
    };
    const [a, b, c] = await Promise.all([flights.run("k", make), flights.run("k", make), flights.run("other", make)]);
    expect([a === b, a === c, calls]).toEqual([true, false, 2]);
  });

  test("all get the very error, also of a function that throws at once", async () => {
    const flights = new SingleFlight<string, string>();
    const origin = new Origin();
    const { signal } = new AbortController();
    const waits = [flights.run("k", origin.fetch), flights.run("k", origin.fetch, { signal })];
    const failure = new Error("origin down");
    origin.fail(failure);
    expect(await Promise.all(waits.map(errorOf))).toEqual([failure, failure]);
    expect(await errorOf(flights.run("k", () => Promise.reject(failure)))).toBe(failure);
    const atOnce = (): never => {
      throw failure;
    };
    expect(await errorOf(flights.run("k", atOnce))).toBe(failure);
    expect(await errorOf(flights.run("k", atOnce, { signal }))).toBe(failure);
    expect(flights.size).toBe(0);
  });

  test("the entry is gone before any caller goes on: the next starts anew [F1]", async () => {
    const flights = new SingleFlight<string, number>();
    let calls = 0;
    const { signal } = new AbortController();
    const seen: boolean[] = [];
    const one = async (options?: { signal: AbortSignal }): Promise<number> => {
      const value = await flights.run("k", async () => ++calls, options);
      seen.push(flights.has("k"));
      return value;
    };
    expect(await Promise.all([one(), one({ signal }), one()])).toEqual([1, 1, 1]);
    expect(seen).toEqual([false, false, false]);
    expect(await one({ signal })).toBe(2);
  });

  test("a run is a native promise, and a value may be given without one", async () => {
    const flights = new SingleFlight<string, number>();
    const run = flights.run("k", () => 7);
    expect(Object.getPrototypeOf(run)).toBe(Promise.prototype);
    expect(await run).toBe(7);
  });

  test("keys are those of a Map, undefined and NaN too", async () => {
    const flights = new SingleFlight<unknown, number>();
    const never = (): Promise<number> => new Promise(() => undefined);
    for (const key of [undefined, Number.NaN, Number.NaN, null, "", 0, -0, {}, {}]) void flights.run(key, never);
    expect(flights.size).toBe(7);
    expect(flights.has(Number.NaN)).toBe(true);
  });

  test("the function begins at once, and a call for its key from within joins its own run", async () => {
    const flights = new SingleFlight<string, number>();
    let inner: Promise<number> | undefined;
    const outer = flights.run("k", async () => {
      inner = flights.run("k", () => expect.unreachable());
      return 1;
    });
    expect(inner).toBeDefined();
    expect([await outer, await inner]).toEqual([1, 1]);
  });
});

describe("leaving", () => {
  test("an abort detaches its caller, and the run goes on for the others [F2]", async () => {
    const flights = new SingleFlight<string, string>();
    const origin = new Origin();
    const [one, two] = [new AbortController(), new AbortController()];
    const a = watch(flights.run("k", origin.fetch, { signal: one.signal }));
    const b = watch(flights.run("k", origin.fetch, { signal: two.signal }));
    one.abort("a left");
    await settle();
    expect([a.error, b.state, origin.signal!.aborted]).toEqual(["a left", "waits", false]);
    origin.finish("news");
    await settle();
    expect([b.value, origin.calls]).toEqual(["news", 1]);
    expect([hasAbortGroup(two.signal), getEventListeners(two.signal, "abort").length]).toEqual([false, 0]);
  });

  test("the last one out aborts the run with its reason, and the key is free at once [F2, F3]", async () => {
    const flights = new SingleFlight<string, string>();
    const [origin, next] = [new Origin(), new Origin()];
    const [one, two] = [new AbortController(), new AbortController()];
    const a = watch(flights.run("k", origin.fetch, { signal: one.signal }));
    const b = watch(flights.run("k", origin.fetch, { signal: two.signal }));
    two.abort("b left");
    one.abort("a left");
    expect([origin.signal!.aborted, origin.signal!.reason, flights.size]).toEqual([true, "a left", 0]);
    const c = watch(flights.run("k", next.fetch));
    expect(next.calls).toBe(1);
    // The late end of the aborted run must touch neither c nor the entry of its key.
    origin.finish("stale");
    await settle();
    expect([statesOf([a, b, c]), flights.has("k")]).toEqual(["failed failed waits", true]);
    next.finish("fresh");
    await settle();
    expect(c.value).toBe("fresh");
  });

  test("one signal shared by all callers aborts the run once", async () => {
    const flights = new SingleFlight<string, string>();
    const origin = new Origin();
    const controller = new AbortController();
    let aborts = 0;
    const waits = [1, 2, 3].map(() => watch(flights.run("k", origin.fetch, { signal: controller.signal })));
    origin.signal!.addEventListener("abort", () => (aborts += 1));
    controller.abort("all");
    await settle();
    expect([aborts, waits.map((wait) => wait.error)]).toEqual([1, ["all", "all", "all"]]);
  });

  test("a caller without a signal keeps the run, whether it came first or last [F2]", async () => {
    for (const isFirst of [true, false]) {
      const flights = new SingleFlight<string, string>();
      const origin = new Origin();
      const controller = new AbortController();
      const keeper = isFirst ? watch(flights.run("k", origin.fetch)) : undefined;
      const leaver = watch(flights.run("k", origin.fetch, { signal: controller.signal }));
      const late = isFirst ? undefined : watch(flights.run("k", origin.fetch));
      controller.abort("left");
      expect(origin.signal!.aborted).toBe(false);
      origin.finish("news");
      await settle();
      expect([leaver.error, (keeper ?? late)!.value]).toEqual(["left", "news"]);
    }
  });

  test("an abort after the end changes nothing", async () => {
    const flights = new SingleFlight<string, string>();
    const origin = new Origin();
    const controller = new AbortController();
    const a = watch(flights.run("k", origin.fetch, { signal: controller.signal }));
    origin.finish("news");
    await settle();
    controller.abort("late");
    await settle();
    expect([a.value, origin.signal!.aborted]).toEqual(["news", false]);
  });

  test("a signal aborted beforehand starts and joins nothing", async () => {
    const flights = new SingleFlight<string, string>();
    const origin = new Origin();
    expect(await errorOf(flights.run("k", origin.fetch, { signal: AbortSignal.abort("no") }))).toBe("no");
    expect([origin.calls, flights.size]).toEqual([0, 0]);
  });

  test("a signal aborted by the function itself detaches its caller and aborts the run", async () => {
    const flights = new SingleFlight<string, string>();
    const controller = new AbortController();
    let inner: AbortSignal | undefined;
    const run = flights.run(
      "k",
      async (signal) => {
        inner = signal;
        controller.abort("self");
        return "late";
      },
      { signal: controller.signal },
    );
    expect(await errorOf(run)).toBe("self");
    expect([inner!.aborted, flights.size]).toEqual([true, 0]);
  });

  test("the failure of a run that all have left is nobody's unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown): void => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    const flights = new SingleFlight<string, string>();
    const origin = new Origin();
    const controller = new AbortController();
    const a = watch(flights.run("k", origin.fetch, { signal: controller.signal }));
    controller.abort("left");
    origin.fail(new Error("aborted"));
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", note);
    expect([a.error, unhandled]).toEqual(["left", []]);
  });
});

describe("forget", () => {
  test("the next caller starts a new run, those of the old get its result [F3]", async () => {
    const flights = new SingleFlight<string, string>();
    const [old, fresh] = [new Origin(), new Origin()];
    const a = watch(flights.run("k", old.fetch));
    expect([flights.forget("k"), flights.forget("k"), flights.has("k")]).toEqual([true, false, false]);
    const b = watch(flights.run("k", fresh.fetch));
    old.finish("old");
    await settle();
    // The end of the old run must not take away the entry of the new one.
    expect([a.value, flights.has("k")]).toEqual(["old", true]);
    fresh.finish("fresh");
    await settle();
    expect([b.value, flights.size]).toEqual(["fresh", 0]);
  });
});

test("inspect text shows how many keys are in flight [11]", () => {
  const flights = new SingleFlight<string, string>();
  void flights.run("a", () => new Promise(() => undefined));
  expect(inspect(flights)).toBe("SingleFlight { size: 1 }");
});
