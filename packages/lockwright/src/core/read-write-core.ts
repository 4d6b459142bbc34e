/**
 * The read-write core: the permit core with weights that say who excludes whom, and an upgrade that no queue can block.
 *
 * Admission is counting. Of ALL permits a reader takes 1, a writer ALL, and an upgradeable reader one more than half:
 *
 *     ALL = 2^30     | reader 1 | reader 1 | upgradeable 2^29 + 1 |   fits    two upgradeables: 2^30 + 2, never fit
 *
 * so one upgradeable stands beside any readers, and all that is proved of the permit core (I1 to I6) holds here: a read
 * behind a queued write waits (I1), and a release lets in all reads at the head at once, for they fit (I3).
 *
 * Further invariants:
 * - RW1 An upgrade never queues. It takes what it lacks at once, as debt: `free` falls below zero by the number of
 *   readers that are still in, nobody else fits meanwhile, and it holds in the step in which the last of them leaves.
 * - RW2 At most one upgrade is alive, waiting or held: whoever wants one is the only upgradeable, or the sole holder.
 * - RW3 While an upgrade is held, the hold below it is lent: its guard is not `held`, and it takes over again when the
 *   upgrade is released. If it was disposed of meanwhile both end together, so nothing is left behind.
 * - RW4 An upgrade that is given up returns its debt and leaves the hold below as it was.
 * - RW5 The version goes up by one in the step in which a write or an upgrade is granted, and by one in the step in which
 *   it ends: it is odd while somebody writes, and two equal even readings have no write between them. It is counted in the
 *   grant and not by the writer, whose grant may lie in somebody else's release, long before it runs on. (StampedLock.)
 *
 * Fairness: strict arrival order, so a writer waits for at most those who were in when it came. The policies give one
 * side a rank instead: who is preferred stands ahead of all others, in the same queue. `ageing` then bounds the others' wait.
 *
 * Why not an upgrade that queues for the other permits: a writer that came between holds the head and waits for the
 * upgradeable, which waits behind it (scylladb/seastar#2665). Why not let plain readers wait for an upgrade: two of them
 * would wait for each other; they may try.
 */
import { emitMissed, isGrantWatched, isWaitWatched, type LeftWhy } from "../events.js";
import { fitOut } from "./fit-out.js";
import { HELD, LEFT, type Permit, promiseOf, QUEUED } from "./guard.js";
import { type LockOptions, readRequest, type WaitOptions, type WaitRequest } from "./options.js";
import { PermitCore } from "./permit-core.js";
import { ReadPermit, type SidedOwner, UpgradeablePermit, UpgradedPermit, WritePermit } from "./read-write-permits.js";
import * as refuse from "./refusals.js";

/** All permits: what a writer takes. */
export const ALL: number = 2 ** 30;
/** What a plain reader takes. */
export const READ: number = 1;
/** What an upgradeable reader takes: two of them do not fit, one and as many readers as there may ever be do. */
export const UPGRADEABLE: number = 2 ** 29 + 1;

/** Who holds a read-write lock. */
export interface Holders {
  readonly readers: number;
  readonly upgradeables: number;
  /** A writer or an upgrade. */
  readonly writers: number;
}

/** What is known of one kind of hold: its waits, and whether it is still given out. */
export class Side {
  readonly weight: number;
  /** Waits of this kind in the queue, and for the upgradeable side the upgrade that waits. */
  waiting = 0;
  isClosed = false;
  closeReason: unknown = undefined;

  constructor(weight: number) {
    this.weight = weight;
  }
}

/** One queue and one set of permits behind the faces of a read-write lock. */
export class ReadWriteCore extends PermitCore implements SidedOwner {
  readonly reading: Side = new Side(READ);
  readonly upgradeable: Side = new Side(UPGRADEABLE);
  readonly writing: Side = new Side(ALL);
  /** Odd while somebody writes (RW5). */
  version = 0;
  /** The upgrade that waits or holds (RW2). */
  #upgrade: UpgradedPermit | undefined = undefined;

  constructor(kind: string, options: LockOptions) {
    super({ kind, capacity: ALL, isWeighted: true }, options);
  }

  /** Makes the guard that goes with a weight. */
  protected permitOf(weight: number, state: number): Permit {
    if (weight === READ) return new ReadPermit(this, state, weight);
    return weight === ALL ? new WritePermit(this, state, weight) : new UpgradeablePermit(this, state, weight);
  }

  override take(weight: number, intent?: WaitRequest["intent"]): Permit | undefined {
    if (this.waiting !== 0 || weight > this.free) return undefined;
    this.free -= weight;
    const permit = this.permitOf(weight, HELD);
    if (isGrantWatched()) this.tellTaken(permit, intent);
    return permit;
  }

  protected override permitFor(request: WaitRequest, state: number): Permit {
    return this.permitOf(request.weight, state);
  }

  /** Gives the side that holds of `weight` belong to. */
  sideOf(weight: number): Side {
    if (weight === READ) return this.reading;
    return weight === ALL ? this.writing : this.upgradeable;
  }

  /** Answers whether the hold of `base` is lent to an upgrade (RW3). */
  isLent(base: Permit): boolean {
    const upgrade = this.#upgrade;
    return upgrade !== undefined && upgrade.base === base && upgrade.state === HELD;
  }

  get census(): Holders {
    const upgrade = this.#upgrade;
    if (this.free === 0) {
      const lent = upgrade?.base.weight;
      return { readers: lent === READ ? 1 : 0, upgradeables: lent === UPGRADEABLE ? 1 : 0, writers: 1 };
    }
    const taken = ALL - this.free - (upgrade?.weight ?? 0);
    const upgradeables = taken >= UPGRADEABLE ? 1 : 0;
    return { readers: taken - upgradeables * UPGRADEABLE, upgradeables, writers: 0 };
  }

  get holders(): string {
    const { readers, upgradeables, writers } = this.census;
    if (writers > 0) return "held by a writer";
    const plain = readers === 1 ? "1 reader" : `${readers} readers`;
    if (upgradeables > 0) return `held by an upgradeable reader${readers > 0 ? ` and ${plain}` : ""}`;
    return readers > 0 ? `held by ${plain}` : "not held";
  }

  /** Makes the sole holder `base` the writer, or gives undefined. */
  tryUpgrade(base: Permit): UpgradedPermit | undefined {
    this.#checkLends(base);
    if (this.free + base.weight === ALL) return this.#holdUpgrade(base);
    if (isGrantWatched()) emitMissed(this);
    return undefined;
  }

  upgrade(base: Permit, options: WaitOptions = {}): Promise<Permit> {
    try {
      const request = readRequest({ name: this.name, isWeighted: false, order: "fifo" }, options);
      if (request.signal?.aborted === true) return Promise.reject<never>(request.signal.reason);
      this.#checkLends(base);
      if (this.#upgrade !== undefined) throw refuse.upgrading(this);
      if (this.free + base.weight === ALL) return Promise.resolve(this.#holdUpgrade(base));
      if (request.timeout === 0) throw refuse.timedOut(this, 0, this.waiting);
      return this.#waitToUpgrade(base, request);
    } catch (error) {
      return Promise.reject<never>(error);
    }
  }

  #checkLends(base: Permit): void {
    if (!base.held) throw this.notHeldError(base);
    const { isClosed, closeReason } = this.sideOf(base.weight);
    if (isClosed) throw refuse.closed({ name: this.name, closeReason });
  }

  #holdUpgrade(base: Permit): UpgradedPermit {
    const upgrade = (this.#upgrade = new UpgradedPermit(this, HELD, base));
    this.free -= upgrade.weight;
    if (isGrantWatched()) this.teller.taken(upgrade);
    return upgrade;
  }

  #waitToUpgrade(base: Permit, request: WaitRequest): Promise<Permit> {
    const upgrade = (this.#upgrade = new UpgradedPermit(this, QUEUED, base));
    const promise = promiseOf<Permit>(upgrade);
    fitOut(upgrade, request);
    // RW1: the debt keeps everyone else out from here on.
    this.free -= upgrade.weight;
    upgrade.beginWait();
    if (isWaitWatched()) this.teller.queued(upgrade);
    return promise;
  }

  /** The upgrade that waits, if there is one. */
  get waitingUpgrade(): UpgradedPermit | undefined {
    return this.#upgrade?.state === QUEUED ? this.#upgrade : undefined;
  }

  override finish(permit: Permit, value?: unknown): void {
    const upgrade = this.#upgrade;
    // Before the hand-off, which may begin the next write.
    if (permit.weight === ALL || permit === upgrade) this.version += 1;
    if (upgrade === undefined) return super.finish(permit, value);
    if (upgrade.state === QUEUED) this.#finishBeside(permit, upgrade);
    else if (permit !== upgrade) return upgrade.lendForGood();
    else this.#upgrade = undefined;
    super.finish(permit, value);
    // A listener may have released the base just now.
    if (permit === upgrade && upgrade.endsBase && upgrade.base.state === HELD) super.finish(upgrade.base);
  }

  /** A hold ends while an upgrade waits: perhaps the last one that kept it out, perhaps the one it was for. */
  #finishBeside(permit: Permit, upgrade: UpgradedPermit): void {
    if (permit === upgrade.base) {
      this.leave(upgrade, "cancelled", Promise.reject<never>(refuse.notHeld(this)));
    } else if (this.free + permit.weight === 0) {
      upgrade.end(HELD, upgrade);
      if (isGrantWatched()) this.teller.note(upgrade, undefined);
    }
  }

  override leave(permit: Permit, why: LeftWhy, outcome: Promise<never>): void {
    if (permit !== this.#upgrade) return super.leave(permit, why, outcome);
    permit.end(LEFT, outcome);
    this.#upgrade = undefined;
    this.free += permit.weight;
    if (isWaitWatched()) this.teller.note(permit, why);
  }

  /** Makes the writer a reader in one step; readers at the head of the queue come in with it. */
  downgrade(permit: Permit): ReadPermit {
    if (!permit.held) throw this.notHeldError(permit);
    // Before the release, or a waiting writer would get in between.
    this.free -= READ;
    const read = new ReadPermit(this, HELD, READ);
    if (isGrantWatched()) this.teller.note(read, undefined);
    this.finish(permit);
    return read;
  }

  override timeoutError(permit: Permit, waited: number): Error {
    return permit === this.#upgrade ? refuse.timedOut(this, waited, this.waiting) : super.timeoutError(permit, waited);
  }

  override notHeldError(permit?: Permit): Error {
    return permit !== undefined && this.isLent(permit) ? refuse.lent(this) : refuse.notHeld(this);
  }
}
