/**
 * The timer functions of the language's surroundings: virtual inside a run, native outside. All ways to a timer are
 * covered, since `timers/promises` and `AbortSignal.timeout` never call the global `setTimeout`.
 */
import { modules, natives } from "../natives.js";
import { markControlled } from "../runtime/point.js";
import type { External } from "../runtime/ready.js";
import { currentRun, type Run } from "../runtime/run.js";
import { currentScope } from "./scope.js";
import { VirtualTimer } from "./timers.js";

type Callback = (...args: unknown[]) => unknown;

/** What `setImmediate` gives inside a run. */
class VirtualImmediate {
  readonly #run: Run;
  readonly #external: External;
  #isRef = true;

  constructor(run: Run, callback: Callback, args: readonly unknown[]) {
    const scope = currentScope();
    this.#run = run;
    // In order of their call among each other, as the loop runs them (M3).
    this.#external = run.issue("setImmediate", { channel: "setImmediate" }, () =>
      scope.runInAsyncScope(callback, this, ...args),
    );
  }

  clear(): void {
    this.#run.withdraw(this.#external);
  }

  ref(): this {
    this.#isRef = true;
    return this;
  }

  unref(): this {
    this.#isRef = false;
    return this;
  }

  hasRef(): boolean {
    return this.#isRef;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

function setVirtual(
  run: Run,
  callback: Callback,
  ms: unknown,
  args: readonly unknown[],
  isInterval: boolean,
): VirtualTimer {
  const timer = run.timers.set(callback, ms, args, isInterval);
  run.recorder?.timerSet(timer);
  return timer;
}

/** Hands a bad callback to the native function, which refuses it in its own words. */
const isCallback = (callback: unknown): callback is Callback => typeof callback === "function";

function patchedSet(isInterval: boolean): Callback {
  const native = (isInterval ? natives.setInterval : natives.setTimeout) as unknown as Callback;
  return (callback, ms, ...args) => {
    const run = currentRun();
    if (run === null || !isCallback(callback)) return native(callback, ms, ...args);
    return setVirtual(run, callback, ms, args, isInterval);
  };
}

function clear(handle: unknown, native: (handle: never) => void): void {
  if (handle instanceof VirtualTimer) handle.close();
  else if (handle instanceof VirtualImmediate) handle.clear();
  else if (currentRun() !== null && typeof handle !== "object") currentRun()!.timers.clear(handle);
  else native(handle as never);
}

interface PromiseOptions {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

function abortError(signal: AbortSignal): Error {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

/** A promise that `start` resolves and the signal rejects; `start` gives how to take it back. */
function abortable<T>(signal: AbortSignal | undefined, start: (resolve: (value: T) => void) => () => void): Promise<T> {
  if (signal?.aborted === true) return Promise.reject<T>(abortError(signal));
  return markControlled(
    new Promise<T>((resolve, reject) => {
      const stop = start((value) => {
        signal?.removeEventListener("abort", onAbort);
        resolve(value);
      });
      const onAbort = (): void => {
        stop();
        reject(abortError(signal!));
      };
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
  );
}

function sleep<T>(run: Run, ms: unknown, value: T, options: PromiseOptions = {}): Promise<T> {
  return abortable(options.signal, (resolve) => {
    const timer = setVirtual(run, () => resolve(value), ms, [], false);
    if (options.ref === false) timer.unref();
    return () => timer.close();
  });
}

function immediate<T>(run: Run, value: T, options: PromiseOptions = {}): Promise<T> {
  return abortable(options.signal, (resolve) => {
    const handle = new VirtualImmediate(run, () => resolve(value), []);
    return () => handle.clear();
  });
}

async function* ticks<T>(run: Run, ms: unknown, value: T, options: PromiseOptions = {}): AsyncGenerator<T> {
  let due = 0;
  let wake: (() => void) | undefined;
  const timer = setVirtual(
    run,
    () => {
      due += 1;
      wake?.();
    },
    ms,
    [],
    true,
  );
  try {
    for (;;) {
      if (options.signal?.aborted === true) throw abortError(options.signal);
      if (due === 0) await abortable<void>(options.signal, (resolve) => ((wake = resolve), () => {}));
      for (; due > 0; due -= 1) yield value;
    }
  } finally {
    timer.close();
  }
}

function installPromises(): void {
  const target = modules.timersPromises as unknown as Record<string, Callback> | undefined;
  if (target === undefined) return;
  const { setTimeout: nativeTimeout, setImmediate: nativeImmediate, setInterval: nativeInterval } = target;
  const scheduler = modules.timersPromises!.scheduler as unknown as Record<string, Callback>;
  const nativeWait = scheduler["wait"]!.bind(scheduler);
  const nativeYield = scheduler["yield"]!.bind(scheduler);
  target["setTimeout"] = (ms, value, options) => {
    const run = currentRun();
    return run === null ? nativeTimeout!(ms, value, options) : sleep(run, ms, value, options as PromiseOptions);
  };
  target["setImmediate"] = (value, options) => {
    const run = currentRun();
    return run === null ? nativeImmediate!(value, options) : immediate(run, value, options as PromiseOptions);
  };
  target["setInterval"] = (ms, value, options) => {
    const run = currentRun();
    return run === null ? nativeInterval!(ms, value, options) : ticks(run, ms, value, options as PromiseOptions);
  };
  scheduler["wait"] = (ms, options) => {
    const run = currentRun();
    return run === null ? nativeWait(ms, options) : sleep(run, ms, undefined, options as PromiseOptions);
  };
  scheduler["yield"] = () => {
    const run = currentRun();
    return run === null ? nativeYield() : immediate(run, undefined);
  };
}

function abortTimeout(ms: number): AbortSignal {
  const run = currentRun();
  if (run === null || !(ms >= 0)) return natives.abortTimeout(ms);
  const controller = new AbortController();
  const expire = (): void =>
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  setVirtual(run, expire, ms, [], false).unref(); // as Node's own: it keeps nothing alive
  return controller.signal;
}

/** `util.promisify(setTimeout)` is the promise form, as in Node. */
function withPromiseForm(fn: Callback, name: string): Callback {
  const promisified = Symbol.for("nodejs.util.promisify.custom");
  const form = (modules.timersPromises as unknown as Record<string, Callback> | undefined)?.[name];
  return form === undefined
    ? fn
    : Object.defineProperty(fn, promisified, {
        get: () => modules.timersPromises![name as "setTimeout"],
        configurable: true,
      });
}

/** The functions now in place; another fake clock shows as a difference. */
export const installed: Record<string, unknown> = {};

/** Puts virtual timers in place of the real ones, for as long as a run is active. */
export function installTimers(): void {
  installPromises();
  const patched: Record<string, Callback> = {
    setTimeout: withPromiseForm(patchedSet(false), "setTimeout"),
    setInterval: patchedSet(true),
    setImmediate: withPromiseForm((callback, ...args) => {
      const run = currentRun();
      if (run === null || !isCallback(callback))
        return (natives.setImmediate as unknown as Callback)(callback, ...args);
      return new VirtualImmediate(run, callback, args);
    }, "setImmediate"),
    clearTimeout: (handle) => clear(handle, natives.clearTimeout),
    clearInterval: (handle) => clear(handle, natives.clearInterval),
    clearImmediate: (handle) => clear(handle, natives.clearImmediate),
  };
  for (const [name, fn] of Object.entries(patched)) {
    Object.defineProperty(fn, "name", { value: name });
    Reflect.set(globalThis, name, fn);
    if (modules.timers !== undefined) Reflect.set(modules.timers, name, fn);
    installed[name] = fn;
  }
  AbortSignal.timeout = abortTimeout;
}
