/**
 * Opens a lock space by URL, loading only the store it needs.
 */
import { LockSpace, type LockSpaceOptions } from "./lock-space.js";
import type { LockStore } from "./lock-store.js";
import { describe } from "./names.js";

/** URL schemes and the module that makes their store; the one place where this floor looks up to the stores. */
const SCHEMES: Record<string, (rest: string) => Promise<LockStore>> = {
  "memory:": async () => (await import("../stores/memory.js")).memoryStore(),
  "sqlite:": async (rest) => (await import("../stores/sqlite.js")).sqliteStore({ path: pathOf(rest) }),
};

/**
 * Opens the space of locks that `url` names and owns its store.
 *
 * `memory:` lives in this process; `sqlite:./locks.db` is a file that processes of one machine share.
 *
 * **Errors** `TypeError`, `RangeError` for a bad URL; `LW_STORE_UNAVAILABLE` when the store cannot be opened; `LW_PROTOCOL`
 * when a newer lockwright wrote it.
 */
export async function openLockSpace(url: string, options: LockSpaceOptions = {}): Promise<LockSpace> {
  const store = await openLockStore(url);
  try {
    return new LockSpace({ ...options, store, ownsStore: true });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Opens the store that `url` names. */
export async function openLockStore(url: string): Promise<LockStore> {
  if (typeof url !== "string")
    throw new TypeError(`url must be a string such as "sqlite:./locks.db", got ${describe(url)}`);
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase();
  const open = scheme === undefined ? undefined : SCHEMES[scheme];
  if (scheme === undefined || open === undefined) {
    const known = Object.keys(SCHEMES).join(", ");
    throw new RangeError(
      `url must begin with one of ${known}, got ${scheme === undefined ? describe(url) : `scheme ${scheme}`}`,
    );
  }
  return await open(url.slice(scheme.length));
}

/** `sqlite:./a.db`, `sqlite:/a.db` and `sqlite:///a.db` all name a path. */
function pathOf(rest: string): string {
  const path = rest.startsWith("//") ? decodeURIComponent(rest.slice(2)) : rest;
  if (path === "") throw new RangeError('url must name a file, e.g. "sqlite:./locks.db", got none');
  return path;
}
