/**
 * Clients call generated operations on a fresh system under explored schedules; each history is checked against the
 * model. Which exploration runs the bodies is handed in: this floor lies below it.
 *
 * The clients are written here as the transform would write them, since this file is none of the program's: each is a
 * strand of its own, and what it awaits is a point.
 */
import { ScheduleError, show } from "../errors.js";
import { natives } from "../natives.js";
import type { Body, Explorer } from "../runtime/explorer.js";
import { c, enter, exit, p, r } from "../runtime/point.js";
import { addSites } from "../sites.js";
import { checkHistory, type Model } from "./checker.js";
import { makeScenario, type Scenario, SIZES } from "./generate.js";
import { hasReturned, History } from "./history.js";
import { refuseImpure } from "./purity.js";
import { showValue } from "./values.js";
import { drawWindow, findBadWindow } from "./window.js";

/** What {@link exploreLinearizable} needs of the options. */
export interface LinearSettings<O> {
  /** Makes a fresh system; gives how to call it. Called once per schedule. */
  make(): (op: O) => Promise<unknown>;
  /** Makes one operation; `random` gives numbers in [0, 1) from the seed. */
  ops(random: () => number): O;
  /** Clients at most, 1 to 16. Default 3. */
  readonly clients?: number;
  /** Operations of each client at most, 1 to 100. Default 4. */
  readonly length?: number;
  /** States that deciding one history may take. Default 100,000. */
  readonly states?: number;
}

/** What is handed on to the exploration, as far as it matters here. */
export interface LinearExploreOptions {
  readonly name?: string;
  readonly seed?: number;
  readonly replay?: string;
  readonly budget?: { readonly runs?: number; readonly ms?: number };
}

/** Explores a body; throws when a schedule fails. */
export type ExploreBody = (body: Body, options: LinearExploreOptions) => Promise<void>;

const FILE = "linearizable";
const FIRST = addSites(FILE, [
  [1, 1, "function", "scenario", "scenario", 0],
  [2, 1, "await", "all clients", "scenario", 0],
  [3, 1, "function", "client", "client", 0],
  [4, 1, "await", "operation", "client", 0],
]);
const [SCENARIO, ALL, CLIENT, OPERATION] = [FIRST, FIRST + 1, FIRST + 2, FIRST + 3];
/** States that deciding one history may take, by default. */
const STATES = 100_000;
/** The message must be the same for every schedule of a failure, or shrinking would take it for another one. */
const MESSAGE = "the history is not linearizable";

/** What a body found wrong; the drawing is for the one who catches it. */
class NotLinearizable extends Error {
  readonly drawing: string;

  constructor(drawing: string) {
    super(MESSAGE);
    Object.defineProperty(this, "name", { value: "NotLinearizable", enumerable: false });
    this.drawing = drawing;
  }
}

async function runClient<O>(
  t: Explorer,
  client: number,
  ops: readonly O[],
  call: (op: O) => Promise<unknown>,
  { history, errors }: Outcome<O>,
): Promise<void> {
  const activation = enter(CLIENT);
  if (activation !== null) activation.strand.name = `client ${client + 1}`;
  try {
    for (const op of ops) {
      t.note(`calls ${showValue(op)}`);
      const returned = history.called(client, op);
      try {
        const result = r(activation, await p(activation, OPERATION, 1, call(op)));
        returned(result);
        t.note(`gets ${showValue(result)}`);
      } catch (error) {
        c(activation);
        errors.push(error);
        t.note(`is refused: ${showValue(error)}`);
      }
    }
  } finally {
    c(activation);
    exit(activation);
  }
}

interface Outcome<O> {
  readonly history: History<O>;
  readonly errors: unknown[];
}

/** Counts over all schedules. */
interface Counts {
  histories: number;
  unknown: number;
}

function bodyOf<S, O>(model: Model<S, O>, settings: LinearSettings<O>, scenario: Scenario<O>, counts: Counts): Body {
  return async (t) => {
    const activation = enter(SCENARIO);
    try {
      const call = settings.make();
      if (typeof call !== "function") throw new TypeError(`make must return a function, got ${show(call)}`);
      const outcome: Outcome<O> = { history: new History<O>(), errors: [] };
      const clients = scenario.map((ops, client) => runClient(t, client, ops, call, outcome));
      r(activation, await p(activation, ALL, 0, Promise.all(clients)));
      judge(model, outcome, settings.states ?? STATES, counts);
    } finally {
      c(activation);
      exit(activation);
    }
  };
}

function judge<S, O>(model: Model<S, O>, { history, errors }: Outcome<O>, states: number, counts: Counts): void {
  const { operations } = history;
  // A system that answers nothing satisfies every model.
  if (errors.length > 0 && !operations.some(hasReturned)) throw errors[0];
  counts.histories += 1;
  const verdict = checkHistory(model, operations, states);
  if (verdict.kind === "unknown") counts.unknown += 1;
  if (verdict.kind !== "no") return;
  throw new NotLinearizable(drawWindow(findBadWindow(model, verdict.part, states), verdict.key));
}

function whole(name: string, value: unknown, most: number): void {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number, got ${show(value)}`);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new RangeError(`${name} must be a whole number from 1 to ${most}, got ${value}`);
}

/** Refuses what has no such method; an optional one may be missing. */
function methods(name: string, owner: object, needed: readonly string[], optional: readonly string[] = []): void {
  if (typeof owner !== "object" || owner === null) throw new TypeError(`${name} must be an object, got ${show(owner)}`);
  for (const method of [...needed, ...optional]) {
    const value: unknown = Reflect.get(owner, method);
    if (typeof value === "function" || (value === undefined && optional.includes(method))) continue;
    throw new TypeError(`${name}.${method} must be a function, got ${show(value)}`);
  }
}

function checkArguments<S, O>(model: Model<S, O>, settings: LinearSettings<O>): void {
  methods("model", model, ["init", "apply"], ["key", "equal"]);
  methods("options", settings, ["make", "ops"]);
  whole("clients", settings.clients ?? 3, 16);
  whole("length", settings.length ?? 4, 100);
  whole("states", settings.states ?? STATES, 1e9);
}

/** The seeds whose scenarios are explored: one when a token or the environment says which, else one of each size. */
function seedsOf({ seed = 1, replay }: LinearExploreOptions): readonly number[] {
  const environment = natives.process?.env ?? {};
  const forced = environment["LOCKWRIGHT_EXPLORE_SEED"];
  if (forced) return [Number(forced)];
  if (replay !== undefined || environment["LOCKWRIGHT_EXPLORE_REPLAY"]) return [seed];
  return Array.from({ length: SIZES }, (_, at) => seed + at);
}

function shareOf(
  { runs = 5000, ms = 2000 }: { readonly runs?: number; readonly ms?: number } = {},
  parts: number,
): {
  readonly runs: number;
  readonly ms: number;
} {
  return { runs: Math.max(1, Math.ceil(runs / parts)), ms: ms / parts };
}

/** Adds to a failure what it is about: the window of the history, and which scenario it was. */
function explained(error: unknown, scenario: Scenario<unknown>, seed: number): unknown {
  if (!(error instanceof ScheduleError)) return error;
  const { cause } = error;
  const drawing = cause instanceof NotLinearizable ? `\n${cause.drawing}` : "";
  const clients = scenario.map((ops, client) => `\n  client ${client + 1}: ${ops.map(showValue).join("; ")}`);
  const message = `${error.message}${drawing}\nscenario of seed ${seed} (a replay needs it beside the token):${clients.join("")}`;
  return new ScheduleError(error.code, message, { cause });
}

/** Explores scenarios of growing size, and throws for the first history that no order explains. */
export async function exploreLinearizable<S, O>(
  exploreBody: ExploreBody,
  model: Model<S, O>,
  settings: LinearSettings<O>,
  options: LinearExploreOptions,
): Promise<void> {
  checkArguments(model, settings);
  const { clients = 3, length = 4, states = STATES } = settings;
  const seeds = seedsOf(options);
  const budget = shareOf(options.budget, seeds.length);
  const counts: Counts = { histories: 0, unknown: 0 };
  for (const seed of seeds) {
    const scenario = makeScenario((random) => settings.ops(random), seed, { clients, length });
    refuseImpure(model, scenario.flat());
    try {
      await exploreBody(bodyOf(model, settings, scenario, counts), { name: "linearizable", ...options, seed, budget });
    } catch (error) {
      throw explained(error, scenario, seed);
    }
  }
  if (counts.unknown === 0) return;
  throw new ScheduleError(
    "LW_SCHEDULE",
    `${counts.unknown} of ${counts.histories} histories could not be decided within ${states} states: raise states, or make clients or length smaller`,
  );
}
