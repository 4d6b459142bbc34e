/** One exploration from first run to report. */
import { inspector } from "./aftermath.js";
import { describeAtomicity, findAtomicityViolations } from "./detect/atomicity.js";
import { cycleText } from "./detect/deadlock.js";
import { leakLines } from "./detect/leaks.js";
import { ScheduleError } from "./errors.js";
import type { Settings } from "./options.js";
import { coverageLine } from "./report/coverage.js";
import { explain } from "./report/explanation.js";
import type { FailureView } from "./report/failure-view.js";
import { type Publication, publish } from "./publish.js";
import type { Coverage, Failure, Report } from "./report/report.js";
import { renderText } from "./report/text.js";
import type { Body } from "./runtime/explorer.js";
import type { Run } from "./runtime/run.js";
import { costOf, type Grade, type Schedule } from "./schedule.js";
import { Budget } from "./search/budget.js";
import { type FirstRuns, runFirst } from "./search/determinism.js";
import { Executor, type RecordedRun } from "./search/executor.js";
import { grade } from "./search/grade.js";
import { runFairly } from "./search/livelock.js";
import { type Finding, Portfolio } from "./search/portfolio.js";
import { shrink } from "./search/shrink.js";
import { signatureOf } from "./search/signature.js";
import { isAnyAccessTracked, uninstrumentedPackages } from "./sites.js";
import { type InputAddress, readToken, writeToken } from "./token.js";
import type { Trace } from "./trace.js";
import { errorOf, lineOfSite } from "./verdict.js";
import { outsideWorld } from "./world/requests.js";

const NATIVE: readonly [] = [];

/** Generated inputs that the body was bound to. */
export interface GivenInputs {
  readonly address: InputAddress;
  readonly values: readonly unknown[];
  /** All of them in one line. */
  readonly text: string;
}

/** Explores one body. */
export class Exploration {
  readonly #settings: Settings;
  readonly #executor: Executor;
  readonly #warnings: string[] = [];
  readonly #latent: Draft[] = [];
  readonly #known = new Set<string>();
  readonly #given: GivenInputs | undefined;
  #native: Trace | undefined = undefined;
  #publication: Publication | undefined = undefined;
  /** What tells the failure that was found last from others. */
  signature: string | undefined = undefined;

  constructor(body: Body, settings: Settings, progress?: (runs: number) => void, given?: GivenInputs) {
    this.#given = given;
    const { seed, maxSteps, ioMax, fairAfter, reset, isLoose, detect } = settings;
    this.#settings = settings;
    this.#executor = new Executor(body, {
      seed,
      maxSteps,
      ioMax,
      fairAfter,
      reset,
      isLoose,
      world: outsideWorld(isLoose ? "allow" : "error"),
      failsUnhandled: detect.includes("unhandled"),
      inspect: inspector(detect),
      progress,
    });
  }

  async run(): Promise<Report> {
    const report = await this.look();
    await this.publish();
    return report;
  }

  /** Writes the failure that was found, if there is one, where it is wanted. */
  async publish(): Promise<void> {
    if (this.#publication !== undefined) await publish(this.#publication, this.#settings.report);
  }

  /** Explores without writing anything. */
  async look(): Promise<Report> {
    const { rejections } = this.#executor;
    rejections.begin();
    try {
      return this.#settings.replay === undefined ? await this.#search() : await this.#replay(this.#settings.replay);
    } finally {
      rejections.end();
    }
  }

  get #isTracking(): boolean {
    return this.#settings.detect.includes("lost-update");
  }

  async #search(): Promise<Report> {
    const { fidelity, warmup } = this.#settings;
    const first = await runFirst(this.#executor, fidelity, warmup, this.#isTracking);
    this.#native = first.trace;
    this.#warnings.push(...first.warnings, ...warningsOf(first, this.#settings.detect));
    const portfolio = new Portfolio(this.#executor, this.#settings, new Budget(this.#settings.runs, this.#settings.ms));
    const { run } = first.recorded;
    this.#failLostUpdate(run, first.trace);
    if (signatureOf(run) !== undefined && run.outcome?.kind !== "step-limit") {
      const schedule: Schedule = { fidelity: "external", deviations: NATIVE };
      portfolio.noteNative();
      return this.#report(
        portfolio,
        this.#failure(schedule, "A", first.recorded, first.trace, { by: "native order", after: 1 }),
      );
    }
    if (run.outcome?.kind === "step-limit") {
      const endless = await this.#findEndless();
      if (endless !== undefined) {
        portfolio.noteNative();
        return this.#report(portfolio, await this.#explain(endless));
      }
    }
    for (;;) {
      const finding = await portfolio.next(this.#known);
      if (finding === undefined) return this.#report(portfolio, undefined);
      const failure = await this.#explain(finding);
      if (failure.grade !== "C" || this.#settings.failsOnLatent) return this.#report(portfolio, failure);
      this.#known.add(finding.signature);
      this.#latent.push(failure);
    }
  }

  /** Native order came to the step limit: is it a livelock? */
  async #findEndless(): Promise<Finding | undefined> {
    const { schedule, run } = await runFairly(this.#executor, { fidelity: "external", deviations: NATIVE });
    const signature = signatureOf(run);
    if (signature === undefined) return undefined;
    return { schedule, signature, foundAfter: 1, strategy: "native order" };
  }

  /** A run that passed fails after all when it lost an update, where that is looked for. */
  #failLostUpdate(run: Run, trace: Trace): void {
    const lost = this.#isTracking && run.outcome?.kind === "passed" ? lostUpdate(trace) : undefined;
    if (lost !== undefined) run.outcome = { kind: "failed", error: lost, isUnhandled: false };
  }

  /** Makes a finding small, grades it and records it. */
  async #explain({ schedule, signature, foundAfter, strategy }: Finding): Promise<Draft> {
    const small = await shrink(this.#executor, schedule, signature);
    const graded = await grade(this.#executor, small, signature, this.#settings.seed);
    const recorded = await this.#executor.record(graded.schedule, this.#isTracking);
    const again = signatureOf(recorded.run);
    if (again !== signature)
      throw new ScheduleError(
        "LW_NONDETERMINISTIC",
        `a failing schedule ended otherwise when it was replayed: ${signature}, then ${again ?? "passed"}`,
      );
    const trace = recorded.recorder.finish(recorded.run);
    return this.#failure(graded.schedule, graded.grade, recorded, trace, { by: strategy, after: foundAfter });
  }

  #failure(schedule: Schedule, graded: Grade, { run }: RecordedRun, trace: Trace, found: Failure["found"]): Draft {
    const error = errorOf(run.outcome!, trace);
    const given = this.#given;
    const token = writeToken(schedule, hashOf(run, trace), this.#settings.isLoose, given?.address);
    this.signature = signatureOf(run);
    // What the message says already is not said twice.
    const details = detailsOf(trace).filter((line) => !error.message.includes(line));
    if (given !== undefined) details.unshift(given.text);
    const inputs = given === undefined ? {} : { inputs: given.values };
    return { ...inputs, error, grade: graded, found, token, schedule, explanation: explain(trace, details), trace };
  }

  async #replay(token: string): Promise<Report> {
    const content = readToken(token);
    if (content.address !== undefined && this.#given === undefined)
      throw new ScheduleError("LW_REPLAY_MISMATCH", `${token} names inputs, and this body takes none: give inputs`);
    const recorded = await this.#executor.record(content, this.#isTracking);
    const { run, recorder, mismatch } = recorded;
    const trace = recorder.finish(run);
    this.#failLostUpdate(run, trace);
    const isWhole = run.deviations.length === content.deviations.length && mismatch === undefined;
    if (!isWhole || (!content.isLoose && hashOf(run, trace) !== content.hash))
      throw new ScheduleError("LW_REPLAY_MISMATCH", mismatchMessage(token, run, trace, mismatch));
    const coverage = { runs: 1, distinct: 1, line: `1 schedule, replayed from ${token}` };
    if (signatureOf(run) === undefined) {
      this.#warnings.push("the schedule of the token passes now");
      return this.#reportOf(undefined, coverage);
    }
    const { external, hold } = costOf(content.deviations);
    const graded: Grade = hold > 0 ? "C" : external > 0 ? "B" : "A";
    return this.#reportOf(this.#failure(content, graded, recorded, trace, { by: "replay", after: 0 }), coverage);
  }

  #report(portfolio: Portfolio, failure: Draft | undefined): Report {
    const { bounded, distinct } = portfolio;
    const { runs, maxSteps, maxStrands } = this.#executor;
    const complete = bounded?.complete;
    const line = coverageLine({
      runs: portfolio.schedules,
      distinct,
      ...(complete === undefined ? {} : { complete: { ...complete, schedules: bounded!.completeRuns } }),
      ...(bounded === undefined ? {} : { reached: bounded.reached }),
      strategies: portfolio.samples === 0 ? [] : portfolio.sampled,
      strands: maxStrands,
      maxSteps,
      unfair: portfolio.unfair,
      notInstrumented: uninstrumentedPackages(),
      isLoose: this.#settings.isLoose,
    });
    const coverage = { runs, distinct, ...(complete === undefined ? {} : { complete }), line };
    return this.#reportOf(failure, coverage);
  }

  #reportOf(draft: Draft | undefined, coverage: Coverage): Report {
    const latent = this.#latent.map((each) => this.#finish(each, this.#viewOf(each, coverage)));
    const base = { latent, warnings: this.#warnings, coverage };
    if (draft === undefined) return { ok: true, ...base };
    const view = this.#viewOf(draft, coverage);
    this.#publication = { view, trace: draft.trace, native: this.#native };
    return { ok: false, failure: this.#finish(draft, view), ...base };
  }

  #viewOf({ schedule, error, grade: graded, token, explanation }: Draft, coverage: Coverage): FailureView {
    const { name, message } = error;
    const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {};
    return {
      test: this.#settings.name,
      error: { name, message, ...code },
      grade: graded,
      token,
      cost: costOf(schedule.deviations),
      explanation,
      coverage: coverage.line,
    };
  }

  #finish({ schedule: _, ...failure }: Draft, view: FailureView): Failure {
    return { ...failure, message: renderText(view, failure.trace) };
  }
}

/** A failure whose message is not written yet. */
type Draft = Omit<Failure, "message"> & { readonly schedule: Schedule };

/** The hash that a token carries: of the trace up to the last departure, of all of it when there is none. */
function hashOf(run: Run, trace: Trace): string {
  const step = run.deviations.length === 0 ? trace.steps.at(-1) : trace.steps[run.lastDeviationStep];
  return step?.hash ?? "0000";
}

function mismatchMessage(token: string, run: Run, trace: Trace, mismatch: number | undefined): string {
  const why =
    mismatch === undefined
      ? `the program takes another way by step ${run.deviations.length === 0 ? trace.steps.length - 1 : run.lastDeviationStep}`
      : `decision ${mismatch} has fewer options than the token picks`;
  return `${token} is the schedule of another program, or of this one before it was changed: ${why}`;
}

function warningsOf({ recorded: { run }, trace }: FirstRuns, detect: Settings["detect"]): string[] {
  const warnings: string[] = [];
  if (detect.includes("lost-update") && !isAnyAccessTracked())
    warnings.push('detect: ["lost-update"] sees nothing: no file was transformed with track');
  if (run.outcome?.kind !== "passed") return warnings;
  if (run.events === 0)
    warnings.push(
      "no external and no timer was seen: a body that waits for nothing from outside has one order only; mark the fake's calls with t.io(fake)",
    );
  for (const { label, line, site } of trace.inFlight)
    warnings.push(
      `the body returned while "${label}" was in flight (${line ?? lineOfSite(site)}): await it, or t.settled()`,
    );
  if (!detect.includes("leak")) warnings.push(...leakLines(trace).map((line) => `leak: ${line}`));
  return warnings;
}

/** What a deadlock or a lost update is about, below the sentence. */
function detailsOf(trace: Trace): readonly string[] {
  const cycle = cycleText(trace);
  const violations = findAtomicityViolations(trace).filter(({ isHint }) => !isHint);
  return [
    ...(cycle === undefined ? [] : [cycle]),
    ...violations.slice(0, MAX_VIOLATIONS).flatMap((each) => describeAtomicity(each, trace)),
  ];
}

const MAX_VIOLATIONS = 3;

function lostUpdate(trace: Trace): ScheduleError | undefined {
  const violation = findAtomicityViolations(trace).find(({ isHint }) => !isHint);
  if (violation === undefined) return undefined;
  return new ScheduleError("LW_SCHEDULE", `lost update: ${describeAtomicity(violation, trace).join("\n")}`);
}
