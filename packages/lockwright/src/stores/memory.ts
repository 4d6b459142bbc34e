/**
 * The memory store: the grant table itself, for one process. A real store that passes the whole conformance list.
 *
 * **When to use** Tests, and programs of one process that want the lease vocabulary. Nothing survives the process.
 * Renewals are steps on the caller's own loop: a loop blocked past the ttl loses its leases.
 */
import { describeHolder } from "../leases/grant-draft.js";
import { step } from "../leases/grant-table.js";
import { IndexedTable } from "../leases/indexed-table.js";
import type {
  Capabilities,
  CellStore,
  Command,
  LockStore,
  ResourceState,
  ResourceSummary,
  Result,
} from "../leases/lock-store.js";
import { platform } from "../platform.js";

/** What the memory store promises. */
export const memoryCapabilities: Capabilities = {
  fencing: "tokens",
  fifo: true,
  wake: "direct",
  liveness: "kernel",
  persistentTokens: false,
};

/** The state behind one or more memory stores: stores made with the same world see the same locks. */
export class MemoryWorld {
  readonly tables: Map<string, IndexedTable> = new Map();
  readonly cells: Map<string, { json: string; version: number }> = new Map();
  readonly listeners: Map<string, Set<(id: string) => void>> = new Map();
  readonly observers: Map<string, Set<() => void>> = new Map();
}

/**
 * Makes a store that lives in this process's memory.
 *
 * **Example**
 * ```ts
 * import { LockSpace } from "lockwright/leases";
 * import { memoryStore } from "lockwright/stores/memory";
 *
 * const space = new LockSpace({ store: memoryStore() });
 * await space.mutex("report").run((lease) => console.log("token", lease.token)); // token 1n
 * await space.close();
 * ```
 */
export function memoryStore(options: { world?: MemoryWorld } = {}): LockStore {
  return new MemoryStore(options.world ?? new MemoryWorld());
}

class MemoryStore implements LockStore {
  readonly name = "memory";
  readonly location = "memory:";
  readonly capabilities: Capabilities = memoryCapabilities;
  readonly process: string = platform.newId();
  readonly liveness: undefined = undefined;
  readonly keeper: undefined = undefined;
  readonly cells: CellStore;
  readonly #world: MemoryWorld;

  constructor(world: MemoryWorld) {
    this.#world = world;
    this.cells = new MemoryCells(world.cells);
  }

  async execute(commands: readonly Command[]): Promise<readonly Result[]> {
    return commands.map((command) => this.#step(command));
  }

  #step(command: Command): Result {
    const table = this.#tableFor(command);
    if (table === undefined) return { type: "gone" };
    const outcome = step(table, command, platform.now());
    table.apply(outcome);
    for (const wake of outcome.wakes)
      for (const listener of this.#world.listeners.get(wake.process) ?? []) listener(wake.id);
    if (outcome.changed) for (const changed of this.#world.observers.get(command.resource) ?? []) changed();
    return outcome.result;
  }

  /** Only what takes or sets permits makes a resource: a look, or a retry for one that never was, leaves no trace. */
  #tableFor({ type, resource }: Command): IndexedTable | undefined {
    let table = this.#world.tables.get(resource);
    if (table !== undefined || (type !== "acquire" && type !== "resize")) return table;
    this.#world.tables.set(resource, (table = new IndexedTable()));
    return table;
  }

  async inspect(resource: string): Promise<ResourceState> {
    return stateOf(resource, this.#world.tables.get(resource) ?? new IndexedTable());
  }

  async list(prefix: string): Promise<readonly ResourceSummary[]> {
    const found = [...this.#world.tables].filter(([name]) => name.startsWith(prefix));
    return found
      .map(([name, table]) => {
        const { capacity, used, token, holders, waiters } = stateOf(name, table);
        return { name, capacity, used, token, holding: holders.length, waiting: waiters.length };
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  listen(wake: (id: string) => void): Disposable {
    return register(this.#world.listeners, this.process, wake);
  }

  observe(resource: string, changed: () => void): Disposable {
    return register(this.#world.observers, resource, changed);
  }

  async commit(holder: { resource: string; id: string; token: bigint }, act: () => void): Promise<bigint | undefined> {
    const table = this.#world.tables.get(holder.resource);
    const held = table?.holder(holder.id);
    if (held?.token !== holder.token || held.expiresAt <= platform.now()) return table?.header.token ?? 0n;
    act();
    return undefined;
  }

  async close(): Promise<void> {
    this.#world.listeners.delete(this.process);
  }
}

class MemoryCells implements CellStore {
  readonly #cells: Map<string, { json: string; version: number }>;

  constructor(cells: Map<string, { json: string; version: number }>) {
    this.#cells = cells;
  }

  async read(name: string): Promise<{ json: string | undefined; version: number }> {
    return this.#cells.get(name) ?? { json: undefined, version: 0 };
  }

  async write(name: string, version: number, json: string): Promise<number | undefined> {
    if ((this.#cells.get(name)?.version ?? 0) !== version) return undefined;
    this.#cells.set(name, { json, version: version + 1 });
    return version + 1;
  }
}

/** A resource now, lapsed entries left out: the next step drops them, a look changes nothing. */
function stateOf(name: string, table: IndexedTable): ResourceState {
  const now = platform.now();
  const { capacity, token } = table.header;
  const holders = [...table.holders(Number.POSITIVE_INFINITY)]
    .filter((holder) => holder.expiresAt > now)
    .map((holder) => describeHolder(holder, now));
  const waiters = [...table.queue()]
    .filter((waiter) => waiter.aliveUntil > now)
    .map(({ id, process, weight, label, since }) => ({ id, process, weight, label, waitingFor: now - since }));
  return { name, capacity, used: holders.reduce((sum, { weight }) => sum + weight, 0), token, holders, waiters };
}

function register<T>(map: Map<string, Set<T>>, key: string, entry: T): Disposable {
  let entries = map.get(key);
  if (entries === undefined) map.set(key, (entries = new Set()));
  entries.add(entry);
  return {
    [Symbol.dispose]() {
      entries.delete(entry);
      if (entries.size === 0 && map.get(key) === entries) map.delete(key);
    },
  };
}
