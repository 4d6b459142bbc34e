/**
 * A small read-write core: as much of one as the wait graph wants to see. It shows what any core has to do to have its
 * deadlocks found, and stands in for the read-write admission of the real one.
 */
import {
  HELD,
  type HoldSet,
  LEFT,
  type LockTies,
  Permit,
  type PermitOwner,
  promiseOf,
  QUEUED,
  SPENT,
} from "../../src/core/guard.js";
import { type AcquireOptions, readRequest } from "../../src/core/options.js";
import { adopt, isTieWanted, tieWait } from "../../src/core/tie.js";
import { examine } from "../../src/core/verdict.js";
import { isTracking } from "../../src/core/task.js";
import type { LockRef } from "../../src/events.js";

const WRITE = 2;

/** Reads weigh 1, a write 2: a write excludes everyone, strict arrival order. */
export class ReaderWriterCore implements PermitOwner {
  readonly key: undefined = undefined;
  readonly mode = "shared";
  readonly deadlock = "reject";
  readonly name: string;
  readonly ref: LockRef;
  ties: LockTies | undefined = undefined;
  #held: Permit[] = [];
  #queue: Permit[] = [];

  constructor(name: string) {
    this.name = name;
    this.ref = { id: 0, name, kind: "read-write-lock", scope: "process", permits: 1 };
  }

  read(options: AcquireOptions = {}): Promise<Permit> {
    return this.#acquire(1, options);
  }

  write(options: AcquireOptions = {}): Promise<Permit> {
    return this.#acquire(WRITE, options);
  }

  #acquire(weight: number, options: AcquireOptions): Promise<Permit> {
    const request = readRequest({ name: this.name, isWeighted: false, order: "fifo" }, options);
    if (this.#queue.length === 0 && admits(this.#held, weight)) {
      const permit = new Permit(this, HELD, weight);
      this.#held.push(permit);
      if (isTracking) adopt(permit, request);
      return Promise.resolve(permit);
    }
    const permit = new Permit(this, QUEUED, weight);
    const promise = promiseOf<Permit>(permit);
    this.#queue.push(permit);
    if (isTieWanted(request)) {
      tieWait(permit, request);
      examine(permit);
    }
    return promise;
  }

  /** Whoever must be served first, and the waiter, one after the other, against the holders that stay. */
  canServe(waiter: Permit, staying: HoldSet): boolean {
    return this.#queue.slice(0, this.#queue.indexOf(waiter) + 1).every(({ weight }) => admits([...staying], weight));
  }

  finish(permit: Permit): void {
    permit.state = SPENT;
    permit.extra?.tie?.moved(permit);
    this.#held = this.#held.filter((other) => other !== permit);
    this.settle();
  }

  leave(permit: Permit, _why: unknown, outcome: Promise<never>): void {
    this.#queue = this.#queue.filter((other) => other !== permit);
    permit.end(LEFT, outcome);
  }

  settle(): void {
    for (let head = this.#queue[0]; head !== undefined && admits(this.#held, head.weight); head = this.#queue[0]) {
      this.#queue.shift();
      this.#held.push(head);
      head.end(HELD, head);
    }
  }

  timeoutError(): Error {
    return new Error("timeout");
  }

  notHeldError(): Error {
    return new Error("not held");
  }
}

function admits(held: readonly Permit[], weight: number): boolean {
  return held.length === 0 || (weight !== WRITE && held.every((holder) => holder.weight !== WRITE));
}
