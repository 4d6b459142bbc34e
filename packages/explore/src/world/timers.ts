/**
 * Virtual timers of one run.
 *
 * They fire by deadline, ties by creation; an interval is set anew after its callback, as Node does it. Intervals and
 * unref'd timers are *background*: they fire only while something in the foreground waits.
 *
 * A sorted array, filled from the end: programs set few timers, and mostly later ones later.
 */
import type { Option } from "../schedule.js";
import type { Strand } from "../runtime/strand.js";
import { currentScope, type Scope } from "./scope.js";

/** The longest delay Node takes; a longer one, one below 1 and NaN count as 1. */
const MAX_DELAY = 2_147_483_647;

/** Gives the delay that Node would use. */
export function delayOf(ms: unknown): number {
  const delay = Number(ms);
  return delay >= 1 && delay <= MAX_DELAY ? Math.trunc(delay) : 1;
}

/** A virtual timer; what `setTimeout` and `setInterval` give inside a run. */
export class VirtualTimer implements Option {
  readonly kind = "timer";
  readonly strand: Strand;
  readonly label: string;
  readonly delay: number;
  readonly isInterval: boolean;
  /** Virtual time at which it is due. */
  at: number;
  /** Order of creation, and of setting anew. */
  rank = 0;
  isRef = true;
  isSet = true;
  /** Step at which it could first be chosen; a fair suffix goes by it. */
  since = 0;
  /** Where it was set; made only in runs that record. */
  origin: Error | undefined = undefined;
  readonly #queue: TimerQueue;
  readonly #callback: (...args: unknown[]) => unknown;
  readonly #args: readonly unknown[];
  readonly #scope: Scope = currentScope();

  constructor(
    queue: TimerQueue,
    callback: (...args: unknown[]) => unknown,
    delay: number,
    args: readonly unknown[],
    isInterval: boolean,
  ) {
    this.#queue = queue;
    this.strand = queue.strand;
    this.#callback = callback;
    this.#args = args;
    this.delay = delay;
    this.isInterval = isInterval;
    this.label = `${isInterval ? "setInterval" : "setTimeout"} ${delay}`;
    this.at = queue.now + delay;
  }

  get isBackground(): boolean {
    return this.isInterval || !this.isRef;
  }

  /** Runs the callback; sets an interval anew unless the callback cleared it. */
  fire(): void {
    if (!this.isInterval) this.isSet = false;
    this.#scope.runInAsyncScope(this.#callback, this, ...this.#args);
    if (!this.isInterval || !this.isSet) return;
    this.at = this.#queue.now + this.delay;
    this.#queue.insert(this);
  }

  ref(): this {
    this.isRef = true;
    return this;
  }

  unref(): this {
    this.isRef = false;
    return this;
  }

  hasRef(): boolean {
    return this.isRef;
  }

  refresh(): this {
    if (!this.isSet && this.isInterval) return this;
    this.#queue.remove(this);
    this.isSet = true;
    this.at = this.#queue.now + this.delay;
    this.#queue.insert(this);
    return this;
  }

  close(): this {
    this.isSet = false;
    this.#queue.remove(this);
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.toPrimitive](): number {
    return this.#queue.idOf(this);
  }
}

/** The timers of one run, and its clock. */
export class TimerQueue {
  /** Virtual milliseconds since the start of the run. Moved only by the run. */
  now = 0;
  readonly strand: Strand;
  /** Timers set so far. */
  created = 0;
  readonly #sorted: VirtualTimer[] = [];
  #ranks = 0;
  readonly #ids = new Map<number, VirtualTimer>();

  constructor(strand: Strand) {
    this.strand = strand;
  }

  set(
    callback: (...args: unknown[]) => unknown,
    ms: unknown,
    args: readonly unknown[],
    isInterval: boolean,
  ): VirtualTimer {
    const timer = new VirtualTimer(this, callback, delayOf(ms), args, isInterval);
    this.created += 1;
    this.insert(timer);
    return timer;
  }

  insert(timer: VirtualTimer): void {
    timer.rank = this.#ranks++;
    const sorted = this.#sorted;
    let at = sorted.length;
    while (at > 0 && sorted[at - 1]!.at > timer.at) at -= 1;
    sorted.splice(at, 0, timer);
  }

  remove(timer: VirtualTimer): void {
    const at = this.#sorted.indexOf(timer);
    if (at >= 0) this.#sorted.splice(at, 1);
  }

  /** Clears by timer or by the number it converts to; anything else is left alone, as Node does. */
  clear(handle: unknown): void {
    if (handle instanceof VirtualTimer) handle.close();
    else if (typeof handle === "number" || typeof handle === "string") this.#ids.get(Number(handle))?.close();
  }

  idOf(timer: VirtualTimer): number {
    const id = timer.rank + 1;
    this.#ids.set(id, timer);
    return id;
  }

  /** The timer that is due next. */
  first(): VirtualTimer | undefined {
    return this.#sorted[0];
  }

  takeFirst(): VirtualTimer {
    return this.#sorted.shift()!;
  }

  hasForeground(): boolean {
    return this.#sorted.some((timer) => !timer.isBackground);
  }

  /** All that are set, by deadline. */
  all(): readonly VirtualTimer[] {
    return this.#sorted;
  }
}
