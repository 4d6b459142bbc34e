/**
 * The one door to time, timers, microtasks, randomness and ids.
 *
 * Nothing else in `src` calls `Date`, `setTimeout`, `queueMicrotask` or `Math.random` (a lint rule says so): the schedule
 * explorer and the tests put their own platform here and then own every source of nondeterminism.
 *
 * Clock: `now()` is CLOCK_MONOTONIC in milliseconds. Node's `process.hrtime` reads it on every platform we support and
 * two processes of one machine agree on it, which is what the embedded store's expiry times rest on. `performance.now()`
 * is the same clock with a private zero, so one offset taken at load turns the cheap call into the shared one.
 */
import { randomFillSync } from "node:crypto";

/** A pending platform timer. */
export interface Timer {
  /** Makes the timer keep the process alive, or not. Timers start alive. */
  keepAlive(on: boolean): void;
  /** Cancels the timer; harmless when it has fired. */
  clear(): void;
}

/** The services lockwright takes from its surroundings. */
export interface Platform {
  /** Monotonic milliseconds, the same zero in every process of this machine since boot. */
  now(): number;
  /** Milliseconds since the epoch, for people to read; never compared. */
  wallNow(): number;
  /** Calls `fn` once after `ms` milliseconds (0 to 2^31 - 1). */
  setTimer(fn: () => void, ms: number): Timer;
  queueMicrotask(fn: () => void): void;
  /** A number in [0, 1). */
  random(): number;
  /** A new id: 16 letters and digits, unique among all processes. */
  newId(): string;
}

/** The longest delay a Node timer takes; a longer one fires after 1 ms (checked on 20, 24, 26). */
export const MAX_TIMER_MS = 2_147_483_647;

const OFFSET: number = offsetOfClocks();

/**
 * What to add to `performance.now()`: the narrowest of some tries, since a process may lose the processor, or be stopped,
 * between the two readings. A clock that runs behind would count on a lease for longer than the store does.
 */
function offsetOfClocks(): number {
  performance.now(); // the first call loads it
  let offset = 0;
  let narrowest = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 1000 && narrowest > 0.01; tries += 1) {
    const before = performance.now();
    const shared = Number(process.hrtime.bigint() / 1000n) / 1000;
    const width = performance.now() - before;
    if (width >= narrowest) continue;
    narrowest = width;
    offset = shared - before;
  }
  return offset;
}

class NodeTimer implements Timer {
  readonly #handle: NodeJS.Timeout;
  constructor(fn: () => void, ms: number) {
    this.#handle = setTimeout(fn, ms);
  }
  keepAlive(on: boolean): void {
    if (on) this.#handle.ref();
    else this.#handle.unref();
  }
  clear(): void {
    clearTimeout(this.#handle);
  }
}

/** Randomness for the next ids: one call of the system's source serves many. */
const ID_BYTES = 12;
const pool: Buffer = Buffer.alloc(ID_BYTES * 128);
let poolAt = pool.length;

function newId(): string {
  if (poolAt === pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  poolAt += ID_BYTES;
  return pool
    .toString("base64url", poolAt - ID_BYTES, poolAt)
    .replaceAll("-", "x")
    .replaceAll("_", "y");
}

/** Node's own clock, timers and randomness. */
export const nodePlatform: Platform = {
  now: () => performance.now() + OFFSET,
  wallNow: () => Date.now(),
  setTimer: (fn, ms) => new NodeTimer(fn, ms),
  queueMicrotask: (fn) => queueMicrotask(fn),
  random: () => Math.random(),
  newId,
};

/** The platform in force. Read it at each use (`platform.now()`), never keep it. */
export let platform: Platform = nodePlatform;

/** Puts `next` in force until the returned handle is disposed. Meant for tests and the explorer. */
export function usePlatform(next: Platform): Disposable {
  const before = platform;
  platform = next;
  return {
    [Symbol.dispose]() {
      platform = before;
    },
  };
}

/**
 * Publishes how to put another platform in force, once per loaded copy of this package: so the schedule explorer gives
 * every copy its virtual time and neither package imports the other.
 */
const INSTALLERS = Symbol.for("lockwright.platform");
((globalThis as { [INSTALLERS]?: ((next: Platform) => Disposable)[] })[INSTALLERS] ??= []).push(usePlatform);
