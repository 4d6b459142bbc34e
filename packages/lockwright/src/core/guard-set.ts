/**
 * Several holds as one guard, and how they are taken: one after the other in a global order, under one deadline and one
 * signal, all given back if one cannot be had.
 *
 * Invariants:
 * - A set is held by whoever got it as a whole: there is no moment at which a caller has some of it.
 * - Whoever waits holds only what comes before in the order, so a ring of waiters cannot close.
 *
 * Why not take what is free first and wait for the rest: two callers would each hold what the other wants.
 */
import { LockwrightError } from "../errors.js";
import { platform } from "../platform.js";
import { CompositeGuard, type Guard, type Permit, permitsOf } from "./guard.js";
import { showByToString } from "./inspection.js";
import { type AcquireOptions, show } from "./options.js";

/** Something to be acquired as one of several. */
export interface Acquirable {
  readonly name: string;
  acquire(options: AcquireOptions | undefined): Promise<Guard>;
}

/** Holds several guards until it is released. */
export class GuardSet extends CompositeGuard {
  readonly #guards: readonly Guard[];
  readonly #title: string;
  #isHeld = true;

  constructor(guards: readonly Guard[], title: string) {
    super();
    this.#guards = guards;
    this.#title = title;
  }

  get held(): boolean {
    return this.#isHeld;
  }

  get permits(): readonly Permit[] {
    return this.#guards.flatMap((guard) => permitsOf(guard) ?? []);
  }

  release(): void {
    if (this.#isHeld) {
      this.#isHeld = false;
      return giveBack(this.#guards);
    }
    throw new LockwrightError(
      "LW_NOT_HELD",
      `this guard of ${this.#title} holds nothing any more; release each guard once`,
    );
  }

  get [Symbol.toStringTag](): string {
    return "GuardSet";
  }

  override toString(): string {
    return `GuardSet { of: ${this.#title}, ${this.#isHeld ? "held" : "released"} }`;
  }

  static {
    showByToString(this.prototype);
  }
}

/** Gives guards back, the last one first. A hold that is over already is skipped. */
export function giveBack(guards: readonly Guard[]): void {
  for (let at = guards.length - 1; at >= 0; at -= 1) guards[at]![Symbol.dispose]();
}

/** Takes all of `wanted` in the order given, with options that are checked already. `title` names them in errors. */
export async function acquireInOrder(
  wanted: readonly Acquirable[],
  options: AcquireOptions | undefined,
  title: string,
): Promise<GuardSet> {
  const { timeout = Infinity, signal } = options ?? {};
  signal?.throwIfAborted();
  const due = timeout === Infinity ? Infinity : platform.now() + timeout;
  const guards: Guard[] = [];
  try {
    for (const each of wanted) guards.push(await each.acquire(behind(guards, within(due, options))));
  } catch (error) {
    giveBack(guards);
    throw isTimeout(error) ? lateFor(wanted[guards.length]!, title, timeout, error) : error;
  }
  return new GuardSet(guards, title);
}

/** What is left of the one deadline, as options of the next wait. */
function within(due: number, options: AcquireOptions | undefined): AcquireOptions | undefined {
  return due === Infinity ? options : { ...options, timeout: Math.max(0, due - platform.now()) };
}

/** Says that what is held already comes back only after the next wait: a ring through a set is a deadlock too. */
function behind(guards: readonly Guard[], options: AcquireOptions | undefined): AcquireOptions | undefined {
  const ours = guards.filter((guard) => guard.held && permitsOf(guard) !== undefined);
  if (ours.length === 0 || options?.detached === true) return options;
  const { holding = [] } = options ?? {};
  return { ...options, holding: [...ours, ...(Array.isArray(holding) ? holding : [holding as Guard])] };
}

function isTimeout(error: unknown): error is LockwrightError {
  return error instanceof LockwrightError && error.code === "LW_TIMEOUT";
}

function lateFor(missing: Acquirable, title: string, timeout: number, cause: LockwrightError): LockwrightError {
  const message = `not all of ${title} were free within ${timeout} ms: "${missing.name}" was not; wait longer with a larger timeout`;
  return new LockwrightError("LW_TIMEOUT", message, { cause });
}

/** Refuses anything but an iterable of `what`; a string is one by accident. */
export function listOf<T>(what: string, values: Iterable<T>): T[] {
  const given = values as Partial<Iterable<T>> | null | undefined;
  if (typeof values !== "string" && typeof given?.[Symbol.iterator] === "function") return [...values];
  throw new TypeError(`${what} must be an iterable, such as an array, got ${show(values)}`);
}
