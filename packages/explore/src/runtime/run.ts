/**
 * One controlled run: native order, and at each moment of quiescence one choice.
 *
 * - M1 Between choices everything runs natively; nothing is reordered there.
 * - M2 A choice is among the ready externals and held strands, in the order in which they became ready, then what comes
 *   next by time alone: a timer, or an external whose window opens before that. Option 0 is native order; time is option 0
 *   only when nothing is ready. One option is no decision.
 * - M3 An external is not ready before its earliest time, nor before those ahead of it in an ordered channel; the clock
 *   does not pass its latest time while it is pending.
 * - M4 Only firing a timer, or the opening of a window, moves the clock.
 * - M5 A held await goes on when chosen; it competes from the moment its operand has settled.
 *
 * Background timers (intervals, unref'd) fire only while the body or something in the foreground waits, and at most
 * 60 virtual seconds after the last foreground event; then nothing can move.
 *
 * The engines call {@link Run.advance} at quiescence and nothing else; the world and the points call the rest.
 */
import { type Deviation, type Fidelity, type Option, type Point, seeded, type Strategy } from "../schedule.js";
import { PendingExternals } from "../world/externals.js";
import { TickQueue } from "../world/next-tick.js";
import { TimerQueue, type VirtualTimer } from "../world/timers.js";
import { type Activation, clearStack, running } from "./activation.js";
import type { Outcome } from "./outcome.js";
import { Checks } from "./checks.js";
import { External, type Ready } from "./ready.js";
import type { Recorder } from "./recorder.js";
import { Strand, TIMERS } from "./strand.js";

/** Virtual milliseconds that background timers go on after the last event in the foreground. */
const BACKGROUND_MS = 60_000;

/** How a run is made. Counts are numbers of steps; times virtual milliseconds. */
export interface RunOptions {
  readonly fidelity: Fidelity;
  readonly strategy: Strategy;
  readonly maxSteps: number;
  /** Default latest time of an external after its issue. */
  readonly ioMax: number;
  readonly seed: number;
  readonly recorder?: Recorder;
  /** Keeps the set of activations that are not done: what a deadlock is told apart by. */
  readonly keepsLive?: boolean;
}

/** Whose code runs. */
export interface Who {
  readonly strand: Strand;
  readonly activation: Activation | null;
}

/** When an external may complete, in virtual milliseconds after its issue, and the ordered channel it belongs to. */
export interface Window {
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly channel?: string | undefined;
}

/** What {@link Run.advance} did. */
export type Progress = "moved" | "stuck" | "ended";

/** One run of the body. */
export class Run {
  readonly fidelity: Fidelity;
  readonly strategy: Strategy;
  readonly maxSteps: number;
  readonly ioMax: number;
  readonly seed: number;
  readonly recorder: Recorder | undefined;
  readonly timers: TimerQueue;
  readonly externals: PendingExternals;
  readonly ticks: TickQueue = new TickQueue();
  /** What can come next, in the order in which it became ready. */
  readonly ready: Ready[] = [];
  /** How it ended. */
  outcome: Outcome | undefined = undefined;
  /** Choices made: one per thing that was set in motion. */
  step = 0;
  /** Decisions so far: choices with more than one option. */
  picks = 0;
  /** Hold points so far. */
  holds = 0;
  /** In order: the number of options of each decision, and 0 for each hold point. */
  readonly log: number[] = [];
  readonly deviations: Deviation[] = [];
  /** Step in which the last departure was made. */
  lastDeviationStep = 0;
  isBodyDone = false;
  /** Strands begun. */
  strands = 0;
  /** Activations begun and not done. */
  live = 0;
  /** The same one by one, where the run was asked to keep them. */
  readonly liveActivations: Set<Activation> | undefined;
  /** Points passed since the last choice; a segment has an end. */
  segmentPoints = 0;
  /** Calls of queueMicrotask since the last choice. */
  microtasks = 0;
  /** Clock readings since the last choice. */
  clockReads = 0;
  /** Externals and foreground timers seen: with none, no order was explored. */
  events = 0;
  /** Activations that were not done when the body returned. */
  liveAtReturn = 0;
  /** While something real is under way the clock stands still (R3). For engines. */
  isClockHeld = false;
  /** Real I/O took part: no token brings back when it came. */
  hasRealIo = false;
  /** Externals that were pending when the body returned. */
  inFlightAtReturn: readonly External[] = [];
  readonly invariants: Checks = new Checks();
  readonly afters: Checks = new Checks();
  #settlers: (() => void)[] = [];
  #lastForeground = 0;
  #restores: (() => void)[] | undefined = undefined;
  #broken: { readonly error: unknown } | undefined = undefined;
  #random: (() => number) | undefined = undefined;

  constructor(options: RunOptions) {
    this.fidelity = options.fidelity;
    this.strategy = options.strategy;
    this.maxSteps = options.maxSteps;
    this.ioMax = options.ioMax;
    this.seed = options.seed;
    this.recorder = options.recorder;
    this.liveActivations = options.keepsLive === true ? new Set() : undefined;
    this.timers = new TimerQueue(new Strand(TIMERS, "timers", undefined));
    this.externals = new PendingExternals((external) => this.makeReady(external));
  }

  /** A number in [0, 1), from the run's seed. */
  random(): number {
    return (this.#random ??= seeded(this.seed))();
  }

  newStrand(name: string, parent: Strand | undefined): Strand {
    return new Strand(this.strands++, name, parent);
  }

  /** Whose code runs: an activation and its strand; code that nobody began is a strand of its own. */
  who(): Who {
    const activation = running();
    return { activation, strand: activation?.strand.self ?? this.newStrand("callback", undefined) };
  }

  /** Virtual milliseconds since the start. */
  get now(): number {
    return this.timers.now;
  }

  /**
   * Grows whenever something of the program has moved since the last choice. Code that was not transformed shows only by
   * what it sets in motion. Ticks do not count: a test runner's messages go through some too.
   */
  get pulse(): number {
    const { segmentPoints, ready, events, timers } = this;
    return segmentPoints + ready.length + events + timers.created + this.strands + (this.isBodyDone ? 1 : 0);
  }

  makeReady(ready: Ready): void {
    this.ready.push(ready);
  }

  /** Counts an await inside the program and asks whether it takes longer than native. */
  isHeld(point: Point): boolean {
    this.log.push(0);
    const at = this.holds++;
    if (!this.#isHoldChosen(point)) return false;
    this.deviations.push({ kind: "hold", at });
    this.lastDeviationStep = this.step;
    return true;
  }

  /** A strategy that throws is at fault itself, not the await that asked it: {@link advance} throws it on. */
  #isHoldChosen(point: Point): boolean {
    try {
      return this.strategy.hold?.(point) === true;
    } catch (error) {
      this.#broken ??= { error };
      return false;
    }
  }

  /** Starts an external; `deliver` runs when it is chosen. */
  issue(label: string, window: Window, deliver: () => void, who: Who = this.who()): External {
    const { now } = this;
    const external = new External(label, who, window.channel, deliver);
    external.earliest = now + (window.min ?? 0);
    external.latest = now + (window.max ?? this.ioMax);
    this.events += 1;
    this.recorder?.issued(external);
    this.externals.add(external, now);
    return external;
  }

  /** Takes back an external that nobody waits for. */
  withdraw(external: External): void {
    const at = this.ready.indexOf(external);
    if (at >= 0) this.ready.splice(at, 1);
    this.externals.cancel(external, this.now);
  }

  /** Calls `wake` when everything else is done. */
  whenSettled(wake: () => void): void {
    this.#settlers.push(wake);
  }

  /** Calls `restore` when the run is over, however it ends. */
  whenOver(restore: () => void): void {
    (this.#restores ??= []).push(restore);
  }

  /** Puts back what the run replaced, the last first. For engines. */
  restore(): void {
    for (const restore of this.#restores?.splice(0).toReversed() ?? []) restore();
  }

  bodyReturned(): void {
    this.isBodyDone = true;
    this.recorder?.bodyReturned();
    this.liveAtReturn = this.live;
    this.inFlightAtReturn = this.externals.all();
  }

  /** Ends the run as failed, unless it has ended already. */
  fail(error: unknown, isUnhandled = false): void {
    this.outcome ??= { kind: "failed", error, isUnhandled };
  }

  end(outcome: Outcome): void {
    this.outcome ??= outcome;
  }

  /** Sets one thing in motion. To be called at quiescence: no microtask and no tick is left. */
  advance(): Progress {
    clearStack();
    if (this.#broken !== undefined) throw this.#broken.error;
    this.segmentPoints = this.microtasks = this.clockReads = 0;
    this.#endOfTicks();
    if (this.outcome === undefined && !this.invariants.isEmpty) this.#check(this.invariants);
    if (this.outcome !== undefined) return "ended";
    if (this.ready.length === 0 && !this.#waitForWindow()) return this.#moveTime();
    if (this.#isAtLimit()) return "ended";
    this.#choose();
    return "moved";
  }

  #endOfTicks(): void {
    const { ticks } = this;
    if (ticks.isSpinning) this.end({ kind: "spinning", site: ticks.spinningSite, what: "process.nextTick" });
    ticks.count = 0;
  }

  #isAtLimit(): boolean {
    if (this.step < this.maxSteps) return false;
    this.end({ kind: "step-limit" });
    return true;
  }

  /** Nothing is ready: lets the clock run to the next window that opens, if that comes before any timer. */
  #waitForWindow(): boolean {
    const opens = this.externals.nextEarly()?.earliest ?? Infinity;
    if (opens === Infinity || (this.timers.first()?.at ?? Infinity) < opens) return false;
    this.#moveClock(opens);
    return true;
  }

  #moveClock(to: number): void {
    if (to > this.timers.now) this.timers.now = to;
    this.externals.release(this.timers.now);
  }

  /** Nothing is ready and no window opens before the next timer. */
  #moveTime(): Progress {
    const timer = this.timers.first();
    const hasForeground = this.timers.foreground > 0 || this.externals.size > 0;
    if (timer !== undefined && (hasForeground || this.#isBackgroundDue(timer))) {
      if (this.#isAtLimit()) return "ended";
      this.step += 1;
      this.recorder?.step(timer, [timer], 0);
      this.#fire();
      return "moved";
    }
    if (this.#settlers.length > 0) return this.#settle();
    if (!this.isBodyDone) return "stuck";
    this.#check(this.afters);
    this.end({ kind: "passed" });
    return "ended";
  }

  /** A background timer alone: it fires while the body waits for something else than for the end, and not for ever. */
  #isBackgroundDue(timer: VirtualTimer): boolean {
    if (this.isBodyDone || this.#settlers.length > 0) return false;
    return timer.at <= this.#lastForeground + BACKGROUND_MS;
  }

  #settle(): Progress {
    if (this.#isAtLimit()) return "ended";
    const settlers = this.#settlers;
    this.#settlers = [];
    this.step += 1;
    this.recorder?.settled();
    for (const wake of settlers) wake();
    return "moved";
  }

  #choose(): void {
    const ready: (Ready | VirtualTimer)[] = this.ready;
    const later = this.#nextInTime();
    if (later !== undefined) ready.push(later);
    const choice = ready.length > 1 ? this.#decide(ready) : 0;
    const chosen = ready[choice]!;
    this.step += 1;
    this.recorder?.step(chosen, ready, choice);
    if (later !== undefined) ready.pop();
    if (chosen.kind === "timer") return this.#fire();
    // Its window opens by this very choice, and with that it stands in the list.
    if (chosen === later) this.#moveClock((chosen as External).earliest);
    const at = chosen === later ? ready.indexOf(chosen) : choice;
    if (at === 0) ready.shift();
    else ready.splice(at, 1);
    this.#deliver(chosen);
  }

  #deliver(chosen: Ready): void {
    if (chosen.kind === "external") this.externals.completed(chosen as External, this.now);
    this.#lastForeground = this.now;
    try {
      chosen.deliver();
    } catch (error) {
      this.fail(error);
    }
  }

  #decide(options: readonly Option[]): number {
    const choice = this.strategy.pick(options);
    if (!Number.isInteger(choice) || choice < 0 || choice >= options.length)
      throw new RangeError(`a strategy must pick 0 to ${options.length - 1}, got ${String(choice)}`);
    this.log.push(options.length);
    if (choice !== 0) {
      this.deviations.push({ kind: "pick", at: this.picks, choice });
      this.lastDeviationStep = this.step + 1;
    }
    this.picks += 1;
    return choice;
  }

  /** What may come next by time although something is ready, unless a pending external forbids it (M3). */
  #nextInTime(): VirtualTimer | External | undefined {
    if (this.isClockHeld) return undefined;
    const timer = this.timers.first();
    const early = this.externals.nextEarly();
    if (early !== undefined && (timer === undefined || early.earliest <= timer.at))
      return early.earliest <= this.externals.bound() ? early : undefined;
    if (timer === undefined || timer.at > this.externals.bound()) return undefined;
    return timer.isBackground && timer.at > this.#lastForeground + BACKGROUND_MS ? undefined : timer;
  }

  #fire(): void {
    const timer = this.timers.takeFirst();
    this.#moveClock(timer.at);
    if (!timer.isBackground) {
      this.#lastForeground = this.now;
      this.events += 1;
    }
    try {
      timer.fire();
    } catch (error) {
      this.fail(error);
    }
  }

  #check(checks: Checks): void {
    try {
      checks.run();
    } catch (error) {
      this.fail(error);
    }
  }
}

let current: Run | null = null;

/**
 * Gives the run that the present code belongs to, or null: then every patched global is native. A strand that real I/O
 * wakes after the end of its run stays with that run, so that nothing it does reaches into a later one.
 */
export function currentRun(): Run | null {
  const activation = running();
  return activation === null ? current : (activation.run as Run);
}

/** Gives the run that is under way in this thread. */
export function activeRun(): Run | null {
  return current;
}

/** Makes `run` the active one, or none. For engines. */
export function setCurrentRun(run: Run | null): void {
  current = run;
}
