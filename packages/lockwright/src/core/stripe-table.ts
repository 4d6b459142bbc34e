/**
 * The cores of a striped lock: a fixed array, and a hash that says which one serves a key.
 *
 * No core is made or dropped, so a key costs neither memory nor a look-up; two keys may share one and then wait for each
 * other. Several keys are taken in the order of their stripes, each stripe once.
 */
import { firstSeen } from "./key-order.js";
import { KeyCore, type KeyDirectory, KeyedLockHead } from "./key-table.js";
import { type LockOptions, show } from "./options.js";
import type { CoreShape } from "./core-shape.js";

/** Gives a whole number for a key; equal keys must get the same one. */
export type HashKey<K> = (key: K) => number;

/** A fixed number of cores. */
export class StripeTable<K> extends KeyedLockHead implements KeyDirectory<K> {
  readonly stripes: readonly KeyCore[];
  readonly #hash: HashKey<K>;

  constructor(shape: CoreShape, options: LockOptions, stripes: number, hash: HashKey<K>) {
    super(shape, options);
    this.stripes = Array.from({ length: stripes }, (_none, at) => new KeyCore(this, at));
    this.#hash = hash;
  }

  get size(): number {
    let inUse = 0;
    for (const core of this.stripes) if (!core.isIdle) inUse += 1;
    return inUse;
  }

  open(key: K): KeyCore {
    return this.stripes[this.#stripeOf(key)]!;
  }

  find(key: K): KeyCore {
    return this.open(key);
  }

  rest(): void {
    // A stripe stays.
  }

  compare(a: K, b: K): number {
    return this.#stripeOf(a) - this.#stripeOf(b);
  }

  #stripeOf(key: K): number {
    const hash = this.#hash(key);
    if (Number.isSafeInteger(hash)) {
      // A remainder, not a mask of bits: it takes any whole number, and any number of stripes.
      const at = hash % this.stripes.length;
      return at < 0 ? at + this.stripes.length : at;
    }
    if (typeof hash !== "number") throw new TypeError(`hash must give a number, got ${show(hash)}`);
    throw new RangeError(`hash must give a whole number, got ${hash}`);
  }
}

/** Spreads keys of any kind: text and numbers by value, the rest by when they were first seen. */
export function hashKey(key: unknown): number {
  if (typeof key === "string") return hashText(key);
  if (typeof key === "symbol" && Symbol.keyFor(key) !== undefined) return hashText(Symbol.keyFor(key)!);
  if (typeof key === "symbol" || typeof key === "function" || (typeof key === "object" && key !== null)) {
    return firstSeen(key);
  }
  return Number.isSafeInteger(key) ? (key as number) : hashText(String(key));
}

/** FNV-1a over code units, 32 bits, mixed once more: its low bits alone are poor. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
