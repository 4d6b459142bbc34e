/**
 * The state of a resource while one step runs: the table as it was, under an overlay of what the step changed so far.
 *
 * Kept apart from `grant-table.ts` so that the rules there read as rules. Nothing here decides who may have what; it
 * answers "who is at the head now" and "does it fit", and records. Overlay entries are final values, null for gone, so
 * the changes a step returns have one entry for each id, whatever happened to it on the way.
 */
import type { GrantTable, Header, Step, Wake } from "./grant-table.js";
import { EXCLUSIVE, type Holder, type HolderState, type Result, type Waiter } from "./lock-store.js";

/** How many holders a waiter is told to watch; past that their ttl decides. */
const WATCH_LIMIT = 64;

export class GrantDraft {
  readonly #table: GrantTable;
  readonly #now: number;
  readonly #holders: Map<string, Holder | null> = new Map();
  readonly #waiters: Map<string, Waiter | null> = new Map();
  readonly #wakes: Map<string, Wake> = new Map();
  #capacity: number;
  #pinned: boolean;
  #token: bigint;
  #used: number;
  #holding: number;
  #waiting: number;
  /** A waiter this step put behind, or an upgrade it put before, all that the table has in order. */
  #appended: Waiter | undefined;
  #prepended: Waiter | undefined;
  /** Whether the head may fit now although it did not before; without it a drain has nothing to do [G4]. */
  #dirty = false;
  /** Whether units came free: a barging head is told only then. */
  #freed = false;
  #handedOff = false;

  constructor(table: GrantTable, now: number) {
    this.#table = table;
    this.#now = now;
    this.#capacity = table.header.capacity;
    this.#pinned = table.header.pinned;
    this.#token = table.header.token;
    this.#used = table.header.used;
    this.#holding = table.holding;
    this.#waiting = table.waiting;
  }

  get capacity(): number {
    return this.#capacity;
  }

  get waiting(): number {
    return this.#waiting;
  }

  // ---- holders ----

  holder(id: string): Holder | undefined {
    const changed = this.#holders.get(id);
    return changed === undefined ? this.#table.holder(id) : (changed ?? undefined);
  }

  /** The holder, if the token is its own or, after an upgrade, the one it had as a reader [G5]. */
  matching(id: string, token: bigint): Holder | undefined {
    const holder = this.holder(id);
    return holder !== undefined && (holder.token === token || holder.upgradedFrom === token) ? holder : undefined;
  }

  holderWithToken(token: bigint): Holder | undefined {
    for (const holder of this.#liveHolders(Number.POSITIVE_INFINITY)) if (holder.token === token) return holder;
    return undefined;
  }

  /** The writer that the upgrade request `id` (`<holder>^<n>`) made. */
  upgradedBy(id: string): Holder | undefined {
    const cut = id.indexOf("^");
    if (cut < 0) return undefined;
    const holder = this.holder(id.slice(0, cut));
    return holder?.upgradedBy === id ? holder : undefined;
  }

  putHolder(holder: Holder): void {
    this.#holders.set(holder.id, holder);
  }

  dropHolder(holder: Holder): void {
    this.#holders.set(holder.id, null);
    this.#used -= holder.weight;
    this.#holding -= 1;
    this.#dirty = true;
    this.#freed = true;
    const pending = this.pendingUpgrade();
    if (pending?.upgrade === holder.id) this.dropWaiter(pending);
  }

  undoUpgrade(holder: Holder): void {
    const { upgradedBy: _, upgradedFrom, ...rest } = holder;
    this.#used -= holder.weight - 1;
    this.#dirty = true;
    this.putHolder({ ...rest, weight: 1, token: upgradedFrom ?? holder.token });
  }

  holderProcesses(): string[] {
    const processes = new Set<string>();
    for (const holder of this.#liveHolders(WATCH_LIMIT)) processes.add(holder.process);
    return [...processes];
  }

  holderStates(limit: number): HolderState[] {
    const states: HolderState[] = [];
    for (const holder of this.#liveHolders(limit)) states.push(describeHolder(holder, this.#now));
    return states;
  }

  *#liveHolders(limit: number): Generator<Holder> {
    let left = limit;
    for (const holder of this.#table.holders(limit + this.#holders.size)) {
      if (this.#holders.has(holder.id)) continue;
      if (left-- <= 0) return;
      yield holder;
    }
    for (const holder of this.#holders.values()) {
      if (holder === null) continue;
      if (left-- <= 0) return;
      yield holder;
    }
  }

  // ---- the queue ----

  waiter(id: string): Waiter | undefined {
    const changed = this.#waiters.get(id);
    return changed === undefined ? this.#table.waiter(id) : (changed ?? undefined);
  }

  first(): Waiter | undefined {
    if (this.#prepended !== undefined) return this.#prepended;
    let waiter = this.#table.first();
    while (waiter !== undefined && this.#hasLeft(waiter)) waiter = this.#table.after(waiter);
    return waiter === undefined ? this.#appended : (this.#waiters.get(waiter.id) ?? waiter);
  }

  /** Whether the table's waiter left its place in this step; one that lapsed may be back elsewhere under its old id. */
  #hasLeft({ id, seq }: Waiter): boolean {
    const changed = this.#waiters.get(id);
    return changed !== undefined && changed?.seq !== seq;
  }

  /** The upgrade that waits at the head, if one does. */
  pendingUpgrade(): Waiter | undefined {
    const head = this.first();
    return head?.upgrade === undefined ? undefined : head;
  }

  tailSeq(): number {
    return (this.#table.last()?.seq ?? 0) + 1;
  }

  headSeq(): number {
    return (this.#table.first()?.seq ?? 1) - 1;
  }

  append(waiter: Waiter): void {
    this.#waiters.set(waiter.id, waiter);
    this.#appended = waiter;
    this.#waiting += 1;
  }

  prepend(waiter: Waiter): void {
    const second = this.first();
    if (second !== undefined) this.#wake(second); // it is no longer the head
    this.#waiters.set(waiter.id, waiter);
    this.#prepended = waiter;
    this.#waiting += 1;
  }

  replaceWaiter(waiter: Waiter): void {
    this.#waiters.set(waiter.id, waiter);
  }

  /** Takes a waiter out; the one behind it must look anew whom to watch, or it would watch a process that is no part of this. */
  dropWaiter(waiter: Waiter): void {
    const behind = this.#behind(waiter);
    this.#remove(waiter);
    if (behind !== undefined) this.#wake(behind);
  }

  #remove(waiter: Waiter): void {
    this.#waiters.set(waiter.id, null);
    this.#wakes.delete(waiter.id); // nobody is there to look
    if (this.#appended?.id === waiter.id) this.#appended = undefined;
    if (this.#prepended?.id === waiter.id) this.#prepended = undefined;
    this.#waiting -= 1;
    this.#dirty = true;
  }

  #behind(waiter: Waiter): Waiter | undefined {
    if (waiter.id === this.#appended?.id) return undefined;
    let next = waiter.id === this.#prepended?.id ? this.#table.first() : this.#table.after(waiter);
    while (next !== undefined && this.#hasLeft(next)) next = this.#table.after(next);
    return next ?? this.#appended;
  }

  #ahead(waiter: Waiter): Waiter | undefined {
    if (waiter.id === this.#prepended?.id) return undefined;
    let previous = waiter.id === this.#appended?.id ? this.#table.last() : this.#table.before(waiter);
    while (previous !== undefined && this.#hasLeft(previous)) previous = this.#table.before(previous);
    return previous ?? this.#prepended;
  }

  queuedResult(waiter: Waiter): Result {
    const ahead = this.#ahead(waiter);
    const holders = this.holderStates(1);
    if (ahead !== undefined) return { type: "queued", ahead: [ahead.process], lapse: undefined, holders };
    return { type: "queued", ahead: this.holderProcesses(), lapse: this.#lapse(), holders };
  }

  /** Milliseconds to the next expiry: a hint, at worst too early by a holder this step dropped. */
  #lapse(): number | undefined {
    let soonest = this.#table.soonestExpiry() ?? Number.POSITIVE_INFINITY;
    for (const holder of this.#holders.values()) if (holder !== null) soonest = Math.min(soonest, holder.expiresAt);
    return soonest === Number.POSITIVE_INFINITY ? undefined : Math.max(1, soonest - this.#now);
  }

  // ---- granting ----

  /** Whether the caller's capacity agrees with the resource; an idle resource takes the caller's. */
  adopt(capacity: number): boolean {
    if (this.#capacity === capacity) return true;
    const sameKind = (this.#capacity === EXCLUSIVE) === (capacity === EXCLUSIVE);
    if (this.#holding > 0 || this.#waiting > 0) return sameKind;
    if (this.#pinned && sameKind) return true;
    this.#capacity = capacity;
    this.#pinned = false;
    return true;
  }

  resize(capacity: number): boolean {
    const inUse = this.#holding > 0 || this.#waiting > 0;
    if (inUse && this.#capacity === EXCLUSIVE) return false;
    this.#capacity = capacity;
    this.#pinned = true;
    this.#dirty = true;
    this.#freed = true;
    return true;
  }

  /** Nobody waits, or all agreed to be passed [G3]. */
  mayPass(waiter: Waiter): boolean {
    return this.#waiting === 0 || (waiter.barging && this.first()?.barging === true);
  }

  fits(waiter: Waiter): boolean {
    if (waiter.upgrade !== undefined) return this.#holding === 1 && this.holder(waiter.upgrade) !== undefined;
    return this.#used + waiter.weight <= this.#capacity; // [G1]
  }

  /** Gives out the next token [G2]; `claimed` when the waiter itself is asking. */
  grant(waiter: Waiter, claimed: boolean): Result {
    this.#token += 1n;
    const token = this.#token;
    const reader = waiter.upgrade === undefined ? undefined : this.holder(waiter.upgrade);
    if (reader !== undefined) {
      this.#used += waiter.weight - reader.weight;
      // The first of two crossing upgrades may not be known to its caller: what it falls back to is the reader's token.
      const upgradedFrom = reader.upgradedFrom ?? reader.token;
      this.putHolder({ ...reader, weight: waiter.weight, token, upgradedBy: waiter.id, upgradedFrom });
    } else {
      this.#used += waiter.weight;
      this.#holding += 1;
      const expiresAt = this.#now + (claimed ? waiter.ttl : waiter.patience); // [G8]
      const { id, process, weight, ttl, label } = waiter;
      this.putHolder({ id, process, weight, token, ttl, since: this.#now, expiresAt, claimed, label });
    }
    return { type: "granted", token };
  }

  /** Grants from the head while it fits [G3, G4]; a barging head is only told that it may try. */
  drain(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    for (let head = this.first(); head !== undefined && this.fits(head); head = this.first()) {
      if (head.barging) {
        if (this.#freed) this.#wake(head);
        break;
      }
      this.#remove(head);
      this.grant(head, false);
      this.#wake(head);
      this.#handedOff = true;
    }
    this.#dirty = false;
  }

  /** Drops whoever's time is over [G7]. */
  expire(): void {
    for (const waiter of this.#table.lapsedWaiters(this.#now)) this.dropWaiter(waiter);
    for (const holder of this.#table.lapsedHolders(this.#now)) this.dropHolder(holder);
  }

  dropProcess(process: string): boolean {
    let found = false;
    for (const { id } of this.#table.waitersOf(process)) {
      const waiter = this.waiter(id);
      if (waiter === undefined) continue;
      this.dropWaiter(waiter);
      found = true;
    }
    // Those of this very step too: what lapsed may just have been handed to the one that is dead.
    for (const { id } of [...this.#table.holdersOf(process), ...this.#holders.values()].filter(
      (each) => each !== null,
    )) {
      const holder = this.holder(id);
      if (holder?.process !== process) continue;
      this.dropHolder(holder);
      found = true;
    }
    return found;
  }

  finish(result: Result): Step {
    // A new head whose predecessor is not the only holder must learn whom to watch.
    if (this.#handedOff && this.#holding > 1) {
      const head = this.first();
      if (head !== undefined) this.#wake(head);
    }
    const before = this.#table.header;
    const header: Header = { capacity: this.#capacity, pinned: this.#pinned, token: this.#token, used: this.#used };
    const changed =
      this.#holders.size > 0 ||
      this.#waiters.size > 0 ||
      header.capacity !== before.capacity ||
      header.pinned !== before.pinned;
    const changes = { holders: this.#holders, waiters: this.#waiters };
    return { result, header, changes, wakes: [...this.#wakes.values()], changed };
  }

  /** Tells a holder that was thrown out to look. */
  wakeHolder(holder: Holder): void {
    this.#wakes.set(holder.id, { id: holder.id, process: holder.process });
  }

  #wake(waiter: Waiter): void {
    this.#wakes.set(waiter.id, { id: waiter.id, process: waiter.process });
  }
}

/** A holder as others may see it. */
export function describeHolder(holder: Holder, now: number): HolderState {
  return {
    id: holder.id,
    process: holder.process,
    token: holder.token,
    weight: holder.weight,
    label: holder.label,
    heldFor: Math.max(0, now - holder.since),
    expiresIn: Math.max(0, holder.expiresAt - now),
  };
}
