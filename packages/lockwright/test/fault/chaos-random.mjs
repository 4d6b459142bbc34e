/** Seeded randomness of the chaos run: the same everywhere, and printed so that a run can be asked for again. */

/** Mulberry32. */
export function randomFrom(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A seed of its own for each part of a run. */
export function seedOf(seed, ...parts) {
  return parts.reduce((mixed, part) => Math.imul(mixed ^ (part + 0x9e3779b9), 0x85ebca6b) ^ (mixed >>> 13), seed | 0);
}

/** The few draws the run makes. */
export class Dice {
  #random;

  constructor(seed) {
    this.#random = randomFrom(seed);
  }

  /** True in `share` of the cases. */
  hits(share) {
    return this.#random() < share;
  }

  between(low, high) {
    return low + this.#random() * (high - low);
  }

  pick(list) {
    return list[Math.floor(this.#random() * list.length)];
  }
}

/** Milliseconds of CLOCK_MONOTONIC, on which all processes of the machine agree. */
export function monotonicNow() {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
