/** What the explorer promises, each as a check of a copy of it. Titles are what mutants name as `killedBy`. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type { Option, StrandView } from "../../src/schedule.js";
import { pick, race, racers, runBody, task } from "./lab.ts";
import type { Library } from "./library.ts";
import { searchKillers } from "./search-killers.ts";

type Killer = (library: Library) => Promise<void>;

/** Chooses natively and notes the strand names that are offered. */
const watching = (seen: string[][]): { pick(options: readonly Option[]): number } => ({
  pick: (options) => {
    seen.push(options.map(({ strand }) => strand.name));
    return 0;
  },
});

async function ticksFirst(library: Library, engine: "async" | "fast"): Promise<void> {
  const log: string[] = [];
  const body = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(() => {
        void Promise.resolve().then(() => log.push("microtask"));
        process.nextTick(() => log.push("tick"));
        setImmediate(resolve);
      });
    });
  await runBody(library, body, { engine });
  expect(log).toEqual(["tick", "microtask"]);
}

const worldKillers: Readonly<Record<string, Killer>> = {
  "native order is the order of issue": async (library) => {
    let order = "";
    await runBody(
      library,
      race(library, "abc", (came) => (order = came)),
    );
    expect(order).toBe("abc");
  },
  "timers due at one time fire in order of creation": async (library) => {
    const log: string[] = [];
    await runBody(library, async () => {
      for (const name of ["a", "b"]) setTimeout(() => log.push(name), 10);
      await sleep(20);
    });
    expect(log).toEqual(["a", "b"]);
  },
  "time stands still within a segment": async (library) => {
    const times: number[] = [];
    await runBody(library, async () => {
      times.push(Date.now(), Date.now());
      await sleep(7);
      times.push(Date.now());
    });
    expect(times.map((time) => time - times[0]!)).toEqual([0, 0, 7]);
  },
  "an external waits for its window": async (library) => {
    let came = -1;
    await runBody(library, async (t) => {
      await library.issueIo("slow", { min: 20 });
      came = t.now;
    });
    expect(came).toBe(20);
  },
  "the clock does not pass the end of a window": async (library) => {
    const { run } = await runBody(library, async () => {
      await Promise.all([library.issueIo("quick", { max: 5 }), sleep(10)]);
    });
    expect(run.picks).toBe(0);
  },
  "a channel keeps its order": async (library) => {
    const { run } = await runBody(library, async () => {
      const one = (name: string): Promise<void> => library.issueIo(name, { channel: "c", order: "fifo" });
      await Promise.all([one("a"), one("b")]);
    });
    expect([run.outcome?.kind, run.picks]).toEqual(["passed", 0]);
  },
  "settled is the last thing to happen": async (library) => {
    const log: string[] = [];
    await runBody(library, async (t) => {
      setTimeout(() => log.push("timer"), 10);
      await t.settled();
      log.push("settled");
    });
    expect(log).toEqual(["timer", "settled"]);
  },
  "invariants hold after the last step too": async (library) => {
    const { run } = await runBody(library, async (t) => {
      let isWhole = true;
      t.invariant(() => isWhole);
      await library.issueIo("last");
      isWhole = false;
    });
    expect(run.outcome?.kind).toBe("failed");
  },
  "an interval fires at its pace until it is cleared": async (library) => {
    const times: number[] = [];
    await runBody(library, async (t) => {
      const interval = setInterval(() => {
        times.push(t.now);
        if (times.length === 2) clearInterval(interval);
      }, 10);
      await sleep(55);
    });
    expect(times).toEqual([10, 20]);
  },
  "an unreferenced timer keeps nothing alive": async (library) => {
    let hasFired = false;
    await runBody(library, async () => {
      setTimeout(() => (hasFired = true), 10).unref();
    });
    expect(hasFired).toBe(false);
  },
  "an interval alone does not hide a deadlock": async (library) => {
    const { run } = await runBody(library, () => {
      setInterval(() => {}, 1000);
      return new Promise<void>(() => {});
    });
    expect(run.outcome?.kind).toBe("deadlock");
  },
  "real I/O is named with its line": async (library) => {
    const body = async (): Promise<void> => void (await readFile(import.meta.filename));
    const { run } = await runBody(library, body, { engine: "async", world: library.outsideWorld("error") });
    expect(run.outcome).toMatchObject({
      kind: "uncontrolled",
      requests: [{ type: expect.stringMatching(/^F/), line: expect.stringContaining("killers.ts:") }],
    });
  },
  "ticks run before microtasks on the fast engine": (library) => ticksFirst(library, "fast"),
  "ticks run before microtasks on the reference engine": (library) => ticksFirst(library, "async"),
};

const strandKillers: Readonly<Record<string, Killer>> = {
  "a catch goes on as the strand it belongs to": async (library) => {
    const { p, r, c, issueIo } = library;
    const seen: string[][] = [];
    const retry = task(library, "retry", async ({ a, at }) => {
      try {
        r(a, await p(a, at(0), 0, Promise.reject(new Error("refused"))));
      } catch {
        c(a);
        r(a, await p(a, at(1), 0, issueIo("again")));
      }
    });
    await runBody(library, async () => void (await Promise.all([retry(), retry()])), { strategy: watching(seen) });
    expect(seen).toEqual([["retry", "retry"]]);
  },
  "calls that are not awaited directly are strands of their own": async (library) => {
    const { p, r } = library;
    const strands = new Set<StrandView>();
    const racer = racers(library, []);
    const parent = task(library, "parent", async ({ a, at }) => {
      r(a, await p(a, at(0), 0, Promise.all([racer("a"), racer("b")])));
    });
    const seen: string[][] = [];
    const strategy = watching(seen);
    await runBody(library, () => parent(), {
      strategy: {
        pick(options) {
          for (const { strand } of options) strands.add(strand);
          return strategy.pick(options);
        },
      },
    });
    expect(seen).toEqual([["racer", "racer"]]);
    expect(strands.size).toBe(2);
  },
  "a held await takes longer": async (library) => {
    const { p, r } = library;
    const log: string[] = [];
    const strand = task(library, "strand", async ({ a, at }, name: string) => {
      r(a, await p(a, at(0), 0, Promise.resolve()));
      log.push(name);
    });
    const body = async (): Promise<void> => void (await Promise.all([strand("a"), strand("b")]));
    const { run } = await runBody(library, body, {}, [{ kind: "hold", at: 0 }]);
    expect([run.outcome?.kind, ...log]).toEqual(["passed", "b", "a"]);
  },
  "strands of a failed run are parked for good": async (library) => {
    const { p, r, issueIo } = library;
    let writes = 0;
    const writer = task(library, "writer", async ({ a, at }, gate: Promise<void>) => {
      r(a, await p(a, at(0), 0, gate));
      for (let turn = 0; turn < 9; turn += 1) r(a, await p(a, at(1), 0, null));
      writes += 1;
    });
    const { run } = await runBody(library, async () => {
      const gate = issueIo("gate");
      void writer(gate);
      await gate;
      throw new Error("over");
    });
    expect([run.outcome?.kind, writes]).toEqual(["failed", 0]);
  },
  "moved lines leave the hash as it is": async (library) => {
    const { p, r, issueIo } = library;
    const hashFrom = async (line: number): Promise<string> => {
      const code = task(
        library,
        "same",
        async ({ a, at }, name: string) => void r(a, await p(a, at(0), 0, issueIo(name))),
        line,
      );
      return (await runBody(library, async () => void (await Promise.all([code("a"), code("b")])), {}, [pick(0)])).hash;
    };
    const [before, after] = [await hashFrom(1), await hashFrom(40)];
    expect(before).toBe(after);
  },
};

/** Killers by title. */
export const killers: Readonly<Record<string, Killer>> = { ...worldKillers, ...strandKillers, ...searchKillers };
