/**
 * A crowded resource as the grant table sees it: rows, each reached by an index, so that a step costs log n.
 * Valid inside one transaction.
 */
import type { GrantTable, Header, Step } from "../../leases/grant-table.js";
import type { Holder, Waiter } from "../../leases/lock-store.js";
import type { Database, Statement } from "./driver.js";

interface HolderRow {
  readonly id: string;
  readonly process: string;
  readonly weight: number;
  readonly token: number;
  readonly ttl: number;
  readonly since: number;
  readonly expires_at: number;
  readonly claimed: number;
  readonly upgraded_by: string | null;
  readonly upgraded_from: number | null;
  readonly label: string | null;
}
interface WaiterRow {
  readonly id: string;
  readonly process: string;
  readonly weight: number;
  readonly ttl: number;
  readonly seq: number;
  readonly since: number;
  readonly alive_until: number;
  readonly patience: number;
  readonly barging: number;
  readonly upgrade: string | null;
  readonly label: string | null;
}

/** The statements over the rows, prepared once per connection when first needed. */
export class RowStatements {
  readonly holder: Statement;
  readonly holders: Statement;
  readonly lapsedHolders: Statement;
  readonly holdersOf: Statement;
  readonly soonest: Statement;
  readonly putHolder: Statement;
  readonly dropHolder: Statement;
  readonly dropHolders: Statement;
  readonly waiter: Statement;
  readonly waiters: Statement;
  readonly lapsedWaiters: Statement;
  readonly waitersOf: Statement;
  readonly first: Statement;
  readonly last: Statement;
  readonly before: Statement;
  readonly after: Statement;
  readonly putWaiter: Statement;
  readonly dropWaiter: Statement;
  readonly dropWaiters: Statement;

  constructor(database: Database) {
    const prepare = (sql: string): Statement => database.prepare(sql);
    this.holder = prepare("SELECT * FROM holder WHERE resource = ? AND id = ?");
    this.holders = prepare("SELECT * FROM holder WHERE resource = ? LIMIT ?");
    this.lapsedHolders = prepare("SELECT * FROM holder WHERE resource = ? AND expires_at <= ?");
    this.holdersOf = prepare("SELECT * FROM holder WHERE resource = ? AND process = ?");
    this.soonest = prepare("SELECT min(expires_at) AS at FROM holder WHERE resource = ?");
    this.putHolder = prepare("INSERT OR REPLACE INTO holder VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.dropHolder = prepare("DELETE FROM holder WHERE resource = ? AND id = ?");
    this.dropHolders = prepare("DELETE FROM holder WHERE resource = ?");
    this.waiter = prepare("SELECT * FROM waiter WHERE resource = ? AND id = ?");
    this.waiters = prepare("SELECT * FROM waiter WHERE resource = ? ORDER BY seq");
    this.lapsedWaiters = prepare("SELECT * FROM waiter WHERE resource = ? AND alive_until <= ?");
    this.waitersOf = prepare("SELECT * FROM waiter WHERE resource = ? AND process = ?");
    this.first = prepare("SELECT * FROM waiter WHERE resource = ? ORDER BY seq LIMIT 1");
    this.last = prepare("SELECT * FROM waiter WHERE resource = ? ORDER BY seq DESC LIMIT 1");
    this.before = prepare("SELECT * FROM waiter WHERE resource = ? AND seq < ? ORDER BY seq DESC LIMIT 1");
    this.after = prepare("SELECT * FROM waiter WHERE resource = ? AND seq > ? ORDER BY seq LIMIT 1");
    this.putWaiter = prepare("INSERT OR REPLACE INTO waiter VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.dropWaiter = prepare("DELETE FROM waiter WHERE resource = ? AND id = ?");
    this.dropWaiters = prepare("DELETE FROM waiter WHERE resource = ?");
  }
}

export class RowsTable implements GrantTable {
  readonly header: Header;
  readonly holding: number;
  readonly waiting: number;
  readonly #resource: string;
  readonly #rows: RowStatements;

  constructor(rows: RowStatements, resource: string, header: Header, holding: number, waiting: number) {
    this.#rows = rows;
    this.#resource = resource;
    this.header = header;
    this.holding = holding;
    this.waiting = waiting;
  }

  holder(id: string): Holder | undefined {
    return holderOf(this.#rows.holder.get(this.#resource, id));
  }

  holders(limit: number): Iterable<Holder> {
    return holdersOf(this.#rows.holders.all(this.#resource, Math.min(limit, Number.MAX_SAFE_INTEGER)));
  }

  lapsedHolders(now: number): Iterable<Holder> {
    return holdersOf(this.#rows.lapsedHolders.all(this.#resource, now));
  }

  holdersOf(process: string): Iterable<Holder> {
    return holdersOf(this.#rows.holdersOf.all(this.#resource, process));
  }

  soonestExpiry(): number | undefined {
    return (this.#rows.soonest.get(this.#resource) as { at: number | null }).at ?? undefined;
  }

  waiter(id: string): Waiter | undefined {
    return waiterOf(this.#rows.waiter.get(this.#resource, id));
  }

  lapsedWaiters(now: number): Iterable<Waiter> {
    return waitersOf(this.#rows.lapsedWaiters.all(this.#resource, now));
  }

  waitersOf(process: string): Iterable<Waiter> {
    return waitersOf(this.#rows.waitersOf.all(this.#resource, process));
  }

  first(): Waiter | undefined {
    return waiterOf(this.#rows.first.get(this.#resource));
  }

  last(): Waiter | undefined {
    return waiterOf(this.#rows.last.get(this.#resource));
  }

  before(waiter: Waiter): Waiter | undefined {
    return waiterOf(this.#rows.before.get(this.#resource, waiter.seq));
  }

  after(waiter: Waiter): Waiter | undefined {
    return waiterOf(this.#rows.after.get(this.#resource, waiter.seq));
  }

  /** All waiters in order. */
  queue(): readonly Waiter[] {
    return waitersOf(this.#rows.waiters.all(this.#resource));
  }

  /** Makes a step's changes; returns the table after it. */
  applied(step: Step): RowsTable {
    let { holding, waiting } = this;
    for (const [id, holder] of step.changes.holders) {
      const existed = this.holder(id) !== undefined;
      holding += (holder === null ? 0 : 1) - (existed ? 1 : 0);
      if (holder !== null) this.#putHolder(holder);
      else if (existed) this.#rows.dropHolder.run(this.#resource, id);
    }
    for (const [id, waiter] of step.changes.waiters) {
      const existed = this.waiter(id) !== undefined;
      waiting += (waiter === null ? 0 : 1) - (existed ? 1 : 0);
      if (waiter !== null) this.#putWaiter(waiter);
      else if (existed) this.#rows.dropWaiter.run(this.#resource, id);
    }
    return new RowsTable(this.#rows, this.#resource, step.header, holding, waiting);
  }

  /** Writes all of a table that was a document until now. */
  fill(holders: Iterable<Holder>, waiters: Iterable<Waiter>): void {
    for (const holder of holders) this.#putHolder(holder);
    for (const waiter of waiters) this.#putWaiter(waiter);
  }

  /** Deletes all rows, for a table that becomes a document again. */
  clear(): void {
    this.#rows.dropHolders.run(this.#resource);
    this.#rows.dropWaiters.run(this.#resource);
  }

  #putHolder(holder: Holder): void {
    this.#rows.putHolder.run(
      this.#resource,
      holder.id,
      holder.process,
      holder.weight,
      Number(holder.token),
      holder.ttl,
      holder.since,
      holder.expiresAt,
      holder.claimed ? 1 : 0,
      holder.upgradedBy ?? null,
      holder.upgradedFrom === undefined ? null : Number(holder.upgradedFrom),
      holder.label ?? null,
    );
  }

  #putWaiter(waiter: Waiter): void {
    this.#rows.putWaiter.run(
      this.#resource,
      waiter.id,
      waiter.process,
      waiter.weight,
      waiter.ttl,
      waiter.seq,
      waiter.since,
      waiter.aliveUntil,
      waiter.patience,
      waiter.barging ? 1 : 0,
      waiter.upgrade ?? null,
      waiter.label ?? null,
    );
  }
}

function holdersOf(rows: readonly unknown[]): Holder[] {
  return rows.map((row) => holderOf(row) as Holder);
}

function waitersOf(rows: readonly unknown[]): Waiter[] {
  return rows.map((row) => waiterOf(row) as Waiter);
}

function holderOf(found: unknown): Holder | undefined {
  if (found === undefined) return undefined;
  const row = found as HolderRow;
  return {
    id: row.id,
    process: row.process,
    weight: row.weight,
    token: BigInt(row.token),
    ttl: row.ttl,
    since: row.since,
    expiresAt: row.expires_at,
    claimed: row.claimed === 1,
    upgradedBy: row.upgraded_by ?? undefined,
    upgradedFrom: row.upgraded_from === null ? undefined : BigInt(row.upgraded_from),
    label: row.label ?? undefined,
  };
}

function waiterOf(found: unknown): Waiter | undefined {
  if (found === undefined) return undefined;
  const row = found as WaiterRow;
  return {
    id: row.id,
    process: row.process,
    weight: row.weight,
    ttl: row.ttl,
    seq: row.seq,
    since: row.since,
    aliveUntil: row.alive_until,
    patience: row.patience,
    barging: row.barging === 1,
    upgrade: row.upgrade ?? undefined,
    label: row.label ?? undefined,
  };
}
