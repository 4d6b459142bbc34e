/**
 * A platform whose clock moves only when a test says so.
 *
 * Timers fire in order of due time, then of creation, inside `advance`; microtasks are Node's own.
 */
import { type Platform, type Timer, usePlatform } from "../../src/platform.js";

class VirtualTimer implements Timer {
  readonly due: number;
  readonly fn: () => void;
  isAlive = true;
  readonly #owner: TestPlatform;
  constructor(owner: TestPlatform, fn: () => void, due: number) {
    this.#owner = owner;
    this.fn = fn;
    this.due = due;
  }
  keepAlive(on: boolean): void {
    this.isAlive = on;
  }
  clear(): void {
    this.#owner.timers.delete(this);
  }
}

/** A virtual clock, counted ids and a seeded random number generator. */
export class TestPlatform implements Platform {
  readonly timers: Set<VirtualTimer> = new Set();
  /** Delay of every timer ever set. */
  readonly delays: number[] = [];
  #now = 1000;
  #ids = 0;
  #seed: number;

  constructor(seed = 1) {
    this.#seed = seed;
  }

  now(): number {
    return this.#now;
  }

  wallNow(): number {
    return 1_700_000_000_000 + this.#now;
  }

  setTimer(fn: () => void, ms: number): Timer {
    const timer = new VirtualTimer(this, fn, this.#now + ms);
    this.timers.add(timer);
    this.delays.push(ms);
    return timer;
  }

  queueMicrotask(fn: () => void): void {
    queueMicrotask(fn);
  }

  /** Mulberry32. */
  random(): number {
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  newId(): string {
    this.#ids += 1;
    return `id${String(this.#ids).padStart(14, "0")}`;
  }

  /** Moves the clock on by `ms`, firing what is due on the way. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.timers].filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.timers.delete(next);
      this.#now = Math.max(this.#now, next.due);
      next.fn();
    }
    this.#now = end;
  }
}

/** Puts a fresh {@link TestPlatform} in force; dispose of the handle to go back. */
export function installTestPlatform(seed?: number): TestPlatform & Disposable {
  const fake = new TestPlatform(seed);
  const handle = usePlatform(fake);
  return Object.assign(fake, { [Symbol.dispose]: () => handle[Symbol.dispose]() });
}
