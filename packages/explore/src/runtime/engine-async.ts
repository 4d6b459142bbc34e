/**
 * The reference engine: the loop turns as ever, and quiescence is a microtask, then a tick. It may wait for real I/O.
 *
 * The loop itself does not turn while anything is ready: a step ends in a microtask and a tick, so what the real world
 * delivers comes in only where {@link OutsideWorld} waits for it.
 */
import { natives, thenOf } from "../natives.js";
import { beginRun, endRun } from "./begin.js";
import type { Body } from "./explorer.js";
import type { Run } from "./run.js";

/** What the real world does while a run goes on. One run at a time. */
export interface OutsideWorld {
  /** Called before the body. */
  begin(run: Run): void;
  /** At quiescence, before each choice: holds the clock, or gives what to wait for before looking again; may end the run. */
  beforeChoice(run: Run): Promise<void> | undefined;
  /** When nothing can move: true to look again; may end the run. */
  unstick(run: Run): Promise<boolean>;
  /** Called when the run has an outcome: what is still on its way is to arrive while the run can park it. */
  drain(run: Run): Promise<void> | undefined;
  /** Called after the end. */
  end(): void;
}

const resolved = Promise.resolve();

/** Drives one run. */
class Drive {
  readonly #run: Run;
  readonly #world: OutsideWorld | undefined;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  #isOver = false;

  constructor(run: Run, world: OutsideWorld | undefined, resolve: () => void, reject: (reason: unknown) => void) {
    this.#run = run;
    this.#world = world;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(body: Body): void {
    this.#world?.begin(this.#run);
    beginRun(this.#run, body);
    this.#turn();
  }

  readonly #fail = (error: unknown): void => this.#run.fail(error);

  /** As Node does it after a callback: all ticks, then all microtasks, and again while there are ticks. */
  readonly #turn = (): void => {
    this.#run.ticks.runAll(this.#fail);
    thenOf(resolved, this.#afterMicrotasks);
  };

  readonly #afterMicrotasks = (): void => natives.nextTick(this.#look);

  readonly #look = (): void => {
    if (!this.#run.ticks.isEmpty) return this.#turn();
    try {
      if (this.#isOver) this.#finish();
      else this.#step();
    } catch (error) {
      this.#abort(error);
    }
  };

  #step(): void {
    const run = this.#run;
    const waiting = run.outcome === undefined ? this.#world?.beforeChoice(run) : undefined;
    if (waiting !== undefined) return thenOf(waiting, this.#turn, this.#abort);
    const progress = run.advance();
    if (progress === "stuck") return this.#stuck();
    // After the end once more: what the last step set in motion parks while this run still is the active one.
    this.#isOver = progress === "ended";
    this.#turn();
  }

  #stuck(): void {
    const world = this.#world;
    const verdict = (moved: boolean): void => {
      if (!moved) this.#run.end({ kind: "deadlock" });
      this.#turn();
    };
    if (world === undefined) verdict(false);
    else thenOf(world.unstick(this.#run), verdict, this.#abort);
  }

  #finish(): void {
    // Before anything that still arrives moves the strands that stand.
    this.#run.recorder?.end(this.#run);
    const waiting = this.#world?.drain(this.#run);
    if (waiting !== undefined) return thenOf(waiting, this.#turn, this.#abort);
    this.#leave();
    this.#resolve();
  }

  /** A strategy or an engine that throws: no verdict, but the run is over all the same. */
  readonly #abort = (error: unknown): void => {
    this.#run.fail(error);
    this.#leave();
    this.#reject(error);
  };

  #leave(): void {
    endRun();
    this.#world?.end();
  }
}

/** Runs the body to its end. */
export function runAsync(run: Run, body: Body, world?: OutsideWorld): Promise<void> {
  return new Promise((resolve, reject) => new Drive(run, world, resolve, reject).start(body));
}
