/** What a body gets: `t`. One per run. */
import { type IoOptions, wrapFake } from "../world/io.js";
import { markControlled } from "./point.js";
import type { Run } from "./run.js";
import { Activation, pop, push, running } from "./activation.js";

/** The body: run once per schedule. */
export type Body = (t: Explorer) => void | Promise<void>;

/** What a body may ask of the explorer. */
export interface Explorer {
  /**
   * Wraps a fake (an in-memory database, a stub of a client): each call of a method completes when the schedule says,
   * before its effect and again after it. Only the fake is proxied; its methods see the fake itself.
   */
  io<T extends object>(fake: T, options?: IoOptions): T;
  /** Begins a strand with a name of its own. A plain call works too; its strand is called like the function. */
  spawn<T>(name: string, fn: () => T | Promise<T>): Promise<T>;
  /** Resolves when all other strands, externals and foreground timers are done: the place for final assertions. */
  settled(): Promise<void>;
  /** Checks at every moment of quiescence; fails when `check` throws or returns false. */
  invariant(check: () => unknown, name?: string): void;
  /** Checks once, after the body has returned and everything has settled. */
  after(check: () => unknown, name?: string): void;
  /** Puts a row into the timeline. */
  note(text: string): void;
  /** Virtual milliseconds since the body began. */
  readonly now: number;
}

/** The explorer of one run. */
export class RunExplorer implements Explorer {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  /** The run of an explorer; undefined for anything else. */
  static runOf(t: unknown): Run | undefined {
    return typeof t === "object" && t !== null && #run in t ? t.#run : undefined;
  }

  get now(): number {
    return this.#run.now;
  }

  io<T extends object>(fake: T, options: IoOptions = {}): T {
    if ((typeof fake !== "object" && typeof fake !== "function") || fake === null)
      throw new TypeError(`fake must be an object, got ${String(fake)}`);
    return wrapFake(this.#run, fake, options);
  }

  spawn<T>(name: string, fn: () => T | Promise<T>): Promise<T> {
    if (typeof name !== "string") throw new TypeError(`name must be a string, got ${String(name)}`);
    if (typeof fn !== "function") throw new TypeError(`fn must be a function, got ${String(fn)}`);
    const caller = running();
    const strand = this.#run.newStrand(name, caller?.strand.self);
    // Stands for the call, so that the strand is there also where `fn` was not transformed. Whatever `fn` calls at once
    // becomes a part of it, and the caller's await of the promise does not: it is a strand of its own.
    const call = new Activation(-1, caller, strand, this.#run);
    push(call);
    try {
      return callAsync(fn);
    } finally {
      call.lastCall?.strand.mergeInto(strand);
      pop(call);
    }
  }

  settled(): Promise<void> {
    return markControlled(new Promise((resolve) => this.#run.whenSettled(resolve)));
  }

  invariant(check: () => unknown, name = "invariant"): void {
    if (typeof check !== "function") throw new TypeError(`check must be a function, got ${String(check)}`);
    this.#run.invariants.add(check, name);
  }

  after(check: () => unknown, name = "after"): void {
    if (typeof check !== "function") throw new TypeError(`check must be a function, got ${String(check)}`);
    this.#run.afters.add(check, name);
  }

  note(text: string): void {
    this.#run.recorder?.note(text);
  }
}

/** Calls `fn`; a throw becomes a rejection. A native promise is handed on as it is. */
function callAsync<T>(fn: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(fn());
  } catch (error) {
    return Promise.reject<T>(error);
  }
}
