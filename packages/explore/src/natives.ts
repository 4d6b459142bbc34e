/**
 * The surroundings as they were before this package touched anything: the only file that captures globals. Outside a run
 * every patched function calls through to these; the engines use them inside a run too.
 *
 * Node's own things are there only in Node: built beforehand, the runtime also works in a browser page.
 */
import type * as AsyncHooks from "node:async_hooks";
import type * as Module from "node:module";
import type * as TimersPromises from "node:timers/promises";
import type * as Timers from "node:timers";

const host: NodeJS.Process | undefined = globalThis.process;
const builtin = <T>(name: string): T | undefined => {
  // Absent in Node below 20.16 and 22.3, and in browsers.
  const get = (host as { getBuiltinModule?: (name: string) => unknown } | undefined)?.getBuiltinModule;
  return get === undefined ? undefined : (get.call(host, name) as T);
};

/** Clock readings of the real world, in milliseconds. */
export const performanceNow: () => number = performance.now.bind(performance);

/** The globals, unpatched. */
export const natives: {
  readonly setTimeout: typeof setTimeout;
  readonly clearTimeout: typeof clearTimeout;
  readonly setInterval: typeof setInterval;
  readonly clearInterval: typeof clearInterval;
  readonly setImmediate: typeof setImmediate;
  readonly clearImmediate: typeof clearImmediate;
  readonly queueMicrotask: typeof queueMicrotask;
  readonly Date: DateConstructor;
  readonly dateNow: () => number;
  readonly random: () => number;
  readonly process: NodeJS.Process | undefined;
  readonly nextTick: (callback: (...args: unknown[]) => void, ...args: unknown[]) => void;
  readonly hrtime: NodeJS.HRTime | undefined;
  readonly abortTimeout: typeof AbortSignal.timeout;
  readonly crypto: Crypto | undefined;
} = {
  setTimeout,
  clearTimeout,
  setInterval,
  clearInterval,
  setImmediate: globalThis.setImmediate ?? ((callback: () => void) => setTimeout(callback, 0)),
  clearImmediate: globalThis.clearImmediate ?? clearTimeout,
  queueMicrotask,
  Date,
  dateNow: Date.now,
  random: Math.random,
  process: host,
  nextTick: host?.nextTick.bind(host) ?? ((callback, ...args) => queueMicrotask(() => callback(...args))),
  hrtime: host?.hrtime,
  abortTimeout: AbortSignal.timeout.bind(AbortSignal),
  crypto: globalThis.crypto,
};

type Crypto = typeof globalThis.crypto;

// oxlint-disable-next-line typescript/unbound-method -- called with a promise; a program may have replaced the property
const promiseThen = Promise.prototype.then;

/** Calls one of the two when `promise` has settled, whatever the program did to `then`. */
export function thenOf<T>(
  promise: Promise<T>,
  onFulfilled: (value: T) => void,
  onRejected?: (reason: unknown) => void,
): void {
  void promiseThen.call(promise, onFulfilled as (value: unknown) => void, onRejected);
}

/** Node's modules, where there are any. */
export const modules: {
  readonly asyncHooks: typeof AsyncHooks | undefined;
  readonly module: typeof Module | undefined;
  readonly timers: typeof Timers | undefined;
  readonly timersPromises: typeof TimersPromises | undefined;
  readonly crypto: Record<string, unknown> | undefined;
  readonly util: { styleText(format: string, text: string, options: { validateStream: boolean }): string } | undefined;
  readonly v8: { setFlagsFromString(flag: string): void } | undefined;
  readonly diagnosticsChannel:
    | { channel(name: string): { subscribe(f: Listener): void; unsubscribe(f: Listener): void } }
    | undefined;
} = {
  asyncHooks: builtin("node:async_hooks"),
  module: builtin("node:module"),
  timers: builtin("node:timers"),
  timersPromises: builtin("node:timers/promises"),
  crypto: builtin("node:crypto"),
  util: builtin("node:util"),
  v8: builtin("node:v8"),
  diagnosticsChannel: builtin("node:diagnostics_channel"),
};

type Listener = (message: never, name: string | symbol) => void;
