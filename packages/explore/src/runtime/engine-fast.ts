/**
 * The fast engine: a whole run in one synchronous call, by V8's own microtask checkpoint. It must be called from a
 * macrotask: inside a microtask the checkpoint does nothing, and every schedule would look like a deadlock.
 *
 * It sees no real I/O (nothing of the loop turns while it runs), so `deadlock` is a suspicion here that the asynchronous
 * engine, the reference, has to confirm.
 */
import { modules } from "../natives.js";
import { beginRun, endRun } from "./begin.js";
import type { Body } from "./explorer.js";
import type { Run } from "./run.js";

let checkpoint: (() => void) | undefined | null;

/** Gives V8's microtask checkpoint, or null where code may not be generated, or off Node. */
function loadCheckpoint(): (() => void) | null {
  if (modules.v8 === undefined) return null;
  try {
    modules.v8.setFlagsFromString("--allow-natives-syntax");
    // oxlint-disable-next-line typescript/no-implied-eval -- the only way to a V8 intrinsic; a constant string
    return new Function("%PerformMicrotaskCheckpoint()") as () => void;
  } catch {
    return null;
  } finally {
    modules.v8.setFlagsFromString("--no-allow-natives-syntax");
  }
}

/** Answers whether the fast engine works here. */
export function isFastEngineAvailable(): boolean {
  checkpoint ??= loadCheckpoint();
  return checkpoint !== null;
}

/** Runs the body to its end. Throws what a strategy throws; the run is over then all the same. */
export function runFast(run: Run, body: Body): void {
  if (!isFastEngineAvailable()) throw new Error("the fast engine is not available here");
  const drain = checkpoint!;
  const fail = (error: unknown): void => run.fail(error);
  const settle = (): void => {
    do {
      run.ticks.runAll(fail);
      drain();
    } while (!run.ticks.isEmpty);
  };
  try {
    beginRun(run, body);
    settle();
    drive(run, settle);
  } catch (error) {
    // A strategy that throws: no verdict, but the run is over all the same.
    run.fail(error);
    settle();
    throw error;
  } finally {
    endRun();
  }
}

function drive(run: Run, settle: () => void): void {
  for (;;) {
    const progress = run.advance();
    if (progress === "stuck") run.end({ kind: "deadlock" });
    // After the end once more: what the last step set in motion parks while this run still is the active one.
    settle();
    if (progress !== "moved") return;
  }
}
