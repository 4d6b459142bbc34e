/** A mutex for each key. */
import { acquireInOrder, giveBack, GuardSet, listOf } from "../core/guard-set.js";
import { type CompareKeys, type KeyDirectory, KeyTable } from "../core/key-table.js";
import { KeyView, takeKey } from "../core/key-view.js";
import { checkLockOptions, readRequest, show } from "../core/options.js";
import { KeyedLock } from "./keyed-lock.js";
import type { AcquireOptions, Guard, LockOptions } from "./lock.js";

/** Options of a {@link KeyedMutex}. */
export interface KeyedMutexOptions<K> extends LockOptions {
  /**
   * The order in which `acquireAll` takes keys, as `Array.sort` wants it; it must never change. Default: by type, then by
   * value, objects by when they were first seen.
   */
  readonly compare?: CompareKeys<K>;
}

const SHAPE = { kind: "keyed-mutex", capacity: 1, isWeighted: false } as const;

/**
 * Lets one holder in per key: different keys do not wait for each other.
 *
 * **When to use** Around one account, one file, one user of many. A key costs memory only while it is held or waited for:
 * a million keys used once leave nothing behind. Keys are those of a `Map`: objects by identity. For several holders per
 * key use a {@link KeyedSemaphore}; where even the look-up is too much, or to bound memory strictly, a {@link StripedMutex}.
 *
 * **Fairness** Strict arrival order per key.
 *
 * **Cancellation** `signal` and `timeout` end the waiting and leave nothing behind.
 *
 * **Errors** See `acquire` of `Lock`; a message names the key too.
 *
 * **Example**
 * ```ts
 * import { KeyedMutex } from "lockwright";
 *
 * const accounts = new KeyedMutex<string>({ name: "accounts" });
 * const balances = new Map([["ann", 100], ["bob", 0]]);
 *
 * async function transfer(from: string, to: string, cents: number): Promise<void> {
 *   const both = await accounts.acquireAll([from, to]);
 *   try {
 *     const before = balances.get(from)!;
 *     await Promise.resolve(); // ask the bank
 *     balances.set(from, before - cents);
 *     balances.set(to, balances.get(to)! + cents);
 *   } finally {
 *     both.release();
 *   }
 * }
 *
 * await Promise.all([transfer("ann", "bob", 30), transfer("bob", "ann", 10)]);
 * await accounts.run("ann", () => console.log(balances.get("ann"))); // 80
 * console.log(accounts.size); // 0
 * ```
 */
export class KeyedMutex<K = string> extends KeyedLock<K> {
  constructor(options: KeyedMutexOptions<K> = {}) {
    checkLockOptions(options);
    super(options);
  }

  protected override makeTable(options: KeyedMutexOptions<K>): KeyDirectory<K> {
    const { compare } = options;
    if (compare === undefined || typeof compare === "function") return new KeyTable<K>(SHAPE, options, compare);
    throw new TypeError(`compare must be a function, got ${show(compare)}`);
  }

  /** Takes `key` if it is free now, else gives `undefined`; see `tryAcquire` of `Lock`. */
  tryAcquire(key: K): Guard | undefined {
    return this.take(key, 1);
  }

  /**
   * Waits for all of `keys` and resolves to one guard for them. A key named twice is taken once.
   *
   * They are taken one after the other in one order that is the same for every caller, so callers with the same keys in
   * different orders never wait for each other in a ring.
   *
   * **Cancellation** One `signal` and one `timeout` bound all of it; what was taken is given back.
   *
   * **Errors** Those of `acquire`; a TypeError when `keys` is no iterable, or text, whose letters are hardly meant.
   */
  async acquireAll(keys: Iterable<K>, options?: AcquireOptions): Promise<Guard> {
    const wanted = this.#inOrder(keys).map((key) => new KeyView(this.table, key));
    if (options !== undefined) {
      const { name, shape, options: built } = this.table;
      readRequest({ name, isWeighted: shape.isWeighted, order: built.order ?? "fifo" }, options);
    }
    return acquireInOrder(wanted, options, this.#titleOf(wanted.length));
  }

  /**
   * Takes all of `keys` if all are free now, else nothing, and gives `undefined`. Synchronous; never passes a waiter.
   *
   * **Errors** `LW_CLOSED`; a TypeError when `keys` is no iterable, or text.
   */
  tryAcquireAll(keys: Iterable<K>): Guard | undefined {
    const inOrder = this.#inOrder(keys);
    const taken = this.#isBusy(inOrder) ? undefined : takeEach(this.table, inOrder);
    return taken && new GuardSet(taken, this.#titleOf(inOrder.length));
  }

  /** Looks before it takes: taking some and giving them back would be seen by listeners and wake `whenAvailable`. */
  #isBusy(keys: readonly K[]): boolean {
    const { table } = this;
    for (const key of keys) {
      const core = table.find(key);
      if (core === undefined || core.fits(1)) continue;
      core.missed(1);
      return true;
    }
    return false;
  }

  #inOrder(keys: Iterable<K>): K[] {
    const { table } = this;
    const sorted = [...new Set(listOf("keys", keys))].sort((a, b) => table.compare(a, b));
    return sorted.filter((key, at) => at === 0 || table.compare(sorted[at - 1]!, key) !== 0);
  }

  #titleOf(count: number): string {
    return `${count} ${count === 1 ? "key" : "keys"} of "${this.name}"`;
  }
}

function takeEach<K>(table: KeyDirectory<K>, keys: readonly K[]): Guard[] | undefined {
  const taken: Guard[] = [];
  for (const key of keys) {
    const guard = takeKey(table, key, 1);
    // Only a listener that heard of the ones before can have been quicker.
    if (guard === undefined) {
      giveBack(taken);
      return undefined;
    }
    taken.push(guard);
  }
  return taken;
}
