/** What search, strategies and tokens promise, each as a check of a copy of the explorer. */
import { expect } from "vitest";
import type { Option, Schedule, StrandView } from "../../src/schedule.js";
import { executorOf, pick, race, racers } from "./lab.ts";
import type { Library } from "./library.ts";

const strandOf = (id: number): StrandView => ({ id, name: `s${id}` });
const optionOf = (id: number): Option => ({ kind: "external", strand: strandOf(id), label: undefined });

/** Runs whatever bounded search asks for and gives the departures of each schedule. */
async function schedulesWithin(library: Library, names: string, external: number): Promise<readonly string[]> {
  const search = new library.BoundedSearch("external", { external, hold: 0 });
  const seen: string[] = [];
  let left = 200;
  await executorOf(library, race(library, names)).search(
    () => (left-- > 0 ? search.next() : undefined),
    (run) => {
      search.ran(run);
      seen.push(run.deviations.map((each) => (each.kind === "pick" ? `${each.at}-${each.choice}` : "hold")).join());
      return false;
    },
  );
  return seen;
}

/** Killers by title. */
export const searchKillers: Readonly<Record<string, (library: Library) => Promise<void>>> = {
  "bounded search runs each schedule within the bound once": async (library) => {
    expect(await schedulesWithin(library, "abc", 1)).toEqual(["", "0-1", "0-2", "1-1"]);
    const all = await schedulesWithin(library, "abc", 2);
    expect(all.toSorted()).toEqual(["", "0-1", "0-1,1-1", "0-2", "0-2,1-1", "1-1"]);
  },
  "shrinking keeps the failure it began with": async (library) => {
    const executor = executorOf(
      library,
      race(library, "abc", (order) => {
        if (order === "cba") throw new Error("backwards");
        if (order !== "abc") throw new RangeError("out of order");
      }),
    );
    const found: Schedule = { fidelity: "external", deviations: [pick(0, 2), pick(1)] };
    const { run } = await executor.record(found);
    const small = await library.shrink(executor, found, library.signatureOf(run)!);
    const again = await executor.record(small);
    expect(again.run.outcome).toMatchObject({ kind: "failed", error: { message: "backwards" } });
  },
  "what is graded and printed is the shrunk schedule": async (library) => {
    const body = race(library, "abcd", (order) => {
      if (!order.startsWith("a")) throw new Error("a is late");
    });
    const last = { pick: (options: readonly Option[]) => options.length - 1 };
    const { failure } = await library.exploreReport(body, { strategy: last });
    expect(failure?.token).toMatch(/^lw1d\.0~/);
  },
  "a fair suffix passes nobody over for long": async (library) => {
    const strategy = library.fairSuffix({ pick: () => 0 }, 0, 3);
    strategy.begin?.({ seed: 1, steps: 1 });
    const starving = optionOf(1);
    const picks = Array.from({ length: 5 }, () => strategy.pick([optionOf(0), starving]));
    expect(picks).toContain(1);
  },
  "each sample has a seed of its own": async (library) => {
    const sampling = new library.Sampling(["pct", "random", "pos"], "holds", 7);
    const seeds = Array.from({ length: 20 }, () => sampling.next(10).plan?.seed);
    expect(new Set(seeds).size).toBe(20);
  },
  "PCT changes its mind": async (library) => {
    const options = [optionOf(0), optionOf(1)];
    const strategy = library.pct(2);
    const hasChanged = Array.from({ length: 20 }, (_, seed) => {
      strategy.begin?.({ seed, steps: 2 });
      return strategy.pick(options) !== strategy.pick(options);
    });
    expect(hasChanged).toContain(true);
  },
  "a token reads as it was written": async ({ readToken, writeToken }) => {
    const schedule: Schedule = {
      fidelity: "holds",
      deviations: [pick(1), pick(2, 3), { kind: "hold", at: 4 }, { kind: "hold", at: 40 }],
    };
    const token = writeToken(schedule, "00ff");
    expect(token).toBe("lw1d.1.1-3_4_10~00ff");
    expect(readToken(token)).toMatchObject(schedule);
  },
  "a token of another program is refused": async (library) => {
    const replayed = library.exploreReport(race(library, "ab"), { replay: "lw1d.0-9~0000" });
    await expect(replayed).rejects.toMatchObject({
      code: "LW_REPLAY_MISMATCH",
      message: expect.stringContaining("decision 0 has fewer options"),
    });
  },
  "a rejection that nobody handles fails its run": async (library) => {
    const { failure } = await library.exploreReport(async () => {
      await library.issueIo("request");
      void Promise.reject(new Error("nobody"));
    });
    expect(failure?.error).toMatchObject({ code: "LW_UNHANDLED", cause: { message: "nobody" } });
  },
  "a program that never repeats is refused": async (library) => {
    let calls = 0;
    const explored = library.exploreReport(async () => {
      calls += 1;
      await Promise.all(Array.from({ length: calls }, (_, at) => racers(library, [])(String(at))));
    });
    await expect(explored).rejects.toMatchObject({ code: "LW_NONDETERMINISTIC" });
  },
};
