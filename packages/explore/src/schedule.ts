/**
 * What a schedule is: native order plus a short list of departures from it.
 *
 * A *decision* is a moment of quiescence with more than one thing that could come next; native order takes option 0. A
 * *hold point* is an await whose operand the program itself settles; native order does not hold. Both are counted from 0,
 * each kind for itself, so a schedule that needs no holds reads the same whether or not hold points are counted.
 */

/**
 * Which awaits are choices. `"external"`: only what completes when, never an await inside the program; `"holds"`: also
 * awaits that take longer than native; `"all"`: each await a free choice, for teaching only.
 */
export type Fidelity = "external" | "holds" | "all";

/**
 * How real a failure is. `"A"`: it fails in the order JavaScript runs today. `"B"`: other completion or timer times
 * suffice. `"C"`: an await inside the program must become slower than it is.
 */
export type Grade = "A" | "B" | "C";

/** One departure from native order. `at` counts decisions (`pick`) or hold points (`hold`) from 0. */
export type Deviation =
  | { readonly kind: "pick"; readonly at: number; readonly choice: number }
  | { readonly kind: "hold"; readonly at: number };

/** A schedule: all departures in the order in which they come, and where a fair suffix begins, if there is one. */
export interface Schedule {
  readonly fidelity: Fidelity;
  readonly deviations: readonly Deviation[];
  /** Decision from which on the suffix is fair: a strand passed over 50 times runs next. */
  readonly fairFrom?: number;
}

/** The price of a schedule: how many departures of each kind. */
export interface Cost {
  readonly external: number;
  readonly hold: number;
}

/** Counts the departures of a schedule. */
export function costOf(deviations: readonly Deviation[]): Cost {
  let external = 0;
  for (const { kind } of deviations) if (kind === "pick") external += 1;
  return { external, hold: deviations.length - external };
}

/** What a person calls a task. */
export interface StrandView {
  /** Number of creation within the run. */
  readonly id: number;
  readonly name: string;
}

/** Something that may come next. */
export interface Option {
  /** `"external"`: a completion from outside; `"held"`: a strand that goes on after a hold; `"timer"`: the next timer. */
  readonly kind: "external" | "held" | "timer";
  /** The strand that goes on, as far as that is known; of a timer, the strand of all timers. */
  readonly strand: StrandView;
  /** What it is called: the label of an external, `setTimeout 50`, or undefined. */
  readonly label: string | undefined;
}

/** An await that may be held. */
export interface Point {
  readonly strand: StrandView;
  /** Id in the site table. */
  readonly site: number;
}

/** What a strategy is told before a run. */
export interface RunPlan {
  readonly seed: number;
  /** Decisions of the longest run so far, at least 1. */
  readonly steps: number;
}

/**
 * Chooses the schedule. Pure: the same seed and the same options give the same choices.
 *
 * `pick` gives an index into `options` (2 or more; the array is only lent). `hold` is asked at each hold point under
 * fidelity `"holds"`; absent means never.
 */
export interface Strategy {
  begin?(run: RunPlan): void;
  pick(options: readonly Option[]): number;
  hold?(point: Point): boolean;
}

/** Gives a generator of numbers in [0, 1) from a seed (Marsaglia's xorshift32 behind a mixing of the seed). */
export function seeded(seed: number): () => number {
  // Neighbouring seeds must not give neighbouring streams: the finalizer of MurmurHash3.
  let state = Math.imul((seed | 0) ^ 0x9e3779b9, 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  state = (state ^ (state >>> 16)) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4_294_967_296;
  };
}
