/** Task scopes: how code says "this is one task", so that a deadlock it takes part in is a fact and not a guess. */
import { checkBody, checkOptions, show } from "../core/options.js";
import { beginTracking, callIn, currentContext, currentTask, setOwnersTracked, Task } from "../core/task.js";
import { endTask } from "../core/tie.js";

/**
 * Runs `fn` as one task: whatever its code acquires belongs to it until it is released, and whatever it waits for keeps
 * that back. A wait that closes a cycle of such tasks rejects at once with a `DeadlockError` that names them.
 *
 * A task does one thing after the other. Each `run` body inside it is a task of its own, for which it waits; concurrent
 * parts that hold locks get a scope of their own or are spawned by a task group. Code that nothing here waits for, a
 * follow-up, passes `detached: true`, and so does a guard that somebody else will give back.
 *
 * **When to use** Around a request, a job, a transaction: anything that takes more than one lock. Without scopes a
 * deadlock is found only where a body waits for what it holds, and at the end of the process.
 *
 * **Cancellation** Not affected: it settles as `fn` does.
 *
 * **Errors** Whatever `fn` throws. A TypeError when `fn` is no function or `name` no string.
 *
 * The first scope of a process turns on an AsyncLocalStorage for good: on Node 20 and 22 every await then takes 2.5 times
 * as long (tens of nanoseconds), on Node 24 and later nothing.
 *
 * **Example**
 * ```ts
 * import { DeadlockError, Mutex, taskScope } from "lockwright";
 *
 * const stock = new Mutex({ name: "stock" });
 * const till = new Mutex({ name: "till" });
 * const both = (first: Mutex, second: Mutex) => first.run(() => second.run(() => "done"));
 *
 * const results = await Promise.allSettled([
 *   taskScope(() => both(stock, till), { name: "order" }),
 *   taskScope(() => both(till, stock), { name: "refund" }),
 * ]);
 * for (const result of results)
 *   console.log(result.status === "fulfilled" ? result.value : result.reason instanceof DeadlockError); // done, true
 * ```
 */
export async function taskScope<T>(fn: () => T | PromiseLike<T>, options?: { readonly name?: string }): Promise<T> {
  checkBody(fn);
  checkOptions(options);
  const name = options?.name;
  if (name !== undefined && typeof name !== "string") throw new TypeError(`name must be a string, got ${show(name)}`);
  beginTracking();
  const task = new Task(currentTask(), name);
  try {
    return await callIn({ task, hold: currentContext()?.hold }, fn);
  } finally {
    endTask(task);
  }
}

let isPriceTold = false;

/**
 * Records who holds what, from now on, or stops it.
 *
 * On, each child of a task group is a task of its own, outside `taskScope` too; a group's parent that joins is known to
 * wait for its children; and each acquire notes its time and its place in the code, so that a `DeadlockError` says how
 * long and where for every holder and waiter.
 *
 * **When to use** While hunting a deadlock, and in tests. It records a stack for each acquire, which is some microseconds, and on Node 20 and 22 every
 * await of the process takes 2.5 times as long from then on, which it says once as a warning.
 *
 * **Errors** A TypeError for anything but true or false.
 *
 * **Example**
 * ```ts
 * import { DeadlockError, Mutex, taskScope, trackOwners } from "lockwright";
 *
 * trackOwners(true);
 * const mutex = new Mutex({ name: "ledger" });
 * await taskScope(async () => {
 *   using _ = await mutex.acquire();
 *   const error: unknown = await mutex.acquire().catch((reason: unknown) => reason);
 *   if (error instanceof DeadlockError) console.log(error.edges[0]?.holderSite !== undefined); // true
 * });
 * trackOwners(false);
 * ```
 */
export function trackOwners(on: boolean): void {
  if (typeof on !== "boolean") throw new TypeError(`on must be true or false, got ${show(on)}`);
  setOwnersTracked(on);
  if (!on || isPriceTold || Number.parseInt(process.versions.node, 10) >= 24) return;
  isPriceTold = true;
  process.emitWarning(
    `trackOwners(true): on Node ${process.versions.node} every await of this process now takes about 2.5 times as long; from Node 24 on it does not`,
    "LockwrightWarning",
  );
}
