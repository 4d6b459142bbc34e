/**
 * The seam to SQLite itself: whichever of three drivers is there, behind the four calls the store makes.
 *
 * `node:sqlite` where Node has it (22.13 and newer), else `better-sqlite3` or `libsql`, whichever is installed. All
 * three are synchronous, which is what makes a step between BEGIN and COMMIT one step of our own process too.
 */
import { LockwrightError } from "../../errors.js";

/** A prepared statement. */
export interface Statement {
  run(...values: readonly Value[]): { readonly changes: number | bigint };
  get(...values: readonly Value[]): unknown;
  all(...values: readonly Value[]): unknown[];
}
export type Value = string | number | bigint | null;

/** An open database file. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/** The drivers by name, best first. */
export type DriverName = "node:sqlite" | "better-sqlite3" | "libsql";
export const driverNames: readonly DriverName[] = ["node:sqlite", "better-sqlite3", "libsql"];

/** Opens a file with one driver. */
export interface Driver {
  readonly name: DriverName;
  open(path: string): Database;
}

/** Loads the named driver, or the first that is there. Throws `LW_STORE_UNAVAILABLE` saying what to install. */
export async function loadDriver(name?: DriverName): Promise<Driver> {
  let broken: unknown;
  for (const candidate of name === undefined ? driverNames : [name]) {
    try {
      const driver = await tryDriver(candidate);
      if (driver !== undefined) return driver;
    } catch (error) {
      broken ??= error; // built for another Node, or left out by a bundler: the next one may do
    }
  }
  if (broken !== undefined) throw broken;
  const wanted = name === undefined ? "no SQLite driver" : `no ${name}`;
  throw new LockwrightError(
    "LW_STORE_UNAVAILABLE",
    `the sqlite store found ${wanted}: use Node 22.13 or newer, or install one with "npm install libsql" or "npm install better-sqlite3"`,
  );
}

type Constructor = new (path: string) => Database;

async function tryDriver(name: DriverName): Promise<Driver | undefined> {
  let module: { DatabaseSync?: Constructor; default?: Constructor };
  try {
    module = (await import(name)) as typeof module;
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ERR_UNKNOWN_BUILTIN_MODULE" || code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND")
      return undefined;
    throw new LockwrightError("LW_STORE_UNAVAILABLE", `the SQLite driver ${name} is installed but does not load`, {
      cause: error,
    });
  }
  const Class = name === "node:sqlite" ? module.DatabaseSync : module.default;
  return Class === undefined ? undefined : { name, open: (path) => openUnwaiting(Class, path) };
}

/** Opens without a busy timeout of the driver's own: better-sqlite3 has one of 5 s, in which it blocks the loop. */
function openUnwaiting(Class: Constructor, path: string): Database {
  const database = new Class(path);
  database.exec("PRAGMA busy_timeout = 0");
  return database;
}

/** SQLite's primary result codes that the store tells apart. */
export const BUSY = 5;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const CODES: Record<string, number> = {
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: 6,
  SQLITE_READONLY: READONLY,
  SQLITE_IOERR: IOERR,
  SQLITE_CORRUPT: CORRUPT,
  SQLITE_FULL: FULL,
  SQLITE_CANTOPEN: CANTOPEN,
  SQLITE_NOTADB: NOTADB,
};

/** The primary result code of a driver's error, or undefined for an error that is not SQLite's. */
export function resultCode(error: unknown): number | undefined {
  const { errcode, code, message } = error as { errcode?: number; code?: string; message?: string };
  if (typeof errcode === "number") return errcode & 0xff;
  if (typeof code === "string" && code.startsWith("SQLITE_")) {
    const primary = Object.keys(CODES).find((name) => code === name || code.startsWith(`${name}_`));
    return primary === undefined ? 1 : CODES[primary];
  }
  const opened = /Unable to open connection to local database .*: (\d+)/.exec(message ?? "");
  return opened === null ? undefined : Number(opened[1]);
}

/** What a result code means to whoever has to mend it. */
export function explain(code: number | undefined, path: string): string {
  switch (code) {
    case BUSY:
      return `the database ${path} stayed locked by another process`;
    case READONLY:
      return `the database ${path} or its folder is read-only; the lock database must be writable`;
    case FULL:
      return `the disk of ${path} is full`;
    case CORRUPT:
      return `the database ${path} is damaged; move it away (its tokens start over) or restore it`;
    case NOTADB:
      return `${path} is not a lockwright database`;
    case CANTOPEN:
      return `the database ${path} cannot be opened; does its folder exist, and may you write there?`;
    case IOERR:
      return `reading or writing ${path} failed`;
    default:
      return `the database ${path} failed`;
  }
}

/** A driver's error as ours; errors that are already ours, or nobody's, pass through. */
export function storeError(error: unknown, path: string): unknown {
  if (error instanceof LockwrightError) return error;
  const code = resultCode(error);
  if (code === undefined) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new LockwrightError("LW_STORE_UNAVAILABLE", `${explain(code, path)} (${detail})`, { cause: error });
}
