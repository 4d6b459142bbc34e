/**
 * lockwright's own time and chance inside a run. Its `platform.ts` publishes how to put another platform in force, under
 * a registered symbol and once per copy of the package; this package imports nothing from it.
 *
 * Each run gets a platform of its own: lockwright keeps deadlines by platform, and those of an earlier run must not count.
 */
import type { Run } from "../runtime/run.js";
import { EPOCH, readClock } from "./clock.js";

const INSTALLERS = Symbol.for("lockwright.platform");

interface Timer {
  keepAlive(on: boolean): void;
  clear(): void;
}

type Installer = (platform: object) => Disposable;

/** The platform of one run, in the shape of lockwright's `Platform`. */
class RunPlatform {
  readonly #run: Run;
  #ids = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  now(): number {
    return readClock(this.#run);
  }

  wallNow(): number {
    return EPOCH + readClock(this.#run);
  }

  setTimer(fn: () => void, ms: number): Timer {
    const timer = this.#run.timers.set(fn, ms, [], false);
    this.#run.recorder?.timerSet(timer);
    return {
      keepAlive: (on) => void (on ? timer.ref() : timer.unref()),
      clear: () => void timer.close(),
    };
  }

  queueMicrotask(fn: () => void): void {
    queueMicrotask(fn);
  }

  random(): number {
    return Math.random();
  }

  newId(): string {
    this.#ids += 1;
    return `run${String(this.#ids).padStart(13, "0")}`;
  }
}

/** Puts the run's platform in force in every copy of lockwright; gives how to take it back. */
export function useRunPlatform(run: Run): () => void {
  const installers = (globalThis as { [INSTALLERS]?: readonly Installer[] })[INSTALLERS];
  if (installers === undefined) return () => {};
  const platform = new RunPlatform(run);
  const handles = installers.map((use) => use(platform));
  return () => {
    for (const handle of handles) handle[Symbol.dispose]();
  };
}
