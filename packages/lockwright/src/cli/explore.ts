/** The command `lockwright explore`: runs a file under many schedules, by the package `@lockwright/explore`. */
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  choice,
  type Command,
  type Context,
  count,
  defineCommand,
  duration,
  flag,
  type OptionTable,
  text,
} from "./command.js";
import { EXIT } from "./exit-codes.js";
import { UsageError } from "./usage-error.js";

const PACKAGE = "@lockwright/explore";
const MOST = 1_000_000_000;

const options = {
  runs: count("<n>", "schedules to try at most (default 5000)", 1, MOST),
  ms: duration("time to spend at most (default 2s)", { least: 1 }),
  seed: count("<n>", "seed of chance, in the program and in the search (default 1)", 0, MOST),
  fidelity: choice(["external", "holds", "all"], "which awaits are choices (default holds)"),
  strategy: choice(["portfolio", "bounded", "random", "pct", "pos"], "how to search (default portfolio)"),
  replay: text("<token>", "play one schedule back: a token, as a failure prints it"),
  "fail-on": choice(["feasible", "latent"], "latent: failures that need an await to become slower count too"),
  externals: choice(
    ["error", "allow"],
    "real I/O: an error (default), or taken as it comes, without replay (default with --from-test)",
  ),
  track: flag("note property accesses: finds lost updates by what was read and written"),
  inline: text("<packages>", "packages to put scheduling points into too, separated by commas"),
  html: text("<file>", "write a failure's report as one HTML page"),
  "from-test": text("<file>", "explore a test of a node:test or Vitest file instead"),
  test: { ...text("<name>", "with --from-test: the name of the test"), short: "t" },
} as const satisfies OptionTable;

const details = `The file's default export is the body: an async function that is run once for each schedule, or the file calls
explore() itself. TypeScript needs no other loader. Prints what was found: one sentence that says what must take
longer than what, a timeline, a token that plays the schedule back.

It sees awaits in files outside node_modules and decides completions that the body marks (t.io, io) and timers; real
I/O is reported, never guessed about. Needs the package ${PACKAGE} in your project.

--from-test takes the file of a flaky test and the test's name, alone or as "suite > test": its hooks before and after
each run with it. vi.mock and aliases of a Vitest configuration do not apply.`;

export const exploreCommand: Command = defineCommand({
  name: "explore",
  summary: "find the order that breaks async code, and play it back",
  usage: "[options] <file>",
  positionals: [{ name: "file", kind: "word", optional: true }],
  options,
  ownsSignals: true,
  details,
  exits: [
    [EXIT.done, "no schedule fails, or only latent ones do"],
    [EXIT.failed, "a schedule fails"],
    [3, "the program cannot be explored: real I/O, or it never runs the same way twice"],
  ],
  run,
});

/** The face of the other package's runner, as far as it is used here. */
interface Runner {
  nodeArguments(request: object): readonly string[];
}

async function run(context: Context<typeof options>): Promise<number> {
  const file = fileOf(context);
  const runner = await loadRunner(context.cwd);
  const args = runner.nodeArguments(requestOf(context, file));
  const env: NodeJS.ProcessEnv = { ...context.env };
  if (context.options.track === true) env["LOCKWRIGHT_EXPLORE_TRACK"] = "1";
  if (context.options.test !== undefined) env["LOCKWRIGHT_EXPLORE_COLLECT"] = "1";
  if (context.options.inline !== undefined) env["LOCKWRIGHT_EXPLORE_INLINE"] = context.options.inline;
  return await runNode(args, env, context.signal);
}

function fileOf({
  positionals: [given],
  options: { "from-test": fromTest, test },
  cwd,
}: Context<typeof options>): string {
  if ((given === undefined) === (fromTest === undefined))
    throw new UsageError(given === undefined ? "explore needs a file" : "give a file or --from-test, not both");
  if ((fromTest === undefined) !== (test === undefined)) throw new UsageError("--from-test and --test go together");
  const file = resolve(cwd, given ?? fromTest!);
  if (!existsSync(file)) throw new UsageError(`there is no file ${JSON.stringify(given ?? fromTest)}`);
  if (!statSync(file).isFile()) throw new UsageError(`${JSON.stringify(given ?? fromTest)} is not a file`);
  return file;
}

/** The user's own copy: the one that the program imports too. */
async function loadRunner(cwd: string): Promise<Runner> {
  const require = createRequire(join(cwd, "package.json"));
  let path: string;
  try {
    path = require.resolve(`${PACKAGE}/runner`);
  } catch {
    throw new UsageError(`explore needs the package ${PACKAGE}`, `install it: npm install --save-dev ${PACKAGE}`);
  }
  return (await import(pathToFileURL(path).href)) as Runner;
}

function requestOf({ options: given, json, quiet, cwd }: Context<typeof options>, file: string): object {
  const { runs, ms, seed, fidelity, strategy, replay, "fail-on": failOn, externals, html, test } = given;
  const all = { runs, ms, seed, fidelity, strategy, replay, failOn, externals };
  return { file, options: all, json, quiet, html: html === undefined ? undefined : resolve(cwd, html), test };
}

/** Runs node with our streams; resolves to its exit code. A signal to us ends it too. */
function runNode(args: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: "inherit", env });
  // Ctrl-C reached it from the terminal already; a signal to us alone must reach it too.
  const forward = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", forward, { once: true });
  return new Promise((done, failed) => {
    child.once("error", failed);
    child.once("exit", (code, ended) => {
      signal.removeEventListener("abort", forward);
      done(code ?? EXIT.signal + (ended === null ? 0 : constants.signals[ended]));
    });
  });
}
