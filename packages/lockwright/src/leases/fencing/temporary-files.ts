/** The files that fenced writes go through: where they lie, what they are called, when they are rubbish. */
import { createHash } from "node:crypto";
import { readdir, readlink, realpath, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { platform } from "../../platform.js";
import type { HeldLease } from "../lease.js";

/** Age, in milliseconds, at which a file of an older token of the same lock is removed; of any lock. */
const STALE_AGE_MS = 60_000;
const LOST_AGE_MS = 86_400_000;
const MAX_LINKS = 40;

// .lockwright-<lock>-<token>-<id>.tmp: nothing of the target's name, which may be as long as a name can be
const PATTERN = /^\.lockwright-([0-9a-f]{16})-(\d+)-\w+\.tmp$/;

/** The folders each lease has already swept. */
const swept: WeakMap<HeldLease, Set<string>> = new WeakMap();

/** Names one lock of one store. */
function lockKey(lease: HeldLease): string {
  const key = `${lease.session.store.location}\n${lease.grant.resource}`;
  return createHash("sha256").update(key).digest("hex").slice(0, 16);
}

/** A new name beside the target, so that a rename stays on one file system. */
export function temporaryName(folder: string, lease: HeldLease): string {
  return join(folder, `.lockwright-${lockKey(lease)}-${lease.token}-${platform.newId()}.tmp`);
}

/** The file that `path` leads to through symbolic links, whether or not it is there yet. */
export async function targetOf(path: string): Promise<string> {
  let at = resolve(path);
  for (let links = 0; links < MAX_LINKS; links += 1) {
    try {
      return await realpath(at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
    const link = await readlink(at).catch(() => undefined);
    if (link === undefined) return at;
    at = resolve(dirname(at), link);
  }
  throw new Error(`${path} leads through too many symbolic links`);
}

/**
 * Removes, once per lease and folder, what killed writers left: files of this lock with an older token after a minute
 * (their writers can never commit, and the minute is for permits of a semaphore, which can), of other locks after a day.
 */
export async function sweepLeftovers(folder: string, lease: HeldLease): Promise<void> {
  const folders = swept.get(lease) ?? new Set();
  if (folders.has(folder)) return;
  swept.set(lease, folders.add(folder));
  const ours = lockKey(lease);
  const names = await readdir(folder).catch(() => []); // the write itself will say what is wrong with the folder
  for (const name of names) {
    const match = PATTERN.exec(name);
    if (match === null) continue;
    const isOlder = match[1] === ours && BigInt(match[2] as string) < lease.token;
    await removeIfOld(join(folder, name), isOlder ? STALE_AGE_MS : LOST_AGE_MS);
  }
}

async function removeIfOld(file: string, age: number): Promise<void> {
  try {
    const { mtimeMs } = await stat(file);
    if (platform.wallNow() - mtimeMs > age) await unlink(file);
  } catch {
    // another holder is sweeping too, or it is not ours to remove
  }
}
