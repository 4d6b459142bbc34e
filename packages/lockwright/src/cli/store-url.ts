/**
 * Which store a command talks to: `--store`, else LOCKWRIGHT_STORE, else `lockwright.store` of the nearest package.json
 * that has one, else a file in the user's own state folder.
 *
 * Two processes that mean one lock must come to one store. So a package.json that cannot be read is an error and no
 * reason to look further, and a package without a `lockwright.store` is passed over for the workspace around it.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { LockwrightError } from "../errors.js";
import { UsageError } from "./usage-error.js";

/** Where the URL of a store came from and what it is. */
export interface StoreUrl {
  readonly url: string;
  /** For people: `--store`, `LOCKWRIGHT_STORE`, the package.json's path, or `default`. */
  readonly from: string;
  /** The folder to create for the user's own store. */
  readonly folder: string | undefined;
}

/** What decides; `home` and `platform` default to this machine's. */
export interface StoreChoice {
  readonly option: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly home?: string;
  readonly platform?: NodeJS.Platform;
}

/** Finds the store's URL. Throws a {@link UsageError} for one that cannot work. */
export function storeUrl(choice: StoreChoice): StoreUrl {
  const { option, env, cwd } = choice;
  if (option !== undefined) return checked(option, "--store");
  const named = env["LOCKWRIGHT_STORE"];
  if (named !== undefined && named !== "") return checked(named, "LOCKWRIGHT_STORE");
  return fromPackage(cwd) ?? ofUser(choice);
}

function checked(url: string, from: string): StoreUrl {
  if (/^memory:/i.test(url)) {
    throw new UsageError(
      `${from}: a memory: store lives in one process, and no other could see its locks`,
      "use a file: sqlite:./locks.db",
    );
  }
  if (!/^[a-z][a-z0-9+.-]*:/i.test(url)) {
    const hint = /^[./~]|\.db$/.test(url) ? `a file is named by sqlite:${url}` : undefined;
    throw new UsageError(
      `${from} must be a URL such as sqlite:./locks.db, got ${JSON.stringify(maskCredentials(url.slice(0, 80)))}`,
      hint,
    );
  }
  return { url, from, folder: undefined };
}

function fromPackage(cwd: string): StoreUrl | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = join(folder, "package.json");
    const url = storeOf(file);
    if (url !== undefined) return checked(againstFolder(url, folder), file);
    if (dirname(folder) === folder) return undefined;
  }
}

/** `lockwright.store` of one package.json; undefined: no such file, or it names none. */
function storeOf(file: string): string | undefined {
  let manifest: { readonly lockwright?: { readonly store?: unknown } } | null;
  try {
    manifest = JSON.parse(readFileSync(file, "utf8")) as typeof manifest;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined;
    throw new UsageError(
      `${file} cannot be read, and it may name the store: ${(error as Error).message}`,
      "name the store by --store",
    );
  }
  const store = manifest?.lockwright?.store;
  if (store === undefined) return undefined;
  if (typeof store === "string" && store !== "") return store;
  throw new UsageError(`${file}: lockwright.store must be a URL such as "sqlite:./locks.db"`);
}

/** A relative file in a package.json means one beside it, wherever the command was called. */
function againstFolder(url: string, folder: string): string {
  const rest = /^sqlite:(?!\/)(.+)$/i.exec(url)?.[1];
  return rest === undefined ? url : `sqlite:${resolve(folder, rest)}`;
}

function ofUser({ env, home, platform = process.platform }: StoreChoice): StoreUrl {
  const folder = join(
    stateFolder(env, platform, () => home ?? homedir()),
    "lockwright",
  );
  return { url: `sqlite:${join(folder, "locks.db")}`, from: "default", folder };
}

function stateFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform, home: () => string): string {
  const state = env["XDG_STATE_HOME"];
  // The XDG specification: a relative path is invalid and to be ignored.
  if (platform !== "darwin" && state !== undefined && isAbsolute(state)) return state;
  const parts = platform === "darwin" ? ["Library", "Application Support"] : [".local", "state"];
  try {
    return join(home(), ...parts);
  } catch (cause) {
    throw new LockwrightError(
      "LW_STORE_UNAVAILABLE",
      "this user has no home folder to keep locks in: name a store by --store or LOCKWRIGHT_STORE",
      { cause },
    );
  }
}

/** Replaces user and password in every URL of a text, and passwords in its query; file names are left alone. */
export function maskCredentials(text: string): string {
  return text
    .replace(
      /\b(?!sqlite:)([a-z][a-z0-9+.-]*:)(\/\/)?[^\s"'`]*@/gi,
      (_, scheme: string, slashes = "") => `${scheme}${slashes}***@`,
    )
    .replace(/([?&](?:password|passwd|pwd|auth|token)=)[^&\s"'`]+/gi, "$1***");
}
