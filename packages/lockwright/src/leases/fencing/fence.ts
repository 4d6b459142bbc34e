/**
 * Fencing inside the user's own database transaction: which database it is, and from there to its file.
 */
import type { Lease } from "../lease.js";
import { describe } from "../names.js";
import { fenceSqlite, type SqliteTransaction } from "./fence-sqlite.js";
import { heldLeaseOf } from "./held-lease-of.js";

/**
 * Ties your own open transaction to a lease: if a newer token of that lock was here before, nothing of it is written.
 *
 * The table `lockwright_fence` in your database (made if missing) keeps the highest token per lock; this transaction
 * raises it, and from here until its end no other holder can pass. An older token rolls the transaction back **and**
 * leaves you in an open one that cannot commit, so code that swallows the error still writes nothing: every `COMMIT`
 * fails until your `ROLLBACK`.
 *
 * **When to use** As the first statement after `BEGIN IMMEDIATE`, in each transaction whose writes only the holder may
 * make. For exclusive leases: of several readers or permits only the one with the newest token passes.
 *
 * `transaction` is the handle itself, with the transaction open on it: `DatabaseSync` of `node:sqlite`, `Database` of
 * `better-sqlite3` or `libsql`. The work is done before the promise is returned. Foreign keys must be on (each driver's
 * default): the refusal is a constraint that only `COMMIT` looks at.
 *
 * **Errors** `StaleTokenError` and `LeaseLostError` end the transaction as above. `TypeError` for a handle or lease that
 * is none, a store without ordered tokens; `LW_CONFLICT` outside a transaction or with foreign keys off: nothing was
 * touched. What the driver throws (a busy database) passes through; roll back.
 *
 * **Example**
 * ```ts
 * import Database from "libsql"; // or better-sqlite3, or DatabaseSync of node:sqlite
 * import { fence, openLockSpace } from "lockwright/leases";
 *
 * const db = new Database(":memory:");
 * db.exec("CREATE TABLE invoice (month TEXT)");
 * const space = await openLockSpace("memory:");
 * await space.mutex("invoices").run(async (lease) => {
 *   db.exec("BEGIN IMMEDIATE");
 *   try {
 *     await fence(db, lease);
 *     db.prepare("INSERT INTO invoice VALUES (?)").run("2026-11");
 *     db.exec("COMMIT");
 *   } catch (error) {
 *     db.exec("ROLLBACK");
 *     throw error;
 *   }
 * });
 * console.log(db.prepare("SELECT token FROM lockwright_fence").all()); // [ { token: 1 } ]
 * await space.close();
 * ```
 */
export async function fence(transaction: SqliteTransaction, lease: Lease): Promise<void> {
  const held = heldLeaseOf(lease, "fence");
  if (!isSqlite(transaction)) {
    const accepted = "an open SQLite database (node:sqlite, better-sqlite3, libsql) with a transaction begun on it";
    throw new TypeError(`transaction must be ${accepted}, got ${describe(transaction)}`);
  }
  fenceSqlite(transaction, held); // synchronous: no other step of this process gets between your BEGIN and the check
}

function isSqlite(value: SqliteTransaction | null | undefined): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    typeof value.prepare === "function" &&
    typeof value.exec === "function"
  );
}
