/** The guards of a read-write lock: permits that can change sides. What that does to the lock says `read-write-core.ts`. */
import type { Grant } from "../events.js";
import { type Contended, delist, enlist } from "./drain.js";
import { type Guard, HELD, Permit, type PermitOwner, QUEUED } from "./guard.js";
import type { DeadlockMode, WaitOptions } from "./options.js";

/** Proves that its owner reads: nobody writes until it is released. */
export interface ReadGuard extends Guard {
  /**
   * Becomes the writer if this is the only hold, else gives `undefined`. Ahead of the whole queue; never waits.
   *
   * Releasing the returned guard goes back to reading; this guard is not `held` until then.
   *
   * **Errors** `LW_NOT_HELD`; `LW_CLOSED`.
   */
  tryUpgrade(): Guard | undefined;
}

/** Proves that its owner reads, and that it is the only one who may wait to become the writer. */
export interface UpgradeableGuard extends ReadGuard {
  /**
   * Waits until the plain readers have left and becomes the writer.
   *
   * Releasing the returned guard goes back to upgradeable reading; this guard is not `held` until then.
   *
   * **Fairness** Ahead of the whole queue, and new readers are held out meanwhile: it waits for those who are in, no more.
   *
   * **Cancellation** An upgrade that is given up leaves this guard as it was, and lets in whoever was held out.
   *
   * **Errors** `signal.reason` itself; `LW_TIMEOUT`, `LW_CANCELLED`, `LW_CLOSED`; `LW_NOT_HELD`, also when this guard is
   * released while the upgrade waits; `LW_BUSY` when an upgrade of it waits already.
   */
  upgrade(options?: WaitOptions): Promise<Guard>;
}

/** Proves that its owner writes: nobody else is in until it is released. */
export interface WriteGuard extends Guard {
  /**
   * Becomes a reader at once, with no writer in between; readers that wait at the head of the queue come in too.
   *
   * This guard is then spent: release the returned one.
   *
   * **Errors** `LW_NOT_HELD`.
   */
  downgrade(): ReadGuard;
}

/** The lock behind these guards. */
export interface SidedOwner extends PermitOwner {
  readonly capacity: number;
  version: number;
  sideOf(weight: number): { waiting: number };
  isLent(base: Permit): boolean;
  tryUpgrade(base: Permit): Guard | undefined;
  upgrade(base: Permit, options: WaitOptions | undefined): Promise<Guard>;
  downgrade(permit: Permit): ReadGuard;
}

/** A permit of one side of a read-write lock: counts its own waits there. */
abstract class SidePermit extends Permit {
  declare readonly owner: SidedOwner;

  constructor(owner: SidedOwner, state: number, weight: number) {
    super(owner, state, weight);
    if (state === QUEUED) owner.sideOf(this.sideWeight).waiting += 1;
  }

  /** Names the side by its weight. */
  protected get sideWeight(): number {
    return this.weight;
  }

  override end(state: number, outcome: unknown): void {
    if (this.state === QUEUED) this.owner.sideOf(this.sideWeight).waiting -= 1;
    super.end(state, outcome);
  }

  override toString(): string {
    const phase = this.owner.isLent(this) ? "lent to its upgrade" : this.phase;
    return `${this[Symbol.toStringTag]} { lock: ${JSON.stringify(this.owner.name)}, ${phase} }`;
  }
}

/** A reader. */
export class ReadPermit extends SidePermit implements ReadGuard {
  override get held(): boolean {
    return this.state === HELD && !this.owner.isLent(this);
  }

  override release(): void {
    if (!this.held) throw this.owner.notHeldError(this);
    this.owner.finish(this);
  }

  tryUpgrade(): Guard | undefined {
    return this.owner.tryUpgrade(this);
  }

  override get intent(): "read" | "write" {
    return super.intent ?? "read";
  }

  override get [Symbol.toStringTag](): string {
    return "ReadGuard";
  }
}

/** The upgradeable reader. */
export class UpgradeablePermit extends ReadPermit implements UpgradeableGuard {
  upgrade(options?: WaitOptions): Promise<Guard> {
    return this.owner.upgrade(this, options);
  }

  override get [Symbol.toStringTag](): string {
    return "UpgradeableGuard";
  }
}

/** A hold that excludes all others: the version goes up as it begins. */
abstract class ExclusivePermit extends SidePermit {
  constructor(owner: SidedOwner, state: number, weight: number) {
    super(owner, state, weight);
    if (state === HELD) owner.version += 1;
  }

  override end(state: number, outcome: unknown): void {
    if (state === HELD) this.owner.version += 1;
    super.end(state, outcome);
  }

  override get mode(): Grant["mode"] {
    return "exclusive";
  }

  override get intent(): "read" | "write" {
    return super.intent ?? "write";
  }
}

/** A writer. */
export class WritePermit extends ExclusivePermit implements WriteGuard {
  downgrade(): ReadGuard {
    return this.owner.downgrade(this);
  }

  override get [Symbol.toStringTag](): string {
    return "WriteGuard";
  }
}

/** An upgrade that waits, which stands in no queue, in the list of what is waited for. */
class UpgradePlace implements Contended {
  contendedBefore: Contended | undefined = undefined;
  contendedAfter: Contended | undefined = undefined;
  readonly #upgrade: Permit;

  constructor(upgrade: Permit) {
    this.#upgrade = upgrade;
  }

  get name(): string {
    return this.#upgrade.owner.name;
  }

  get deadlock(): DeadlockMode {
    return this.#upgrade.owner.deadlock;
  }

  queued(): readonly Permit[] {
    return [this.#upgrade];
  }
}

/** A reader that became, or waits to become, the writer. */
export class UpgradedPermit extends ExclusivePermit {
  /** The hold it goes back to. */
  declare readonly base: Permit;
  /** The base was disposed of while it was lent: both end together (RW3). */
  declare endsBase: boolean;
  #place: UpgradePlace | undefined;

  constructor(owner: SidedOwner, state: number, base: Permit) {
    super(owner, state, owner.capacity - base.weight);
    this.base = base;
    this.endsBase = false;
  }

  protected override get sideWeight(): number {
    return this.owner.capacity - this.weight;
  }

  /** Begins to wait: a drained event loop ends it. */
  beginWait(): void {
    enlist((this.#place = new UpgradePlace(this)));
  }

  override end(state: number, outcome: unknown): void {
    if (this.#place !== undefined) delist(this.#place);
    this.#place = undefined;
    super.end(state, outcome);
  }

  /** Makes the end of this hold the end of its base too. */
  lendForGood(): void {
    this.endsBase = true;
  }

  override get [Symbol.toStringTag](): string {
    return "UpgradedGuard";
  }
}
