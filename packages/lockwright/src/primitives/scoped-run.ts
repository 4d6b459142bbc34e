/**
 * A `run` inside a task: its body is a task of its own, for whose end the caller waits.
 *
 * The permit belongs to the body from the first, never to the caller: else `Promise.all` of two runs on one mutex, in
 * one task, would look like a task that waits for what it holds.
 */
import type { Permit } from "../core/guard.js";
import type { WaitRequest } from "../core/options.js";
import { callIn, currentContext, currentTask, Task } from "../core/task.js";
import { disown, endTask } from "../core/tie.js";

/** The task of one `run` body. */
export class ScopedRun {
  readonly #body: Task;
  readonly #caller: Task;
  readonly #isDetached: boolean;

  constructor(body: Task, caller: Task, isDetached: boolean) {
    this.#body = body;
    this.#caller = caller;
    this.#isDetached = isDetached;
  }

  /** Calls the body, as its task, inside whatever reentrant hold is around it; `hold` is one of its own. */
  call<T>(fn: () => T, hold?: object): T {
    if (!this.#isDetached && !this.#caller.isOver) this.#caller.addChild(this.#body);
    return callIn({ task: this.#body, hold: hold ?? currentContext()?.hold }, fn);
  }

  /** Ends the task; call it before the hold of `permit` ends, which is then nobody's. */
  end(permit: Permit): void {
    disown(permit);
    endTask(this.#body);
  }
}

/** Prepares a `run` of the task that runs, if there is one, and makes its body the holder of what `request` asks for. */
export function beginScopedRun(lock: string, request: WaitRequest): ScopedRun | undefined {
  const caller = currentTask();
  if (caller === undefined) return undefined;
  const body = new Task(caller, undefined, lock);
  request.body = body;
  return new ScopedRun(body, caller, request.isDetached);
}
