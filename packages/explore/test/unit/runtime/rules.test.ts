/** The rules of the scheduling model, each by its number, on both engines. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { p, r } from "../../../src/runtime/point.js";
import type { Option, Strategy } from "../../../src/schedule.js";
import { issueIo as io } from "../../../src/world/io.js";
import { departing, ENGINES, runBody, task } from "../../support/run.js";

/** A strategy that takes the last option and notes what was offered. */
function lastOf(seen: (readonly string[])[]): Strategy {
  const name = (option: Option): string => option.label ?? option.kind;
  return {
    pick(options) {
      seen.push(options.map(name));
      return options.length - 1;
    },
  };
}

function thenable(value: unknown): object {
  // oxlint-disable-next-line unicorn/no-thenable -- what a program may await
  return { then: (resolve: (given: unknown) => void) => resolve(value) };
}

/** One strand per label, each awaiting one external. */
const racers = (log: string[]): ((label: string) => Promise<void>) =>
  task("racer", async ({ a, at }, label: string) => {
    r(a, await p(a, at(0), 0, io(label)));
    log.push(label);
  });

describe.each(ENGINES)("on the %s engine", (engine) => {
  test("between decisions microtasks run as natively, never reordered [M1]", async () => {
    const log: string[] = [];
    await runBody(
      async () => {
        await io("start");
        void Promise.resolve()
          .then(() => log.push("a1"))
          .then(() => log.push("a2"));
        queueMicrotask(() => log.push("b"));
        void (async () => {
          log.push("sync");
          await Promise.resolve();
          log.push("c");
        })();
      },
      { engine },
    );
    expect(log).toEqual(["sync", "a1", "b", "c", "a2"]);
  });

  test("options are what is ready, in the order in which it became so, then the next timer [M2]", async () => {
    const seen: (readonly string[])[] = [];
    const log: string[] = [];
    const racer = racers(log);
    await runBody(
      async () => {
        setTimeout(() => log.push("later timer"), 20);
        setTimeout(() => log.push("timer"), 10);
        await Promise.all(["a", "b"].map(racer));
      },
      { engine, strategy: lastOf(seen) },
    );
    expect(seen).toEqual([
      ["a", "b", "setTimeout 10"],
      ["a", "b", "setTimeout 20"],
      ["a", "b"],
    ]);
    expect(log).toEqual(["timer", "later timer", "b", "a"]);
  });

  test("one option is no decision: a strategy is not asked [M2]", async () => {
    const { run } = await runBody(
      async () => {
        await io("alone");
        await new Promise((resolve) => setTimeout(resolve, 5));
      },
      {
        engine,
        strategy: {
          pick() {
            throw new Error("asked");
          },
        },
      },
    );
    expect(run.outcome).toEqual({ kind: "passed" });
    expect([run.step, run.picks]).toEqual([2, 0]);
  });

  test("native order completes externals as they were issued, then timers by deadline [M2] [M4] [M6]", async () => {
    const log: string[] = [];
    const racer = racers(log);
    const { run } = await runBody(
      async () => {
        setTimeout(() => log.push("30"), 30);
        setTimeout(() => log.push("10 first"), 10);
        setTimeout(() => log.push("10 second"), 10);
        await Promise.all(["a", "b", "c"].map(racer));
        log.push(`all at ${performance.now()}`);
      },
      { engine },
    );
    expect(log).toEqual(["a", "b", "c", "all at 0", "10 first", "10 second", "30"]);
    expect(run.now).toBe(30);
    expect(run.deviations).toEqual([]);
  });

  test("only time moves the clock, to the deadline of what comes [M4]", async () => {
    const times: number[] = [];
    await runBody(
      async () => {
        const note = (): void => void times.push(performance.now());
        setTimeout(note, 7);
        setTimeout(note, 7.9);
        setTimeout(note, 1000);
        await io("request");
        note();
      },
      { engine },
    );
    expect(times).toEqual([0, 7, 7, 1000]);
  });

  test("an ordered channel completes in order of issue, whatever is chosen [M3]", async () => {
    const log: string[] = [];
    const fifo = { channel: "socket", order: "fifo" } as const;
    await runBody(
      async () => {
        const one = async (label: string, options?: object): Promise<void> => {
          await io(label, options);
          log.push(label);
        };
        await Promise.all([one("s1", fifo), one("s2", fifo), one("other"), one("s3", fifo)]);
      },
      { engine, strategy: lastOf([]) },
    );
    expect(log.filter((label) => label.startsWith("s"))).toEqual(["s1", "s2", "s3"]);
    expect(log[0]).toBe("other");
  });

  test("setImmediate is such a channel, and a cleared one is skipped [M3]", async () => {
    const log: string[] = [];
    const { run } = await runBody(
      async () => {
        const first = setImmediate(() => log.push("1"));
        const second = setImmediate(() => log.push("2"));
        setImmediate((...args: string[]) => log.push(...args), "3", "three");
        setImmediate(() => {
          log.push("4");
          clearImmediate(first); // it has run: nothing happens
        });
        clearImmediate(second);
        await io("request");
        setImmediate(() => log.push("5"));
      },
      { engine, strategy: lastOf([]) },
    );
    expect(run.outcome).toEqual({ kind: "passed" });
    expect(log).toEqual(["1", "3", "three", "4", "5"]);
  });

  test("a window keeps an external from completing too early [M3]", async () => {
    const log: string[] = [];
    const { run } = await runBody(
      async () => {
        const one = async (label: string, options: object): Promise<void> => {
          await io(label, options);
          log.push(`${label} at ${performance.now()}`);
        };
        await Promise.all([one("slow", { min: 50 }), one("quick", {}), one("slower", { min: 80, max: 90 })]);
      },
      { engine },
    );
    expect(log).toEqual(["quick at 0", "slow at 50", "slower at 80"]);
    expect(run.deviations).toEqual([]);
  });

  test("a window may open before something ready completes: that is a deviation like a timer [M2] [M3]", async () => {
    const seen: (readonly string[])[] = [];
    const log: string[] = [];
    const { run } = await runBody(
      async () => {
        const one = async (label: string, options: object): Promise<void> => {
          await io(label, options);
          log.push(`${label} at ${performance.now()}`);
        };
        await Promise.all([one("ready", {}), one("early", { min: 50 })]);
      },
      { engine, strategy: lastOf(seen) },
    );
    expect(seen).toEqual([["ready", "early"]]);
    expect(log).toEqual(["early at 50", "ready at 50"]);
    expect(run.deviations).toEqual([{ kind: "pick", at: 0, choice: 1 }]);
  });

  test("the clock does not pass the latest time of a pending external; the default is ioMax [M3]", async () => {
    const seen: (readonly string[])[] = [];
    await runBody(
      async () => {
        setTimeout(() => {}, 1000);
        setTimeout(() => {}, 1001);
        await io("request");
      },
      { engine, strategy: lastOf(seen) },
    );
    expect(seen).toEqual([["request", "setTimeout 1000"]]);
    const wide: (readonly string[])[] = [];
    await runBody(
      async () => {
        setTimeout(() => {}, 1001);
        await io("request", { max: 5000 });
      },
      { engine, strategy: lastOf(wide) },
    );
    expect(wide).toEqual([["request", "setTimeout 1001"]]);
  });

  test("a held strand joins the ready list when its operand settles, and competes from then on [M5]", async () => {
    const log: string[] = [];
    const racer = racers(log);
    const slow = task("slow", async ({ a, at }) => {
      r(a, await p(a, at(0), 0, Promise.resolve()));
      log.push("slow");
    });
    const body = async (): Promise<void> => {
      await Promise.all([racer("a"), slow(), racer("b")]);
    };
    await runBody(body, { engine });
    expect(log.splice(0)).toEqual(["slow", "a", "b"]);
    const { run } = await runBody(body, { engine, ...departing({}, [0]) });
    expect(log.splice(0)).toEqual(["a", "b", "slow"]);
    expect(run.deviations).toEqual([{ kind: "hold", at: 0 }]);
    await runBody(body, { engine, ...departing({ 0: 2 }, [0]) });
    expect(log.splice(0)).toEqual(["slow", "a", "b"]);
  });

  test("a hold delivers rejections, thenables and values as an await does [M5]", async () => {
    const all = [0, 1, 2];
    const outcomes: unknown[] = [];
    const awaiter = task("awaiter", async ({ a, at }) => {
      try {
        r(a, await p(a, at(0), 0, Promise.reject(new Error("no"))));
      } catch (error) {
        outcomes.push((error as Error).message);
      }
      outcomes.push(r(a, await p(a, at(1), 0, thenable("thenable"))));
      outcomes.push(r(a, await p(a, at(2), 0, "value")));
    });
    const { run } = await runBody(() => awaiter(), { engine, ...departing({}, all) });
    expect(run.holds).toBe(3);
    expect(run.step).toBe(3);
    expect(outcomes).toEqual(["no", "thenable", "value"]);
  });

  test("an external, a timer and a call of t are no hold points [M5]", async () => {
    const { run } = await runBody(
      async (t) => {
        const db = t.io({ get: () => 1 });
        await task("strand", async ({ a, at }) => {
          r(a, await p(a, at(0), 0, io("request")));
          r(a, await p(a, at(1), 0, db.get()));
          r(a, await p(a, at(2), 0, sleep(5)));
          r(a, await p(a, at(3), 0, t.settled()));
        })();
      },
      { engine },
    );
    expect(run.holds).toBe(0);
  });

  test("a pick that is not option 0 costs one, whatever its index; so does a hold [M7]", async () => {
    const racer = racers([]);
    const body = async (): Promise<void> => {
      await Promise.all(["a", "b", "c", "d"].map(racer));
    };
    const { run } = await runBody(body, { engine, ...departing({ 0: 3, 2: 1 }) });
    expect(run.deviations).toEqual([
      { kind: "pick", at: 0, choice: 3 },
      { kind: "pick", at: 2, choice: 1 },
    ]);
    expect(run.log).toEqual([4, 3, 2]);
  });

  test("fidelity external asks for no hold, holds counts hold points, all makes each await a choice [M8]", async () => {
    const log: string[] = [];
    const strand = task("strand", async ({ a, at }, name: string) => {
      for (let step = 0; step < 2; step += 1) {
        r(a, await p(a, at(step), 0, Promise.resolve()));
        log.push(`${name}${step}`);
      }
    });
    const body = async (): Promise<void> => {
      await Promise.all([strand("x"), strand("y")]);
    };
    const asked: Strategy = { pick: () => 0, hold: () => true };
    const external = await runBody(body, { engine, fidelity: "external", strategy: asked });
    expect([external.run.holds, external.run.step]).toEqual([0, 0]);
    const holds = await runBody(body, { engine, fidelity: "holds", strategy: asked });
    expect([holds.run.holds, holds.run.step]).toEqual([4, 4]);
    log.length = 0;
    const all = await runBody(body, { engine, fidelity: "all", strategy: { pick: (options) => options.length - 1 } });
    expect(log).toEqual(["y0", "y1", "x0", "x1"]);
    expect(all.run.deviations.every(({ kind }) => kind === "pick")).toBe(true);
  });

  test("a strategy that picks what is not offered is refused, and the run is over all the same", async () => {
    const racer = racers([]);
    const body = async (): Promise<void> => {
      await Promise.all(["a", "b"].map(racer));
    };
    for (const choice of [2, -1, 0.5, Number.NaN])
      await expect(runBody(body, { engine, strategy: { pick: () => choice } })).rejects.toThrow(
        /a strategy must pick 0 to 1, got/,
      );
    expect((await runBody(body, { engine })).run.outcome).toEqual({ kind: "passed" });
  });
});
