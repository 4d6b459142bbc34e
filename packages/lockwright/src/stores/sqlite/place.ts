/**
 * Where the database may lie, and whether it is still there.
 *
 * SQLite's WAL needs memory shared by all its users, and our clock and sockets need one machine: a file on a network or
 * a passed-through host file system would look as if it worked and corrupt or double-grant, so it is refused.
 */
import { realpathSync, statfsSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { LockwrightError } from "../../errors.js";
import { finalError } from "../../leases/lock-store.js";

/** statfs types (Linux, <linux/magic.h>) of file systems that reach another machine or another kernel. */
const FOREIGN: Record<number, string> = {
  0x6969: "NFS",
  0x517b: "SMB",
  0xff534d42: "CIFS",
  0xfe534d42: "SMB2",
  0x01021997: "9p",
  0x65735546: "FUSE",
  0x00c36400: "Ceph",
  0x5346414f: "AFS",
  0x6b414653: "AFS",
  0x73757245: "Coda",
  0x0bd00bd0: "Lustre",
  0x01161970: "GFS2",
  0x7461636f: "OCFS2",
  0x47504653: "GPFS",
  0x19830326: "BeeGFS",
  0x786f4256: "VirtualBox shared folder",
  0xbacbacbc: "VMware shared folder",
};

/** The name of the file system if a lock database must not lie on it; `type` as `fs.statfs` gives it. */
export function foreignFileSystem(type: number): string | undefined {
  return FOREIGN[type >>> 0];
}

/** The absolute path of the database, links in its folder resolved, or the error that says why it cannot lie there. */
export function placeOf(path: string, statfs: (folder: string) => { readonly type: number } = statfsSync): string {
  if (process.platform !== "linux" && process.platform !== "darwin") {
    const message = `the sqlite store runs on Linux and macOS, not on ${process.platform}: it needs unix sockets that die with their process`;
    throw new LockwrightError("LW_STORE_UNAVAILABLE", message);
  }
  const absolute = resolve(path);
  const folder = dirname(absolute);
  let real: string;
  let type: number;
  try {
    real = realpathSync(folder);
    ({ type } = statfs(real));
  } catch (cause) {
    throw new LockwrightError("LW_STORE_UNAVAILABLE", `the folder ${folder} of the lock database cannot be read`, {
      cause,
    });
  }
  const foreign = process.platform === "linux" ? foreignFileSystem(type) : undefined;
  if (foreign === undefined) return followFile(join(real, basename(absolute)));
  const message = `${absolute} lies on a network or shared file system (${foreign}), where SQLite cannot keep locks: put the database on a local disk`;
  throw new LockwrightError("LW_STORE_UNAVAILABLE", message);
}

/** Two names of one file must lead to one WAL: SQLite names it after the path it was given. */
function followFile(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there yet
  }
}

/** Tells whether a path still leads to the file it led to at first. */
export class FileIdentity {
  readonly #path: string;
  readonly #device: number;
  readonly #inode: number;

  constructor(path: string) {
    const { dev, ino } = statSync(path);
    this.#path = path;
    this.#device = dev;
    this.#inode = ino;
  }

  /**
   * Throws `LW_STORE_UNAVAILABLE` if the file was removed or replaced. SQLite itself would go on with the unlinked file,
   * beside another process that holds the same lock in the new one.
   */
  check(): void {
    const found = statSync(this.#path, { throwIfNoEntry: false });
    if (found?.ino === this.#inode && found.dev === this.#device) return;
    const what = found === undefined ? "removed" : "replaced";
    const message = `the lock database ${this.#path} was ${what} while in use; restart every process that uses it`;
    throw finalError(new LockwrightError("LW_STORE_UNAVAILABLE", message));
  }
}
