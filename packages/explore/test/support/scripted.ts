/**
 * Bodies written as the transform would write them: each async function calls `enter` and `exit`, each await goes
 * through `r(a, await p(a, site, isDirect, operand))`. So what tests record is what really happened in a run.
 */
import { Recorder } from "../../src/runtime/recorder.js";
import type { Body } from "../../src/runtime/explorer.js";
import { runAsync } from "../../src/runtime/engine-async.js";
import type { Outcome } from "../../src/runtime/outcome.js";
import { installRuntime } from "../../src/runtime/registry.js";
import { Run } from "../../src/runtime/run.js";
import type { Deviation, Fidelity } from "../../src/schedule.js";
import { addSites, type SiteKind } from "../../src/sites.js";
import { replay } from "../../src/strategies/replay.js";
import type { Trace } from "../../src/trace.js";

installRuntime();

/** Makes the sites of a source file that exists only in the test. */
export class SourceFile {
  readonly #file: string;
  readonly #ordinals = new Map<string, number>();

  constructor(file: string) {
    this.#file = file;
  }

  /** A function. */
  fn(line: number, name: string): number {
    return this.#add(line, "function", name, name);
  }

  /** An await in `owner`, or another kind of site. */
  at(line: number, text: string, owner: string, kind: SiteKind = "await"): number {
    return this.#add(line, kind, text, owner);
  }

  #add(line: number, kind: SiteKind, text: string, owner: string): number {
    const key = `${owner} ${kind}`;
    const ordinal = this.#ordinals.get(key) ?? 0;
    this.#ordinals.set(key, ordinal + 1);
    return addSites(this.#file, [[line, 3, kind, text, owner, ordinal]]);
  }
}

/** How a body is run. */
export interface RecordOptions {
  readonly departures?: readonly Deviation[];
  readonly fidelity?: Fidelity;
  readonly isTracking?: boolean;
  readonly maxSteps?: number;
}

/** Runs a body once and gives what happened. */
export async function record(
  body: Body,
  { departures = [], fidelity = "holds", isTracking = false, maxSteps = 2000 }: RecordOptions = {},
): Promise<{ readonly trace: Trace; readonly outcome: Outcome; readonly run: Run }> {
  const recorder = new Recorder(isTracking);
  const strategy = replay(departures);
  strategy.begin?.({ seed: 1, steps: 1 });
  const run = new Run({ fidelity, strategy, maxSteps, ioMax: 1000, seed: 1, recorder });
  await runAsync(run, body);
  return { trace: recorder.finish(run), outcome: run.outcome!, run };
}

/** A pick deviation. */
export const pick = (at: number, choice = 1): Deviation => ({ kind: "pick", at, choice });
/** A hold deviation. */
export const hold = (at: number): Deviation => ({ kind: "hold", at });
