/**
 * `node:timers/promises` inside a run. Its functions never call the global ones, so they are replaced one by one. What
 * Node refuses is handed to Node's own function, which refuses it in its own words.
 */
import { modules } from "../natives.js";
import { markControlled } from "../runtime/point.js";
import { currentRun, type Run } from "../runtime/run.js";
import { setVirtual, VirtualImmediate } from "./timer-globals.js";

type Native = (...args: unknown[]) => unknown;

interface Options {
  readonly signal?: AbortSignal;
  readonly ref?: boolean;
}

function isTaken(ms: unknown, options: unknown): options is Options | undefined {
  if (ms !== undefined && typeof ms !== "number") return false;
  if (options === undefined) return true;
  if (typeof options !== "object" || options === null) return false;
  const { signal, ref } = options as { readonly signal?: unknown; readonly ref?: unknown };
  const isSignal = signal === undefined || (typeof signal === "object" && signal !== null && "aborted" in signal);
  return isSignal && (ref === undefined || typeof ref === "boolean");
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
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

function sleep<T>(run: Run, ms: unknown, value: T, options: Options = {}): Promise<T> {
  return abortable(options.signal, (resolve) => {
    const timer = setVirtual(run, () => resolve(value), ms, [], false);
    if (options.ref === false) timer.unref();
    return () => timer.close();
  });
}

function immediate<T>(run: Run, value: T, options: Options = {}): Promise<T> {
  return abortable(options.signal, (resolve) => {
    const handle = new VirtualImmediate(run, () => resolve(value), []);
    return () => handle.clear();
  });
}

/** As Node does it: what came while the loop was busy is yielded afterwards, an abort ends it once that is done. */
async function* ticks<T>(run: Run, ms: unknown, value: T, options: Options = {}): AsyncGenerator<T> {
  const { signal } = options;
  if (isAborted(signal)) throw abortError(signal!);
  let due = 0;
  let wake: (() => void) | undefined;
  const tick = (): void => {
    due += 1;
    wake?.();
  };
  const timer = setVirtual(run, tick, ms, [], true);
  const onAbort = (): void => {
    timer.close();
    wake?.();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    while (!isAborted(signal)) {
      if (due === 0) await new Promise<void>((resolve) => (wake = resolve));
      for (; due > 0; due -= 1) yield value;
    }
    throw abortError(signal!);
  } finally {
    timer.close();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Puts the promise forms in place. */
export function installTimerPromises(): void {
  const target = modules.timersPromises as unknown as Record<string, Native> | undefined;
  if (target === undefined) return;
  const replace = (
    owner: Record<string, Native>,
    name: string,
    virtual: (run: Run, args: readonly unknown[]) => unknown,
  ): void => {
    const native = owner[name]!;
    owner[name] = (...args) => {
      const run = currentRun();
      const made = run === null ? undefined : virtual(run, args);
      return made ?? Reflect.apply(native, owner, args);
    };
  };
  const timed =
    (make: (run: Run, ms: unknown, value: unknown, options: Options | undefined) => unknown) =>
    (run: Run, [ms, value, options]: readonly unknown[]): unknown =>
      isTaken(ms, options) ? make(run, ms, value, options) : undefined;
  replace(target, "setTimeout", timed(sleep));
  replace(target, "setInterval", timed(ticks));
  replace(target, "setImmediate", (run, [value, options]) =>
    isTaken(undefined, options) ? immediate(run, value, options) : undefined,
  );
  const scheduler = target["scheduler"] as unknown as Record<string, Native>;
  replace(scheduler, "wait", (run, [ms, options]) =>
    isTaken(ms, options) ? sleep(run, ms, undefined, options) : undefined,
  );
  replace(scheduler, "yield", (run) => immediate(run, undefined));
}
