/** A fixed number of mutexes that serve any number of keys. */
import type { KeyDirectory } from "../core/key-table.js";
import { checkCount, checkLockOptions, show } from "../core/options.js";
import { type HashKey, hashKey, StripeTable } from "../core/stripe-table.js";
import { KeyedMutex } from "./keyed-mutex.js";
import type { LockOptions } from "./lock.js";

/** Options of a {@link StripedMutex}. */
export interface StripedMutexOptions<K> extends LockOptions {
  /** Gives a whole number for a key, the same for equal keys. Default: by value; objects by when they were first seen. */
  readonly hash?: HashKey<K>;
}

interface Stripes<K> extends StripedMutexOptions<K> {
  readonly stripes: number;
}

/**
 * Lets one holder in per stripe; a hash says which stripe serves a key. Different keys may share one and then wait for
 * each other.
 *
 * **When to use** Where there are so many keys at once that an entry for each is too much, or memory must not depend on
 * them at all. Take several times as many stripes as there are holders at once. Otherwise use a {@link KeyedMutex}: there
 * different keys never meet, and a body may take a second key without being served by its own stripe, where it would
 * wait for itself. For several keys here use `acquireAll`.
 *
 * **Fairness** Strict arrival order per stripe.
 *
 * **Errors** See {@link KeyedMutex}; also what `hash` throws, and a TypeError or RangeError when it gives no whole number.
 * `at(key)` is the lock of the key's stripe, and so is what its statistics say and what closing it closes.
 *
 * **Example**
 * ```ts
 * import { StripedMutex } from "lockwright";
 *
 * const files = new StripedMutex<string>(64, { name: "files" });
 * const text = await files.run("a.txt", async () => "content");
 * const both = await files.acquireAll(["a.txt", "b.txt"]); // their stripes, each once
 * both.release();
 * console.log(text, files.stripes, files.size); // content 64 0
 * ```
 */
export class StripedMutex<K = string> extends KeyedMutex<K> {
  /** How many there are. */
  readonly stripes: number;

  /** @param stripes How many: a whole number from 1. */
  constructor(stripes: number, options: StripedMutexOptions<K> = {}) {
    checkCount("stripes", stripes, 1);
    checkLockOptions(options);
    super({ ...options, stripes } as LockOptions);
    this.stripes = stripes;
  }

  /** How many stripes are held, waited for or closed. */
  override get size(): number {
    return super.size;
  }

  protected override makeTable(options: Stripes<K>): KeyDirectory<K> {
    const { hash = hashKey, stripes } = options;
    if (typeof hash !== "function") throw new TypeError(`hash must be a function, got ${show(hash)}`);
    return new StripeTable<K>({ kind: "striped-mutex", capacity: 1, isWeighted: false }, options, stripes, hash);
  }
}
