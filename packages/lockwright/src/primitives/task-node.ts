/**
 * A `run` that waits: its waiter, its promise and its body in one node, without an async frame.
 *
 * A limiter is given 100 000 tasks at once and runs ten of them. What a queued task costs is then what the whole thing
 * costs, and most of that is the garbage collector copying it: an async function that awaits its permit keeps a frame, a
 * second promise and two closures per task. A node is the permit of its body, keeps the body, and is itself the resource
 * that carries the caller's async context.
 *
 * Invariants:
 * - T1 A body starts in a microtask after its grant, never inside the release that granted it (`release()` runs no user
 *   code). All that were granted since the last batch start together, in the order of their grants: one microtask for
 *   many tasks.
 * - T2 A body runs in the async context of the caller of `run`, never in that of the releaser.
 * - T3 The promise settles after the release, and once: a task whose wait ends otherwise rejects through the same
 *   resolve function (G2 of the permit), and a signal aborted between grant and start gives the permits back, body not run.
 *
 * Why not for a `run` that finds a free permit: at most `capacity` of those are alive, so memory does not matter, and an
 * async frame is then the quicker way. Why not `AsyncLocalStorage.snapshot()`: it measures 0.7 to 5.9 µs on Node 20 to 26.
 * Why a permit by copied methods and not a subclass: one class cannot extend both, and a resource of its own in each
 * node measured a sixth slower and 32 bytes more.
 */
import { AsyncResource } from "node:async_hooks";
import { callBody } from "../core/call-frame.js";
import { HELD, Permit, QUEUED, type WaitExtra } from "../core/guard.js";
import type { WaitRequest } from "../core/options.js";
import type { PermitCore } from "../core/permit-core.js";
import { platform } from "../platform.js";
import { neverAborted } from "./body-signal.js";
import type { Guard } from "./lock.js";
import { endHold } from "./permit-lock.js";

type Body<T> = (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>;

/** Granted and not started yet, in the order of the grants (T1). */
let granted: TaskNode[] = [];

/** A queued task. The fields up to `extra` are those of a {@link Permit}, which it is but by inheritance. */
class TaskNode extends AsyncResource {
  readonly owner: PermitCore;
  state: number = QUEUED;
  readonly weight: number;
  resolve: ((outcome: unknown) => void) | undefined = undefined;
  extra: WaitExtra | undefined = undefined;
  readonly body: Body<unknown>;
  readonly signal: AbortSignal | undefined;

  constructor(core: PermitCore, request: WaitRequest, body: Body<unknown>) {
    super("LockwrightTask");
    this.owner = core;
    this.weight = request.weight;
    this.body = body;
    this.signal = request.signal;
  }

  /** Ends the wait: a grant leaves the promise to the body, anything else settles it (T3). */
  end(state: number, outcome: unknown): void {
    const permit = asPermit(this);
    if (state !== HELD) return Permit.prototype.end.call(permit, state, outcome);
    permit.moveTo(state);
    if (granted.push(this) === 1) platform.queueMicrotask(startGranted);
  }

  start(): void {
    if (this.signal?.aborted === true) this.finish(undefined, Promise.reject<never>(this.signal.reason));
    else void this.runInAsyncScope(perform, undefined, this);
  }

  finish(value: unknown, outcome: unknown): void {
    endHold(asPermit(this), value);
    const resolve = this.resolve!;
    this.resolve = undefined;
    resolve(outcome);
  }

  static {
    for (const key of Reflect.ownKeys(Permit.prototype)) {
      if (Object.hasOwn(this.prototype, key)) continue;
      Object.defineProperty(this.prototype, key, Object.getOwnPropertyDescriptor(Permit.prototype, key)!);
    }
  }
}

function asPermit(node: TaskNode): Permit {
  return node as unknown as Permit;
}

async function perform(node: TaskNode): Promise<void> {
  let value: unknown;
  try {
    value = await callBody(asPermit(node), node.body, asPermit(node), node.signal ?? neverAborted());
  } catch (error) {
    return node.finish(undefined, Promise.reject<never>(error));
  }
  node.finish(value, value);
}

function startGranted(): void {
  const batch = granted;
  granted = [];
  for (const node of batch) node.start();
}

/** Runs `body` once `core` grants it the permits of `request`, which are not free now. */
export function runQueued<T>(core: PermitCore, request: WaitRequest, body: Body<T>): Promise<T> {
  return core.enqueue(request, asPermit(new TaskNode(core, request, body))) as Promise<T>;
}
