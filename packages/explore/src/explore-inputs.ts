/**
 * Explores a body with generated inputs: the schedules of one sample after another, each with a part of the budget. The
 * failing one has its schedule shrunk first, then its inputs: a smaller input counts when a bounded search with it finds
 * the same failure.
 */
import { ScheduleError } from "./errors.js";
import { Exploration } from "./exploration.js";
import { copyOf, type Inputs, InputSpace, showInputs } from "./inputs.js";
import type { Settings } from "./options.js";
import type { Failure, Report } from "./report/report.js";
import type { Body, Explorer } from "./runtime/explorer.js";
import { Budget } from "./search/budget.js";
import { readToken } from "./token.js";

/** Inputs tried, when the budget lasts. */
const SAMPLES = 20;
/** Smaller inputs tried at most. */
const MAX_SMALLER = 500;
/** Schedules of the bounded search with a smaller input. */
const MAX_AGAIN = 300;

/** A body that takes inputs, of whatever types: the arbitraries were given for these. */
// oxlint-disable-next-line typescript/no-explicit-any -- bodies with inputs of all types are to fit
export type InputBody = (t: Explorer, ...inputs: any[]) => void | Promise<void>;

/** An exploration with inputs, and what it found. */
interface Found {
  readonly inputs: Inputs;
  readonly exploration: Exploration;
  readonly report: Report;
}

/** Explores one body with inputs. */
export class InputExploration {
  readonly #body: InputBody;
  readonly #settings: Settings;
  readonly #space: InputSpace;
  readonly #progress: ((runs: number) => void) | undefined;
  readonly #warnings = new Set<string>();
  readonly #latent = new Map<string, Failure>();
  #runs = 0;
  #distinct = 0;

  constructor(body: InputBody, settings: Settings, progress?: (runs: number) => void) {
    this.#body = body;
    this.#settings = settings;
    this.#space = new InputSpace(settings.inputs, settings.seed);
    this.#progress = progress;
  }

  async run(): Promise<Report> {
    const { replay, ms, runs } = this.#settings;
    if (replay !== undefined) return this.#replay(replay);
    const samples = Math.min(SAMPLES, runs);
    const share = { runs: Math.floor(runs / samples), ms: ms / samples };
    let last: Found | undefined;
    for (let at = 0; at < samples; at += 1) {
      last = await this.#explore(this.#space.sample(at), share);
      this.#note(last.report);
      if (!last.report.ok) return this.#finish(await this.#shrink(last), at + 1);
    }
    return this.#finish(last!, samples);
  }

  async #explore(inputs: Inputs, share: Partial<Settings>): Promise<Found> {
    const exploration = this.#explorationOf(inputs, share);
    return { inputs, exploration, report: await exploration.look() };
  }

  #explorationOf(inputs: Inputs, share: Partial<Settings>): Exploration {
    const bound: Body = (t) => this.#body(t, ...inputs.parts.map(({ value }) => copyOf(value)));
    const values = inputs.parts.map(({ value }) => value);
    const before = this.#runs;
    const progress = this.#progress && ((runs: number): void => this.#progress!(before + runs));
    return new Exploration(bound, { ...this.#settings, ...share }, progress, {
      address: inputs.address,
      text: showInputs(inputs),
      values,
    });
  }

  #note({ warnings, latent, coverage }: Report): void {
    for (const warning of warnings) this.#warnings.add(warning);
    for (const failure of latent) this.#latent.set(failure.error.message, failure);
    this.#runs += coverage.runs;
    this.#distinct += coverage.distinct;
  }

  /** Walks to smaller and smaller inputs for as long as they fail in the same way. */
  async #shrink(start: Found): Promise<Found> {
    const budget = new Budget(MAX_SMALLER, this.#settings.ms);
    let best = start;
    for (;;) {
      const next = await this.#smaller(best, budget);
      if (next === undefined) return best;
      best = next;
    }
  }

  async #smaller({ inputs, exploration }: Found, budget: Budget): Promise<Found | undefined> {
    const again = { runs: MAX_AGAIN, strategy: "bounded", warmup: 0 } as const;
    for (const smaller of this.#space.smaller(inputs)) {
      if (budget.isSpent()) return undefined;
      budget.spent += 1;
      const found = await this.#explore(smaller, { ...again, ms: Math.max(1, budget.ms - budget.elapsed) }).catch(
        refused,
      );
      this.#runs += found?.report.coverage.runs ?? 0;
      if (found?.report.ok === false && found.exploration.signature === exploration.signature) return found;
    }
    return undefined;
  }

  async #finish({ exploration, report }: Found, samples: number): Promise<Report> {
    await exploration.publish();
    const line = `${samples} inputs from seed ${this.#settings.seed}, ${this.#runs} schedules in all, not exhaustive; with the last input ${report.coverage.line}`;
    return {
      ...report,
      warnings: [...this.#warnings],
      latent: [...this.#latent.values()],
      coverage: { runs: this.#runs, distinct: this.#distinct, line },
    };
  }

  #replay(token: string): Promise<Report> {
    const { address } = readToken(token);
    const inputs = address === undefined ? undefined : this.#space.find(address);
    if (inputs === undefined)
      throw new ScheduleError(
        "LW_REPLAY_MISMATCH",
        address === undefined
          ? `${token} names no inputs, and this body takes some`
          : `${token} names inputs that seed ${this.#settings.seed} and these arbitraries do not give`,
      );
    return this.#explorationOf(inputs, {}).run();
  }
}

/** A smaller input with which the program cannot be explored is not the same failure; anything else is a fault of ours. */
function refused(error: unknown): undefined {
  if (!(error instanceof ScheduleError)) throw error;
}
