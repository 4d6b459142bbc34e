/**
 * What the workers fight over: a counter per lock and an append-only record of every accepted increment, in a database
 * of its own. An increment is made wrongly on purpose, by reading first and writing `read + 1` later: only the lock
 * makes it right, and only the fence keeps it right when the holder was frozen in between.
 */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BUSY, loadDriver, resultCode } from "../../dist/stores/sqlite/driver.js";

export class Resource {
  #database;

  constructor(database) {
    this.#database = database;
  }

  static async open(folder) {
    const driver = await loadDriver();
    const resource = new Resource(driver.open(join(folder, "resource.db")));
    await resource.#patiently(() => resource.#database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF"));
    await resource.#write(() => {
      resource.#database.exec(`
        CREATE TABLE IF NOT EXISTS counter (lock TEXT PRIMARY KEY, value INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS record (seq INTEGER PRIMARY KEY AUTOINCREMENT,
          lock TEXT NOT NULL, token TEXT NOT NULL, nonce TEXT NOT NULL, value INTEGER NOT NULL)`);
    });
    return resource;
  }

  async read(lock) {
    const row = await this.#patiently(() =>
      this.#database.prepare("SELECT value FROM counter WHERE lock = ?").get(lock),
    );
    return row?.value ?? 0;
  }

  /** Writes `value` and its record in one transaction, after `fence` had its say inside it. */
  async write({ lock, token, nonce, value }, fence, beforeCommit) {
    await this.#write(async () => {
      await fence(this.#database);
      this.#database.prepare("INSERT OR REPLACE INTO counter VALUES (?, ?)").run(lock, value);
      this.#database
        .prepare("INSERT INTO record (lock, token, nonce, value) VALUES (?, ?, ?, ?)")
        .run(lock, String(token), nonce, value);
      beforeCommit?.();
    });
  }

  /** Everything, for the checker. */
  async content() {
    const all = (sql) => this.#patiently(() => this.#database.prepare(sql).all());
    const records = await all("SELECT lock, token, nonce, value FROM record ORDER BY seq");
    const counters = await all("SELECT lock, value FROM counter");
    return {
      records: records.map((record) => ({ ...record, token: BigInt(record.token) })),
      counters: Object.fromEntries(counters.map(({ lock, value }) => [lock, value])),
    };
  }

  async #write(act) {
    await this.#patiently(() => this.#database.exec("BEGIN IMMEDIATE"));
    try {
      await act();
      this.#database.exec("COMMIT");
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Waits while another worker, perhaps a stopped one, is inside a transaction. */
  async #patiently(act) {
    for (;;) {
      try {
        return act();
      } catch (error) {
        if (resultCode(error) !== BUSY) throw error;
        await sleep(2 + Math.random() * 4); // not from the seed: how often is up to the machine
      }
    }
  }

  close() {
    this.#database.close();
  }
}
