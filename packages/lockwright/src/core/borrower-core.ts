/**
 * The permit core with borrowers: each permit belongs to a value, and each value has at most one.
 *
 * Invariants:
 * - B1 A borrower is listed from the moment it asks until it is refused, gives up or gives back; asking while listed is
 *   an error. Were a waiting one not listed, two asks of one borrower could both be granted.
 * - B2 Who gave no borrower borrows as its own guard, which nobody else can name before they have it.
 */
import { isGrantWatched } from "../events.js";
import { HELD, LEFT, Permit, type PermitOwner } from "./guard.js";
import { PLAIN_REQUEST, type WaitRequest } from "./options.js";
import { PermitCore } from "./permit-core.js";
import * as refuse from "./refusals.js";

interface Lender extends PermitOwner {
  forget(permit: BorrowedPermit): void;
}

/** A permit that belongs to a borrower. */
export class BorrowedPermit extends Permit {
  declare readonly owner: Lender;
  declare readonly borrower: unknown;

  constructor(owner: Lender, state: number, borrower: unknown) {
    super(owner, state, 1);
    this.borrower = borrower === undefined ? this : borrower;
  }

  override end(state: number, outcome: unknown): void {
    if (state === LEFT) this.owner.forget(this);
    super.end(state, outcome);
  }
}

/** A counting core that knows who has borrowed from it. */
export class BorrowerCore extends PermitCore implements Lender {
  readonly hasBorrowers: boolean = true;
  /** Who waits or holds, by borrower (B1). */
  readonly #permits: Map<unknown, BorrowedPermit> = new Map<unknown, BorrowedPermit>();

  get borrowers(): Set<unknown> {
    const holders = new Set<unknown>();
    for (const permit of this.#permits.values()) if (permit.state === HELD) holders.add(permit.borrower);
    return holders;
  }

  override take(_weight: number): BorrowedPermit | undefined {
    return this.takeFor(PLAIN_REQUEST);
  }

  override takeFor(request: WaitRequest): BorrowedPermit | undefined {
    if (this.waiting !== 0 || this.free < 1 || this.isClosed) return undefined;
    this.free -= 1;
    const permit = this.permitFor(request, HELD);
    if (isGrantWatched()) this.tellTaken(permit, request.intent);
    return permit;
  }

  protected override permitFor(request: WaitRequest, state: number): BorrowedPermit {
    const permit = new BorrowedPermit(this, state, request.borrower);
    this.#permits.set(permit.borrower, permit);
    return permit;
  }

  override acquireWith(request: WaitRequest): Promise<Permit> {
    const { borrower, signal } = request;
    const refusal = borrower === undefined || signal?.aborted === true ? undefined : this.refusalOf(borrower);
    return refusal === undefined ? super.acquireWith(request) : Promise.reject<never>(refusal);
  }

  /** Makes the error of a borrower who has something already (B1). */
  refusalOf(borrower: unknown): Error | undefined {
    const known = this.#permits.get(borrower);
    return known && refuse.borrowed(this, known.state === HELD);
  }

  /** Takes back what `borrower` holds. */
  returnFrom(borrower: unknown): void {
    const permit = this.#permits.get(borrower);
    if (permit?.state !== HELD) throw refuse.notBorrowed(this);
    this.finish(permit);
  }

  forget(permit: BorrowedPermit): void {
    this.#permits.delete(permit.borrower);
  }

  override finish(permit: Permit, value?: unknown): void {
    this.forget(permit as BorrowedPermit);
    super.finish(permit, value);
  }
}
