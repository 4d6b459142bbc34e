/** Opens the locks a command is about. */
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { LockwrightError } from "../errors.js";
import { LockSpace, type LockSpaceOptions } from "../leases/lock-space.js";
import { openLockStore } from "../leases/open-lock-space.js";
import { maskCredentials, storeUrl } from "./store-url.js";
import { UsageError } from "./usage-error.js";

/** What of a command's context decides which store it is. */
export interface StoreContext {
  readonly store: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

/** Opens the space and its store; closing the space closes both. Renewal is on the loop unless `options` say otherwise. */
export async function openSpace(context: StoreContext, options: LockSpaceOptions = {}): Promise<LockSpace> {
  const { url, from, folder } = storeUrl({ option: context.store, env: context.env, cwd: context.cwd });
  if (folder !== undefined) makeFolder(folder);
  let store;
  try {
    store = await openLockStore(url);
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) {
      const message = error.message.replace("memory:, ", ""); // refused here, so not to be offered
      throw new UsageError(maskCredentials(`${from}: ${message}`));
    }
    throw error;
  }
  try {
    return new LockSpace({ renewal: "loop", ...options, store, ownsStore: true });
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Runs `act` on the opened space and closes it. */
export async function withSpace(context: StoreContext, act: (space: LockSpace) => Promise<number>): Promise<number> {
  const space = await openSpace(context);
  try {
    return await act(space);
  } finally {
    await space.close();
  }
}

function makeFolder(folder: string): void {
  try {
    makeFolders(folder);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? "failed";
    const message = `cannot create ${folder} for the lock database (${why}): name a store by --store or LOCKWRIGHT_STORE`;
    throw new LockwrightError("LW_STORE_UNAVAILABLE", message, { cause });
  }
}

/** Like `mkdir -p`. Node's own `recursive` never returns where a folder that exists says ENOENT to a new one, as /proc does. */
function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolders(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error; // another process was faster
  }
}
