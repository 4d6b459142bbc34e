/** A mutex that lets its holder in again. */
import { callBody } from "../core/call-frame.js";
import { showByToString } from "../core/inspection.js";
import {
  checkBody,
  checkDuration,
  checkLockOptions,
  checkOptions,
  PLAIN_REQUEST,
  readRequest,
  readWeight,
} from "../core/options.js";
import { busy } from "../core/refusals.js";
import { callIn, currentContext, isTracking } from "../core/task.js";
import { adopt } from "../core/tie.js";
import { emitCreated } from "../events.js";
import { neverAborted } from "./body-signal.js";
import type { AcquireOptions, LocalLock, LockOptions, LockStats, RunOptions, WaitOptions } from "./lock.js";
import { refuseThenable, runBounded } from "./permit-lock.js";
import { Ladder, type ReentrantGuard, type ReentrantHold } from "./reentrant-ladder.js";
import { beginScopedRun } from "./scoped-run.js";

export type { ReentrantGuard } from "./reentrant-ladder.js";

/**
 * Lets one holder in at a time, and that holder in again.
 *
 * Inside is who runs in the body of a `run` (or of something it awaits), or who passes the guard as `holding`. Holds form
 * a stack: children that a body forks do not meet inside, one waits for the other; outsiders wait until the stack is
 * empty. A child that outlives its hold is an outsider.
 *
 * **When to use** For code that calls itself under its own lock and cannot be split into an outer part that locks and an
 * inner part that does not. If it can, a {@link Mutex} is simpler and faster: `run` costs one AsyncLocalStorage call here,
 * and the first one of a process makes every await 2.5 times as long on Node 20 and 22.
 *
 * A promise that floats inside a hold cannot be told from an awaited one: it is let in. Pass `detached: true` where
 * nothing awaits the call; it then waits outside.
 *
 * **Fairness** Strict arrival order among outsiders, and among those who wait inside one hold, who go first.
 *
 * **Cancellation** `signal` and `timeout` end the waiting and leave nothing behind.
 *
 * **Errors** See `acquire` of `Lock`; `weight` is refused with a TypeError. A guard from `acquire` is not in the context:
 * its owner enters again only with `holding: guard`.
 *
 * **Example**
 * ```ts
 * import { ReentrantMutex } from "lockwright";
 *
 * const mutex = new ReentrantMutex({ name: "tree" });
 * const depths: number[] = [];
 *
 * async function visit(levels: number): Promise<void> {
 *   await mutex.run(async (guard) => {
 *     depths.push(guard.depth);
 *     if (levels > 1) await visit(levels - 1);
 *   });
 * }
 *
 * await visit(3);
 * console.log(depths.join(" ")); // 1 2 3
 * ```
 */
export class ReentrantMutex implements LocalLock<ReentrantGuard> {
  protected readonly ladder: Ladder;

  constructor(options: LockOptions = {}) {
    checkLockOptions(options);
    this.ladder = new Ladder(options);
    if (options.name !== undefined) emitCreated(this.ladder.lowest.ref);
  }

  get name(): string {
    return this.ladder.lowest.name;
  }

  acquire(options?: AcquireOptions): Promise<ReentrantGuard> {
    try {
      return this.#acquire(options ?? {});
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  #acquire(options: AcquireOptions): Promise<ReentrantGuard> {
    const ladder = this.ladder;
    const request = readRequest(ladder.lowest, options);
    if (request.signal?.aborted === true) return Promise.reject<never>(request.signal.reason);
    const rung = ladder.rungFor(options.holding, request.isDetached);
    const core = ladder.core(rung);
    const permit = core.take(1);
    if (permit === undefined) return core.acquireWith(request).then((granted) => ladder.begin(rung, granted));
    if (isTracking) adopt(permit, request);
    return Promise.resolve(ladder.begin(rung, permit));
  }

  tryAcquire(options?: { readonly weight?: number }): ReentrantGuard | undefined {
    const ladder = this.ladder;
    if (options !== undefined) readWeight(ladder.lowest, options);
    const rung = ladder.rungFor(undefined, false);
    const core = ladder.core(rung);
    const permit = core.take(1);
    if (permit === undefined) return core.missed(1);
    if (isTracking) adopt(permit, PLAIN_REQUEST);
    return ladder.begin(rung, permit);
  }

  async run<T>(
    fn: (guard: ReentrantGuard, signal: AbortSignal) => T | PromiseLike<T>,
    options?: RunOptions,
  ): Promise<T> {
    checkBody(fn);
    checkOptions(options);
    const { bodyTimeout = Infinity, holding } = options ?? {};
    checkDuration("bodyTimeout", bodyTimeout);
    const ladder = this.ladder;
    const request = readRequest(ladder.lowest, options ?? {});
    const { signal } = request;
    const rung = ladder.rungFor(holding, request.isDetached);
    const scope = isTracking ? beginScopedRun(this.name, request) : undefined;
    const hold = ladder.begin(rung, await ladder.core(rung).acquireWith(request));
    const enter = (guard: ReentrantHold, seen: AbortSignal): T | PromiseLike<T> =>
      scope === undefined
        ? callIn({ task: currentContext()?.task, hold }, () => callBody(hold.permit, fn, guard, seen))
        : scope.call(() => fn(guard, seen), hold);
    try {
      signal?.throwIfAborted();
      const value = await (bodyTimeout === Infinity
        ? enter(hold, signal ?? neverAborted())
        : runBounded(this.name, enter, hold, bodyTimeout, signal));
      hold.value = value;
      return value;
    } finally {
      scope?.end(hold.permit);
      hold[Symbol.dispose]();
    }
  }

  runSync<T>(fn: (guard: ReentrantGuard) => T): T {
    checkBody(fn);
    const hold = this.tryAcquire() as ReentrantHold | undefined;
    if (hold === undefined) throw busy(this.ladder.lowest);
    let value: T | undefined;
    try {
      value = callIn({ task: currentContext()?.task, hold }, fn, hold);
    } finally {
      hold.value = value;
      hold[Symbol.dispose]();
    }
    return refuseThenable(value);
  }

  whenAvailable(options?: WaitOptions & { readonly weight?: number }): Promise<void> {
    try {
      const request = options === undefined ? PLAIN_REQUEST : readRequest(this.ladder.lowest, options);
      return this.ladder.core(this.ladder.rungFor(undefined, false)).watch(request);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  cancelWaiters(reason?: unknown): number {
    const hasReason = reason !== undefined;
    return this.ladder.rungs.reduce((count, rung) => count + rung.cancelAll(reason, hasReason), 0);
  }

  close(reason?: unknown): void {
    for (const rung of this.ladder.rungs) rung.close(reason);
  }

  stats(): LockStats {
    const { name, free, held, isClosed } = this.ladder.lowest;
    return Object.freeze({ name, capacity: 1, available: free, held, waiting: this.#waiting, closed: isClosed });
  }

  get #waiting(): number {
    return this.ladder.rungs.reduce((count, rung) => count + rung.waiting, 0);
  }

  toString(): string {
    const { name, held, isClosed } = this.ladder.lowest;
    const state = `held: ${held} of 1, waiting: ${this.#waiting}${isClosed ? ", closed" : ""}`;
    return `${this.constructor.name} { name: ${JSON.stringify(name)}, ${state} }`;
  }

  static {
    showByToString(this.prototype);
  }
}
