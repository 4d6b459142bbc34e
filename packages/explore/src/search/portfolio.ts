/**
 * The search for a failing schedule: the ladder of bounded search for half of the budget, then samplers in turn.
 *
 * A run that did not pass is only a suspect: a deadlock of the fast engine may be real I/O it cannot see, a run at the step
 * limit may have been unfair. Each suspect is judged on the reference engine before it counts as found.
 */
import type { Run } from "../runtime/run.js";
import type { Cost, Deviation, Fidelity, Schedule, Strategy } from "../schedule.js";
import { BoundedSearch } from "./bounded.js";
import type { Budget } from "./budget.js";
import type { Executor, Job } from "./executor.js";
import { runFairly } from "./livelock.js";
import { Sampling, type SamplerName } from "./sampling.js";
import { signatureOf } from "./signature.js";

/** Where to look. */
export interface SearchPlan {
  readonly fidelity: Fidelity;
  readonly bound: Cost;
  readonly strategy: "portfolio" | "bounded" | SamplerName | Strategy;
  readonly seed: number;
}

/** A failing schedule, confirmed by the reference engine. */
export interface Finding {
  readonly schedule: Schedule;
  readonly signature: string;
  /** Schedules run until it was found, itself included. */
  readonly foundAfter: number;
  /** What found it. */
  readonly strategy: string;
}

/** A run that did not pass. */
interface Suspect {
  readonly run: Run;
  readonly job: Job;
}

/** Schedules without a new one after which sampling has seen what it can see. */
const SATURATION = 500;
/** The part of the budget that bounded search may spend when samplers are to follow. */
const BOUNDED_SHARE = 0.5;

/** A search that can go on after each suspect. */
export class Portfolio {
  readonly #executor: Executor;
  readonly #plan: SearchPlan;
  readonly #budget: Budget;
  readonly bounded: BoundedSearch | undefined;
  readonly #sampling: Sampling | undefined;
  #isBounded: boolean;
  /** Schedules of bounded search and sampling that differ from each other. */
  readonly #seen = new Set<string>();
  #repeats = 0;
  /** Suspects that a fair suffix cleared. */
  unfair = 0;
  /** Samplers that ran. */
  readonly sampled: readonly SamplerName[];
  samples = 0;

  constructor(executor: Executor, plan: SearchPlan, budget: Budget) {
    const { strategy, fidelity, seed, bound } = plan;
    this.#executor = executor;
    this.#plan = plan;
    this.#budget = budget;
    this.bounded = strategy === "portfolio" || strategy === "bounded" ? new BoundedSearch(fidelity, bound) : undefined;
    this.#isBounded = this.bounded !== undefined;
    this.sampled = samplersOf(strategy);
    this.#sampling = this.sampled.length === 0 ? undefined : new Sampling(this.sampled, fidelity, seed);
  }

  /** Schedules run for their own sake, none of them to confirm, shrink or grade another. */
  get schedules(): number {
    return this.#budget.spent;
  }

  /** Schedules that differ from each other. */
  get distinct(): number {
    return this.#seen.size;
  }

  /** Native order failed: it is the one schedule that was run. */
  noteNative(): void {
    this.#budget.spent += 1;
    this.#seen.add("");
  }

  /** Looks on until a schedule fails for good, or the budget is spent. */
  async next(known: ReadonlySet<string>): Promise<Finding | undefined> {
    const isKnown = (signature: string | undefined): boolean => signature !== undefined && known.has(signature);
    for (;;) {
      const suspect = await this.#nextSuspect(known.size > 0, isKnown);
      if (suspect === undefined) return undefined;
      const finding = await this.#judge(suspect);
      if (finding !== undefined && !isKnown(finding.signature)) return finding;
    }
  }

  async #nextSuspect(
    keepsLive: boolean,
    isKnown: (signature: string | undefined) => boolean,
  ): Promise<Suspect | undefined> {
    let suspect: Suspect | undefined;
    const next = (): Job | undefined => {
      const job = this.#nextJob();
      const place = { by: this.#nameOf(), after: this.#budget.spent + 1 };
      // What is known already is told by its signature, which of a deadlock is where everybody waits.
      return job === undefined ? undefined : { ...job, place, keepsLive };
    };
    await this.#executor.search(next, (run, job, isAgain) => {
      if (!isAgain) this.#note(run);
      if (run.outcome?.kind === "passed" || (keepsLive && isKnown(signatureOf(run)))) return false;
      suspect = { run, job };
      return true;
    });
    return suspect;
  }

  #nextJob(): Job | undefined {
    const { strategy } = this.#plan;
    if (this.#isBounded) {
      const share = this.#sampling === undefined ? 1 : BOUNDED_SHARE;
      const job = this.#budget.isSpent(share) ? undefined : this.bounded!.next();
      if (job !== undefined) return job;
      this.#isBounded = false;
    }
    if (this.#budget.isSpent()) return undefined;
    if (typeof strategy === "object") return this.#customJob(strategy);
    if (this.#repeats >= SATURATION) return undefined;
    return this.#sampling?.next(this.#executor.decisions);
  }

  #customJob(strategy: Strategy): Job {
    const plan = { seed: this.#plan.seed + this.samples, steps: this.#executor.decisions };
    return { strategy, fidelity: this.#plan.fidelity, plan };
  }

  #note(run: Run): void {
    this.#budget.spent += 1;
    if (this.#isBounded) this.bounded!.ran(run);
    else this.samples += 1;
    const before = this.#seen.size;
    this.#seen.add(keyOf(run.deviations));
    this.#repeats = this.#seen.size > before ? 0 : this.#repeats + 1;
  }

  async #judge({ run, job }: Suspect): Promise<Finding | undefined> {
    const suspect: Schedule = { fidelity: job.fidelity, deviations: run.deviations };
    const { by: strategy, after: foundAfter } = job.place!;
    const found = { foundAfter, strategy };
    if (run.outcome?.kind === "step-limit") {
      const fair = await runFairly(this.#executor, suspect);
      const signature = signatureOf(fair.run);
      if (signature === undefined) this.unfair += 1;
      return signature === undefined ? undefined : { ...found, schedule: fair.schedule, signature };
    }
    const confirmed = await this.#executor.record(suspect);
    const signature = signatureOf(confirmed.run);
    // A rejection that nobody handled is blamed only after the run that left it.
    return signature === undefined ? undefined : { ...found, schedule: suspect, signature };
  }

  #nameOf(): string {
    if (this.#isBounded) return "bounded";
    const { strategy } = this.#plan;
    return typeof strategy === "string" ? this.sampled.join(", ") : "custom";
  }
}

function samplersOf(strategy: SearchPlan["strategy"]): readonly SamplerName[] {
  if (strategy === "portfolio") return ["pct", "random", "pos"];
  return typeof strategy === "string" && strategy !== "bounded" ? [strategy] : [];
}

function keyOf(deviations: readonly Deviation[]): string {
  let key = "";
  for (const each of deviations) key += each.kind === "pick" ? `.${each.at}-${each.choice}` : `_${each.at}`;
  return key;
}
