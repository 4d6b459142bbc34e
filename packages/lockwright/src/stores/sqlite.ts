/**
 * The sqlite store: locks for the processes of one machine, with nothing installed and nothing running.
 *
 * What it guarantees: exclusion, FIFO and growing tokens across kill -9, stops, stalls, restarts and reboots; a dead
 * holder is replaced in milliseconds. What it does not: it does not reach another machine (network file systems are
 * refused), and a database file that is deleted or replaced while in use starts over: every process that has it open
 * gets `LW_STORE_UNAVAILABLE`, but a new one begins at token 1.
 */
import { watch } from "node:fs";
import { describeHolder } from "../leases/grant-draft.js";
import type {
  Capabilities,
  CellStore,
  Command,
  KeeperConnection,
  KeeperSource,
  Liveness,
  LockStore,
  ResourceState,
  ResourceSummary,
  Result,
} from "../leases/lock-store.js";
import { platform } from "../platform.js";
import { SqliteCells } from "./sqlite/cells.js";
import { LockDatabase } from "./sqlite/database.js";
import { type DriverName, driverNames, loadDriver } from "./sqlite/driver.js";
import { Peers } from "./sqlite/peers.js";
import { placeOf } from "./sqlite/place.js";
import { Resources, type Snapshot } from "./sqlite/resources.js";

/** What the sqlite store promises. */
export const sqliteCapabilities: Capabilities = {
  fencing: "tokens",
  fifo: true,
  wake: "push",
  liveness: "kernel",
  persistentTokens: true,
};

/** Where the database is, and by which driver. */
export interface SqliteStoreOptions {
  /** The database file; created with its first use. Its folder must exist, on a local disk. */
  readonly path: string;
  /** Default: `node:sqlite` where Node has it, else `better-sqlite3`, else `libsql`. */
  readonly driver?: DriverName;
}

/** A lock store over SQLite. */
export interface SqliteStore extends LockStore {
  /** Starts listening; the descriptor of the socket that proves this process alive, for a child process to inherit. */
  livenessDescriptor(): Promise<number | undefined>;
}

/**
 * Opens a lock database.
 *
 * **Errors** `LW_STORE_UNAVAILABLE` (no driver, no folder, no permission, not ours, damaged, on a network file system),
 * `LW_PROTOCOL` (written by a newer lockwright), `TypeError` for a bad option.
 *
 * **Example**
 * ```ts
 * import { mkdtempSync } from "node:fs";
 * import { LockSpace } from "lockwright/leases";
 * import { sqliteStore } from "lockwright/stores/sqlite";
 *
 * const folder = mkdtempSync("/tmp/locks-");
 * const store = await sqliteStore({ path: `${folder}/locks.db` });
 * const space = new LockSpace({ store, ttl: 30_000 });
 * await space.mutex("migrate").run((lease) => console.log("token", lease.token)); // token 1n
 * await space.close();
 * await store.close();
 * ```
 */
export async function sqliteStore(options: SqliteStoreOptions): Promise<SqliteStore> {
  const { path, driver: name } = options;
  if (typeof path !== "string" || path === "")
    throw new TypeError(`path must be the name of a file, got ${String(path)}`);
  if (name !== undefined && !driverNames.includes(name))
    throw new TypeError(`driver must be one of ${driverNames.join(", ")}, got ${String(name)}`);
  const place = placeOf(path);
  const driver = await loadDriver(name);
  return new OpenStore(await LockDatabase.open(place, driver), driver.name);
}

/** Opens the store as the keeper thread needs it: no socket of its own. */
export async function openForKeeper(options: unknown): Promise<KeeperConnection> {
  const { path, driver: name } = options as { path: string; driver: DriverName };
  const database = await LockDatabase.open(path, await loadDriver(name));
  return new KeeperStore(database, new Peers(() => {}, "keeper")); // it is woken by nobody, and wakes the main thread too
}

class KeeperStore implements KeeperConnection {
  protected readonly database: LockDatabase;
  protected readonly peers: Peers;
  protected readonly resources: Resources;

  constructor(database: LockDatabase, peers: Peers) {
    this.database = database;
    this.peers = peers;
    this.resources = new Resources(database);
  }

  async execute(commands: readonly Command[]): Promise<readonly Result[]> {
    const { results, wakes } = await this.resources.execute(commands);
    for (const wake of wakes) this.peers.push(wake.process, wake.id);
    return results;
  }

  async close(): Promise<void> {
    await this.peers.close();
    this.database.close();
  }
}

class OpenStore extends KeeperStore implements SqliteStore {
  readonly name = "sqlite";
  readonly location: string;
  readonly capabilities: Capabilities = sqliteCapabilities;
  readonly process: string;
  readonly liveness: Liveness;
  readonly keeper: KeeperSource;
  readonly cells: CellStore;
  readonly #listeners: Set<(id: string) => void>;
  #isListening = false;
  #isClosed = false;

  constructor(database: LockDatabase, driver: DriverName) {
    const listeners = new Set<(id: string) => void>();
    const peers = new Peers((id) => {
      for (const listener of listeners) listener(id);
    });
    super(database, peers);
    this.#listeners = listeners;
    this.location = `sqlite:${database.path}`;
    this.process = peers.endpoint;
    this.liveness = peers;
    this.keeper = { module: import.meta.url, options: { path: database.path, driver } };
    this.cells = new SqliteCells(database);
  }

  override async execute(commands: readonly Command[]): Promise<readonly Result[]> {
    if (!this.#isListening) await this.livenessDescriptor();
    return super.execute(commands);
  }

  async livenessDescriptor(): Promise<number | undefined> {
    await this.peers.listen();
    this.#isListening = true;
    return this.peers.descriptor;
  }

  async inspect(resource: string): Promise<ResourceState> {
    const snapshot = await this.resources.snapshot(resource);
    return snapshot === undefined ? neverUsed(resource) : stateOf(snapshot);
  }

  async list(prefix: string): Promise<readonly ResourceSummary[]> {
    const snapshots = await this.resources.snapshots(prefix);
    return snapshots.map(({ name, table, holders, waiters }) => ({
      name,
      capacity: table.header.capacity,
      used: holders.reduce((sum, holder) => sum + holder.weight, 0),
      token: table.header.token,
      holding: holders.length,
      waiting: waiters.length,
    }));
  }

  listen(wake: (id: string) => void): Disposable {
    this.#listeners.add(wake);
    return {
      [Symbol.dispose]: () => {
        this.#listeners.delete(wake);
      },
    };
  }

  /** Every commit of any process writes to the WAL file, so its change is the hint. */
  observe(_resource: string, changed: () => void): Disposable {
    const watcher = watch(`${this.database.path}-wal`, { persistent: false }, () => changed());
    watcher.on("error", () => watcher.close()); // a hint less; the observer looks at its own pace
    return {
      [Symbol.dispose]() {
        watcher.close();
      },
    };
  }

  async commit(holder: { resource: string; id: string; token: bigint }, act: () => void): Promise<bigint | undefined> {
    return await this.resources.commit(holder, act);
  }

  override async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await super.close();
  }
}

function neverUsed(name: string): ResourceState {
  return { name, capacity: 1, used: 0, token: 0n, holders: [], waiters: [] };
}

function stateOf({ name, table, holders, waiters }: Snapshot): ResourceState {
  const now = platform.now();
  return {
    name,
    capacity: table.header.capacity,
    used: holders.reduce((sum, holder) => sum + holder.weight, 0),
    token: table.header.token,
    holders: holders.map((holder) => describeHolder(holder, now)),
    waiters: waiters.map(({ id, process, weight, label, since }) => ({
      id,
      process,
      weight,
      label,
      waitingFor: Math.max(0, now - since),
    })),
  };
}
