/**
 * Runs schedules of one body: one for a replay, thousands for a search.
 *
 * A search runs in slices of a few milliseconds, each in a macrotask of its own, so the process stays alive to signals
 * and the fast engine starts where V8's checkpoint works. Without the fast engine, with real I/O allowed or with a
 * `reset`, schedules run one by one on the reference engine.
 */
import { ScheduleError } from "../errors.js";
import { natives, performanceNow } from "../natives.js";
import { runAsync, type OutsideWorld } from "../runtime/engine-async.js";
import { isFastEngineAvailable, runFast } from "../runtime/engine-fast.js";
import type { Body } from "../runtime/explorer.js";
import { Recorder } from "../runtime/recorder.js";
import { Run, type RunOptions } from "../runtime/run.js";
import type { Deviation, Fidelity, RunPlan, Schedule, Strategy } from "../schedule.js";
import { fairSuffix } from "../strategies/fair.js";
import { replay } from "../strategies/replay.js";
import { RejectionWatch } from "./rejections.js";

/** Milliseconds of one slice of a search. */
const SLICE_MS = 8;

/** How the schedules of a body are run. */
export interface ExecutorOptions {
  readonly seed: number;
  readonly maxSteps: number;
  readonly ioMax: number;
  /** Passes of a ready strand after which a fair suffix runs it. */
  readonly fairAfter: number;
  /** Called before every schedule. */
  readonly reset: (() => void | Promise<void>) | undefined;
  /** Real I/O is taken as it comes. */
  readonly isLoose: boolean;
  /** The view on real I/O; without one the reference engine knows of none. */
  readonly world: OutsideWorld | undefined;
  /** Whether a rejection that nobody handles is a failure. */
  readonly failsUnhandled: boolean;
  /** Looks at a run that passed; gives the error of what is wrong with it all the same. */
  readonly inspect: ((run: Run) => Error | undefined) | undefined;
  /** Told between slices how many schedules were run. */
  readonly progress: ((runs: number) => void) | undefined;
}

/** One schedule to be run. */
export interface Job {
  readonly strategy: Strategy;
  readonly fidelity: Fidelity;
  readonly plan?: RunPlan;
  readonly keepsLive?: boolean;
  readonly maxSteps?: number;
  /** Where in a search it stands. */
  readonly place?: { readonly by: string; readonly after: number };
}

/** Looks at a run of a search; true ends it. `isAgain`: run for a second time, to see whose a rejection was. */
export type Seen = (run: Run, job: Job, isAgain: boolean) => boolean;

/** A run that was recorded, and its recorder. */
export interface RecordedRun {
  readonly run: Run;
  readonly recorder: Recorder;
  /** Decision at which a departure did not fit, or undefined. */
  readonly mismatch: number | undefined;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => natives.setImmediate(resolve));
}

/** Calls `act` as a macrotask of its own: after an await its caller would be in a microtask, where V8's checkpoint sleeps. */
function inMacrotask<T>(act: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    natives.setImmediate(() => {
      try {
        resolve(act());
      } catch (error) {
        reject(error as Error);
      }
    });
  });
}

/** Runs the schedules of one body. */
export class Executor {
  readonly body: Body;
  readonly options: ExecutorOptions;
  readonly rejections: RejectionWatch = new RejectionWatch();
  /** Schedules run, of whatever purpose. */
  runs = 0;
  /** The most steps a run took. */
  maxSteps = 0;
  /** The most strands a run had. */
  maxStrands = 0;
  /** The most decisions a run had; samplers spread their changes over as many. */
  decisions = 1;

  constructor(body: Body, options: ExecutorOptions) {
    this.body = body;
    this.options = options;
  }

  get #isFast(): boolean {
    return !this.options.isLoose && isFastEngineAvailable();
  }

  #make(job: Job, recorder?: Recorder): Run {
    const { seed, maxSteps, ioMax } = this.options;
    job.strategy.begin?.(job.plan ?? { seed, steps: this.decisions });
    const options: RunOptions = {
      fidelity: job.fidelity,
      strategy: job.strategy,
      maxSteps: job.maxSteps ?? maxSteps,
      ioMax,
      seed,
      keepsLive: job.keepsLive === true,
      ...(recorder === undefined ? {} : { recorder }),
    };
    return new Run(options);
  }

  #count(run: Run): Run {
    this.runs += 1;
    if (run.step > this.maxSteps) this.maxSteps = run.step;
    if (run.strands > this.maxStrands) this.maxStrands = run.strands;
    if (run.picks > this.decisions) this.decisions = run.picks;
    const error = run.outcome?.kind === "passed" ? this.options.inspect?.(run) : undefined;
    if (error !== undefined) run.outcome = { kind: "failed", error, isUnhandled: false };
    return run;
  }

  /**
   * Runs schedule after schedule until `next` gives none or `seen` answers true.
   *
   * A rejection that nobody handled makes the run that is found to be its source fail, and `seen` is asked about it.
   */
  async search(next: () => Job | undefined, seen: Seen): Promise<void> {
    if (!this.#isFast || this.options.reset !== undefined) return this.#searchOneByOne(next, seen);
    for (;;) {
      const slice = await this.#runSlice(next, seen);
      this.options.progress?.(this.runs);
      // The next macrotask: by then Node has told of rejections that nobody handled.
      await nextTurn();
      const heard = this.rejections.take();
      if (heard.length > 0 && this.options.failsUnhandled && !slice.isStopped) {
        const culprit = await this.#findUnhandled(slice.passed);
        if (culprit !== undefined && seen(culprit.run, culprit.job, true)) return;
      }
      if (slice.isStopped || slice.isDone) return;
    }
  }

  #runSlice(next: () => Job | undefined, seen: Seen): Promise<Slice> {
    return inMacrotask(() => {
      const limit = Error.stackTraceLimit;
      // A stack is worth its price on a replay only: half of the time of a failing schedule.
      Error.stackTraceLimit = 0;
      try {
        return this.#fillSlice(next, seen);
      } finally {
        Error.stackTraceLimit = limit;
      }
    });
  }

  #fillSlice(next: () => Job | undefined, seen: Seen): Slice {
    const until = performanceNow() + SLICE_MS;
    const passed: Passed[] = [];
    do {
      const job = next();
      if (job === undefined) return { passed, isDone: true, isStopped: false };
      const run = this.#make(job);
      runFast(run, this.body);
      this.#count(run);
      if (run.outcome?.kind === "passed") passed.push({ job, deviations: run.deviations });
      if (seen(run, job, false)) return { passed, isDone: false, isStopped: true };
    } while (performanceNow() < until);
    return { passed, isDone: false, isStopped: false };
  }

  async #searchOneByOne(next: () => Job | undefined, seen: Seen): Promise<void> {
    for (let job = next(); job !== undefined; job = next()) if (seen(await this.once(job), job, false)) return;
  }

  /** Runs the schedules of a slice again, one at a time, to find the one that leaves a rejection behind. */
  async #findUnhandled(slice: readonly Passed[]): Promise<{ readonly run: Run; readonly job: Job } | undefined> {
    for (const { job, deviations } of slice) {
      const again: Job = { ...job, strategy: replay(deviations) };
      const run = await this.once(again);
      if (run.outcome?.kind === "failed" && run.outcome.isUnhandled) return { run, job: again };
    }
    return undefined;
  }

  /** Runs one schedule: on the fast engine where that will do, else, and when recording, on the reference engine. */
  async once(job: Job, recorder?: Recorder): Promise<Run> {
    await this.#reset();
    const run = this.#make(job, recorder);
    if (recorder === undefined && this.#isFast) await inMacrotask(() => runFast(run, this.body));
    else await runAsync(run, this.body, this.options.world);
    await nextTurn();
    this.#count(run);
    this.#blame(run);
    return run;
  }

  async #reset(): Promise<void> {
    try {
      await this.options.reset?.();
    } catch (error) {
      const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      throw new ScheduleError("LW_SCHEDULE", `reset failed, so no schedule can begin as the last did: ${what}`, {
        cause: error,
      });
    }
  }

  /** A rejection heard after a run alone is its own; one of a run that had failed already is swallowed. */
  #blame(run: Run): void {
    const [first] = this.rejections.take();
    if (first === undefined || run.outcome?.kind !== "passed" || !this.options.failsUnhandled) return;
    run.outcome = { kind: "failed", error: first.reason, isUnhandled: true };
  }

  /** Runs a schedule on the reference engine and records it. */
  async record(schedule: Schedule, isTracking = false): Promise<RecordedRun> {
    let mismatch: number | undefined;
    const recorder = new Recorder(isTracking);
    const job = this.jobOf(schedule, (decision) => (mismatch ??= decision));
    const run = await this.once({ ...job, keepsLive: true }, recorder);
    return { run, recorder, mismatch };
  }

  /** The job that plays a schedule back. */
  jobOf(schedule: Schedule, mismatch?: (decision: number) => void): Job {
    const { deviations, fairFrom, fidelity } = schedule;
    const strategy = replay(deviations, mismatch);
    if (fairFrom === undefined) return { strategy, fidelity };
    return {
      strategy: fairSuffix(strategy, fairFrom, this.options.fairAfter),
      fidelity,
      maxSteps: this.options.maxSteps * FAIR_FACTOR,
    };
  }
}

/** How much longer a run with a fair suffix may take. */
const FAIR_FACTOR = 4;

interface Passed {
  readonly job: Job;
  readonly deviations: readonly Deviation[];
}

interface Slice {
  readonly passed: readonly Passed[];
  readonly isDone: boolean;
  readonly isStopped: boolean;
}
