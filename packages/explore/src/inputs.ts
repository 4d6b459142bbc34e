/**
 * Data for a body, made by arbitraries of fast-check 4, which are taken by their shape: nothing of it is imported.
 *
 * An input has an address: the sample it was generated as, then for each step of shrinking which of the candidates was
 * taken, counted through the inputs in order. With the same seed and the same arbitraries an address means the same
 * input; a token carries it.
 */
import { show } from "./errors.js";
import { natives } from "./natives.js";
import type { InputAddress } from "./token.js";

/** Where an arbitrary draws from: what fast-check calls `Random`. Ranges include both ends. */
export interface InputRandom {
  clone(): InputRandom;
  next(bits: number): number;
  nextBoolean(): boolean;
  nextInt(min?: number, max?: number): number;
  nextBigInt(min: bigint, max: bigint): bigint;
  nextDouble(): number;
  getState(): readonly number[] | undefined;
}

/** What an arbitrary gives: a value and what it needs to shrink it. */
export interface InputValue<T> {
  readonly value: T;
  readonly context: unknown;
}

/** An arbitrary of fast-check 4, by its shape. */
export interface InputArbitrary<T> {
  generate(random: InputRandom, bias: number | undefined): InputValue<T>;
  shrink(value: T, context: unknown): Iterable<InputValue<T>>;
}

/** One generated tuple of inputs. */
export interface Inputs {
  readonly address: InputAddress;
  readonly parts: readonly InputValue<unknown>[];
}

/** Chance for arbitraries: a counter behind the finalizer of MurmurHash3, so that a copy is one number. */
class Draws implements InputRandom {
  #state: number;

  constructor(state: number) {
    this.#state = state | 0;
  }

  clone(): Draws {
    return new Draws(this.#state);
  }

  /** 32 bits, 0 or more. */
  #draw(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    let bits = this.#state;
    bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
    bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
    return (bits ^ (bits >>> 16)) >>> 0;
  }

  next(bits: number): number {
    return bits <= 0 ? 0 : this.#draw() >>> (32 - Math.min(bits, 32));
  }

  nextBoolean(): boolean {
    return this.next(1) === 1;
  }

  nextInt(min = -0x80000000, max = 0x7fffffff): number {
    return Number(this.nextBigInt(BigInt(min), BigInt(max)));
  }

  nextBigInt(min: bigint, max: bigint): bigint {
    const width = max - min + 1n;
    let drawn = 0n;
    // 32 bits more than needed, so that the remainder favours nobody by more than one in four thousand million.
    for (let left = width << 32n; left > 0n; left >>= 32n) drawn = (drawn << 32n) | BigInt(this.#draw());
    return min + (drawn % width);
  }

  nextDouble(): number {
    return (this.next(26) * 2 ** 27 + this.next(27)) / 2 ** 53;
  }

  getState(): readonly number[] {
    return [this.#state];
  }
}

/** Checks `inputs`. Throws a TypeError that names what is no arbitrary. */
export function readInputs(inputs: unknown): readonly InputArbitrary<unknown>[] {
  if (!Array.isArray(inputs)) throw new TypeError(`inputs must be an array of arbitraries, got ${show(inputs)}`);
  return inputs.map((each: unknown, at) => {
    const { generate, shrink } = (each ?? {}) as Partial<Record<"generate" | "shrink", unknown>>;
    if (typeof generate === "function" && typeof shrink === "function") return each as InputArbitrary<unknown>;
    throw new TypeError(`inputs[${at}] must be an arbitrary of fast-check 4, got ${show(each)}`);
  });
}

/** The inputs that a seed and a list of arbitraries stand for. */
export class InputSpace {
  readonly #arbitraries: readonly InputArbitrary<unknown>[];
  readonly #seed: number;

  constructor(arbitraries: readonly InputArbitrary<unknown>[], seed: number) {
    this.#arbitraries = arbitraries;
    this.#seed = seed;
  }

  /** Generates a sample. Early ones favour small and special values, as fast-check's own do. */
  sample(at: number): Inputs {
    const random = new Draws(Math.imul(this.#seed ^ 0x2545f491, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca77));
    const bias = 2 + Math.floor(Math.log10(at + 1));
    return { address: [at], parts: this.#arbitraries.map((each) => each.generate(random, bias)) };
  }

  /** Gives smaller inputs, one part changed at a time, in the order in which their addresses count. */
  *smaller({ address, parts }: Inputs): Generator<Inputs> {
    let nth = 0;
    for (const [at, part] of parts.entries())
      for (const smaller of this.#arbitraries[at]!.shrink(part.value, part.context)) {
        yield { address: [...address, nth], parts: parts.with(at, smaller) };
        nth += 1;
      }
  }

  /** Finds the inputs at an address; undefined where there are none. */
  find([sample, ...steps]: InputAddress): Inputs | undefined {
    let inputs: Inputs | undefined = this.sample(sample!);
    for (const nth of steps) {
      if (inputs === undefined) return undefined;
      inputs = nthOf(this.smaller(inputs), nth);
    }
    return inputs;
  }
}

function nthOf<T>(items: Iterable<T>, nth: number): T | undefined {
  let at = 0;
  for (const item of items) if (at++ === nth) return item;
  return undefined;
}

/** Copies arrays and plain objects, so that no run sees what another did to its inputs; everything else is shared. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  const copy = Object.create(prototype) as Record<string, unknown>;
  for (const [key, part] of Object.entries(value))
    Object.defineProperty(copy, key, { value: copyOf(part), configurable: true, enumerable: true, writable: true });
  return copy;
}

const MAX_TEXT = 400;

/** Shows inputs to a person, each on one line. */
export function showInputs({ parts }: Inputs): string {
  const texts = parts.map(({ value }) => oneLineOf(value)).join(", ");
  return `inputs: ${texts.length > MAX_TEXT ? `${texts.slice(0, MAX_TEXT)}…` : texts}`;
}

function oneLineOf(value: unknown): string {
  return inspect === undefined ? show(value) : inspect(value, { depth: 6, breakLength: Infinity });
}

type Inspect = (value: unknown, options: { readonly depth: number; readonly breakLength: number }) => string;

const inspect = (
  natives.process as { getBuiltinModule?: (name: string) => { readonly inspect: Inspect } } | undefined
)?.getBuiltinModule?.("node:util").inspect;
