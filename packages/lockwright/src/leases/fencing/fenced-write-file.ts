/**
 * Replacing a file under a lease.
 *
 * Invariants:
 * - **W1 Whole.** The target is only ever replaced by a rename of a complete, synced file: a reader sees the old content
 *   or the new, after a kill or a power cut too.
 * - **W2 Fenced.** The rename happens inside the lock store's write lock, after the store itself said that this token
 *   holds. Nobody can be granted the lock between that look and the rename.
 * - **W3 Clean.** A failed write removes its temporary file; what a killed writer left is removed by a later holder.
 *
 * Why not check the token and then rename: the holder may be stopped between the two for as long as it takes.
 */
import { constants, renameSync } from "node:fs";
import { type FileHandle, open, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { StaleTokenError } from "../../errors.js";
import type { HeldLease, Lease } from "../lease.js";
import { describe } from "../names.js";
import { heldLeaseOf } from "./held-lease-of.js";
import { sweepLeftovers, targetOf, temporaryName } from "./temporary-files.js";

/** How `fencedWriteFile` writes. */
export interface FencedWriteOptions {
  /** The encoding of a string. Default "utf8". */
  readonly encoding?: BufferEncoding;
  /** Whether to wait until the disk has it. Default true; without, a power cut (not a kill) may bring the old file back, or an empty one. */
  readonly fsync?: boolean;
}

/**
 * Replaces the content of a file, if `lease` is still the holder at that very moment.
 *
 * The data goes to a temporary file beside the target and is synced; then, under the lock store's write lock, the store
 * says whether the lease still holds, and the file is renamed over the target. So a holder that was frozen, or lost its
 * lease without noticing, changes nothing, and a reader sees the old content or the new, never a part.
 *
 * The target keeps its permission bits but becomes a new file (owner, hard links and extended attributes are not
 * carried over). A symbolic link stays, and the file it leads to is replaced. Works with stores that can act under
 * their lock: memory (for one process) and sqlite.
 *
 * **Errors** `StaleTokenError` (the file is untouched), `LeaseLostError`, `LW_NOT_HELD`, `LW_STORE_UNAVAILABLE`; `TypeError`
 * for bad arguments or a store that cannot; what the file system throws passes through.
 *
 * **Example**
 * ```ts
 * import { mkdtemp, readFile } from "node:fs/promises";
 * import { fencedWriteFile, openLockSpace } from "lockwright/leases";
 *
 * const folder = await mkdtemp("/tmp/stock-");
 * const space = await openLockSpace("memory:");
 * await space.mutex("stock").run(async (lease) => {
 *   const stock = JSON.parse(await readFile(`${folder}/stock.json`, "utf8").catch(() => '{"sold":0}'));
 *   stock.sold += 1;
 *   await fencedWriteFile(`${folder}/stock.json`, JSON.stringify(stock), lease);
 * });
 * console.log(await readFile(`${folder}/stock.json`, "utf8")); // {"sold":1}
 * await space.close();
 * ```
 */
export async function fencedWriteFile(
  path: string,
  data: string | Uint8Array,
  lease: Lease,
  options: FencedWriteOptions = {},
): Promise<void> {
  const { encoding = "utf8", fsync = true } = options;
  checkArguments(path, data, encoding, fsync);
  const held = heldLeaseOf(lease, "fencedWriteFile");
  if (held.session.store.commit === undefined) {
    throw new TypeError(
      `fencedWriteFile cannot work with a ${held.session.store.name} store: it has no way to act under its own lock`,
    );
  }
  held.check();
  const target = await targetOf(path);
  const folder = dirname(target);
  const temporary = temporaryName(folder, held);
  await sweepLeftovers(folder, held);
  try {
    await writeWhole(
      temporary,
      await modeOf(target),
      typeof data === "string" ? Buffer.from(data, encoding) : data,
      fsync,
    );
    held.check(); // cheap, and spares the store a question whose answer is known
    await renameAsHolder(temporary, target, held);
  } catch (error) {
    await unlink(temporary).catch(() => {}); // never made, or already gone: the first error is the one to tell
    throw error;
  }
  if (fsync) await syncFolder(folder); // after the rename, or a power cut could undo it
}

function checkArguments(path: unknown, data: unknown, encoding: unknown, fsync: unknown): void {
  if (typeof path !== "string" || path === "")
    throw new TypeError(`path must be the name of a file, got ${describe(path)}`);
  if (typeof data !== "string" && !(data instanceof Uint8Array))
    throw new TypeError(`data must be a string or a Uint8Array, got ${describe(data)}`);
  if (typeof encoding !== "string" || !Buffer.isEncoding(encoding))
    throw new TypeError(`encoding must be one that Buffer knows, got ${describe(encoding)}`);
  if (typeof fsync !== "boolean") throw new TypeError(`fsync must be true or false, got ${describe(fsync)}`);
}

/** The permission bits of the file to be replaced; undefined where there is none. */
async function modeOf(target: string): Promise<number | undefined> {
  let found;
  try {
    found = await stat(target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (!found.isFile()) throw new TypeError(`path must name a regular file, or none yet; ${target} is something else`);
  return found.mode & 0o7777;
}

async function writeWhole(
  temporary: string,
  mode: number | undefined,
  data: Uint8Array,
  fsync: boolean,
): Promise<void> {
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  const file: FileHandle = await open(temporary, O_CREAT | O_EXCL | O_WRONLY, mode === undefined ? 0o666 : 0o600);
  try {
    await file.writeFile(data);
    if (mode !== undefined) await file.chmod(mode); // open's mode is cut by the umask
    if (fsync) await file.sync();
  } finally {
    await file.close();
  }
}

/** Renames while the store lets nobody else in [W2]. */
async function renameAsHolder(temporary: string, target: string, held: HeldLease): Promise<void> {
  const { store } = held.session;
  const { resource, id } = held.grant;
  const { token } = held;
  let isDone = false;
  const rename = (): void => {
    if (!isDone) renameSync(temporary, target); // synchronous: the store's lock is held for no longer than this
    isDone = true; // a store may run this again after a failed end of its transaction
  };
  const current = await store.commit?.({ resource, id, token }, rename);
  if (current === undefined) return;
  held.lose("gone");
  const seen = current === token ? "it has ended" : `the store has given out ${current}`;
  throw new StaleTokenError(`"${held.name}": token ${token} is stale, ${seen}; ${target} is untouched`, {
    lock: held.name,
    token,
    current,
  });
}

async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(folder, constants.O_RDONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") return; // may be written to but not read: the kernel syncs it in its own time
    throw error;
  }
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
