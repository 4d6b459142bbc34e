/**
 * The face: explore a body and throw, or report. Explorations of one thread queue, since there is one virtual world.
 */
import { ScheduleError, show } from "./errors.js";
import { type ExploreOptions, type InputOptions, readOptions } from "./options.js";
import { Exploration } from "./exploration.js";
import { type InputBody, InputExploration } from "./explore-inputs.js";
import type { Report } from "./report/report.js";
import { natives } from "./natives.js";
import { running } from "./runtime/activation.js";
import type { Body, Explorer } from "./runtime/explorer.js";
import { installRuntime } from "./runtime/registry.js";
import { refuseFakeTimers } from "./world/install.js";

/**
 * Jest runs tests in contexts of their own: neither their globals nor their microtasks are the ones under control. Its
 * environment is inherited by processes that a test starts, so another runner's own mark comes first.
 */
function refuseJest(): void {
  const env = natives.process?.env ?? {};
  if (env["VITEST"] || env["NODE_TEST_CONTEXT"]) return;
  if (!env["JEST_WORKER_ID"] && !("jest" in globalThis)) return;
  throw new ScheduleError(
    "LW_SCHEDULE",
    "explore() does not work under Jest, whose tests run in contexts of their own: use Vitest with explorePlugin() from @lockwright/explore/vitest, or node:test with node --import @lockwright/explore/register --test",
  );
}

/** The last exploration asked for; the next one waits for it. */
let queue: Promise<unknown> = Promise.resolve();
let asked = 0;

/** How many explorations were asked for in this thread. */
export function explorationsAsked(): number {
  return asked;
}

/**
 * Runs `body` under many schedules and reports what was found; throws for a failing schedule only when asked about bad
 * arguments, a token of another program, or a program that cannot be explored.
 *
 * **When to use** To look at coverage, latent failures and warnings; in a test use {@link explore}.
 *
 * **Errors** A TypeError or RangeError for bad options; `LW_NONDETERMINISTIC`, `LW_REPLAY_MISMATCH`, `LW_FAKE_TIMERS`.
 *
 * **Example**
 * ```ts
 * import { exploreReport, io } from "@lockwright/explore";
 *
 * const report = await exploreReport(async (t) => {
 *   const seen: string[] = [];
 *   const ask = (name: string) => io(name).then(() => seen.push(name));
 *   await Promise.all([ask("a"), ask("b")]);
 *   t.note(seen.join());
 * });
 * // either answer first, and both again with the await held; without a hook no await can be held: 2
 * console.log(report.ok, report.coverage.distinct); // true 4
 * ```
 */
export function exploreReport(body: Body, options?: ExploreOptions): Promise<Report>;
/** {@link exploreReport} of a body that takes generated inputs after `t`. */
export function exploreReport<const Inputs extends readonly unknown[]>(
  body: (t: Explorer, ...inputs: Inputs) => void | Promise<void>,
  options: InputOptions<Inputs>,
): Promise<Report>;
export function exploreReport(body: InputBody, options: ExploreOptions<readonly unknown[]> = {}): Promise<Report> {
  return exploreWith(body, options);
}

/** {@link exploreReport} that tells how far it is: `progress` gets the number of schedules run, every few milliseconds. */
export function exploreWith(
  body: InputBody,
  options: ExploreOptions<readonly unknown[]>,
  progress?: (runs: number) => void,
): Promise<Report> {
  asked += 1;
  try {
    if (typeof body !== "function") throw new TypeError(`body must be a function, got ${show(body)}`);
    const settings = readOptions(options, body.name);
    refuseJest();
    installRuntime();
    // With nobody's code on the stack it is somebody beside the run that is active: that one waits its turn.
    if (running() !== null) throw new ScheduleError("LW_SCHEDULE", "explore() inside a body: bodies do not nest");
    const mine = queue.then(() => {
      refuseFakeTimers();
      if (settings.inputs.length > 0) return new InputExploration(body, settings, progress).run();
      return new Exploration(body, settings, progress).run();
    });
    queue = mine.catch(() => {});
    return mine;
  } catch (error) {
    return Promise.reject<never>(error);
  }
}

/**
 * Runs `body` under many schedules and throws for one that fails: a {@link ScheduleError} whose message holds the one
 * sentence that says what must take longer, a timeline and a replay token, and whose `cause` is the program's own error.
 *
 * What it does not prove: it sees only awaits in files that were transformed, and decides only completions it controls; it
 * is exhaustive only within the bound that it prints; and it explores one thread of JavaScript.
 *
 * **When to use** In a test, around async code that shares state. The body builds its own world each time it is called;
 * `inputs` gives it generated data.
 *
 * **Errors** A `ScheduleError` with the code of what happened: `LW_SCHEDULE` (the body's own error), `LW_DEADLOCK`,
 * `LW_LIVELOCK`, `LW_UNHANDLED`, `LW_UNCONTROLLED`; those of {@link exploreReport}.
 *
 * **Example**
 * ```ts
 * import { explore, io, ScheduleError } from "@lockwright/explore";
 *
 * async function bothAnswer(): Promise<void> {
 *   let last = "";
 *   const ask = (name: string) => io(name).then(() => (last = name));
 *   await Promise.all([ask("first"), ask("second")]);
 *   if (last !== "second") throw new Error("an old answer overwrote a newer one");
 * }
 * try {
 *   await explore(bothAnswer);
 * } catch (error) {
 *   console.log(error instanceof ScheduleError, ((error as Error).cause as Error).message); // true an old answer …
 * }
 * ```
 */
export function explore(body: Body, options?: ExploreOptions): Promise<void>;
/** {@link explore} with a body that takes generated inputs after `t`. */
export function explore<const Inputs extends readonly unknown[]>(
  body: (t: Explorer, ...inputs: Inputs) => void | Promise<void>,
  options: InputOptions<Inputs>,
): Promise<void>;
export async function explore(body: InputBody, options: ExploreOptions<readonly unknown[]> = {}): Promise<void> {
  const report = await exploreWith(body, options);
  if (report.failure === undefined) return;
  const { error, message } = report.failure;
  const code = error instanceof ScheduleError ? error.code : "LW_SCHEDULE";
  throw new ScheduleError(code, message, { cause: error });
}
