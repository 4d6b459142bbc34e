/** What both engines do the same: start the body, and end a run so that nothing of it reaches into the next. */
import { clearStack, emptyStack } from "./activation.js";
import { type Body, RunExplorer } from "./explorer.js";
import { activeRun, type Run, setCurrentRun } from "./run.js";
import { ensureTicks } from "../world/tick-globals.js";
import { useRunPlatform } from "../world/platform.js";

let leavePlatform: () => void = () => {};

/** Makes `run` the active one and calls the body. */
export function beginRun(run: Run, body: Body): void {
  ensureTicks();
  setCurrentRun(run);
  clearStack();
  leavePlatform = useRunPlatform(run);
  run.recorder?.begin(() => run.now);
  let result: void | Promise<void>;
  try {
    result = body(new RunExplorer(run));
  } catch (error) {
    run.fail(error);
    return;
  }
  // Adopted like any value that is returned: a thenable is one too.
  Promise.resolve(result).then(
    () => run.bodyReturned(),
    (error: unknown) => run.fail(error),
  );
}

/** Ends the activity of a run, once its last microtasks have run with every await parked and every timer in vain. */
export function endRun(): void {
  emptyStack();
  leavePlatform();
  activeRun()?.restore();
  setCurrentRun(null);
}
