/** What callers may pass to `explore`, and the one place that refuses it. The environment overrides options. */
import { natives } from "./natives.js";
import { show } from "./errors.js";
import { type InputArbitrary, readInputs } from "./inputs.js";
import type { Cost, Fidelity, Strategy } from "./schedule.js";

/** A failure that is looked for besides errors, failed checks and deadlocks. */
export type Detector = "lost-update" | "leak" | "unfinished" | "unhandled";

/** Options of {@link explore}. Counts are whole numbers; times milliseconds, virtual ones but for `budget.ms`. */
export interface ExploreOptions<Inputs extends readonly unknown[] = readonly []> {
  /** Shown in reports. Default: the name of the body. */
  readonly name?: string;
  /** Schedules (default 5000) and real milliseconds (default 2000) to spend, whichever ends first. */
  readonly budget?: { readonly runs?: number; readonly ms?: number };
  /** Of chance, in the program and in the samplers. Default 1. */
  readonly seed?: number;
  /** Plays one schedule back instead of searching: a token, as a failure prints it. */
  readonly replay?: string;
  /**
   * Arbitraries of fast-check 4, one for each input that the body takes after `t`. 20 samples from the seed share the
   * budget; a failing one is shrunk. Each run gets its own copy of arrays and plain objects.
   */
  readonly inputs?: { readonly [At in keyof Inputs]: InputArbitrary<Inputs[At]> };
  /** Which awaits are choices. Default `"holds"`. */
  readonly fidelity?: Fidelity;
  /** The most departures that bounded search tries. Default 3 external and 2 held. */
  readonly bound?: { readonly external?: number; readonly hold?: number };
  /** Default `"portfolio"`: bounded search, then samplers in turn. */
  readonly strategy?: "portfolio" | "bounded" | "random" | "pct" | "pos" | Strategy;
  /** `"feasible"` (default): grades A and B fail; `"latent"`: grade C too. */
  readonly failOn?: "feasible" | "latent";
  /** Real I/O in the body: an error (default), or taken as it comes, which no token can reproduce. */
  readonly externals?: "error" | "allow";
  /** Virtual milliseconds that the clock may pass while an external is pending. Default 1000. */
  readonly ioMax?: number;
  /** Steps of a run before a livelock is suspected. Default 2000. */
  readonly maxSteps?: number;
  /** Times a strand may be passed over in a fair suffix. Default 50. */
  readonly fairAfter?: number;
  /** Runs that do not count, before the first. Default 0. */
  readonly warmup?: number;
  /** Called before every schedule: puts module state back. */
  readonly reset?: () => void | Promise<void>;
  /** Default `["unhandled"]`; `"lost-update"` needs files transformed with `track`. */
  readonly detect?: readonly Detector[];
  /** Partial-order reduction. Default false. */
  readonly reduce?: boolean;
  /** Files to write a failure's report to. */
  readonly report?: { readonly json?: string; readonly html?: string };
}

/** {@link ExploreOptions} with inputs. */
export type InputOptions<Inputs extends readonly unknown[]> = ExploreOptions<Inputs> &
  Required<Pick<ExploreOptions<Inputs>, "inputs">>;

/** Options with all defaults in place. */
export interface Settings {
  readonly name: string;
  readonly runs: number;
  readonly ms: number;
  readonly seed: number;
  readonly replay: string | undefined;
  readonly inputs: readonly InputArbitrary<unknown>[];
  readonly fidelity: Fidelity;
  readonly bound: Cost;
  readonly strategy: NonNullable<ExploreOptions["strategy"]>;
  readonly failsOnLatent: boolean;
  readonly isLoose: boolean;
  readonly ioMax: number;
  readonly maxSteps: number;
  readonly fairAfter: number;
  readonly warmup: number;
  readonly reset: (() => void | Promise<void>) | undefined;
  readonly detect: readonly Detector[];
  readonly report: { readonly json?: string; readonly html?: string };
}

const KNOWN: ReadonlySet<string> = new Set<keyof ExploreOptions>([
  "bound",
  "budget",
  "detect",
  "externals",
  "failOn",
  "fairAfter",
  "fidelity",
  "inputs",
  "ioMax",
  "maxSteps",
  "name",
  "reduce",
  "replay",
  "report",
  "reset",
  "seed",
  "strategy",
  "warmup",
]);

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T;
  throw new TypeError(`${name} must be ${allowed.map((each) => JSON.stringify(each)).join(", ")}, got ${show(value)}`);
}

function count(name: string, value: unknown, least: number): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, got ${show(value)}`);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of at least ${least}, got ${value}`);
}

function duration(name: string, value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number of milliseconds, got ${show(value)}`);
  if (value > 0) return value;
  throw new RangeError(`${name} must be more than 0 milliseconds, got ${value}`);
}

/** Refuses what is no object, and names in it that mean nothing: a misspelt one would be ignored in silence. */
function object(name: string, value: unknown, known: ReadonlySet<string>): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new TypeError(`${name} must be an object, got ${show(value)}`);
  const unknown = Object.keys(value).find((key) => !known.has(key));
  if (unknown !== undefined)
    throw new TypeError(`${name} must not have ${JSON.stringify(unknown)}; known are ${[...known].join(", ")}`);
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  throw new TypeError(`${name} must be a string, got ${show(value)}`);
}

/** A number of the environment where it stands there, else the option; with the name of where it came from. */
function overridden(variable: string, name: string, value: unknown): readonly [name: string, value: unknown] {
  const found = natives.process?.env[variable];
  if (found === undefined || found === "") return [name, value];
  const number = Number(found);
  if (Number.isNaN(number)) throw new TypeError(`${variable} must be a number, got ${show(found)}`);
  return [variable, number];
}

function readStrategy(strategy: unknown): Settings["strategy"] {
  if (typeof strategy === "object" && strategy !== null && "pick" in strategy && typeof strategy.pick === "function") {
    for (const name of ["begin", "hold"] as const) {
      const method = (strategy as Partial<Record<typeof name, unknown>>)[name];
      if (method !== undefined && typeof method !== "function")
        throw new TypeError(`strategy.${name} must be a function, got ${show(method)}`);
    }
    return strategy as Strategy;
  }
  const names = ["portfolio", "bounded", "random", "pct", "pos"] as const;
  if (names.some((name) => name === strategy)) return strategy as Settings["strategy"];
  throw new TypeError(
    `strategy must be ${names.map((name) => JSON.stringify(name)).join(", ")} or an object with pick(), got ${show(strategy)}`,
  );
}

function readDetectors(detect: unknown): readonly Detector[] {
  if (!Array.isArray(detect)) throw new TypeError(`detect must be an array, got ${show(detect)}`);
  return detect.map((each) => oneOf("detect", each, ["lost-update", "leak", "unfinished", "unhandled"]));
}

function readReport(report: unknown): Settings["report"] {
  object("report", report, new Set(["json", "html"]));
  const { json, html } = report as { readonly json?: unknown; readonly html?: unknown };
  text("report.json", json);
  text("report.html", html);
  return report as Settings["report"];
}

function readReset(reset: unknown): Settings["reset"] {
  if (reset === undefined || typeof reset === "function") return reset as Settings["reset"];
  throw new TypeError(`reset must be a function, got ${show(reset)}`);
}

function refuseReduction(reduce: unknown): void {
  if (reduce !== undefined && typeof reduce !== "boolean")
    throw new TypeError(`reduce must be true or false, got ${show(reduce)}`);
  if (reduce === true) throw new TypeError("reduce: true is not available in this version: the search is not reduced");
}

/** Checks options and fills in defaults. Throws a TypeError or RangeError that names the argument. */
export function readOptions(options: ExploreOptions<readonly unknown[]>, bodyName: string): Settings {
  object("options", options, KNOWN);
  const { budget = {}, bound = {}, report = {}, fidelity = "holds" } = options;
  object("budget", budget, new Set(["runs", "ms"]));
  object("bound", bound, new Set(["external", "hold"]));
  refuseReduction(options.reduce);
  return {
    name: text("name", options.name) ?? (bodyName || "body"),
    runs: count(...overridden("LOCKWRIGHT_EXPLORE_RUNS", "budget.runs", budget.runs ?? 5000), 1),
    ms: duration(...overridden("LOCKWRIGHT_EXPLORE_MS", "budget.ms", budget.ms ?? 2000)),
    seed: count(...overridden("LOCKWRIGHT_EXPLORE_SEED", "seed", options.seed ?? 1), 0),
    replay: text("replay", natives.process?.env["LOCKWRIGHT_EXPLORE_REPLAY"] || options.replay),
    inputs: readInputs(options.inputs ?? []),
    fidelity: oneOf("fidelity", fidelity, ["external", "holds", "all"]),
    bound: {
      external: count("bound.external", bound.external ?? 3, 0),
      hold: count("bound.hold", bound.hold ?? 2, 0),
    },
    strategy: readStrategy(options.strategy ?? "portfolio"),
    failsOnLatent: oneOf("failOn", options.failOn ?? "feasible", ["feasible", "latent"]) === "latent",
    isLoose: oneOf("externals", options.externals ?? "error", ["error", "allow"]) === "allow",
    ioMax: duration("ioMax", options.ioMax ?? 1000),
    maxSteps: count("maxSteps", options.maxSteps ?? 2000, 1),
    fairAfter: count("fairAfter", options.fairAfter ?? 50, 1),
    warmup: count("warmup", options.warmup ?? 0, 0),
    reset: readReset(options.reset),
    detect: readDetectors(options.detect ?? ["unhandled"]),
    report: readReport(report),
  };
}
