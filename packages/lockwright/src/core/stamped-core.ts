/**
 * The read-write core with a version: a number that is odd while somebody writes.
 *
 * Invariants:
 * - S1 The version goes up by one in the step in which a write is granted, and by one in the step in which it ends; so
 *   two equal even readings have no write between them, begun or ended.
 * - S2 It counts grants, not changes: a writer that changed nothing invalidates all the same.
 *
 * Why a counter in the grant and not in the caller: a write that waited is granted inside somebody else's release, long
 * before its caller runs on, and a reader between the two must already see it.
 */
import type { Grant } from "../events.js";
import { HELD, type Permit } from "./guard.js";
import type { LockOptions } from "./options.js";
import { ALL, READ, ReadWriteCore } from "./read-write-core.js";
import { SidePermit, type SidedOwner } from "./read-write-permits.js";

interface VersionedOwner extends SidedOwner {
  beginWrite(): void;
}

class StampedRead extends SidePermit {
  override get mode(): Grant["mode"] {
    return "shared";
  }

  override get intent(): "read" | "write" {
    return super.intent ?? "read";
  }

  override get [Symbol.toStringTag](): string {
    return "ReadGuard";
  }
}

class StampedWrite extends SidePermit {
  declare readonly owner: VersionedOwner;

  constructor(owner: VersionedOwner, state: number) {
    super(owner, state, ALL);
    if (state === HELD) owner.beginWrite();
  }

  override end(state: number, outcome: unknown): void {
    if (state === HELD) this.owner.beginWrite();
    super.end(state, outcome);
  }

  override get intent(): "read" | "write" {
    return super.intent ?? "write";
  }

  override get [Symbol.toStringTag](): string {
    return "WriteGuard";
  }
}

/** A read-write core without upgrades that counts its writes. */
export class StampedCore extends ReadWriteCore implements VersionedOwner {
  /** Odd while somebody writes (S1). */
  version = 0;

  constructor(options: LockOptions) {
    super("stamped-lock", options);
  }

  beginWrite(): void {
    this.version += 1;
  }

  protected override permitOf(weight: number, state: number): Permit {
    return weight === READ ? new StampedRead(this, state, weight) : new StampedWrite(this, state);
  }

  override finish(permit: Permit, value?: unknown): void {
    // Before the hand-off, which may begin the next write.
    if (permit.weight === ALL) this.version += 1;
    super.finish(permit, value);
  }
}
