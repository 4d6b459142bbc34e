/** How runs end: settled, checked, stuck, cut. On both engines. */
import { describe, expect, test } from "vitest";
import { p, r } from "../../../src/runtime/point.js";
import { siteAt } from "../../../src/sites.js";
import { issueIo as io } from "../../../src/world/io.js";
import { departing, ENGINES, runBody, task } from "../../support/run.js";

function thenable(then: (resolve: (value?: unknown) => void) => void): object {
  // oxlint-disable-next-line unicorn/no-thenable -- what a program may return and await
  return { then };
}

const never = (): Promise<never> => new Promise(() => {});

describe.each(ENGINES)("on the %s engine", (engine) => {
  describe("settled", () => {
    test("comes after all other strands, externals and foreground timers, and is no decision", async () => {
      const log: string[] = [];
      const { run } = await runBody(
        async (t) => {
          void io("request").then(() => log.push("request"));
          setTimeout(() => log.push("timer"), 50);
          setInterval(() => log.push("interval"), 1000);
          await t.settled();
          log.push("settled");
        },
        { engine },
      );
      expect(log).toEqual(["request", "timer", "settled"]);
      expect(run.outcome).toEqual({ kind: "passed" });
      expect(run.picks).toBe(1); // the request or the timer
    });

    test("may be asked for again, and a body that does nothing else is cut", async () => {
      const { run } = await runBody(
        async (t) => {
          for (;;) await t.settled();
        },
        { engine, maxSteps: 50 },
      );
      expect(run.outcome).toEqual({ kind: "step-limit" });
    });
  });

  describe("invariants", () => {
    test("hold at each moment of quiescence, not within a chain of microtasks", async () => {
      let isOdd = false;
      const { run } = await runBody(
        async (t) => {
          t.invariant(() => !isOdd, "even");
          isOdd = true;
          await Promise.resolve();
          isOdd = false;
          await io("request");
          isOdd = true;
          await Promise.resolve();
          await Promise.resolve();
          isOdd = false;
        },
        { engine },
      );
      expect(run.outcome).toEqual({ kind: "passed" });
    });

    test("fail the run when they give false or throw, also at the last step", async () => {
      for (const check of [() => false, () => expect(1).toBe(2)]) {
        let isLast = false;
        const { run } = await runBody(
          async (t) => {
            t.invariant(() => (isLast ? check() : true), "the name");
            await io("request");
            isLast = true;
          },
          { engine },
        );
        expect(run.outcome).toMatchObject({ kind: "failed" });
        expect(run.step).toBe(1);
      }
    });

    test("must be synchronous: a promise is refused, not taken for true", async () => {
      const { run } = await runBody(async (t) => t.invariant(async () => false, "stock"), { engine });
      expect(run.outcome).toMatchObject({ error: new TypeError("stock must be synchronous, it gave a promise") });
    });
  });

  describe("after", () => {
    test("runs once, when the body has returned and everything has settled", async () => {
      const log: string[] = [];
      const { run } = await runBody(
        async (t) => {
          t.after(() => void log.push("after"));
          setTimeout(() => log.push("timer"), 10);
          void io("request").then(() => log.push("request"));
          log.push("returns");
        },
        { engine },
      );
      expect(log).toEqual(["returns", "request", "timer", "after"]);
      expect(run.inFlightAtReturn.map(({ label }) => label)).toEqual(["request"]);
    });

    test("fails the run by its name", async () => {
      const { run } = await runBody(async (t) => t.after(() => false, "all seats sold"), { engine });
      expect(run.outcome).toMatchObject({ error: new Error("all seats sold does not hold") });
    });
  });

  describe("a body", () => {
    const bodies: Readonly<Record<string, readonly [body: () => unknown, outcome: object]>> = {
      "that throws at once": [
        () => {
          throw new Error("at once");
        },
        { kind: "failed", error: new Error("at once") },
      ],
      "that rejects with undefined": [() => Promise.reject(undefined), { kind: "failed", error: undefined }],
      "that returns a thenable": [() => thenable((resolve) => void setTimeout(resolve, 5)), { kind: "passed" }],
      "that returns nothing": [() => undefined, { kind: "passed" }],
      "that never returns": [never, { kind: "deadlock" }],
      "whose timer throws": [
        async () => {
          setTimeout(() => {
            throw new Error("timer");
          }, 1);
        },
        { kind: "failed", error: new Error("timer") },
      ],
      "whose microtask throws": [
        () =>
          queueMicrotask(() => {
            throw new Error("microtask");
          }),
        { kind: "failed", error: new Error("microtask") },
      ],
      "whose tick throws": [
        () =>
          process.nextTick(() => {
            throw new Error("tick");
          }),
        { kind: "failed", error: new Error("tick") },
      ],
      "whose immediate throws": [
        () =>
          setImmediate(() => {
            throw new Error("immediate");
          }),
        { kind: "failed", error: new Error("immediate") },
      ],
    };

    test.each(Object.entries(bodies))("%s has its outcome", async (_, [body, outcome]) => {
      const { run } = await runBody(body as () => Promise<void>, { engine });
      expect(run.outcome).toMatchObject(outcome);
    });

    test("is stuck only when nothing in the foreground is left; strands that stand are named", async () => {
      const holder = task("holder", async ({ a, at }) => void r(a, await p(a, at(0), 0, never())));
      const caller = task("caller", async ({ a, at }) => void r(a, await p(a, at(0), 1, holder())));
      const { run, trace } = await runBody(caller, { engine });
      expect(run.outcome).toEqual({ kind: "deadlock" });
      expect(trace.parked.map(({ chain }) => chain.map(({ owner }) => owner))).toEqual([["holder", "caller"]]);
    });
  });

  describe("background timers", () => {
    test("fire for 60 virtual seconds after the last event in the foreground, then the body is stuck", async () => {
      const fired: number[] = [];
      const { run, trace } = await runBody(
        async () => {
          await new Promise((resolve) => setTimeout(resolve, 500));
          setInterval(() => fired.push(performance.now()), 10_000);
          await never();
        },
        { engine },
      );
      expect(run.outcome).toEqual({ kind: "deadlock" });
      expect(fired).toEqual([10_500, 20_500, 30_500, 40_500, 50_500, 60_500]);
      expect(trace.timers.map(({ label }) => label)).toEqual(["setInterval 10000"]);
    });

    test("do not fire once the body has returned", async () => {
      let fired = 0;
      const { run } = await runBody(
        async () => {
          setInterval(() => (fired += 1), 10);
          setTimeout(() => (fired += 1), 10).unref();
        },
        { engine },
      );
      expect([run.outcome, fired]).toEqual([{ kind: "passed" }, 0]);
    });

    test("a poller that waits for one is served", async () => {
      let ready = false;
      const { run } = await runBody(
        async () => {
          setTimeout(() => (ready = true), 30_000).unref();
          await new Promise<void>((resolve) => {
            const poll = setInterval(() => {
              if (!ready) return;
              clearInterval(poll);
              resolve();
            }, 1000);
          });
        },
        { engine },
      );
      expect([run.outcome, run.now]).toEqual([{ kind: "passed" }, 30_000]);
    });

    test("a timer that is unreferenced and referenced again counts in the foreground", async () => {
      const { run } = await runBody(
        async () => {
          const timer = setTimeout(() => {}, 100_000).unref();
          timer.ref();
          setTimeout(() => {}, 90_000).unref();
        },
        { engine },
      );
      expect(run.now).toBe(100_000);
    });
  });

  describe("without end", () => {
    test("a run of a million steps is cut at its limit", async () => {
      const { run } = await runBody(
        async () => {
          for (let at = 0; at < 1_000_000; at += 1) await io("again");
        },
        { engine, maxSteps: 3000, recorder: undefined as never },
      );
      expect([run.outcome, run.step]).toEqual([{ kind: "step-limit" }, 3000]);
    });

    test("awaits that never wait are named with their site", async () => {
      const spinner = task("spinner", async ({ a, at }) => {
        for (;;) r(a, await p(a, at(3), 0, null));
      });
      const { run } = await runBody(async () => spinner(), { engine, recorder: undefined as never });
      expect(run.outcome).toMatchObject({ kind: "spinning", what: "awaits" });
      expect(siteAt((run.outcome as { site: number }).site)).toMatchObject({ owner: "spinner", line: 5 });
    });

    test("ticks that ask for ticks are named with the site of the first", async () => {
      const ticker = task("ticker", async ({ a, at }) => {
        r(a, await p(a, at(2), 0, null));
        const tick = (): void => process.nextTick(tick);
        tick();
      });
      const { run } = await runBody(async () => ticker(), { engine });
      expect(run.outcome).toMatchObject({ kind: "spinning", what: "process.nextTick" });
      expect(siteAt((run.outcome as { site: number }).site)).toMatchObject({ owner: "ticker", line: 4 });
    });

    test("microtasks that ask for microtasks are cut", async () => {
      const { run } = await runBody(
        async () => {
          const again = (): void => queueMicrotask(again);
          again();
        },
        { engine },
      );
      expect(run.outcome).toMatchObject({ kind: "spinning", what: "queueMicrotask" });
    });

    test("10,000 strands run and end", async () => {
      let done = 0;
      const strand = task("strand", async ({ a, at }) => {
        r(a, await p(a, at(0), 0, io("request")));
        done += 1;
      });
      const { run } = await runBody(
        async () => {
          await Promise.all(Array.from({ length: 10_000 }, () => strand()));
        },
        { engine, maxSteps: 20_000, recorder: undefined as never },
      );
      expect([run.outcome, done, run.live]).toEqual([{ kind: "passed" }, 10_000, 0]);
    });
  });

  test("an abandoned run writes nothing into later ones", async () => {
    const log: string[] = [];
    const keep: (() => void)[] = [];
    const strand = task("strand", async ({ a, at }) => {
      r(a, await p(a, at(0), 0, new Promise<void>((resolve) => keep.push(resolve))));
      log.push("woke");
      setTimeout(() => log.push("timer"), 1);
      process.nextTick(() => log.push("tick"));
      setImmediate(() => log.push("immediate"));
      void io("request").then(() => log.push("request"));
      r(a, await p(a, at(1), 0, null));
      log.push("went on");
    });
    const first = await runBody(async () => strand(), { engine });
    expect(first.run.outcome).toEqual({ kind: "deadlock" });
    const second = await runBody(
      async () => {
        for (const wake of keep) wake();
        await io("first");
        await io("second");
        await new Promise((resolve) => setTimeout(resolve, 100));
      },
      { engine },
    );
    expect(second.run.outcome).toEqual({ kind: "passed" });
    expect(log).toEqual(["woke"]);
    expect(second.run.step).toBe(3);
  });

  test("a failure ends the run at once: nothing after it is chosen", async () => {
    const log: string[] = [];
    const { run } = await runBody(
      async () => {
        setTimeout(() => log.push("timer"), 1);
        void io("other").then(() => log.push("other"));
        await Promise.resolve();
        throw new Error("failed");
      },
      { engine, ...departing({}) },
    );
    expect(run.outcome).toMatchObject({ kind: "failed" });
    expect(log).toEqual([]);
  });
});
