/**
 * The reference engine: the loop turns as ever, and quiescence is a microtask, then a tick. It may wait for real I/O.
 */
import { natives } from "../natives.js";
import { beginRun, endRun } from "./begin.js";
import type { Body } from "./explorer.js";
import type { Run } from "./run.js";

/** What the engine asks when nothing can move by itself. */
export interface OutsideWorld {
  /** Before the clock may move: resolves once no native request is open, or says that the run must end. */
  quiet(run: Run): Promise<void> | undefined;
  /** When the run is stuck: true if something arrived and it should look again; may end the run. */
  unstick(run: Run): Promise<boolean>;
}

/** Resolves when no microtask and no tick is left, those of the run included. */
function quiescence(run: Run): Promise<void> {
  const fail = (error: unknown): void => run.fail(error);
  return new Promise((resolve) => {
    const look = (): void => {
      run.ticks.runAll(fail);
      natives.queueMicrotask(() =>
        natives.nextTick(() => {
          if (run.ticks.isEmpty) resolve();
          else look();
        }),
      );
    };
    look();
  });
}

/** Runs the body to its end. */
export async function runAsync(run: Run, body: Body, world?: OutsideWorld): Promise<void> {
  beginRun(run, body);
  await quiescence(run);
  for (;;) {
    const open = world?.quiet(run);
    if (open !== undefined) {
      await open;
      await quiescence(run);
    }
    const progress = run.advance();
    if (progress === "stuck" && (await stuck(run, world))) {
      await quiescence(run);
      continue;
    }
    await quiescence(run);
    if (progress !== "moved") break;
  }
  endRun();
}

async function stuck(run: Run, world: OutsideWorld | undefined): Promise<boolean> {
  if (world !== undefined && (await world.unstick(run))) return true;
  run.end({ kind: "deadlock" });
  return false;
}
