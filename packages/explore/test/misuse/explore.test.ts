/** Bad input to `explore`, and bodies, strategies, resets and checks that misbehave: each with a clear error, none with a hang. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ScheduleError } from "../../src/errors.js";
import { explore, exploreReport } from "../../src/explore.js";
import type { ExploreOptions } from "../../src/options.js";
import type { Body } from "../../src/runtime/explorer.js";
import { c, p, r } from "../../src/runtime/point.js";
import { currentRun } from "../../src/runtime/run.js";
import type { Option, Strategy } from "../../src/schedule.js";
import { issueIo as io } from "../../src/world/io.js";
import { task } from "../support/run.js";

afterEach(() => vi.unstubAllEnvs());

const small: ExploreOptions = { budget: { runs: 60 } };

/** Two strands, each awaiting one external. */
const race: Body = async () => void (await Promise.all([io("a"), io("b")]));

/** Whatever was refused or found, no run stays active, and the next exploration is a clean one. */
async function expectNothingLeft(): Promise<void> {
  // First: the next run would clear it away.
  expect(currentRun()).toBeNull();
  const report = await exploreReport(race, small);
  expect([report.ok, report.coverage.distinct]).toEqual([true, 2]);
}

/** What `explore` throws. */
async function thrownBy(body: Body, options: ExploreOptions = small): Promise<Error & { readonly code?: string }> {
  return explore(body, options).then(
    () => expect.fail("it was taken"),
    (error: unknown) => error as Error,
  );
}

const picking = (pick: (options: readonly Option[]) => unknown, more: object = {}): ExploreOptions => ({
  ...small,
  strategy: { pick, ...more } as Strategy,
});

describe("options", () => {
  const refused: readonly (readonly [options: unknown, kind: typeof TypeError | typeof RangeError, says: RegExp])[] = [
    [null, TypeError, /^options must be an object, got null/],
    ["fast", TypeError, /^options must be an object, got "fast"/],
    [[], TypeError, /^options must be an object, got an array/],
    [{ budjet: {} }, TypeError, /^options must not have "budjet"; known are bound, budget,/],
    [{ name: 7 }, TypeError, /^name must be a string, got 7/],
    [{ budget: 100 }, TypeError, /^budget must be an object, got 100/],
    [{ budget: { run: 5 } }, TypeError, /^budget must not have "run"; known are runs, ms/],
    [{ budget: { runs: 0 } }, RangeError, /^budget.runs must be a whole number of at least 1, got 0/],
    [{ budget: { runs: 1.5 } }, RangeError, /^budget.runs must be .* got 1.5/],
    [{ budget: { runs: "9" } }, TypeError, /^budget.runs must be a number, got "9"/],
    [{ budget: { ms: 0 } }, RangeError, /^budget.ms must be more than 0 milliseconds, got 0/],
    [{ budget: { ms: NaN } }, RangeError, /^budget.ms must be more than 0 milliseconds, got NaN/],
    [{ budget: { ms: true } }, TypeError, /^budget.ms must be a number of milliseconds, got true/],
    [{ seed: -1 }, RangeError, /^seed must be a whole number of at least 0, got -1/],
    [{ seed: "1" }, TypeError, /^seed must be a number, got "1"/],
    [{ replay: 5 }, TypeError, /^replay must be a string, got 5/],
    [{ fidelity: "some" }, TypeError, /^fidelity must be "external", "holds", "all", got "some"/],
    [{ bound: 3 }, TypeError, /^bound must be an object, got 3/],
    [{ bound: { holds: 1 } }, TypeError, /^bound must not have "holds"; known are external, hold/],
    [{ bound: { external: -1 } }, RangeError, /^bound.external must be a whole number of at least 0/],
    [{ bound: { hold: Infinity } }, RangeError, /^bound.hold must be a whole number of at least 0/],
    [{ strategy: "dfs" }, TypeError, /^strategy must be "portfolio", .* or an object with pick\(\), got "dfs"/],
    [{ strategy: {} }, TypeError, /^strategy must be .* got an object/],
    [{ strategy: { pick: 1 } }, TypeError, /^strategy must be .* got an object/],
    [{ strategy: { pick() {}, hold: true } }, TypeError, /^strategy.hold must be a function, got true/],
    [{ strategy: { pick() {}, begin: 1 } }, TypeError, /^strategy.begin must be a function, got 1/],
    [{ failOn: "C" }, TypeError, /^failOn must be "feasible", "latent", got "C"/],
    [{ externals: true }, TypeError, /^externals must be "error", "allow", got true/],
    [{ ioMax: 0 }, RangeError, /^ioMax must be more than 0/],
    [{ maxSteps: 0 }, RangeError, /^maxSteps must be a whole number of at least 1/],
    [{ fairAfter: 0 }, RangeError, /^fairAfter must be a whole number of at least 1/],
    [{ warmup: -1 }, RangeError, /^warmup must be a whole number of at least 0/],
    [{ reset: "yes" }, TypeError, /^reset must be a function, got "yes"/],
    [{ detect: "leak" }, TypeError, /^detect must be an array, got "leak"/],
    [{ detect: ["leaks"] }, TypeError, /^detect must be .* got "leaks"/],
    [{ reduce: "on" }, TypeError, /^reduce must be true or false, got "on"/],
    [{ reduce: true }, TypeError, /^reduce: true is not available/],
    [{ report: "out.json" }, TypeError, /^report must be an object, got "out.json"/],
    [{ report: { xml: "x" } }, TypeError, /^report must not have "xml"; known are json, html/],
    [{ report: { json: true } }, TypeError, /^report.json must be a string, got true/],
    [{ report: { html: 1 } }, TypeError, /^report.html must be a string, got 1/],
  ];
  test.each(refused)("%o is refused before the body runs", async (options, kind, says) => {
    const body = vi.fn<Body>();
    const error = await thrownBy(body, options as ExploreOptions);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toMatch(says);
    expect(body).not.toHaveBeenCalled();
  });

  test.each([undefined, null, "body", {}, 5])("the body %j is refused", async (body) => {
    await expect(explore(body as never)).rejects.toThrow(/^body must be a function, got /);
  });

  test.each(["portfolio", "bounded", "random", "pct", "pos"] as const)("strategy %s explores", async (strategy) => {
    const report = await exploreReport(race, { ...small, strategy });
    expect([report.ok, report.coverage.distinct]).toEqual([true, 2]);
  });

  test("a strategy of the caller's explores by what it picks", async () => {
    const orders = new Set<string>();
    const body: Body = async () => {
      const log: string[] = [];
      await Promise.all(["a", "b", "c"].map((name) => io(name).then(() => log.push(name))));
      orders.add(log.join(""));
    };
    await explore(
      body,
      picking((options) => options.length - 1),
    );
    expect([...orders]).toEqual(["abc", "cba"]);
  });

  test("warm-up runs come first and do not count", async () => {
    let calls = 0;
    const body: Body = async () => {
      calls += 1;
      for (let extra = calls === 1 ? 2 : 1; extra > 0; extra -= 1) await io("first use");
    };
    const cold = await exploreReport(body, small);
    expect(cold.warnings.join()).toContain("something is set up on first use");
    calls = 0;
    const warm = await exploreReport(body, { ...small, warmup: 1 });
    expect(warm.warnings).toEqual([]);
  });
});

describe("the environment", () => {
  test.each(["abc", "1e"])("a number of runs that is none (%s) is refused by the variable's name", async (runs) => {
    vi.stubEnv("LOCKWRIGHT_EXPLORE_RUNS", runs);
    await expect(explore(race)).rejects.toThrow(`LOCKWRIGHT_EXPLORE_RUNS must be a number, got "${runs}"`);
  });
  test.each([
    ["LOCKWRIGHT_EXPLORE_RUNS", "0", /^LOCKWRIGHT_EXPLORE_RUNS must be a whole number of at least 1, got 0/],
    ["LOCKWRIGHT_EXPLORE_MS", "-5", /^LOCKWRIGHT_EXPLORE_MS must be more than 0 milliseconds, got -5/],
    ["LOCKWRIGHT_EXPLORE_SEED", "0.5", /^LOCKWRIGHT_EXPLORE_SEED must be a whole number of at least 0, got 0.5/],
  ])("%s=%s is refused", async (name, value, says) => {
    vi.stubEnv(name, value);
    await expect(explore(race)).rejects.toThrow(says);
  });

  test("its seed comes before the option", async () => {
    const chanceWith = async (options: ExploreOptions): Promise<number> => {
      let drawn = -1;
      await explore(() => void (drawn = Math.random()), options);
      return drawn;
    };
    const [one, two] = [await chanceWith({ seed: 1 }), await chanceWith({ seed: 2 })];
    vi.stubEnv("LOCKWRIGHT_EXPLORE_SEED", "2");
    expect([one === two, await chanceWith({ seed: 1 })]).toEqual([false, two]);
  });

  test("its budget comes before the option", async () => {
    vi.stubEnv("LOCKWRIGHT_EXPLORE_RUNS", "1");
    const { coverage } = await exploreReport(race, { budget: { runs: 50 } });
    expect(coverage.line).toMatch(/^1 schedule/);
  });
});

describe("a strategy", () => {
  const broken: Readonly<Record<string, readonly [ExploreOptions, RegExp]>> = {
    "that picks past the end": [picking((options) => options.length), /a strategy must pick 0 to 1, got 2/],
    "that picks below 0": [picking(() => -1), /a strategy must pick 0 to 1, got -1/],
    "that picks half an option": [picking(() => 0.5), /a strategy must pick 0 to 1, got 0.5/],
    "that picks nothing": [picking(() => undefined), /a strategy must pick 0 to 1, got undefined/],
    "that promises a pick": [picking(() => Promise.resolve(0)), /a strategy must pick 0 to 1, got \[object Promise\]/],
    "that throws": [
      picking(() => {
        throw new Error("no idea");
      }),
      /^no idea$/,
    ],
    "that throws as it begins": [
      picking(() => 0, {
        begin() {
          throw new Error("cannot begin");
        },
      }),
      /^cannot begin$/,
    ],
    "that throws when asked to hold": [
      picking(() => 0, {
        hold() {
          throw new Error("cannot hold");
        },
      }),
      /^cannot hold$/,
    ],
  };
  const body = task("strand", async ({ a, at }) => {
    r(a, await p(a, at(0), 0, Promise.resolve()));
    r(a, await p(a, at(1), 0, Promise.all([io("a"), io("b")])));
  });
  test.each(Object.entries(broken))("%s is named, and nothing of its run is left", async (_, [options, says]) => {
    for (const reset of [undefined, () => {}]) {
      const error = await thrownBy(() => body(), { ...options, ...(reset === undefined ? {} : { reset }) });
      expect(error.message).toMatch(says);
      expect(error).not.toBeInstanceOf(ScheduleError);
      await expectNothingLeft();
    }
  });
});

describe("a token", () => {
  test.each([
    "",
    " ",
    "lw1d",
    "lw2d.1~b639",
    "lw1d.1~b63",
    "lw1d.0-0~b639",
    "lw1d_1-2~b639",
    "lw1d.zzzzzzzz~b639",
    "1",
  ])("that %j is not is refused", async (replay) => {
    const error = await thrownBy(race, { replay });
    expect(error.code).toBe("LW_REPLAY_MISMATCH");
    expect(error.message).toContain("replay");
  });

  test("of another program is refused by the step that differs", async () => {
    const late: Body = async () => {
      let last = "";
      await Promise.all(["a", "b"].map((name) => io(name).then(() => (last = name))));
      if (last !== "b") throw new Error("late");
    };
    const { failure } = await exploreReport(late, small);
    const other: Body = async () => void (await Promise.all([io("a"), io("b"), io("c")]));
    await expect(explore(late, { replay: failure!.token })).rejects.toThrow("late");
    const error = await thrownBy(other, { replay: failure!.token });
    expect([error.code, error.message]).toEqual([
      "LW_REPLAY_MISMATCH",
      expect.stringMatching(/is the schedule of another program, or of this one before it was changed: .*step 1$/),
    ]);
  });

  test.each(["lw1d.0-5~0000", "lw1d.7~0000"])(
    "%s, with a choice this program does not have, is refused",
    async (replay) => {
      const error = await thrownBy(race, { replay });
      expect(error.code).toBe("LW_REPLAY_MISMATCH");
      await expectNothingLeft();
    },
  );
});

describe("a body", () => {
  test("that throws at once fails with its own error as the cause", async () => {
    const cause = new Error("at once");
    const error = await thrownBy(() => {
      throw cause;
    });
    expect([error.code, error.cause]).toEqual(["LW_SCHEDULE", cause]);
    expect(error.message).toContain("grade:    A");
  });

  test("that rejects with undefined fails with a sentence that says so", async () => {
    const error = await thrownBy(() => Promise.reject<never>(undefined));
    expect([error.code, (error.cause as Error).message]).toEqual([
      "LW_SCHEDULE",
      "the body threw undefined, which is no Error",
    ]);
  });

  test("that returns a thenable is waited for", async () => {
    const came: string[] = [];
    const answer = (resolve: () => void): void => void io("answer").then(() => (came.push("came"), resolve()));
    // oxlint-disable-next-line unicorn/no-thenable -- that is the case
    await explore(() => ({ then: answer }) as never, small);
    expect(came.length).toBeGreaterThan(0);
    const error = await thrownBy(
      // oxlint-disable-next-line unicorn/no-thenable -- that is the case
      () => ({ then: (_: unknown, reject: (why: Error) => void) => reject(new Error("refused")) }) as never,
    );
    expect(error.message).toContain("refused");
  });

  test("that never returns is a deadlock at the line where it waits", async () => {
    const waits = task("waits", async ({ a, at }) => {
      r(a, await p(a, at(0), 0, new Promise<never>(() => {})));
    });
    const error = await thrownBy(() => waits());
    expect(error.code).toBe("LW_DEADLOCK");
    expect(error.message).toContain("waits.ts:2");
    expect((await thrownBy(() => new Promise<never>(() => {}))).code).toBe("LW_DEADLOCK");
  });

  test("that leaves timers has them fired, and its interval is over with it", async () => {
    let fired = 0;
    let ticks = 0;
    const report = await exploreReport(() => {
      setTimeout(() => (fired += 1), 50);
      setInterval(() => (ticks += 1), 20);
    }, small);
    const [runs, before] = [report.coverage.runs, ticks];
    await sleep(30);
    expect([report.ok, fired, ticks]).toEqual([true, runs, before]);
  });

  test("that awaits for ever is a livelock at its line, not a hang", async () => {
    const spins = task("spins", async ({ a, at }) => {
      for (;;) r(a, await p(a, at(0), 0, null));
    });
    const error = await thrownBy(() => spins());
    expect([error.code, (error.cause as Error).message]).toEqual([
      "LW_LIVELOCK",
      expect.stringContaining("awaits without end at spins.ts:2"),
    ]);
    await expectNothingLeft();
  });

  test("that explores is refused; what it does about it is its own affair", async () => {
    const codes = new Set<unknown>();
    const nests = task("nests", async ({ a, at }) => {
      try {
        r(a, await p(a, at(0), 0, explore(race, small)));
      } catch (error) {
        c(a);
        codes.add((error as ScheduleError).message);
        throw error;
      }
    });
    const error = await thrownBy(() => nests());
    expect([...codes]).toEqual(["explore() inside a body: bodies do not nest"]);
    expect(error.code).toBe("LW_SCHEDULE");
    await expectNothingLeft();
  });

  test("waits for the one explored before it", async () => {
    const log: string[] = [];
    const noting =
      (name: string): Body =>
      async () => {
        log.push(`${name} begins`);
        await io("one");
        log.push(`${name} ends`);
      };
    await Promise.all([explore(noting("a"), small), explore(noting("b"), small)]);
    const change = log.indexOf("b begins");
    expect(log.slice(0, change).every((line) => line.startsWith("a"))).toBe(true);
    expect(log.slice(change).every((line) => line.startsWith("b"))).toBe(true);
  });

  test("goes on when the one before it failed", async () => {
    const failing = thrownBy(() => Promise.reject(new Error("first")));
    const [error] = await Promise.all([failing, explore(race, small)]);
    expect(error.message).toContain("first");
  });
});

describe("reset", () => {
  test.each([
    ["throws", () => expect.fail("no database")],
    ["rejects", () => Promise.reject(new Error("no database"))],
  ])("that %s ends the exploration with a sentence that says so", async (_, reset) => {
    const error = await thrownBy(race, { ...small, reset });
    expect(error).toMatchObject({ code: "LW_SCHEDULE", cause: { message: "no database" } });
    expect(error.message).toMatch(/^reset failed, so no schedule can begin as the last did: .*no database$/);
    await expectNothingLeft();
  });

  test("that fails half-way does the same", async () => {
    let calls = 0;
    const reset = (): void => {
      if ((calls += 1) > 4) throw new Error("worn out");
    };
    const body: Body = async () => void (await Promise.all([io("a"), io("b"), io("c")]));
    await expect(explore(body, { ...small, reset })).rejects.toThrow(/^reset failed.*worn out/);
    await expectNothingLeft();
  });
});

describe.each(["invariant", "after"] as const)("t.%s", (kind) => {
  const checking =
    (check: () => unknown): Body =>
    async (t) => {
      t[kind](check, "the books balance");
      await io("one");
    };
  test("that returns false fails by its name", async () => {
    const error = await thrownBy(checking(() => false));
    expect(error.cause).toMatchObject({ message: "the books balance does not hold" });
  });
  test("that throws fails with what it threw", async () => {
    const cause = new RangeError("off by 10");
    const error = await thrownBy(
      checking(() => {
        throw cause;
      }),
    );
    expect(error.cause).toBe(cause);
  });
  test("that gives a promise is refused: it would always hold", async () => {
    const error = await thrownBy(checking(() => Promise.resolve(false)));
    expect(error.cause).toMatchObject({ message: "the books balance must be synchronous, it gave a promise" });
  });
  test.each([undefined, true, 0, "", null])("that returns %j holds", async (value) => {
    await expect(
      explore(
        checking(() => value),
        small,
      ),
    ).resolves.toBeUndefined();
  });
  test.each([undefined, "x", {}])("of %j is refused", async (check) => {
    const error = await thrownBy((t) => t[kind](check as never));
    expect(error.cause).toBeInstanceOf(TypeError);
    expect(error.message).toContain("check must be a function");
  });
});

describe("under Jest", () => {
  const way = /^explore\(\) does not work under Jest, .*Vitest.*node:test/;
  test("explore is refused with the ways there are", async () => {
    vi.stubEnv("VITEST", "");
    vi.stubEnv("JEST_WORKER_ID", "1");
    const body = vi.fn<Body>();
    const error = await thrownBy(body);
    expect([error.code, error.message]).toEqual(["LW_SCHEDULE", expect.stringMatching(way)]);
    expect(body).not.toHaveBeenCalled();
  });
  test("explore is refused where only its global shows it", async () => {
    vi.stubEnv("VITEST", "");
    vi.stubGlobal("jest", {});
    try {
      await expect(explore(race)).rejects.toThrow(way);
    } finally {
      vi.unstubAllGlobals();
    }
  });
  test.each(["VITEST", "NODE_TEST_CONTEXT"])(
    "a process of a runner that works (%s) is none of Jest's",
    async (mark) => {
      vi.stubEnv("VITEST", "");
      vi.stubEnv("JEST_WORKER_ID", "1");
      vi.stubEnv(mark, "yes");
      await expect(explore(race, small)).resolves.toBeUndefined();
    },
  );
});
