/**
 * The database file: opening it, telling ours from others', and running transactions on it.
 *
 * A power cut may take the last commits of a WAL database with `synchronous=normal`, and with them the last tokens. So the
 * first to open it after a boot lets go of everything held before and moves every token up by more than could be lost.
 */
import { readFileSync } from "node:fs";
import { ArrayTable } from "../../leases/array-table.js";
import { LockwrightError } from "../../errors.js";
import { platform } from "../../platform.js";
import { bootId } from "./boot.js";
import { decode, encodeTable, newerProtocol, PROTOCOL } from "./document.js";
import {
  BUSY,
  type Database,
  type Driver,
  explain,
  resultCode,
  type Statement,
  storeError,
  type Value,
} from "./driver.js";
import { FileIdentity } from "./place.js";

/** "LWRT": marks the file as ours, so that nobody's own database is ever written to. */
const APPLICATION_ID = 0x4c575254;
/** More commits than can be lost to a power cut: a WAL is synced at every checkpoint, about every 1000 pages. */
const BOOT_JUMP = 2 ** 20;
/** Milliseconds to wait for another process's transaction; ours take microseconds, but a process can be stopped inside one. */
const BUSY_BUDGET = 10_000;
/** Milliseconds of that to wait without leaving the loop: a normal transaction is over long before. */
const BUSY_SPIN = 2;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** An open lock database. */
export class LockDatabase {
  readonly path: string;
  readonly connection: Database;
  readonly #identity: FileIdentity;
  #isClosed = false;
  #stuck: (() => unknown) | undefined;

  private constructor(path: string, connection: Database) {
    this.path = path;
    this.connection = connection;
    this.#identity = new FileIdentity(path);
  }

  /** Opens or creates the database; nothing is written to a file that is not ours. */
  static async open(path: string, driver: Driver): Promise<LockDatabase> {
    let connection: Database | undefined;
    try {
      const opened = driver.open(path);
      connection = opened;
      await retryBusy(path, () => recognise(opened, path));
      await retryBusy(path, () => opened.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"));
      await retryBusy(path, () => prepareSpace(opened, path));
      return new LockDatabase(path, opened);
    } catch (error) {
      connection?.close();
      throw storeError(error, path);
    }
  }

  /**
   * Runs `act` between BEGIN IMMEDIATE and COMMIT; its error rolls everything back. `act` is synchronous: no other step of
   * this process can come between. Nothing is committed to a file that was removed or replaced, unless `isHarmless` says
   * that the outcome could do no harm there: looking costs as much as the statements between do.
   */
  transact<T>(act: () => T, isHarmless?: (outcome: T) => boolean): Promise<T> {
    return retryBusy(this.path, () => this.#between("BEGIN IMMEDIATE", act, isHarmless));
  }

  /**
   * Runs one writing statement, which is a transaction by itself; resolves nothing and waits for nobody. False: it
   * changed nothing, or the database is busy, and `transact` must say. `isHarmless` as above; `inert`: values with which the
   * statement changes nothing.
   */
  runAlone(statement: Statement, values: readonly Value[], inert: readonly Value[], isHarmless: boolean): boolean {
    this.#checkOpen();
    if (!isHarmless) this.#identity.check();
    try {
      return Number(statement.run(...values).changes) !== 0;
    } catch (error) {
      if (resultCode(error) !== BUSY) throw storeError(error, this.path);
      this.#stuck = () => statement.run(...inert);
      return false;
    }
  }

  /** Runs `act`, which only reads, on one moment of the database, without the write lock. */
  read<T>(act: () => T): Promise<T> {
    return retryBusy(this.path, () => this.#between("BEGIN", act));
  }

  #between<T>(begin: "BEGIN" | "BEGIN IMMEDIATE", act: () => T, isHarmless?: (outcome: T) => boolean): T {
    this.#checkOpen();
    if (isHarmless === undefined) this.#identity.check();
    this.connection.exec(this.#stuck === undefined ? begin : "BEGIN IMMEDIATE");
    try {
      this.#closeStuck();
      const value = act();
      if (isHarmless?.(value) === false) this.#identity.check();
      this.connection.exec("COMMIT");
      return value;
    } catch (error) {
      this.#undo();
      throw error;
    }
  }

  /**
   * A prepared statement that ended busy stays open in libsql, and with it open no COMMIT goes through. To run it again,
   * now that the database is ours, is the only way to close it.
   */
  #closeStuck(): void {
    this.#stuck?.();
    this.#stuck = undefined;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new LockwrightError("LW_CLOSED", `the store on ${this.path} is closed; open another`);
  }

  #undo(): void {
    try {
      this.connection.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself (a full disk, an I/O error); the first error is the one to tell.
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.connection.close();
  }
}

/** Retries while another process holds the write lock: first by tiny sleeps, then leaving the loop free. */
export async function retryBusy<T>(path: string, attempt: () => T): Promise<T> {
  let startedAt: number | undefined;
  for (let round = 0; ; round += 1) {
    try {
      return attempt();
    } catch (error) {
      if (resultCode(error) !== BUSY) throw storeError(error, path);
      const now = platform.now();
      startedAt ??= now;
      if (now - startedAt > BUSY_BUDGET) throw storeError(error, path);
      const jitter = 0.5 + platform.random();
      if (now - startedAt < BUSY_SPIN) Atomics.wait(sleeper, 0, 0, 0.05 * jitter * Math.min(round + 1, 6));
      else
        await new Promise<void>((resolve) => void platform.setTimer(resolve, Math.ceil(jitter * Math.min(round, 10))));
    }
  }
}

/** Throws unless the file is empty, or ours in a protocol we speak. */
function recognise(connection: Database, path: string): void {
  // The application last: another process may be creating the database, in one transaction, between these reads.
  const { tables } = connection.prepare("SELECT count(*) AS tables FROM sqlite_master").get() as { tables: number };
  const protocol = pragma(connection, "user_version");
  const application = pragma(connection, "application_id");
  if (application === APPLICATION_ID) {
    if (protocol > PROTOCOL) throw newerProtocol(protocol);
    return;
  }
  if (tables === 0 && application === 0 && protocol === 0) return;
  throw new LockwrightError(
    "LW_STORE_UNAVAILABLE",
    `${explain(26, path)}: it is a database of another program; name another file`,
  );
}

function pragma(connection: Database, name: "application_id" | "user_version"): number {
  return (connection.prepare(`PRAGMA ${name}`).get() as Record<string, number>)[name] as number;
}

/** Creates the schema in a new file; lets go of everything of an earlier boot in an old one. */
function prepareSpace(connection: Database, path: string): void {
  const boot = bootId();
  if (isReady(connection, boot)) return; // without a write lock: the common case
  connection.exec("BEGIN IMMEDIATE");
  try {
    if (pragma(connection, "application_id") === 0) createSchema(connection, boot);
    recognise(connection, path); // somebody may have been faster, and newer
    if (!isReady(connection, boot)) endBoot(connection, boot);
    connection.exec("COMMIT");
  } catch (error) {
    try {
      connection.exec("ROLLBACK");
    } catch {
      // rolled back by SQLite itself
    }
    throw error;
  }
}

function isReady(connection: Database, boot: string): boolean {
  if (pragma(connection, "application_id") !== APPLICATION_ID) return false;
  return (connection.prepare("SELECT boot FROM space").get() as { boot: string } | undefined)?.boot === boot;
}

function createSchema(connection: Database, boot: string): void {
  connection.exec(readFileSync(new URL("./schema.sql", import.meta.url), "utf8"));
  connection.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${PROTOCOL};`);
  connection.prepare("INSERT INTO space (id, boot, floor) VALUES (1, ?, 0)").run(boot);
}

/** Everything held before the boot is gone; no token from before it, known or lost, is given out again. */
function endBoot(connection: Database, boot: string): void {
  const rows = connection.prepare("SELECT name, state FROM resource").all() as { name: string; state: string }[];
  const put = connection.prepare("UPDATE resource SET state = ?, version = version + 1 WHERE name = ?");
  const { floor } = connection.prepare("SELECT floor FROM space").get() as { floor: number };
  let highest = floor;
  for (const { name, state } of rows) {
    const { header } = decode(state);
    const token = header.token + BigInt(BOOT_JUMP);
    highest = Math.max(highest, Number(token));
    put.run(encodeTable(new ArrayTable({ ...header, used: 0, token })), name);
  }
  connection.exec("DELETE FROM holder; DELETE FROM waiter;");
  // A resource whose very row was lost starts above all that was ever given out.
  connection.prepare("UPDATE space SET boot = ?, floor = ?").run(boot, Math.max(highest, floor + BOOT_JUMP));
}
