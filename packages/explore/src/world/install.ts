/**
 * Puts the virtual world in place, once per thread. Outside a run everything stays native, so a program that merely
 * loads this package behaves as before.
 */
import { ScheduleError } from "../errors.js";
import { modules, natives } from "../natives.js";
import { installClock } from "./clock.js";
import { installRandom } from "./random.js";
import { watchPromise } from "./requests.js";
import { ensureTicks, installMicrotasks } from "./tick-globals.js";
import { installTimers } from "./timer-globals.js";
import { installTimerPromises } from "./timer-promises.js";

let isInstalled = false;

/** What other fake clocks replace. */
const FAKED = [
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "queueMicrotask",
  "Date",
] as const;

/** The globals as this package left them; another fake clock shows as a difference. */
const installed = new Map<string, unknown>();

/** `Atomics.waitAsync` is settled by another thread, or by real time: no hook sees it. */
function installAtomics(): void {
  const atomics = Atomics as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  const native = atomics["waitAsync"];
  if (native === undefined) return;
  atomics["waitAsync"] = (...args) => {
    const result = native(...args) as { readonly async: boolean; readonly value: Promise<unknown> };
    if (result.async) watchPromise("Atomics.waitAsync", result.value);
    return result;
  };
}

/** Puts the virtual world in place; harmless when it is there already. Refuses to do it over another fake clock. */
export function installWorld(): void {
  if (isInstalled) return;
  refuseOther((name) => natives[name]);
  isInstalled = true;
  installTimers();
  installTimerPromises();
  installClock();
  installRandom();
  ensureTicks();
  installMicrotasks();
  installAtomics();
  for (const name of FAKED) installed.set(name, Reflect.get(globalThis, name));
  // Or `import { setTimeout } from "node:timers"` goes on giving the native one.
  modules.module?.syncBuiltinESMExports();
}

/** Refuses to explore under another fake clock: two virtual times cannot both be right. */
export function refuseFakeTimers(): void {
  refuseOther((name) => installed.get(name));
}

function refuseOther(expected: (name: (typeof FAKED)[number]) => unknown): void {
  // What these surroundings never had (a browser has no setImmediate) nobody has replaced.
  const found = FAKED.find((name) => name in globalThis && Reflect.get(globalThis, name) !== expected(name));
  if (found === undefined) return;
  throw new ScheduleError(
    "LW_FAKE_TIMERS",
    `another fake clock is in place (${found} is not as expected): call vi.useRealTimers() or mock.timers.reset() before explore(); time is virtual there anyway`,
  );
}
