/**
 * The timer functions of the language's surroundings: virtual inside a run, native outside. What Node refuses is handed to
 * Node's own function, which refuses it in its own words.
 */
import { modules, natives } from "../natives.js";
import type { External } from "../runtime/ready.js";
import { currentRun, type Run } from "../runtime/run.js";
import { currentScope } from "./scope.js";
import { VirtualTimer } from "./timers.js";

type Callback = (...args: unknown[]) => unknown;

/** What `setImmediate` gives inside a run. */
export class VirtualImmediate {
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

/** Sets a virtual timer. */
export function setVirtual(
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

function patchedSet(isInterval: boolean): Callback {
  const native = (isInterval ? natives.setInterval : natives.setTimeout) as unknown as Callback;
  return (callback, ms, ...args) => {
    const run = currentRun();
    if (run === null || typeof callback !== "function") return native(callback, ms, ...args);
    return setVirtual(run, callback as Callback, ms, args, isInterval);
  };
}

function patchedSetImmediate(): Callback {
  const native = natives.setImmediate as unknown as Callback;
  return (callback, ...args) => {
    const run = currentRun();
    if (run === null || typeof callback !== "function") return native(callback, ...args);
    return new VirtualImmediate(run, callback as Callback, args);
  };
}

/** Handles know their own run; a number is looked up in the present one first, and may be that of a native timer. */
function patchedClear(native: (handle: never) => void): Callback {
  return (handle) => {
    if (handle instanceof VirtualTimer) handle.close();
    else if (handle instanceof VirtualImmediate) handle.clear();
    else if ((typeof handle !== "number" && typeof handle !== "string") || currentRun()?.timers.clear(handle) !== true)
      native(handle as never);
  };
}

const MAX_SIGNAL_DELAY = 2 ** 32 - 1;

function abortTimeout(ms: number): AbortSignal {
  const run = currentRun();
  if (run === null || !Number.isInteger(ms) || ms < 0 || ms > MAX_SIGNAL_DELAY) return natives.abortTimeout(ms);
  const controller = new AbortController();
  const expire = (): void =>
    controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
  setVirtual(run, expire, ms, [], false).unref(); // as Node's own: it keeps nothing alive
  return controller.signal;
}

/** `util.promisify(setTimeout)` is the promise form, as in Node. */
function withPromiseForm(fn: Callback, name: "setTimeout" | "setImmediate"): Callback {
  const forms = modules.timersPromises;
  if (forms === undefined) return fn;
  const promisified = Symbol.for("nodejs.util.promisify.custom");
  return Object.defineProperty(fn, promisified, { get: () => forms[name], configurable: true });
}

/** Puts virtual timers in place of the real ones, for as long as a run is active. */
export function installTimers(): void {
  const patched: Record<string, Callback> = {
    setTimeout: withPromiseForm(patchedSet(false), "setTimeout"),
    setInterval: patchedSet(true),
    setImmediate: withPromiseForm(patchedSetImmediate(), "setImmediate"),
    clearTimeout: patchedClear(natives.clearTimeout),
    clearInterval: patchedClear(natives.clearInterval),
    clearImmediate: patchedClear(natives.clearImmediate),
  };
  for (const [name, fn] of Object.entries(patched)) {
    // A browser has no setImmediate, and programs ask whether there is one.
    if (Reflect.get(globalThis, name) === undefined) continue;
    Object.defineProperty(fn, "name", { value: name });
    Reflect.set(globalThis, name, fn);
    if (modules.timers !== undefined) Reflect.set(modules.timers, name, fn);
  }
  AbortSignal.timeout = abortTimeout;
}
