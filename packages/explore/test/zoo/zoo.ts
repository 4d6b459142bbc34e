/**
 * What a program of the zoo is: a bug as people write it, and the same program corrected. Both are bodies; both use only
 * what any program has (async functions, timers, an I/O call), and know nothing of the explorer but `io`, their one call
 * to the outside, which a peer may put its own in place of.
 */
import { type Body, type ExploreOptions, type Grade, io as controlledIo } from "@lockwright/explore";

/** One program of the zoo. */
export interface Program {
  readonly name: string;
  /** The class of bug. */
  readonly kind: string;
  readonly bug: Body;
  readonly fixed: Body;
  readonly grade: Grade;
  /** Part of the message of the failure that must be found. */
  readonly message: RegExp;
  /** What finding it needs besides the defaults. */
  readonly options?: ExploreOptions;
  /** True: only an order of timers breaks it, so a tool without virtual time cannot be expected to see it. */
  readonly isTimed?: boolean;
}

let otherIo: (() => Promise<void>) | undefined;

/** Puts a peer's I/O in place, or takes it away again. */
export function useIo(other: (() => Promise<void>) | undefined): void {
  otherIo = other;
}

/** A call to the outside: when it completes is nobody's to say. */
export function io(label = "io"): Promise<void> {
  return otherIo === undefined ? controlledIo(label) : otherIo();
}

/** A key-value store across a network: each call is a request and an answer. */
export class Store<V> {
  readonly data = new Map<string, V>();

  async get(key: string): Promise<V | undefined> {
    await io(`get ${key}`);
    const value = this.data.get(key);
    await io(`get ${key}: answer`);
    return value;
  }

  async set(key: string, value: V): Promise<void> {
    await io(`set ${key}`);
    this.data.set(key, value);
    await io(`set ${key}: answer`);
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** The mutex of every blog post: one at a time, in order. */
export class SimpleMutex {
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];

  async acquire(): Promise<() => void> {
    if (this.#isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isHeld = true;
    return () => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#isHeld = false;
      else next();
    };
  }

  async run<T>(body: () => Promise<T>): Promise<T> {
    const release = await this.acquire();
    try {
      return await body();
    } finally {
      release();
    }
  }
}
