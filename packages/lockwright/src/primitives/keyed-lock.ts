/** What keyed locks have in common: one lock per key, made when it is needed and gone when it is not. */
import { acquireKey, KeyView, takeKey } from "../core/key-view.js";
import type { KeyDirectory } from "../core/key-table.js";
import { showByToString } from "../core/inspection.js";
import { emitCreated, isAcquireTraced } from "../events.js";
import type { AcquireOptions, Guard, LocalLock, LockOptions, RunOptions } from "./lock.js";
import { CoreLock, runOn } from "./permit-lock.js";

/** The lock of one key. */
class KeyLock<K> extends CoreLock<Guard, KeyView<K>> {
  constructor(table: KeyDirectory<K>, key: K) {
    super(new KeyView(table, key));
  }

  override acquire(options?: AcquireOptions): Promise<Guard> {
    try {
      return super.acquire(options);
    } catch (error) {
      return Promise.reject<never>(error); // what the hash of a striped lock threw
    }
  }
}

/** The common part of keyed locks; not exported by the package. */
export abstract class KeyedLock<K> {
  protected readonly table: KeyDirectory<K>;

  /** The options are checked already. */
  protected constructor(options: LockOptions) {
    this.table = this.makeTable(options);
    if (options.name !== undefined) emitCreated(this.table.ref);
  }

  /** Makes the table of this kind of lock. Called while the lock is built: it may use nothing but the options. */
  protected abstract makeTable(options: LockOptions): KeyDirectory<K>;

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.table.name;
  }

  /** How many entries there are: keys that are held, waited for or closed. */
  get size(): number {
    return this.table.size;
  }

  /**
   * Gives the lock of one key, with all that a lock can do. It is a view: it makes no entry and need not be kept.
   *
   * Closing it closes the key for good, which keeps its entry.
   */
  at(key: K): LocalLock {
    return new KeyLock(this.table, key);
  }

  /** Waits for `key` and resolves to a guard; see `acquire` of `Lock`. */
  acquire(key: K, options?: AcquireOptions): Promise<Guard> {
    // Traced like any other lock: the view of the key knows how.
    return isAcquireTraced() ? this.at(key).acquire(options) : acquireKey(this.table, key, options);
  }

  /** Runs `fn` while holding `key`; see `run` of `Lock`. */
  run<T>(key: K, fn: (guard: Guard, signal: AbortSignal) => T | PromiseLike<T>, options?: RunOptions): Promise<T> {
    try {
      const core = this.table.open(key);
      const run = runOn(core, fn, options);
      // By now it holds, waits, or was refused and left an idle entry.
      this.table.rest(core);
      return run;
    } catch (error) {
      return Promise.reject<never>(error); // what the hash of a striped lock threw
    }
  }

  protected take(key: K, weight: number): Guard | undefined {
    return takeKey(this.table, key, weight) ?? new KeyView(this.table, key).missed(weight);
  }

  toString(): string {
    return `${this.constructor.name} { name: ${JSON.stringify(this.name)}, size: ${this.size} }`;
  }

  static {
    showByToString(this.prototype);
  }
}
