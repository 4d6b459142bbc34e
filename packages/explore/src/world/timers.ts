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

/** Timers as numbers begin here: far from Node's own, which `clearTimeout` takes too. */
const FIRST_ID = 2 ** 40;

type Callback = (...args: unknown[]) => unknown;

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
  /** It waits to fire. */
  isSet = false;
  /** Where it was set; made only in runs that record. */
  origin: Error | undefined = undefined;
  #isRef = true;
  /** `clearTimeout` was called: it never fires again, whatever is asked of it. */
  #isCleared = false;
  #id: number | undefined = undefined;
  readonly #queue: TimerQueue;
  readonly #callback: Callback;
  readonly #args: readonly unknown[];
  readonly #scope: Scope = currentScope();

  constructor(queue: TimerQueue, callback: Callback, delay: number, args: readonly unknown[], isInterval: boolean) {
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
    return this.isInterval || !this.#isRef;
  }

  /** Runs the callback; then sets an interval anew, unless the callback cleared it or did so itself. */
  fire(): void {
    this.#scope.runInAsyncScope(this.#callback, this, ...this.#args);
    if (this.isInterval && !this.#isCleared) this.#setAnew();
  }

  #setAnew(): void {
    this.#queue.remove(this);
    this.at = this.#queue.now + this.delay;
    this.#queue.insert(this);
  }

  ref(): this {
    return this.#keepAlive(true);
  }

  unref(): this {
    return this.#keepAlive(false);
  }

  #keepAlive(isRef: boolean): this {
    const wasBackground = this.isBackground;
    this.#isRef = isRef;
    if (this.isSet && wasBackground !== this.isBackground) this.#queue.foreground += wasBackground ? 1 : -1;
    return this;
  }

  hasRef(): boolean {
    return this.#isRef;
  }

  /** Sets it anew, also when it has fired; a cleared one stays cleared. */
  refresh(): this {
    if (!this.#isCleared) this.#setAnew();
    return this;
  }

  close(): this {
    this.#isCleared = true;
    this.#queue.remove(this);
    return this;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.toPrimitive](): number {
    return (this.#id ??= this.#queue.number(this));
  }
}

/** The timers of one run, and its clock. */
export class TimerQueue {
  /** Virtual milliseconds since the start of the run. Moved only by the run. */
  now = 0;
  readonly strand: Strand;
  /** Timers set so far. */
  created = 0;
  /** How many that are set are not background. */
  foreground = 0;
  readonly #sorted: VirtualTimer[] = [];
  #byId: Map<number, VirtualTimer> | undefined = undefined;

  constructor(strand: Strand) {
    this.strand = strand;
  }

  set(callback: Callback, ms: unknown, args: readonly unknown[], isInterval: boolean): VirtualTimer {
    const timer = new VirtualTimer(this, callback, delayOf(ms), args, isInterval);
    this.created += 1;
    this.insert(timer);
    return timer;
  }

  insert(timer: VirtualTimer): void {
    const sorted = this.#sorted;
    let at = sorted.length;
    while (at > 0 && sorted[at - 1]!.at > timer.at) at -= 1;
    if (at === sorted.length) sorted.push(timer);
    else sorted.splice(at, 0, timer);
    timer.isSet = true;
    if (!timer.isBackground) this.foreground += 1;
  }

  remove(timer: VirtualTimer): void {
    if (!timer.isSet) return;
    this.#sorted.splice(this.#sorted.indexOf(timer), 1);
    this.#left(timer);
  }

  #left(timer: VirtualTimer): void {
    timer.isSet = false;
    if (!timer.isBackground) this.foreground -= 1;
  }

  /** Clears by the number that a timer converts to; false when none of this run is called so. */
  clear(id: number | string): boolean {
    const timer = this.#byId?.get(Number(id));
    timer?.close();
    return timer !== undefined;
  }

  /** The number that a timer converts to. */
  number(timer: VirtualTimer): number {
    this.#byId ??= new Map();
    const id = FIRST_ID + this.#byId.size;
    this.#byId.set(id, timer);
    return id;
  }

  /** The timer that is due next. */
  first(): VirtualTimer | undefined {
    return this.#sorted[0];
  }

  takeFirst(): VirtualTimer {
    const timer = this.#sorted.shift()!;
    this.#left(timer);
    return timer;
  }

  /** All that are set, by deadline. */
  all(): readonly VirtualTimer[] {
    return this.#sorted;
  }
}
