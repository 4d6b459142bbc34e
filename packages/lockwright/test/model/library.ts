/** What a model runs on: the library as it is, or a mutant of it. */
import type { Body } from "@lockwright/explore";
import type * as index from "../../src/index.js";
import type * as leases from "../../src/leases/index.js";
import type * as memory from "../../src/stores/memory.js";

type Face = typeof index & typeof leases & typeof memory;

/** The parts of the library that models use. */
export type Library = Pick<
  Face,
  | "Barrier"
  | "Condition"
  | "LeaseLostError"
  | "LockSpace"
  | "MemoryWorld"
  | "Mutex"
  | "Queue"
  | "ReadWriteLock"
  | "Semaphore"
  | "SingleFlight"
  | "TaskGroup"
  | "acquireAll"
  | "memoryStore"
>;

/** Bodies by title. */
export type Models = Readonly<Record<string, (library: Library) => Body>>;

/** Loads the library; with a name the mutant of that name, a copy of the whole module graph with one line changed. */
export async function loadLibrary(mutant?: string): Promise<Library> {
  const query = mutant === undefined ? "" : `?mutant=${mutant}`;
  const load = (file: string): Promise<object> => import(/* @vite-ignore */ `../../src/${file}${query}`);
  const parts = await Promise.all(["index.ts", "leases/index.ts", "stores/memory.ts"].map(load));
  return Object.assign({}, ...parts) as Library;
}
