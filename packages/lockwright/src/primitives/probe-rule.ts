/**
 * Finds the limit with the best power, throughput over time per body, by trying both sides of where it stands.
 *
 *     climbing   low  high  move  low  high  move …        settled   hold … hold  low  high  move  hold …
 *
 * Behind a pool of c servers power rises with the limit up to c, since throughput does, and falls beyond, since only the
 * time per body grows. Two windows of samples, at a limit a fifth lower and a fifth higher, say on which side of the top we
 * are; nothing is compared with a time measured long ago, so it needs no "best time ever" and no constant of the service.
 *
 * Invariants:
 * - B1 A window leaves out as many samples as were under way when it began: they ran under another limit.
 * - B2 Moves in one direction grow, up to fourfold; a change of direction makes them small again and calms it down: longer
 *   holds in between, which give back the throughput that the low windows cost, and longer windows.
 *   Once calm, sides that look alike move nothing and calm it further.
 * - B3 A hold ends at once when power halves or doubles: the service has changed.
 *
 * By Little's law throughput is the mean number in use over the mean time, so power is `inUse / time²` and no clock is
 * read. Samples taken while less than half of the limit was in use never come here: they say nothing about the limit.
 */
import type { LimitRange, LimitRule } from "./limit-rule.js";

/** How far the two sides are from the middle. At small limits it is one permit. */
const REACH = 0.2;
const STEP = 0.12;
const LONGEST_STRIDE = 4;
/** Once calm, a difference of the two sides in power (natural logarithm) that is taken for noise: do not move. */
const LEVEL = 0.15;
const CALMEST = 3;
/** Power moves by half or to double by noise in far less than one window of a thousand. */
const JUMP = 2;
const LEAST_WINDOW = 150;
const ROUNDS_PER_WINDOW = 12;

type Phase = "low" | "high" | "hold";

/** What was seen in one window. */
class Window {
  left: number;
  #ignored: number;
  #count = 0;
  #use = 0;
  #passed = 0;
  #time = 0;

  constructor(size: number, ignored: number) {
    this.left = size;
    this.#ignored = ignored;
  }

  add(ms: number, inUse: number, isDrop: boolean): void {
    if (this.#ignored > 0) {
      this.#ignored -= 1;
      return;
    }
    this.left -= 1;
    this.#count += 1;
    this.#use += inUse;
    if (isDrop) return;
    this.#passed += 1;
    this.#time += ms;
  }

  /**
   * Power: what passed per unit of time, over the time it took, times the share that passed. Without the share a service
   * that sheds what is too much at once, and serves the rest as ever, would look the same at every limit above its own.
   */
  get power(): number {
    if (this.#passed === 0) return 0;
    const time = Math.max(this.#time / this.#passed, Number.EPSILON);
    const share = this.#passed / this.#count;
    return ((this.#use / this.#count) * share * share) / (time * time);
  }
}

/** Probes both sides of its limit. */
export class ProbeRule implements LimitRule {
  readonly #range: LimitRange;
  /** Where it stands; not a whole number, so that small steps add up. */
  #middle: number;
  #limit: number;
  /** The first window is at the limit it was given: nothing moves before there is anything to go by. */
  #phase: Phase = "hold";
  #window: Window;
  #powerLow = 0;
  /** Power that a hold expects. */
  #powerHeld = 0;
  #direction = 0;
  #stride = 0;
  #calm = 0;
  #holdsLeft = 1;

  constructor(range: LimitRange) {
    this.#range = range;
    this.#middle = range.initial;
    this.#limit = range.initial;
    this.#window = this.#open();
  }

  sample(ms: number, inUse: number, isDrop: boolean): number {
    this.#window.add(ms, inUse, isDrop);
    if (this.#window.left <= 0) {
      this.#close(this.#window.power);
      this.#window = this.#open();
    }
    return this.#limit;
  }

  #open(): Window {
    const before = this.#limit;
    this.#limit = this.#within(this.#side());
    const length = this.#phase !== "hold" && this.#calm >= 2 ? 2 : 1;
    const size = length * Math.max(LEAST_WINDOW, ROUNDS_PER_WINDOW * this.#limit);
    return new Window(size, Math.max(before, this.#limit));
  }

  #side(): number {
    const middle = Math.round(this.#middle);
    if (this.#phase === "low") return Math.min(Math.round(this.#middle * (1 - REACH)), middle - 1);
    if (this.#phase === "high") return Math.max(Math.round(this.#middle * (1 + REACH)), middle + 1);
    return middle;
  }

  #close(power: number): void {
    if (this.#phase === "low") {
      this.#powerLow = power;
      this.#phase = "high";
    } else if (this.#phase === "high") this.#move(power);
    else this.#hold(power);
  }

  #move(powerHigh: number): void {
    this.#powerHeld = Math.max(powerHigh, this.#powerLow);
    const isLevel = Math.abs(Math.log(powerHigh / this.#powerLow)) < LEVEL;
    if (this.#calm > 0 && isLevel) this.#stay();
    else this.#step(powerHigh > this.#powerLow ? 1 : -1);
    this.#holdsLeft = this.#calm === 0 ? 0 : 2 ** this.#calm;
    this.#phase = this.#holdsLeft > 0 ? "hold" : "low";
  }

  #stay(): void {
    this.#calm = Math.min(CALMEST, this.#calm + 1);
    this.#direction = 0;
    this.#stride = 0;
  }

  #step(direction: number): void {
    if (direction === this.#direction) {
      this.#stride += 1;
      if (this.#stride > 2) this.#calm = Math.max(0, this.#calm - 1);
    } else {
      this.#stride = 1;
      if (this.#direction !== 0) this.#calm = Math.min(CALMEST, this.#calm + 1);
    }
    this.#direction = direction;
    const factor = 1 + (STEP * Math.min(this.#stride, LONGEST_STRIDE)) / (1 + this.#calm / 2);
    this.#middle = this.#within(direction > 0 ? this.#middle * factor : this.#middle / factor);
  }

  #hold(power: number): void {
    const isWorse = power < this.#powerHeld / JUMP;
    if (isWorse || power > this.#powerHeld * JUMP) {
      this.#calm = 0;
      this.#direction = isWorse ? -1 : 0;
      this.#stride = isWorse ? 1 : 0;
      this.#phase = "low";
      return;
    }
    this.#powerHeld = (3 * this.#powerHeld + power) / 4;
    this.#holdsLeft -= 1;
    if (this.#holdsLeft === 0) this.#phase = "low";
  }

  #within(limit: number): number {
    return Math.min(Math.max(limit, this.#range.min), this.#range.max);
  }
}
