/**
 * Externals that a body marks itself: `io()` for one completion, `t.io(fake)` for a fake whose every call is two.
 *
 * A call of a wrapped method: an external, then the effect in the very step in which that completes, then an external
 * once the effect's own promise has settled, then the caller. So a request may be slow to arrive and its answer slow to
 * come back, and the effect lies at one moment in between.
 */
import { natives } from "../natives.js";
import { markControlled } from "../runtime/point.js";
import { pop, push, running } from "../runtime/activation.js";
import { currentRun, type Run, type Who } from "../runtime/run.js";

/** How an external behaves. Times in virtual milliseconds. */
export interface IoOptions {
  /** Externals of one channel may be ordered among themselves. */
  readonly channel?: string;
  /** `"any"` (default) or `"fifo"`: those of the channel complete in the order in which they were issued. */
  readonly order?: "any" | "fifo";
  /** Not ready before this long after its issue. Default 0. */
  readonly min?: number;
  /** The clock does not pass this long after its issue while it is pending. Default `ioMax` (1000). */
  readonly max?: number;
  /** Of a wrapped method: an external before the effect, after it, or both (default). */
  readonly points?: "both" | "before" | "after";
  /** Methods that stay synchronous. */
  readonly sync?: readonly string[];
}

/** Refuses options that mean nothing. Throws a TypeError or RangeError. */
function checkIoOptions(options: IoOptions): void {
  const { channel, order = "any", min = 0, max = Infinity, points = "both" } = options;
  if (channel !== undefined && typeof channel !== "string")
    throw new TypeError(`channel must be a string, got ${String(channel)}`);
  if (order !== "any" && order !== "fifo") throw new TypeError(`order must be "any" or "fifo", got ${String(order)}`);
  if (order === "fifo" && channel === undefined) throw new TypeError(`order "fifo" needs a channel`);
  if (points !== "both" && points !== "before" && points !== "after")
    throw new TypeError(`points must be "both", "before" or "after", got ${String(points)}`);
  if (typeof min !== "number" || !(min >= 0) || min === Infinity)
    throw new RangeError(`min must be 0 or more milliseconds, got ${String(min)}`);
  if (typeof max !== "number" || !(max >= min))
    throw new RangeError(`max must be at least min (${min}) milliseconds, got ${String(max)}`);
}

function issue(run: Run, label: string, options: IoOptions, deliver: () => void, who: Who = run.who()): void {
  const { channel, order, min, max } = options;
  const window = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  run.issue(label, { ...window, channel: order === "fifo" ? `io:${channel}` : undefined }, deliver, who);
}

/** One external of the active run; outside a run a native setImmediate. */
export function issueIo(label = "io", options: IoOptions = {}): Promise<void> {
  if (typeof label !== "string") throw new TypeError(`label must be a string, got ${String(label)}`);
  checkIoOptions(options);
  const run = currentRun();
  if (run === null) return new Promise((resolve) => natives.setImmediate(resolve));
  // Under "all" each await is a choice already.
  if (run.fidelity === "all") return Promise.resolve();
  return markControlled(new Promise((resolve) => issue(run, label, options, resolve)));
}

type Method = (...args: unknown[]) => unknown;

/** Wraps a fake for one run. */
export function wrapFake<T extends object>(run: Run, fake: T, options: IoOptions): T {
  checkIoOptions(options);
  const { points = "both", sync = [] } = options;
  const isSync = new Set<PropertyKey>(sync);
  const wrapped = new Map<PropertyKey, { readonly method: Method; readonly proxy: Method }>();
  const wrapMethod = (key: PropertyKey, method: Method): Method => {
    if (isSync.has(key)) return method.bind(fake);
    const label = String(key);
    return (...args) => callThrough(run, label, options, points, () => Reflect.apply(method, fake, args));
  };
  return new Proxy(fake, {
    get(target, key) {
      const value = Reflect.get(target, key, target) as unknown;
      if (typeof value !== "function" || key === "constructor") return value;
      const known = wrapped.get(key);
      if (known?.method === value) return known.proxy;
      const proxy = wrapMethod(key, value as Method);
      wrapped.set(key, { method: value as Method, proxy });
      return proxy;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

function callThrough(
  run: Run,
  label: string,
  options: IoOptions,
  points: NonNullable<IoOptions["points"]>,
  effect: () => unknown,
): Promise<unknown> {
  if (run.fidelity === "all" || currentRun() !== run) return new Promise((resolve) => resolve(effect()));
  const who = run.who();
  return markControlled(
    new Promise((resolve, reject) => {
      const act = (): void => {
        const outcome = callFor(who, effect);
        if (points === "before") return resolve(outcome);
        const answer = (settle: () => void): void => issue(run, `${label}: answer`, options, settle, who);
        outcome.then(
          (value) => answer(() => resolve(value)),
          (reason: unknown) => answer(() => reject(reason)),
        );
      };
      if (points === "after") act();
      else issue(run, label, options, act, who);
    }),
  );
}

/** Runs the effect as a part of the strand that called: it waits for nothing else. */
function callFor({ activation, strand }: Who, effect: () => unknown): Promise<unknown> {
  const isNested = activation === null || activation === running();
  if (!isNested) push(activation);
  try {
    return Promise.resolve(effect());
  } catch (error) {
    return Promise.reject<never>(error);
  } finally {
    activation?.lastCall?.strand.mergeInto(strand);
    if (activation !== null) activation.lastCall = null;
    if (!isNested) pop(activation);
  }
}
