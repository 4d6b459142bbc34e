/** Versioned cells, one row each; a write is one conditional statement. */
import type { CellStore } from "../../leases/lock-store.js";
import type { LockDatabase } from "./database.js";
import type { Statement } from "./driver.js";

export class SqliteCells implements CellStore {
  readonly #database: LockDatabase;
  readonly #select: Statement;
  readonly #insert: Statement;
  readonly #update: Statement;

  constructor(database: LockDatabase) {
    this.#database = database;
    this.#select = database.connection.prepare("SELECT version, json FROM cell WHERE name = ?");
    this.#insert = database.connection.prepare(
      "INSERT INTO cell (name, version, json) VALUES (?, 1, ?) ON CONFLICT DO NOTHING",
    );
    this.#update = database.connection.prepare(
      "UPDATE cell SET version = version + 1, json = ? WHERE name = ? AND version = ?",
    );
  }

  async read(name: string): Promise<{ json: string | undefined; version: number }> {
    const row = (await this.#database.read(() => this.#select.get(name))) as
      | { version: number; json: string }
      | undefined;
    return row === undefined ? { json: undefined, version: 0 } : { json: row.json, version: row.version };
  }

  async write(name: string, version: number, json: string): Promise<number | undefined> {
    const { changes } = await this.#database.transact(() =>
      version === 0 ? this.#insert.run(name, json) : this.#update.run(json, name, version),
    );
    return Number(changes) === 0 ? undefined : version + 1;
  }
}
