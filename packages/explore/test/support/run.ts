/** Runs bodies against the runtime alone: no search, no transform. Point calls are written by hand. */
import type { Activation } from "../../src/runtime/activation.js";
import { runAsync, type OutsideWorld } from "../../src/runtime/engine-async.js";
import { runFast } from "../../src/runtime/engine-fast.js";
import type { Body } from "../../src/runtime/explorer.js";
import { enter, exit } from "../../src/runtime/point.js";
import { Recorder } from "../../src/runtime/recorder.js";
import { installRuntime } from "../../src/runtime/registry.js";
import { Run, type RunOptions } from "../../src/runtime/run.js";
import type { Fidelity, Strategy } from "../../src/schedule.js";
import { addSites, type PackedSite } from "../../src/sites.js";
import { nativeOrder } from "../../src/strategies/native.js";
import { replay } from "../../src/strategies/replay.js";
import { natives } from "../../src/natives.js";

installRuntime();

/** Awaits that a {@link task} has sites for. */
const SITES = 8;

/** What a finished run came to, and what it was. */
export interface Finished {
  readonly run: Run;
  readonly hash: string;
  readonly hashes: readonly string[];
  readonly trace: ReturnType<Recorder["finish"]>;
}

export type Engine = "async" | "fast";
export const ENGINES: readonly Engine[] = ["async", "fast"];

/** How {@link runBody} runs; all else has the defaults of `explore`. */
export interface HowToRun extends Partial<RunOptions> {
  readonly engine?: Engine;
  readonly world?: OutsideWorld;
}

/** Runs the body once, in native order unless a strategy is given. Starts from a macrotask, like every run. */
export function runBody(body: Body, how: HowToRun = {}): Promise<Finished> {
  const recorder = new Recorder();
  const { engine = "async", world, ...options } = how;
  const run = new Run({
    fidelity: "holds",
    strategy: nativeOrder(),
    maxSteps: 2000,
    ioMax: 1000,
    seed: 1,
    recorder,
    ...options,
  });
  return new Promise((resolve, reject) => {
    const finish = (): void =>
      resolve({ run, hash: recorder.hash, hashes: recorder.hashes(), trace: recorder.finish(run) });
    natives.setImmediate(() => {
      if (engine === "async") return void runAsync(run, body, world).then(finish, reject);
      try {
        runFast(run, body);
        finish();
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

/** A strategy that takes these options at these decisions, and holds at these hold points. */
export function departing(
  picks: Readonly<Record<number, number>>,
  holds: readonly number[] = [],
): { readonly strategy: Strategy; readonly fidelity: Fidelity } {
  const strategy = replay([
    ...Object.entries(picks).map(([at, choice]) => ({ kind: "pick" as const, at: Number(at), choice })),
    ...holds.map((at) => ({ kind: "hold" as const, at })),
  ]);
  return { strategy, fidelity: "holds" };
}

/** Enters the sites of a function with {@link SITES} awaits, in a file called like it; gives the id of the function's. */
export function sitesOf(name: string): number {
  const awaits = Array.from({ length: SITES }, (_, at): PackedSite => [at + 2, 3, "await", `operand ${at}`, name, at]);
  return addSites(`${name}.ts`, [[1, 1, "function", name, "<module>", 0], ...awaits]);
}

/** What the code of a {@link task} gets: its activation, and the site of its n-th await. */
export type TaskCode<A extends unknown[], T> = (
  me: { readonly a: Activation | null; readonly at: (await_: number) => number },
  ...args: A
) => Promise<T>;

/** An async function as the transform leaves it. Its code writes `r(me.a, await p(me.a, me.at(0), 0, operand))`. */
export function task<A extends unknown[], T>(name: string, code: TaskCode<A, T>): (...args: A) => Promise<T> {
  const fn = sitesOf(name);
  const at = (await_: number): number => fn + 1 + await_;
  return async (...args) => {
    const a = enter(fn);
    try {
      return await code({ a, at }, ...args);
    } finally {
      exit(a);
    }
  };
}
