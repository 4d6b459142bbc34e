/** Ways into the cores of locks, for tests that check invariants on the real thing. */
import type { FaceCore } from "../../../src/core/face-core.js";
import type { KeyDirectory } from "../../../src/core/key-table.js";
import type { ReadWriteCore } from "../../../src/core/read-write-core.js";
import type { LocalLock } from "../../../src/index.js";

/** Gives the core that all faces of a read-write lock share. */
export function coreOfFace(face: LocalLock): ReadWriteCore {
  return (face as unknown as { core: FaceCore }).core.shared;
}

/** Gives the table of a keyed lock. */
export function tableOf(lock: unknown): KeyDirectory<unknown> {
  return (lock as { table: KeyDirectory<unknown> }).table;
}
