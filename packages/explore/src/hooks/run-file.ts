/**
 * The other process of `lockwright explore`: loads the file under the hooks, explores its body, prints what was found.
 * stdout carries the report, stderr everything else.
 */
import { pathToFileURL } from "node:url";
import { ScheduleError } from "../errors.js";
import { explorationsAsked, exploreWith } from "../explore.js";
import { performanceNow } from "../natives.js";
import type { ExploreOptions } from "../options.js";
import type { Report } from "../report/report.js";
import type { Body } from "../runtime/explorer.js";
import { RUNNER_EXIT, type RunnerRequest } from "../runner.js";
import { collectedTest } from "./collect.js";

const PROGRESS_MS = 100;

/** Writes one line over and over while a search goes on; only to a terminal. */
class ProgressLine {
  readonly #isShown: boolean;
  readonly #started: number = performanceNow();
  #last = 0;

  constructor(isQuiet: boolean) {
    this.#isShown = process.stderr.isTTY && !isQuiet;
  }

  tell(runs: number): void {
    const now = performanceNow();
    if (!this.#isShown || now - this.#last < PROGRESS_MS) return;
    this.#last = now;
    const seconds = ((now - this.#started) / 1000).toFixed(1);
    process.stderr.write(`\r\u001b[K${runs} schedules, ${seconds} s`);
  }

  clear(): void {
    if (this.#isShown) process.stderr.write("\r\u001b[K");
  }
}

function exploreOptions({ options, html, test }: RunnerRequest, name: string): ExploreOptions {
  const { runs, ms, ...others } = options;
  // A test's I/O is taken as found: what it cannot control it does not promise to replay.
  const found = test === undefined ? {} : { externals: "allow" as const };
  const budget = { ...(runs === undefined ? {} : { runs }), ...(ms === undefined ? {} : { ms }) };
  return { name, ...found, ...others, budget, ...(html === undefined ? {} : { report: { html } }) };
}

/** What is to be explored; `prepare` and `clean` run once, under nobody's control. */
interface Subject {
  readonly name: string;
  readonly body: Body;
  prepare?(): Promise<void>;
  clean?(): Promise<void>;
}

/** Loads the file; gives its body or the test asked for, or undefined when it explored by itself. */
async function loadSubject({ file, test }: RunnerRequest): Promise<Subject | undefined> {
  if (test !== undefined) {
    await import(pathToFileURL(file).href);
    return collectedTest(file, test);
  }
  const module = (await import(pathToFileURL(file).href)) as { readonly default?: unknown };
  if (typeof module.default === "function") {
    const body = module.default as Body;
    return { name: body.name || file, body };
  }
  if (explorationsAsked() > 0) return undefined;
  throw new TypeError(`${file} has no body: make its default export an async function, or call explore() in it`);
}

function print(report: Report, { json, quiet }: RunnerRequest): void {
  if (json) {
    process.stdout.write(`${JSON.stringify({ schema: 1, ...report, failure: plain(report.failure) })}\n`);
    return;
  }
  const { failure, latent, warnings, coverage } = report;
  if (failure === undefined) process.stdout.write(`no failing schedule: ${coverage.line}\n`);
  else process.stdout.write(`${failure.message}\n`);
  for (const { message } of latent) process.stdout.write(`\nlatent:\n${message}\n`);
  if (!quiet) for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}

/** An error has no enumerable message of its own. */
function plain(failure: Report["failure"]): object | undefined {
  if (failure === undefined) return undefined;
  const { name, message } = failure.error;
  const code = failure.error instanceof ScheduleError ? { code: failure.error.code } : {};
  return { ...failure, error: { name, message, ...code } };
}

const CANNOT: ReadonlySet<string> = new Set([
  "LW_UNCONTROLLED",
  "LW_NONDETERMINISTIC",
  "LW_REPLAY_MISMATCH",
  "LW_FAKE_TIMERS",
]);

function isBeyondControl(error: unknown): boolean {
  return error instanceof ScheduleError && CANNOT.has(error.code);
}

/** An error of the hooks' thread comes over as a copy, of which only the stack is sure to be whole. */
function isTransformError(error: unknown): boolean {
  const { code, stack = "" } = error as { readonly code?: unknown; readonly stack?: string };
  return code === "LW_TRANSFORM" || stack.startsWith("LockwrightError: ");
}

function exitOfError(error: unknown): number {
  if (isBeyondControl(error)) return RUNNER_EXIT.uncontrolled;
  const isUsage =
    isTransformError(error) ||
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError;
  return isUsage ? RUNNER_EXIT.usage : RUNNER_EXIT.failing;
}

async function run(request: RunnerRequest): Promise<number> {
  const line = new ProgressLine(request.quiet || request.json);
  try {
    const subject = await loadSubject(request);
    if (subject === undefined) return RUNNER_EXIT.clean;
    const { name, body } = subject;
    await subject.prepare?.();
    const report = await exploreWith(body, exploreOptions(request, name), (runs) => line.tell(runs));
    await subject.clean?.();
    line.clear();
    print(report, request);
    if (report.failure === undefined) return RUNNER_EXIT.clean;
    return isBeyondControl(report.failure.error) ? RUNNER_EXIT.uncontrolled : RUNNER_EXIT.failing;
  } catch (error) {
    line.clear();
    const code = exitOfError(error);
    const isPlain = error instanceof ScheduleError || code === RUNNER_EXIT.usage;
    process.stderr.write(`${isPlain ? (error as Error).message : String((error as Error).stack ?? error)}\n`);
    return code;
  }
}

process.exitCode = await run(JSON.parse(process.argv[2]!) as RunnerRequest);
