/**
 * The grant table: what may be held, by whom, and who is next, as one pure function
 * `step(table, command, now) -> { result, header, changes, wakes }`.
 *
 * It is the specification of every store. The memory and sqlite stores call it; others mirror it and are compared with
 * it step by step. It reads a {@link GrantTable} and changes nothing: a store applies the returned changes, or drops
 * them (an optimistic write that lost its race) as if the step had never been.
 *
 * Invariants, quoted by number in code and tests:
 * - **G1 Exclusion.** `used` is the sum of the holders' weights; no grant makes it exceed `capacity`. It is above
 *   `capacity` only as shrink debt, which only ends.
 * - **G2 Tokens.** Every grant, an upgrade too, takes `token + 1`; the last token never falls.
 * - **G3 FIFO.** While somebody waits, nobody who came later is granted, unless both it and the head asked for barging.
 *   An upgrade goes to the head: it already holds, so whoever is ahead of it could never be served before it.
 * - **G4 Hand-off.** Units that become free are granted in the step that freed them.
 * - **G5 Identity.** Release, renew and upgrade match holder and token, force matches a holder's token; else nothing changes.
 * - **G6 Idempotence.** The same command a second time leaves the state as the first did, and repeats its answer
 *   (`release`, `cancel`: "gone").
 * - **G7 Time.** A holder at its expiry and a waiter past its patience are gone before the command is looked at.
 *   Nothing else depends on time. A renewal never shortens a hold: two may cross on their way (the keeper's and the
 *   caller's own, with another ttl), and the holder counts on the longer one.
 * - **G8 Claim.** A queued waiter that was granted holds only for its patience until it is heard of; then for its ttl.
 *
 * Fairness: strict arrival order, a heavy head blocks lighter followers (letting them pass would starve it).
 * Why a table behind an interface, not one value in and one out: a resource may have 100k waiters, and a step touches
 * a handful of them. Copying, or one JSON row, costs milliseconds there; this costs what the indexes cost.
 */
import { GrantDraft } from "./grant-draft.js";
import {
  type AcquireCommand,
  type Command,
  EXCLUSIVE,
  type Holder,
  type Result,
  type UpgradeCommand,
  type Waiter,
} from "./lock-store.js";

/** The few numbers of a resource that every step needs. */
export interface Header {
  readonly capacity: number;
  /** Set by a resize: the callers' idea of the capacity no longer counts. */
  readonly pinned: boolean;
  /** The last token given out. */
  readonly token: bigint;
  readonly used: number;
}

/** One resource as a store shows it to a step: reads only, synchronous, all of one moment. */
export interface GrantTable {
  readonly header: Header;
  readonly holding: number;
  readonly waiting: number;
  holder(id: string): Holder | undefined;
  waiter(id: string): Waiter | undefined;
  /** Up to `limit` holders, oldest grants first where that is cheap. */
  holders(limit: number): Iterable<Holder>;
  /** Holders with `expiresAt <= now`. */
  lapsedHolders(now: number): Iterable<Holder>;
  /** Waiters with `aliveUntil <= now`. */
  lapsedWaiters(now: number): Iterable<Waiter>;
  holdersOf(process: string): Iterable<Holder>;
  waitersOf(process: string): Iterable<Waiter>;
  /** The earliest `expiresAt` of any holder. */
  soonestExpiry(): number | undefined;
  first(): Waiter | undefined;
  last(): Waiter | undefined;
  before(waiter: Waiter): Waiter | undefined;
  after(waiter: Waiter): Waiter | undefined;
}

/** What a step wants changed; null deletes. */
export interface Changes {
  readonly holders: ReadonlyMap<string, Holder | null>;
  readonly waiters: ReadonlyMap<string, Waiter | null>;
}

/** A waiter that should be told to send a heartbeat: it was granted, or what it should watch has changed. */
export interface Wake {
  readonly id: string;
  readonly process: string;
}

/** The outcome of one command. */
export interface Step {
  readonly result: Result;
  readonly header: Header;
  readonly changes: Changes;
  readonly wakes: readonly Wake[];
  /** False when the state is as before, so that a store need not write. */
  readonly changed: boolean;
}

/** The header of a resource that was never used. */
export function freshHeader(token: bigint): Header {
  return { capacity: 1, pinned: false, token, used: 0 };
}

/** Applies one command to one resource at store time `now`. Pure; see the head of this file. */
export function step(table: GrantTable, command: Command, now: number): Step {
  const draft = new GrantDraft(table, now);
  draft.expire();
  draft.drain();
  const result = apply(draft, command, now);
  return draft.finish(result);
}

function apply(draft: GrantDraft, command: Command, now: number): Result {
  switch (command.type) {
    case "acquire":
      return acquire(draft, command, now);
    case "heartbeat":
      return heartbeat(draft, command.id, now);
    case "cancel":
      return cancel(draft, command.id);
    case "release":
      return release(draft, command.id, command.token);
    case "renew":
      return renew(draft, command, now);
    case "dead":
      return draft.dropProcess(command.process) ? done(draft) : GONE;
    case "force": {
      const holder = draft.holderWithToken(command.token);
      if (holder === undefined) return GONE;
      draft.wakeHolder(holder);
      return drop(draft, holder);
    }
    case "resize":
      if (!draft.resize(command.capacity)) return { type: "refused", why: "kind", capacity: draft.capacity };
      return done(draft);
    case "upgrade":
      return upgrade(draft, command, now);
  }
}

/** How many holders a busy answer describes. */
const DESCRIBE_LIMIT = 8;

const DONE: Result = { type: "done" };
const GONE: Result = { type: "gone" };

function done(draft: GrantDraft): Result {
  draft.drain();
  return DONE;
}

function drop(draft: GrantDraft, holder: Holder): Result {
  draft.dropHolder(holder);
  return done(draft);
}

function acquire(draft: GrantDraft, command: AcquireCommand, now: number): Result {
  if (draft.holder(command.id) !== undefined || draft.waiter(command.id) !== undefined)
    return heartbeat(draft, command.id, now); // [G6]
  if (!draft.adopt(command.capacity)) return { type: "refused", why: "kind", capacity: draft.capacity };
  if (draft.capacity >= 1 && command.weight > draft.capacity)
    return { type: "refused", why: "weight", capacity: draft.capacity };
  const waiter: Waiter = {
    id: command.id,
    process: command.process,
    weight: command.weight,
    ttl: command.ttl,
    seq: draft.tailSeq(),
    since: now,
    aliveUntil: now + command.patience,
    patience: command.patience,
    barging: command.barging,
    label: command.label,
  };
  if (draft.mayPass(waiter) && draft.fits(waiter)) return draft.grant(waiter, true); // [G3]
  if (!command.queue) return busy(draft);
  draft.append(waiter);
  return draft.queuedResult(waiter);
}

function busy(draft: GrantDraft): Result {
  const holders = draft.holderStates(DESCRIBE_LIMIT);
  return { type: "busy", ahead: draft.holderProcesses(), holders, waiting: draft.waiting };
}

function heartbeat(draft: GrantDraft, id: string, now: number): Result {
  const holder = draft.holder(id) ?? draft.upgradedBy(id);
  if (holder !== undefined) {
    if (!holder.claimed) draft.putHolder({ ...holder, claimed: true, expiresAt: now + holder.ttl }); // [G8]
    return { type: "granted", token: holder.token };
  }
  const waiter = draft.waiter(id);
  if (waiter === undefined) return GONE;
  if (waiter.barging && draft.mayPass(waiter) && draft.fits(waiter)) {
    draft.dropWaiter(waiter);
    const granted = draft.grant(waiter, true);
    draft.drain(); // a head that does not barge may have stood right behind, and fit too [G4]
    return granted;
  }
  const alive = { ...waiter, aliveUntil: now + waiter.patience };
  draft.replaceWaiter(alive);
  return draft.queuedResult(alive);
}

function cancel(draft: GrantDraft, id: string): Result {
  const waiter = draft.waiter(id);
  if (waiter !== undefined) {
    draft.dropWaiter(waiter);
    return done(draft);
  }
  const upgraded = draft.upgradedBy(id);
  if (upgraded !== undefined) {
    draft.undoUpgrade(upgraded);
    return done(draft);
  }
  const holder = draft.holder(id);
  return holder === undefined ? GONE : drop(draft, holder);
}

function release(draft: GrantDraft, id: string, token: bigint): Result {
  const holder = draft.matching(id, token);
  return holder === undefined ? GONE : drop(draft, holder);
}

function renew(draft: GrantDraft, command: { id: string; token: bigint; ttl: number }, now: number): Result {
  const holder = draft.matching(command.id, command.token);
  if (holder === undefined) return GONE;
  draft.putHolder({
    ...holder,
    ttl: command.ttl,
    claimed: true,
    expiresAt: Math.max(holder.expiresAt, now + command.ttl),
  });
  return DONE;
}

function upgrade(draft: GrantDraft, command: UpgradeCommand, now: number): Result {
  if (draft.upgradedBy(command.id) !== undefined || draft.waiter(command.id) !== undefined)
    return heartbeat(draft, command.id, now); // [G6]
  const holder = draft.matching(command.holder, command.token);
  if (holder === undefined) return GONE;
  if (draft.capacity !== EXCLUSIVE || draft.pendingUpgrade() !== undefined) {
    return { type: "refused", why: "upgrade", capacity: draft.capacity };
  }
  const waiter: Waiter = {
    id: command.id,
    process: holder.process,
    weight: draft.capacity,
    ttl: holder.ttl,
    seq: draft.headSeq(),
    since: now,
    aliveUntil: now + command.patience,
    patience: command.patience,
    barging: false,
    upgrade: holder.id,
    label: holder.label,
  };
  if (draft.fits(waiter)) return draft.grant(waiter, true);
  if (!command.queue) return busy(draft);
  draft.prepend(waiter);
  return draft.queuedResult(waiter);
}
