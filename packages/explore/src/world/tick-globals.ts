/**
 * `process.nextTick` and `queueMicrotask`: the run's own ticks inside a run, and what a microtask throws fails the run;
 * outside both are native.
 */
import { natives } from "../natives.js";
import { place } from "../runtime/activation.js";
import { currentRun } from "../runtime/run.js";

/** Microtasks that one segment may ask for before it counts as one without end. */
const MAX_MICROTASKS = 1_000_000;

type Tick = (callback: (...args: unknown[]) => void, ...args: unknown[]) => void;

const nextTick: Tick = (callback, ...args) => {
  const run = currentRun();
  if (run === null || typeof callback !== "function") natives.nextTick(callback, ...args);
  else run.ticks.add(callback, args, place());
};

/**
 * Puts `process.nextTick` in place, and again before a run: Vitest sets the native one for the length of a call to its
 * main process and puts back a tick later what it found, also when that was ours to replace meanwhile.
 */
export function ensureTicks(): void {
  const { process } = natives;
  if (process !== undefined && process.nextTick !== nextTick) process.nextTick = nextTick;
}

/** Microtasks that throw fail the run; outside one they end the process, as ever. */
export function installMicrotasks(): void {
  globalThis.queueMicrotask = (callback) => {
    const run = currentRun();
    if (run === null || typeof callback !== "function") return natives.queueMicrotask(callback);
    if (++run.microtasks > MAX_MICROTASKS) return run.end({ kind: "spinning", site: place(), what: "queueMicrotask" });
    natives.queueMicrotask(() => {
      try {
        callback();
      } catch (error) {
        run.fail(error);
      }
    });
  };
}
