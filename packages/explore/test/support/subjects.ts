/**
 * The ways one program is run; all must give the same. The real runtime joins by being pushed onto {@link subjects}.
 */
import { createRequire } from "node:module";
import { inspect } from "node:util";
import { compileFunction, constants } from "node:vm";
import { transform, type TransformOptions } from "../../src/transform/index.ts";
import { checkRunning, controlled, installReferenceRuntime } from "./reference-runtime.ts";

/** One way to run the main function of a transformed program. */
export interface Subject {
  readonly name: string;
  /** Makes its runtime the one of the thread: before the program is evaluated. */
  readonly install: () => void;
  readonly run: (main: () => Promise<unknown>) => Promise<unknown>;
}

export const subjects: Subject[] = [
  { name: "outside a run", install: installReferenceRuntime, run: (main) => main() },
  { name: "controlled, zero deviations", install: installReferenceRuntime, run: runControlled },
];

async function runControlled(main: () => Promise<unknown>): Promise<unknown> {
  const { value, seen } = await controlled(main);
  if (seen.violations.length > 0) throw new Error(`[T1] ${seen.violations.join("\n")}`);
  return value;
}

/** What a program does with the outside: it says so here. */
export type Log = (what: unknown) => void;
/** Gives `value`; where the runtime knows who runs, it must be the function of this name. */
export type At = <T>(name: string, value: T) => T;
export type Main = (log: Log, at: At) => unknown;

/** The main function of a program given as the body of an async function, loaded as CommonJS. */
export function evaluate(code: string): Main {
  const module = { exports: undefined as unknown };
  const load = compileFunction(code, ["module", "require"], {
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  }) as (module: object, require: NodeJS.Require) => void;
  load(module, createRequire(import.meta.url));
  return module.exports as Main;
}

export function asModule(body: string): string {
  return `module.exports = async function main(log, at) {${body}\n}`;
}

export function transformed(code: string, options: TransformOptions = {}, file = "snippet.cjs"): string {
  return transform(code, file, options).code;
}

/** Whether the running Node has `await using`, so that there is something to compare with. */
export function hasUsing(): boolean {
  try {
    return typeof compileFunction("async()=>{await using x=null}") === "function";
  } catch {
    return false;
  }
}

const at: At = (name, value) => {
  checkRunning(name);
  return value;
};

const TICKS = 300;

/**
 * Runs a main function beside a counter of microtask ticks, and gives everything that happened in order: so a tick more
 * or less shows, wherever it is.
 */
export async function happenings(run: (main: () => Promise<unknown>) => Promise<unknown>, main: Main): Promise<string> {
  const lines: string[] = [];
  let isOver = false;
  const log: Log = (what) => {
    if (!isOver) lines.push(typeof what === "string" ? what : inspect(what, { depth: 6 }));
  };
  let ticks = 0;
  const tick = (): void => {
    if (isOver || ticks === TICKS) return;
    lines.push(`·${++ticks}`);
    void Promise.resolve().then(tick);
  };
  // The end is noted here, not after `run`: a runner may take ticks of its own to hand the result back.
  const body = async (): Promise<void> => {
    void Promise.resolve().then(tick);
    try {
      log(inspect(await main(log, at), { depth: 6 }));
    } catch (error) {
      log(`threw ${inspect(error instanceof Error ? `${error.name}: ${error.message}` : error)}`);
    }
    isOver = true;
  };
  await run(body);
  return lines.join("\n");
}
