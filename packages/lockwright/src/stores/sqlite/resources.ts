/**
 * The resources in the database: commands in, steps of the grant table, rows out.
 *
 * A resource this process saw last as a small document is kept here with its version: a step on the copy gives the next
 * document, and `UPDATE … WHERE version = ?` writes it if nobody else did. That saves reading and parsing, and may not
 * be wrong, only late: then the step runs again from the file, in the same transaction.
 */
import { ArrayTable } from "../../leases/array-table.js";
import { freshHeader, type Step, step, type Wake } from "../../leases/grant-table.js";
import type { Command, Holder, Result, Waiter } from "../../leases/lock-store.js";
import { platform } from "../../platform.js";
import type { LockDatabase } from "./database.js";
import { CROWDED, decode, encodeCrowded, encodeTable, QUIET } from "./document.js";
import type { Statement } from "./driver.js";
import { RowStatements, RowsTable } from "./rows-table.js";

/** What a run of commands leads to. */
export interface Outcome {
  readonly results: readonly Result[];
  readonly wakes: readonly Wake[];
  /** The resources that changed. */
  readonly changed: readonly string[];
}

/** A resource as it stands, for looking at. */
export interface Snapshot {
  readonly name: string;
  readonly table: ArrayTable | RowsTable;
  readonly holders: readonly Holder[];
  readonly waiters: readonly Waiter[];
}

interface Cached {
  readonly version: number;
  readonly table: ArrayTable;
  /** Another process wrote between our last two writes: the copy is then most likely old again, and not worth a try. */
  readonly isShared: boolean;
}

/** How many quiet resources are remembered. */
const REMEMBERED = 256;
/** Sorts after whatever a name may be: longer than any, of the highest character. */
const LAST_NAME = "\u{10ffff}".repeat(256);
/** For `#replace`: no version is negative. */
const NO_RESOURCE = ["", "", -1];
const UNKNOWN_RESOURCE: Result = { type: "gone" };

/** What a transaction learned of its resources; undefined: that one is no small document any more. */
type Learned = Map<string, Cached | undefined>;

export class Resources {
  readonly #database: LockDatabase;
  readonly #cache: Map<string, Cached> = new Map();
  readonly #select: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;
  readonly #replace: Statement;
  readonly #floor: Statement;
  readonly #list: Statement;
  #rows: RowStatements | undefined;

  constructor(database: LockDatabase) {
    const { connection } = database;
    this.#database = database;
    this.#select = connection.prepare("SELECT version, state FROM resource WHERE name = ?");
    this.#insert = connection.prepare("INSERT INTO resource (name, version, state) VALUES (?, 1, ?)");
    this.#update = connection.prepare("UPDATE resource SET version = version + 1, state = ? WHERE name = ?");
    this.#replace = connection.prepare(
      "UPDATE resource SET version = version + 1, state = ? WHERE name = ? AND version = ?",
    );
    this.#floor = connection.prepare("SELECT floor FROM space");
    this.#list = connection.prepare(
      "SELECT name, state FROM resource WHERE name >= ? AND (name < ? OR ? = '') ORDER BY name",
    );
  }

  async execute(commands: readonly Command[]): Promise<Outcome> {
    const [only] = commands;
    const quick = commands.length === 1 && only !== undefined ? this.#runAlone(only) : undefined;
    if (quick !== undefined) return quick;
    const { learned, ...outcome } = await this.#database.transact(
      () => this.#runAll(commands),
      // A release that lets nobody in grants nothing, whatever became of the file.
      ({ wakes }) => wakes.length === 0 && commands.every(({ type }) => type === "release"),
    );
    for (const [resource, cached] of learned) this.#remember(resource, cached); // committed: now it is known
    return outcome;
  }

  #runAll(commands: readonly Command[]): Outcome & { readonly learned: Learned } {
    const results: Result[] = [];
    const wakes: Wake[] = [];
    const changed: string[] = [];
    const learned: Learned = new Map();
    for (const command of commands) {
      const outcome = this.#runRemembered(command, learned) ?? this.#run(command, learned);
      results.push(outcome?.result ?? UNKNOWN_RESOURCE);
      if (outcome === undefined) continue;
      wakes.push(...outcome.wakes);
      if (outcome.changed) changed.push(command.resource);
    }
    return { results, wakes, changed, learned };
  }

  /** The shortest way: one statement, which is its own transaction. Undefined: it takes a real one. */
  #runAlone(command: Command): Outcome | undefined {
    const next = this.#foresee(command);
    if (next === undefined) return undefined;
    const { resource } = command;
    const { outcome, table, version } = next;
    const isHarmless = command.type === "release" && outcome.wakes.length === 0;
    const values = [encodeTable(table), resource, version];
    if (!this.#database.runAlone(this.#replace, values, NO_RESOURCE, isHarmless)) return undefined;
    this.#cache.set(resource, { version: version + 1, table, isShared: false });
    return { results: [outcome.result], wakes: outcome.wakes, changed: [resource] };
  }

  /** The short way within a transaction, or undefined. */
  #runRemembered(command: Command, learned: Learned): Step | undefined {
    const { resource } = command;
    // What this transaction has itself learned of the resource is not in the copy yet.
    const next = learned.has(resource) ? undefined : this.#foresee(command);
    if (next === undefined) return undefined;
    const { outcome, table, version } = next;
    const { changes } = this.#replace.run(encodeTable(table), resource, version);
    if (Number(changes) === 0) return undefined;
    learned.set(resource, { version: version + 1, table, isShared: false });
    return outcome;
  }

  /** A step on the copy, if there is one and its outcome is worth a write. */
  #foresee(command: Command): { outcome: Step; table: ArrayTable; version: number } | undefined {
    const cached = this.#cache.get(command.resource);
    if (cached === undefined || cached.isShared) return undefined;
    const { version } = cached;
    const outcome = step(cached.table, command, platform.now());
    const table = cached.table.applied(outcome);
    // An unchanged state is no answer: the copy may be old, and only a write proves that it is not.
    return outcome.changed && table.holding + table.waiting <= CROWDED ? { outcome, table, version } : undefined;
  }

  #run(command: Command, learned: Learned): Step | undefined {
    const { resource } = command;
    const row = this.#select.get(resource) as { version: number; state: string } | undefined;
    if (row === undefined && command.type !== "acquire" && command.type !== "resize") return undefined; // a look makes no row
    const table = row === undefined ? this.#fresh() : this.#tableOf(resource, row.state);
    const outcome = step(table, command, platform.now());
    const known = learned.get(resource) ?? this.#cache.get(resource);
    const isShared = known !== undefined && known.version !== row?.version;
    if (!outcome.changed) {
      if (table instanceof ArrayTable && row !== undefined)
        learned.set(resource, { version: row.version, table, isShared });
      return outcome;
    }
    const next = table.applied(outcome);
    const state = this.#stateOf(resource, next);
    if (row === undefined) this.#insert.run(resource, state.text);
    else this.#update.run(state.text, resource);
    const version = (row?.version ?? 0) + 1;
    learned.set(resource, state.table === undefined ? undefined : { version, table: state.table, isShared });
    return outcome;
  }

  #fresh(): ArrayTable {
    const { floor } = this.#floor.get() as { floor: number };
    return new ArrayTable(freshHeader(BigInt(floor)));
  }

  #tableOf(resource: string, state: string): ArrayTable | RowsTable {
    const decoded = decode(state);
    if (decoded instanceof ArrayTable) return decoded;
    return new RowsTable(this.#statements(), resource, decoded.header, decoded.holding, decoded.waiting);
  }

  #statements(): RowStatements {
    this.#rows ??= new RowStatements(this.#database.connection);
    return this.#rows;
  }

  /** The document of a table after a step; moves its entries into rows, or back, as their number says. */
  #stateOf(resource: string, table: ArrayTable | RowsTable): { text: string; table: ArrayTable | undefined } {
    const { header, holding, waiting } = table;
    if (table instanceof ArrayTable) {
      if (holding + waiting <= CROWDED) return { text: encodeTable(table), table };
      new RowsTable(this.#statements(), resource, header, 0, 0).fill(table.holderList, table.waiterList);
      return { text: encodeCrowded({ header, holding, waiting }), table: undefined };
    }
    if (holding + waiting > QUIET) return { text: encodeCrowded({ header, holding, waiting }), table: undefined };
    const quiet = new ArrayTable(header, [...table.holders(holding)], table.queue());
    table.clear();
    return { text: encodeTable(quiet), table: quiet };
  }

  /**
   * Keeps a copy. Never from inside a transaction: one that is rolled back would leave a version here that another
   * process may give to a different document.
   */
  #remember(resource: string, cached: Cached | undefined): void {
    this.#cache.delete(resource);
    if (cached === undefined) return;
    this.#cache.set(resource, cached);
    if (this.#cache.size <= REMEMBERED) return;
    const [oldest] = this.#cache.keys();
    if (oldest !== undefined) this.#cache.delete(oldest);
  }

  /** Runs `act` under the write lock if `holder` holds; else gives the resource's last token. */
  async commit(holder: { resource: string; id: string; token: bigint }, act: () => void): Promise<bigint | undefined> {
    return await this.#database.transact(() => {
      const row = this.#select.get(holder.resource) as { state: string } | undefined;
      const table = row === undefined ? this.#fresh() : this.#tableOf(holder.resource, row.state);
      const found = table.holder(holder.id);
      if (found?.token !== holder.token || found.expiresAt <= platform.now()) return table.header.token;
      act();
      return undefined;
    });
  }

  /** A resource now, lapsed entries left out. */
  async snapshot(resource: string): Promise<Snapshot | undefined> {
    return await this.#database.read(() => {
      const row = this.#select.get(resource) as { state: string } | undefined;
      return row === undefined ? undefined : this.#snapshotOf(resource, row.state);
    });
  }

  async snapshots(prefix: string): Promise<readonly Snapshot[]> {
    const end = prefix === "" ? "" : prefix + LAST_NAME;
    return await this.#database.read(() => {
      const rows = this.#list.all(prefix, end, end) as { name: string; state: string }[];
      return rows.map(({ name, state }) => this.#snapshotOf(name, state));
    });
  }

  #snapshotOf(name: string, state: string): Snapshot {
    const table = this.#tableOf(name, state);
    const now = platform.now();
    const waiters = table instanceof ArrayTable ? table.waiterList : table.queue();
    return {
      name,
      table,
      holders: [...table.holders(table.holding)].filter((holder) => holder.expiresAt > now),
      waiters: waiters.filter((waiter) => waiter.aliveUntil > now),
    };
  }
}
