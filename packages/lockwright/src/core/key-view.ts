/**
 * One key of a keyed lock as a core: finds the key's own core anew at each call, since that comes and goes.
 *
 * Each call that may take nothing (refused, given up at once) gives the core back to the table, so that asking leaves no
 * entry behind.
 */
import type { LockRef } from "../events.js";
import type { Permit } from "./guard.js";
import type { KeyCore, KeyDirectory } from "./key-table.js";
import { showKey } from "./key-order.js";
import type { LockCore } from "./lock-core.js";
import type { AcquireOptions, WaitRequest } from "./options.js";
import type { WaitOrder } from "./wait-queue.js";

/** Acquires `key`. */
export function acquireKey<K>(table: KeyDirectory<K>, key: K, options: AcquireOptions | undefined): Promise<Permit> {
  try {
    const core = table.open(key);
    const wait = core.acquire(options);
    // Without options it holds, waits, or the key is closed.
    if (options !== undefined) table.rest(core);
    return wait;
  } catch (error) {
    return Promise.reject<never>(error); // what the hash of a striped lock threw
  }
}

/** Acquires `key` with options that were read already. */
export function acquireKeyWith<K>(table: KeyDirectory<K>, key: K, request: WaitRequest): Promise<Permit> {
  try {
    const core = table.open(key);
    const wait = core.acquireWith(request);
    table.rest(core);
    return wait;
  } catch (error) {
    return Promise.reject<never>(error); // what the hash of a striped lock threw
  }
}

/** Takes `key` if it is free. */
export function takeKey<K>(table: KeyDirectory<K>, key: K, weight: number): Permit | undefined {
  const core = table.open(key);
  const permit = core.take(weight);
  if (permit === undefined) table.rest(core);
  return permit;
}

/** The core of `at(key)`. */
export class KeyView<K> implements LockCore {
  readonly #table: KeyDirectory<K>;
  readonly #key: K;

  constructor(table: KeyDirectory<K>, key: K) {
    this.#table = table;
    this.#key = key;
  }

  get #core(): KeyCore | undefined {
    return this.#table.find(this.#key);
  }

  get name(): string {
    return this.#core?.name ?? `${this.#table.name}[${showKey(this.#key)}]`;
  }

  get id(): number {
    return this.#table.id;
  }

  get ref(): LockRef {
    return this.#table.ref;
  }

  get key(): string {
    return showKey(this.#key);
  }

  get isWeighted(): boolean {
    return this.#table.shape.isWeighted;
  }

  get order(): WaitOrder {
    return this.#table.options.order ?? "fifo";
  }

  get maxWaiters(): number {
    return this.#table.options.maxWaiters ?? Infinity;
  }

  get capacity(): number {
    return this.#table.shape.capacity;
  }

  get free(): number {
    return this.#core?.free ?? this.capacity;
  }

  get held(): number {
    return this.#core?.held ?? 0;
  }

  get waiting(): number {
    return this.#core?.waiting ?? 0;
  }

  get isClosed(): boolean {
    return this.#core?.isClosed ?? false;
  }

  get closeReason(): unknown {
    return this.#core?.closeReason;
  }

  take(weight: number): Permit | undefined {
    return takeKey(this.#table, this.#key, weight);
  }

  missed(weight: number): undefined {
    const core = this.#table.open(this.#key);
    try {
      return core.missed(weight);
    } finally {
      this.#table.rest(core);
    }
  }

  acquire(options: AcquireOptions | undefined): Promise<Permit> {
    return acquireKey(this.#table, this.#key, options);
  }

  acquireWith(request: WaitRequest): Promise<Permit> {
    return acquireKeyWith(this.#table, this.#key, request);
  }

  watch(request: WaitRequest): Promise<void> {
    const core = this.#table.open(this.#key);
    const told = core.watch(request);
    this.#table.rest(core);
    // It kept the entry alive; the first to hear that it is over lets it go.
    const rest = (): void => this.#table.rest(core);
    told.then(rest, rest);
    return told;
  }

  cancelAll(reason: unknown, hasReason: boolean): number {
    const core = this.#core;
    const count = core?.cancelAll(reason, hasReason) ?? 0;
    if (core !== undefined) this.#table.rest(core);
    return count;
  }

  close(reason: unknown): void {
    this.#table.open(this.#key).close(reason);
  }

  compareTo(other: LockCore): number {
    return this.#table.compare(this.#key, (other as KeyView<K>).#key);
  }
}
