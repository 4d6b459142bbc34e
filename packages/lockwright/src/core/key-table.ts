/**
 * The cores of a keyed lock: one for each key that is held or waited for, made and dropped on the way.
 *
 * Invariants:
 * - K1 A key has at most one core at a time, and it is in the map for as long as anyone holds it, waits for it, or waits
 *   to hear that it is free. Two cores for one key would be two holders.
 * - K2 A core leaves the map in the step in which the last hold ends, and only if the map still holds this very core:
 *   a late step of an old core must not drop its successor (Effect-TS/effect#7580).
 * - K3 The one that became idle last stays, as the spare: a key that is used again and again costs no map operation and
 *   no new core. It is not counted.
 * - K4 A closed core stays, or the key would be open again.
 *
 * Why not keep idle cores: 210 bytes per key for ever. Why not drop all of them at once: a hot key would pay for a Map
 * insertion, a deletion and a core at each use, 125–156 ns against 5.
 */
import type { LockRef, Observed } from "../events.js";
import type { Permit } from "./guard.js";
import { compareKeys, showKey } from "./key-order.js";
import { nextLockId } from "./lock-ids.js";
import type { LockOptions } from "./options.js";
import type { CoreShape } from "./core-shape.js";
import { PermitCore } from "./permit-core.js";

/** Compares two keys as `Array.sort` wants it. */
export type CompareKeys<K> = (a: K, b: K) => number;

/** Where the core of a key is found. */
export interface KeyDirectory<K> extends Observed {
  readonly id: number;
  readonly name: string;
  readonly shape: CoreShape;
  readonly options: LockOptions;
  /** Cores that are held or waited for. */
  readonly size: number;
  /** Gives the core of `key`, made if need be. Whoever then takes nothing calls {@link rest}. */
  open(key: K): KeyCore;
  /** Gives the core of `key` if there is one. */
  find(key: K): KeyCore | undefined;
  /** Takes note that `core` may be idle. */
  rest(core: KeyCore): void;
  /** Orders keys for taking several; 0 when both are served by one core. */
  compare(a: K, b: K): number;
}

/** The lock as listeners see it: one, whatever the number of its keys. */
export abstract class KeyedLockHead implements Observed {
  readonly id: number = nextLockId();
  readonly shape: CoreShape;
  readonly options: LockOptions;
  readonly name: string;
  readonly ref: LockRef;
  probe: unknown = undefined;

  constructor(shape: CoreShape, options: LockOptions) {
    this.shape = shape;
    this.options = options;
    this.name = options.name ?? `${shape.kind}-${this.id}`;
    const { kind, capacity: permits } = shape;
    this.ref = Object.freeze({ id: this.id, name: this.name, kind, scope: "process", permits } as const);
  }

  abstract rest(core: KeyCore): void;
}

/** The permit core of one key, or of one stripe. */
export class KeyCore extends PermitCore {
  /** What it is found by: the key, or the number of the stripe. */
  readonly entry: unknown;
  readonly #head: KeyedLockHead;

  constructor(head: KeyedLockHead, entry: unknown) {
    super(head.shape, head.options);
    this.#head = head;
    this.entry = entry;
  }

  override get name(): string {
    return `${this.#head.name}[${this.key}]`;
  }

  override get key(): string {
    return showKey(this.entry);
  }

  override get ref(): LockRef {
    return this.#head.ref;
  }

  protected override get observed(): Observed {
    return this.#head;
  }

  /** True when nobody holds it or waits for it, and it may go. */
  get isIdle(): boolean {
    return this.free === this.capacity && this.waiting === 0 && !this.isClosed && this.watching === 0;
  }

  override finish(permit: Permit, value?: unknown): void {
    super.finish(permit, value);
    if (this.free === this.capacity && this.isIdle) this.#head.rest(this);
  }
}

/** One core per key in use. */
export class KeyTable<K> extends KeyedLockHead implements KeyDirectory<K> {
  readonly #cores: Map<K, KeyCore> = new Map<K, KeyCore>();
  readonly #compare: CompareKeys<K> | undefined;
  /** The core that became idle last (K3); it may be in use again. */
  #spare: KeyCore | undefined = undefined;

  constructor(shape: CoreShape, options: LockOptions, compare: CompareKeys<K> | undefined) {
    super(shape, options);
    this.#compare = compare;
  }

  get size(): number {
    return this.#cores.size - (this.#spare?.isIdle === true ? 1 : 0);
  }

  /** What the map holds, the spare included; for tests. */
  get entries(): number {
    return this.#cores.size;
  }

  find(key: K): KeyCore | undefined {
    const spare = this.#spare;
    return spare !== undefined && spare.entry === key ? spare : this.#cores.get(key);
  }

  open(key: K): KeyCore {
    const spare = this.#spare;
    return spare !== undefined && spare.entry === key ? spare : this.#lookUp(key);
  }

  #lookUp(key: K): KeyCore {
    const known = this.#cores.get(key);
    if (known !== undefined) return known;
    const core = new KeyCore(this, key);
    this.#cores.set(key, core);
    return core;
  }

  rest(core: KeyCore): void {
    const spare = this.#spare;
    if (spare === core || !core.isIdle) return;
    // By identity (K2): a listener may have used the key anew since this core became idle.
    if (this.#cores.get(core.entry as K) !== core) return;
    this.#spare = core;
    if (spare?.isIdle === true) this.#cores.delete(spare.entry as K);
  }

  compare(a: K, b: K): number {
    // Two keys that the caller's order cannot tell apart still need one order.
    return this.#compare?.(a, b) || compareKeys(a, b);
  }
}
