/** A semaphore for each key. */
import { type KeyDirectory, KeyTable } from "../core/key-table.js";
import { checkCount, checkLockOptions, readWeight } from "../core/options.js";
import { KeyedLock } from "./keyed-lock.js";
import type { Guard, LockOptions } from "./lock.js";

/**
 * Lets holders in per key as long as their weights fit into that key's permits.
 *
 * **When to use** To bound what goes to each host, tenant or user at once, with no bound over all of them. A key costs
 * memory only while it is held or waited for. For one holder per key use a {@link KeyedMutex}. There is no `acquireAll`:
 * several weights of several keys have no order that keeps everyone from waiting for each other.
 *
 * **Fairness** Strict arrival order per key; a heavy waiter at the head holds back lighter ones of its key.
 *
 * **Cancellation** `signal` and `timeout` end the waiting and leave nothing behind.
 *
 * **Errors** See `acquire` of `Lock`; a message names the key too.
 *
 * **Example**
 * ```ts
 * import { KeyedSemaphore } from "lockwright";
 *
 * const hosts = new KeyedSemaphore<string>(2, { name: "hosts" });
 * const urls = ["http://a.test/1", "http://a.test/2", "http://a.test/3", "http://b.test/1"];
 * const pages = await Promise.all(
 *   urls.map((url) => hosts.run(new URL(url).host, async () => `page of ${url}`)),
 * );
 * console.log(pages.length, hosts.size); // 4 0
 * ```
 */
export class KeyedSemaphore<K = string> extends KeyedLock<K> {
  /** @param permits How many each key has: a whole number from 1. */
  constructor(permits: number, options: LockOptions = {}) {
    // From 1: with none, and no resize, a key could never be had.
    checkCount("permits", permits, 1);
    checkLockOptions(options);
    super({ ...options, permits } as LockOptions);
  }

  protected override makeTable(options: LockOptions & { readonly permits: number }): KeyDirectory<K> {
    const shape = { kind: "keyed-semaphore", capacity: options.permits, isWeighted: true };
    return new KeyTable<K>(shape, options, undefined);
  }

  /** Takes `key` if it is free now, else gives `undefined`; see `tryAcquire` of `Lock`. */
  tryAcquire(key: K, options?: { readonly weight?: number }): Guard | undefined {
    const { name, shape } = this.table;
    const weight =
      options === undefined ? 1 : readWeight({ name, isWeighted: shape.isWeighted, order: "fifo" }, options);
    return this.take(key, weight);
  }
}
