/**
 * Bounded search: all schedules with at most so many departures, cheapest first (delay bounding: Emmi, Qadeer, Rakamaric,
 * POPL 2011; the ladder of rising bounds makes the first hit a minimal one).
 *
 * Each schedule is reached once: a child adds one departure after its parent's last, in the order in which the run meets
 * decisions and hold points. A run with the same departures takes the same way, so positions mean the same in both.
 */
import type { Cost, Deviation, Fidelity } from "../schedule.js";
import { replay } from "../strategies/replay.js";
import type { Run } from "../runtime/run.js";
import type { Job } from "./executor.js";

/** A schedule that was run, and where its children may depart. */
interface Explored {
  readonly deviations: readonly Deviation[];
  /** Number of options of each decision, 0 for each hold point, in order. */
  readonly log: Uint16Array;
  /** Position in the log after the last departure. */
  readonly from: number;
}

/** A schedule still to be run. */
interface Child {
  readonly deviations: readonly Deviation[];
  readonly from: number;
}

/**
 * The rungs of the ladder up to `bound`, in the order in which they are climbed: completions alone, then with one held
 * await, then more holds beside at most two completions. Each class of bug measured so far lay on a low rung.
 */
export function ladder(bound: Cost): readonly Cost[] {
  const rungs: Cost[] = [];
  for (let hold = 0; hold <= Math.min(bound.hold, 1); hold += 1)
    for (let external = 0; external <= bound.external; external += 1) rungs.push({ external, hold });
  for (let hold = 2; hold <= bound.hold; hold += 1) rungs.push({ external: Math.min(2, bound.external), hold });
  return rungs;
}

const keyOf = (external: number, hold: number): string => `${external}/${hold}`;

/** Walks the ladder. Ask {@link next} for a job and hand its run to {@link ran}, in turn. */
export class BoundedSearch {
  readonly #fidelity: Fidelity;
  readonly #rungs: readonly Cost[];
  #rung = 0;
  /** The highest rung whose schedules were all run. */
  complete: Cost | undefined = undefined;
  /** Schedules run, each of them different. */
  runs = 0;
  /** How many of them lie within {@link complete}. */
  completeRuns = 0;
  /** By exact cost: what was run. */
  readonly #explored = new Map<string, Explored[]>();
  /** Exact costs that are done or under way. */
  readonly #begun = new Set<string>();
  #children: Iterator<Child> | undefined = undefined;
  #class = "";
  #pending: Child | undefined = undefined;

  constructor(fidelity: Fidelity, bound: Cost) {
    this.#fidelity = fidelity;
    this.#rungs = ladder(fidelity === "holds" ? bound : { ...bound, hold: 0 });
  }

  /** The highest rung that was begun. */
  get reached(): Cost {
    return this.#rungs[Math.min(this.#rung, this.#rungs.length - 1)]!;
  }

  /** Gives the next schedule, or undefined when the ladder is climbed. */
  next(): Job | undefined {
    for (;;) {
      this.#children ??= this.#nextClass();
      if (this.#children === undefined) return undefined;
      const { value, done } = this.#children.next();
      if (done !== true) {
        this.#pending = value as Child;
        return { strategy: replay(this.#pending.deviations), fidelity: this.#fidelity };
      }
      this.#children = undefined;
    }
  }

  /** Takes the run of the last job. */
  ran(run: Run): void {
    this.runs += 1;
    const { deviations, from } = this.#pending!;
    const explored = this.#explored.get(this.#class)!;
    explored.push({ deviations, log: Uint16Array.from(run.log, (width) => Math.min(width, 0xffff)), from });
  }

  /** Begins the next exact cost of the present rung, or climbs to the next rung. */
  #nextClass(): Iterator<Child> | undefined {
    for (; this.#rung < this.#rungs.length; this.#rung += 1) {
      const { external, hold } = this.#rungs[this.#rung]!;
      for (let h = 0; h <= hold; h += 1)
        for (let e = 0; e <= external; e += 1) {
          const key = keyOf(e, h);
          if (this.#begun.has(key)) continue;
          this.#begun.add(key);
          this.#explored.set(key, []);
          this.#class = key;
          return this.#childrenOf(e, h);
        }
      this.complete = this.#rungs[this.#rung]!;
      this.completeRuns = this.runs;
    }
    return undefined;
  }

  *#childrenOf(external: number, hold: number): Generator<Child> {
    if (external === 0 && hold === 0) yield { deviations: [], from: 0 };
    for (const parent of this.#explored.get(keyOf(external - 1, hold)) ?? []) yield* departures(parent, "pick");
    for (const parent of this.#explored.get(keyOf(external, hold - 1)) ?? []) yield* departures(parent, "hold");
  }
}

/** All schedules with one departure of that kind more, after the last. */
function* departures({ deviations, log, from }: Explored, kind: Deviation["kind"]): Generator<Child> {
  let pick = 0;
  let hold = 0;
  for (let at = 0; at < log.length; at += 1) {
    const width = log[at]!;
    if (width === 0) {
      if (at >= from && kind === "hold") yield { deviations: [...deviations, { kind, at: hold }], from: at + 1 };
      hold += 1;
      continue;
    }
    if (at >= from && kind === "pick")
      for (let choice = 1; choice < width; choice += 1)
        yield { deviations: [...deviations, { kind, at: pick, choice }], from: at + 1 };
    pick += 1;
  }
}
