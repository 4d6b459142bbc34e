/**
 * The children of one task group, as tasks.
 *
 * A group has one of these and starts each child through it. With nobody tracking that is a plain call.
 */
import { callApart } from "./call-frame.js";
import { areOwnersTracked, callIn, currentContext, currentTask, isTracking, Task } from "./task.js";
import { endTask } from "./tie.js";
import { reexamine } from "./verdict.js";

/** Starts the children of one group. */
export class ChildTasks {
  readonly #running: Set<Task> = new Set<Task>();
  /** Tasks that wait for all children to end. */
  readonly #joining: Set<Task> = new Set<Task>();

  /**
   * Calls `fn(given)` as a child: a task of its own inside a task, or anywhere while owners are tracked. It ends when
   * what `fn` returned settles. Gives what `fn` returned; throws what it threw.
   */
  start<A, T>(fn: (given: A) => T | PromiseLike<T>, given: A, name?: string): T | PromiseLike<T> {
    const around = isTracking ? currentTask() : undefined;
    if (around === undefined && !areOwnersTracked) return callApart(() => fn(given));
    const child = new Task(around, name);
    this.#running.add(child);
    for (const task of this.#joining) task.addChild(child);
    const end = (): void => this.#ended(child);
    try {
      const outcome = callApart(() => callIn({ task: child, hold: currentContext()?.hold }, fn, given));
      if (!isThenable(outcome)) {
        end();
        return outcome;
      }
      // A promise of our own for a foreign thenable: its `then` must be called once, by whoever it is handed to.
      const settling = Promise.resolve(outcome);
      void settling.then(end, end);
      return settling;
    } catch (error) {
      end();
      throw error;
    }
  }

  /**
   * Says that the running task waits for the children from now on, if owners are tracked; call what it gives when it
   * waits no more.
   */
  join(): () => void {
    const task = areOwnersTracked ? currentTask() : undefined;
    if (task === undefined) return nothing;
    this.#joining.add(task);
    for (const child of this.#running) task.addChild(child);
    // Children that wait already for what the joining task holds: this has closed the knot.
    reexamine(task.anyWait);
    return () => {
      this.#joining.delete(task);
      for (const child of this.#running) task.removeChild(child);
    };
  }

  #ended(child: Task): void {
    this.#running.delete(child);
    for (const task of this.#joining) {
      task.removeChild(child);
      reexamine(task.anyWait);
    }
    endTask(child);
  }
}

function nothing(): void {}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}
