/**
 * Externals that a body marks itself: `io()` for one completion, `t.io(fake)` for a fake whose every call is two.
 *
 * A call of a wrapped method: an external, then the effect in the very step in which that completes, then an external
 * once the effect's own promise has settled, then the caller. So a request may be slow to arrive and its answer slow to
 * come back, and the effect lies at one moment in between.
 */
import { show } from "../errors.js";
import { natives, thenOf } from "../natives.js";
import { type Activation, pop, push, running } from "../runtime/activation.js";
import { markControlled } from "../runtime/point.js";
import type { External } from "../runtime/ready.js";
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

const NO_OPTIONS: IoOptions = {};
const NO_WINDOW = { min: undefined, max: undefined, channel: undefined };

/** Refuses options that mean nothing. Throws a TypeError or RangeError. */
export function checkIoOptions(options: IoOptions): void {
  if (typeof options !== "object" || options === null)
    throw new TypeError(`options must be an object, got ${show(options)}`);
  const { channel, order = "any", min = 0, max = Infinity, points = "both", sync = [] } = options;
  if (channel !== undefined && typeof channel !== "string")
    throw new TypeError(`channel must be a string, got ${show(channel)}`);
  if (order !== "any" && order !== "fifo") throw new TypeError(`order must be "any" or "fifo", got ${show(order)}`);
  if (order === "fifo" && channel === undefined) throw new TypeError(`order "fifo" needs a channel`);
  if (points !== "both" && points !== "before" && points !== "after")
    throw new TypeError(`points must be "both", "before" or "after", got ${show(points)}`);
  if (!Array.isArray(sync) || !sync.every((name) => typeof name === "string"))
    throw new TypeError(`sync must be an array of method names, got ${show(sync)}`);
  if (typeof min !== "number" || !(min >= 0) || min === Infinity)
    throw new RangeError(`min must be 0 or more milliseconds, got ${show(min)}`);
  if (typeof max !== "number" || !(max >= min))
    throw new RangeError(`max must be at least min (${min}) milliseconds, got ${show(max)}`);
}

/** Issues one external with the options of a person. */
export function issueExternal(
  run: Run,
  label: string,
  options: IoOptions,
  deliver: () => void,
  who: Who = run.who(),
): External {
  if (options === NO_OPTIONS) return run.issue(label, NO_WINDOW, deliver, who);
  const { channel, order, min, max } = options;
  return run.issue(label, { min, max, channel: order === "fifo" ? `io:${channel}` : undefined }, deliver, who);
}

/** One external of the active run; outside a run a native setImmediate. */
export function issueIo(label = "io", options: IoOptions = NO_OPTIONS): Promise<void> {
  if (typeof label !== "string") throw new TypeError(`label must be a string, got ${show(label)}`);
  if (options !== NO_OPTIONS) checkIoOptions(options);
  const run = currentRun();
  if (run === null) return new Promise((resolve) => natives.setImmediate(resolve));
  // Under "all" each await is a choice already.
  if (run.fidelity === "all") return Promise.resolve();
  return markControlled(new Promise((resolve) => void issueExternal(run, label, options, resolve)));
}

type Method = (...args: unknown[]) => unknown;

/** Calls one method of a fake through the schedule. */
type CallThrough = (label: string, effect: () => unknown) => Promise<unknown>;

/** Wraps a fake for one run. */
export function wrapFake<T extends object>(run: Run, fake: T, options: IoOptions): T {
  checkIoOptions(options);
  return new Proxy(
    shadowOf(fake),
    new FakeHandler(fake, options.sync ?? [], (label, effect) => callThrough(run, label, options, effect)),
  ) as T;
}

/** What the proxy stands on: not the fake itself, or a frozen fake would forbid that its methods are wrapped. */
function shadowOf(fake: object): object {
  return typeof fake === "function" ? function () {} : Object.create(Object.getPrototypeOf(fake) as object | null);
}

/** Methods of protocols and of every object: the language calls them and takes no promise for an answer. */
function isOfLanguage(key: PropertyKey, method: unknown): boolean {
  if (typeof key === "symbol") return key !== Symbol.asyncDispose;
  return key === "then" || key === "constructor" || (Object.prototype as Record<string, unknown>)[key] === method;
}

/** Everything goes to the fake; what is a method there comes back wrapped, the same one each time. */
class FakeHandler implements ProxyHandler<object> {
  readonly #fake: object;
  readonly #sync: ReadonlySet<PropertyKey>;
  readonly #call: CallThrough;
  readonly #wrapped = new Map<PropertyKey, { readonly method: Method; readonly proxy: Method }>();

  constructor(fake: object, sync: readonly string[], call: CallThrough) {
    this.#fake = fake;
    this.#sync = new Set(sync);
    this.#call = call;
  }

  get(_: object, key: PropertyKey): unknown {
    const value = Reflect.get(this.#fake, key, this.#fake) as unknown;
    if (typeof value !== "function" || key === "constructor") return value;
    const known = this.#wrapped.get(key);
    if (known?.method === value) return known.proxy;
    const method = value as Method;
    const proxy = this.#wrap(key, method);
    this.#wrapped.set(key, { method, proxy });
    return proxy;
  }

  #wrap(key: PropertyKey, method: Method): Method {
    if (this.#sync.has(key) || isOfLanguage(key, method)) return method.bind(this.#fake);
    const label = typeof key === "symbol" ? (key.description ?? "call") : String(key);
    return (...args) => this.#call(label, () => Reflect.apply(method, this.#fake, args));
  }

  /** A fake that is a function, such as one in place of `fetch`. */
  apply(_: object, self: unknown, args: unknown[]): unknown {
    const fake = this.#fake as Method & { readonly name: string };
    return this.#call(fake.name === "" ? "call" : fake.name, () => Reflect.apply(fake, self, args));
  }

  set(_: object, key: PropertyKey, value: unknown): boolean {
    return Reflect.set(this.#fake, key, value, this.#fake);
  }

  has(_: object, key: PropertyKey): boolean {
    return Reflect.has(this.#fake, key);
  }

  deleteProperty(_: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(this.#fake, key);
  }

  defineProperty(_: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    return Reflect.defineProperty(this.#fake, key, descriptor);
  }

  ownKeys(target: object): (string | symbol)[] {
    // The shadow of a function has keys of its own that a proxy may not hide.
    return [...new Set([...Reflect.ownKeys(this.#fake), ...Reflect.ownKeys(target)])];
  }

  getOwnPropertyDescriptor(target: object, key: PropertyKey): PropertyDescriptor | undefined {
    const own = Reflect.getOwnPropertyDescriptor(target, key);
    if (own?.configurable === false) return own;
    const descriptor = Reflect.getOwnPropertyDescriptor(this.#fake, key);
    return descriptor === undefined ? undefined : { ...descriptor, configurable: true };
  }

  getPrototypeOf(): object | null {
    return Reflect.getPrototypeOf(this.#fake);
  }
}

function callThrough(run: Run, label: string, options: IoOptions, effect: () => unknown): Promise<unknown> {
  if (run.fidelity === "all" || currentRun() !== run) return new Promise((resolve) => resolve(effect()));
  const { points = "both" } = options;
  const who = run.who();
  const act = (): Promise<unknown> => callFor(who, effect);
  // The effect in a reaction of the arrival, not in the arrival: so it runs in the async context of the call.
  const done =
    points === "after"
      ? act()
      : new Promise<void>((resolve) => void issueExternal(run, label, options, resolve, who)).then(act);
  return markControlled(points === "before" ? done : answered(run, label, options, who, done));
}

/** The answer of an effect is an external of its own once there is one, also when it is an error. */
function answered(run: Run, label: string, options: IoOptions, who: Who, done: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answer = (settle: () => void, isRejection: boolean): void => {
      issueExternal(run, `${label}: answer`, options, settle, who).isRejection = isRejection;
    };
    thenOf(
      done,
      (value) => answer(() => resolve(value), false),
      (reason) => answer(() => reject(reason as Error), true),
    );
  });
}

/** Runs the effect as a part of the strand that called: it waits for nothing else. */
function callFor({ activation, strand }: Who, effect: () => unknown): Promise<unknown> {
  if (activation === null) return asPromise(effect);
  const isNested = activation === running();
  // What the caller begun before is no part of this call.
  const { lastCall } = activation;
  activation.lastCall = null;
  if (!isNested) push(activation);
  try {
    return asPromise(effect);
  } finally {
    (activation.lastCall as Activation | null)?.strand.mergeInto(strand);
    activation.lastCall = lastCall;
    if (!isNested) pop(activation);
  }
}

function asPromise(effect: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(effect());
  } catch (error) {
    return Promise.reject<never>(error);
  }
}
