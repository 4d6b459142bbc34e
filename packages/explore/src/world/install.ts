/**
 * Puts the virtual world in place, once per thread. Outside a run everything stays native, so a program that merely
 * loads this package behaves as before.
 */
import { ScheduleError } from "../errors.js";
import { modules, natives } from "../natives.js";
import { currentRun } from "../runtime/run.js";
import { installClock } from "./clock.js";
import { installRandom } from "./random.js";
import { installed, installTimers } from "./timer-globals.js";

let isInstalled = false;

function installTicks(): void {
  const { process } = natives;
  if (process === undefined) return;
  process.nextTick = (callback: (...args: never[]) => void, ...args: unknown[]) => {
    const run = currentRun();
    if (run === null || typeof callback !== "function") natives.nextTick(callback as () => void, ...args);
    else run.ticks.add(callback as () => void, args);
  };
}

/** A microtask that throws fails the run; outside one it ends the process, as ever. */
function installMicrotasks(): void {
  globalThis.queueMicrotask = (callback) => {
    const run = currentRun();
    if (run === null || typeof callback !== "function") return natives.queueMicrotask(callback);
    natives.queueMicrotask(() => {
      try {
        callback();
      } catch (error) {
        run.fail(error);
      }
    });
  };
}

/** Puts the virtual world in place; harmless when it is there already. */
export function installWorld(): void {
  if (isInstalled) return;
  isInstalled = true;
  installTimers();
  installClock();
  installRandom();
  installTicks();
  installMicrotasks();
  // Or `import { setTimeout } from "node:timers"` goes on giving the native one.
  modules.module?.syncBuiltinESMExports();
}

/** Refuses to explore under another fake clock: two virtual times cannot both be right. */
export function refuseFakeTimers(): void {
  const found = Object.entries(installed).find(([name, fn]) => Reflect.get(globalThis, name) !== fn);
  if (found === undefined) return;
  throw new ScheduleError(
    "LW_FAKE_TIMERS",
    `another fake clock is in place (${found[0]} is not ours): call vi.useRealTimers() or mock.timers.reset() before explore(); time is virtual there anyway`,
  );
}
