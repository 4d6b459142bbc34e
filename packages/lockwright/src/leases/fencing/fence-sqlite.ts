/**
 * The fence in a SQLite database.
 *
 * Invariants:
 * - **F1 Highest wins.** After a commit that passed, the row of its lock is at least its token; rows never go down.
 * - **F2 Serial.** The check writes, so it holds SQLite's write lock until the transaction ends: no newer holder passes
 *   between the check and the commit.
 * - **F3 Refused is refused.** Once refused, nothing written on this handle before or after, until ROLLBACK, is committed.
 *
 * Why not `RAISE(ROLLBACK)` in a trigger: it leaves the handle in autocommit, where the writes that follow a swallowed
 * error would each commit by themselves. Why not a broken deferred constraint in the user's own transaction: a ROLLBACK TO
 * an outer savepoint would mend it and keep what came before. So: roll back, begin anew, and break one in there. It is
 * in a temporary table, which ROLLBACK takes away again and which takes no lock on the user's file.
 *
 * Tokens pass as text: no driver's number type stands between a bigint and SQLite's 64 bits.
 */
import { LockwrightError, StaleTokenError } from "../../errors.js";
import type { HeldLease } from "../lease.js";

/** An open SQLite database with a transaction begun on it: what `node:sqlite`, `better-sqlite3` and `libsql` share. */
export interface SqliteTransaction {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  /** Says that a transaction is open, in `node:sqlite`. */
  readonly isTransaction?: boolean;
  /** Says that a transaction is open, in `better-sqlite3` and `libsql`. */
  readonly inTransaction?: boolean;
}

/** A prepared statement of a {@link SqliteTransaction}. */
export interface SqliteStatement {
  run(...values: string[]): unknown;
  get(...values: string[]): unknown;
}

const CREATE = "CREATE TABLE IF NOT EXISTS main.lockwright_fence (resource TEXT PRIMARY KEY, token INTEGER NOT NULL)";
/** Leaves the row alone, and returns nothing, where it is newer [F1]. */
const RAISE = `INSERT INTO main.lockwright_fence (resource, token) VALUES (?, CAST(? AS INTEGER))
  ON CONFLICT (resource) DO UPDATE SET token = excluded.token WHERE excluded.token >= lockwright_fence.token
  RETURNING CAST(token AS TEXT) AS token`;
const NEWEST = "SELECT CAST(token AS TEXT) AS token FROM main.lockwright_fence WHERE resource = ?";
const BREAK = `BEGIN;
  CREATE TEMP TABLE lockwright_refused (token INTEGER PRIMARY KEY,
    newer INTEGER REFERENCES lockwright_refused DEFERRABLE INITIALLY DEFERRED);
  INSERT INTO temp.lockwright_refused VALUES (0, 1)`;

/** Checks and raises the token of `lease` inside the open transaction of `database`. */
export function fenceSqlite(database: SqliteTransaction, lease: HeldLease): void {
  checkTransaction(database);
  try {
    lease.check();
  } catch (error) {
    refuse(database);
    throw error;
  }
  const { token } = lease;
  const { resource } = lease.grant;
  database.exec(CREATE);
  if (database.prepare(RAISE).get(resource, String(token)) !== undefined) return;
  const newest = database.prepare(NEWEST).get(resource) as { readonly token: string };
  refuse(database);
  const message = `"${lease.name}": token ${token} is stale, the database has seen ${newest.token}; nothing was written, roll back and stop`;
  throw new StaleTokenError(message, { lock: lease.name, token, current: BigInt(newest.token) });
}

/** Ends the transaction, and opens one in its place that cannot commit [F3]. */
function refuse(database: SqliteTransaction): void {
  database.exec("ROLLBACK");
  database.exec(BREAK);
}

function checkTransaction(database: SqliteTransaction): void {
  if (!isInTransaction(database)) {
    throw new LockwrightError(
      "LW_CONFLICT",
      "fence() needs an open transaction: run BEGIN IMMEDIATE before it, on the same handle; without one it protects nothing",
    );
  }
  const { foreign_keys: on } = database.prepare("PRAGMA foreign_keys").get() as {
    readonly foreign_keys: number | bigint;
  };
  if (Number(on) === 1) return;
  throw new LockwrightError(
    "LW_CONFLICT",
    "fence() needs foreign keys on: run PRAGMA foreign_keys = ON before BEGIN, or a refused transaction could still commit",
  );
}

function isInTransaction(database: SqliteTransaction): boolean {
  const told = database.isTransaction ?? database.inTransaction;
  if (told !== undefined) return told;
  try {
    database.exec("BEGIN"); // Node 22.13 cannot tell: inside a transaction this fails and changes nothing
  } catch {
    return true;
  }
  database.exec("ROLLBACK");
  return false;
}
