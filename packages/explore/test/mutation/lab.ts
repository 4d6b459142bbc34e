/** Runs scripted bodies on any copy of the explorer: `test/support/run.ts` for a library that is handed in. */
import type { Activation } from "../../src/runtime/activation.js";
import type { OutsideWorld } from "../../src/runtime/engine-async.js";
import type { Body } from "../../src/runtime/explorer.js";
import type { Run, RunOptions } from "../../src/runtime/run.js";
import type { Executor } from "../../src/search/executor.js";
import type { Deviation } from "../../src/schedule.js";
import type { PackedSite } from "../../src/sites.js";
import { natives } from "../../src/natives.js";
import type { Library } from "./library.ts";

const AWAITS = 4;

/** What the code of a task gets: its activation, and the site of its n-th await. */
interface Me {
  readonly a: Activation | null;
  readonly at: (await_: number) => number;
}

/** How {@link runBody} runs. */
export interface HowToRun extends Partial<RunOptions> {
  readonly engine?: "async" | "fast";
  readonly world?: OutsideWorld;
}

/** An async function as the transform leaves it; its lines begin at `line`. */
export function task<A extends unknown[], T>(
  { addSites, enter, exit }: Library,
  name: string,
  code: (me: Me, ...args: A) => Promise<T>,
  line = 1,
): (...args: A) => Promise<T> {
  const awaits = Array.from({ length: AWAITS }, (_, n): PackedSite => [line + n + 1, 3, "await", `${n}`, name, n]);
  const fn = addSites(`${name}.ts`, [[line, 1, "function", name, "<module>", 0], ...awaits]);
  const at = (n: number): number => fn + 1 + n;
  return async (...args) => {
    const a = enter(fn);
    try {
      return await code({ a, at }, ...args);
    } finally {
      exit(a);
    }
  };
}

/** One strand per name, each awaiting one external and then noting its name. */
export function racers(library: Library, log: string[]): (name: string) => Promise<void> {
  const { p, r, issueIo } = library;
  return task(library, "racer", async ({ a, at }, name: string) => {
    r(a, await p(a, at(0), 0, issueIo(name)));
    log.push(name);
  });
}

/** A body whose racers note the order in which they came; `judge` may throw. */
export function race(library: Library, names: string, judge: (order: string) => void = () => {}): Body {
  return async () => {
    const log: string[] = [];
    await Promise.all(names.split("").map(racers(library, log)));
    judge(log.join(""));
  };
}

/** Runs the body once, with `departures` from native order. Starts from a macrotask, like every run. */
export function runBody(
  library: Library,
  body: Body,
  { engine = "fast", world, ...options }: HowToRun = {},
  departures: readonly Deviation[] = [],
): Promise<{ readonly run: Run; readonly hash: string }> {
  const recorder = new library.Recorder();
  const strategy = library.replay(departures);
  const run = new library.Run({
    fidelity: "holds",
    strategy,
    maxSteps: 500,
    ioMax: 1000,
    seed: 1,
    recorder,
    ...options,
  });
  return new Promise((resolve, reject) => {
    const finish = (): void => resolve({ run, hash: recorder.hash });
    natives.setImmediate(() => {
      if (engine === "async") return void library.runAsync(run, body, world).then(finish, reject);
      try {
        library.runFast(run, body);
        finish();
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

/** An executor with the defaults of `explore`. */
export function executorOf(library: Library, body: Body): Executor {
  return new library.Executor(body, {
    seed: 1,
    maxSteps: 500,
    ioMax: 1000,
    fairAfter: 50,
    reset: undefined,
    isLoose: false,
    world: undefined,
    failsUnhandled: true,
    inspect: undefined,
    progress: undefined,
  });
}

/** A departure: at that decision, that option. */
export const pick = (at: number, choice = 1): Deviation => ({ kind: "pick", at, choice });
