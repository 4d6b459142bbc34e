/** A read-write lock: many readers or one writer, with a reader that may become the writer. */
import { checkLockOptions, show } from "../core/options.js";
import { ReadWriteCore } from "../core/read-write-core.js";
import type { FaceShape } from "../core/face-core.js";
import type { ReadGuard, UpgradeableGuard, WriteGuard } from "../core/read-write-permits.js";
import { showByToString } from "../core/inspection.js";
import { emitCreated } from "../events.js";
import { FaceLock } from "./face-lock.js";
import type { LocalLock, LockOptions } from "./lock.js";

export type { ReadGuard, UpgradeableGuard, WriteGuard } from "../core/read-write-permits.js";

/** Who goes first when readers and writers wait: whoever came first, the readers, or the writers. */
export type ReadWritePolicy = "fair" | "prefer-readers" | "prefer-writers";

/** Options of a {@link ReadWriteLock}. `order: "lifo"` is refused; `order` and a preference exclude each other. */
export interface ReadWriteLockOptions extends LockOptions {
  /** Default `"fair"`. With a preference the other side may starve; `ageing` bounds that. */
  readonly policy?: ReadWritePolicy;
}

/** The rank of the readers, the upgradeable reader and the writers under each policy. */
const RANKS: Readonly<Record<ReadWritePolicy, readonly [number, number, number] | undefined>> = {
  fair: undefined,
  // An upgradeable behind another must not hold up the plain readers, hence its rank of its own.
  "prefer-readers": [2, 1, 0],
  "prefer-writers": [0, 0, 1],
};

/**
 * Lets many readers in together, or one writer alone.
 *
 * **When to use** Where holds are long (they await I/O), most of them only read, and readers must not see a write half
 * done. With short holds a {@link Mutex} is as fast and simpler. To read first and then perhaps write, use `upgradeable`:
 * letting go of `read` and asking for `write` lets other writers in between.
 *
 * **Fairness** Strict arrival order by default: a read behind a waiting write waits, and a release lets in all reads at
 * the head together, so a writer waits for those who came before it and an endless stream of readers cannot starve it.
 * `policy: "prefer-readers"` lets reads past waiting writes, `"prefer-writers"` writes past waiting reads; the other side
 * may then starve unless `ageing: n` serves the oldest at every n-th grant. An upgrade goes ahead of everyone.
 *
 * **Cancellation** `signal` and `timeout` end the waiting; whoever fits then gets in at once.
 *
 * **Errors** See `acquire` of `Lock`. Each face counts, cancels and closes its own callers only. A body that reads and
 * asks for `read` again waits behind a write that came in between, for ever: pass the guard on instead.
 *
 * **Example**
 * ```ts
 * import { ReadWriteLock } from "lockwright";
 *
 * const lock = new ReadWriteLock({ name: "config" });
 * let config = { level: "info", version: 1 };
 *
 * const level = await lock.read.run(async () => config.level);
 *
 * await lock.upgradeable.run(async (reading) => {
 *   if (config.level === "debug") return; // others still read beside this look
 *   const writing = await reading.upgrade();
 *   try {
 *     config = { level: "debug", version: config.version + 1 };
 *   } finally {
 *     writing.release(); // reads on
 *   }
 * });
 * console.log(level, config.level, config.version); // info debug 2
 * ```
 */
export class ReadWriteLock {
  /** Reads, beside other readers. */
  readonly read: LocalLock<ReadGuard>;
  /** Reads beside other readers, and may become the writer without letting go. One at a time. */
  readonly upgradeable: LocalLock<UpgradeableGuard>;
  /** Writes, alone. */
  readonly write: LocalLock<WriteGuard>;
  readonly #core: ReadWriteCore;

  constructor(options: ReadWriteLockOptions = {}) {
    const { policy = "fair", order = "fifo" } = checkReadWriteOptions(options);
    const ranks = RANKS[policy];
    const core = new ReadWriteCore(
      "read-write-lock",
      ranks === undefined ? options : { ...options, order: "priority" },
    );
    const shape = (counts: FaceShape["counts"], capacity: number, at: 0 | 1 | 2): FaceShape => ({
      counts,
      capacity,
      rank: ranks?.[at],
      order,
    });
    this.#core = core;
    this.read = new FaceLock("ReadWriteLock.read", core, core.reading, shape("readers", Infinity, 0));
    this.upgradeable = new FaceLock("ReadWriteLock.upgradeable", core, core.upgradeable, shape("upgradeables", 1, 1));
    this.write = new FaceLock("ReadWriteLock.write", core, core.writing, shape("writers", 1, 2));
    if (options.name !== undefined) emitCreated(core.ref);
  }

  /** The name given at construction, or one made of kind and number. */
  get name(): string {
    return this.#core.name;
  }

  toString(): string {
    const { name, holders, waiting } = this.#core;
    return `${this.constructor.name} { name: ${JSON.stringify(name)}, ${holders}, waiting: ${waiting} }`;
  }

  static {
    showByToString(this.prototype);
  }
}

/** Refuses what a read-write lock cannot be built with. */
function checkReadWriteOptions(options: ReadWriteLockOptions): ReadWriteLockOptions {
  const { policy = "fair", order, ageing } = options ?? {};
  const isFair = policy === "fair";
  // A preference is an order of its own, which ageing goes with.
  checkLockOptions(isFair || order !== undefined || ageing === undefined ? options : { ...options, order: "priority" });
  if (!Object.hasOwn(RANKS, policy)) {
    throw new TypeError(`policy must be "fair", "prefer-readers" or "prefer-writers", got ${show(policy)}`);
  }
  checkNoLifo(order);
  if (isFair || order === undefined) return options;
  throw new TypeError(`policy ${show(policy)} is an order of its own: leave order out, got ${show(order)}`);
}

/** Newest-first would starve writers behind every read: a read-write lock has no such order. */
export function checkNoLifo(order: unknown): void {
  if (order === "lifo") throw new TypeError(`order must be "fifo" or "priority" here, got "lifo"`);
}
