/** Leases: locks that several processes or machines share. */
export { fence } from "./fencing/fence.js";
export type { SqliteStatement, SqliteTransaction } from "./fencing/fence-sqlite.js";
export { fencedWriteFile, type FencedWriteOptions } from "./fencing/fenced-write-file.js";
export type { Lease } from "./lease.js";
export { LockSpace, type LockSpaceOptions, type LockSpaceStats } from "./lock-space.js";
export type {
  Capabilities,
  CellStore,
  Command,
  HolderState,
  KeeperConnection,
  KeeperModule,
  KeeperSource,
  Liveness,
  LockStore,
  ResourceState,
  ResourceSummary,
  Result,
  WaiterState,
} from "./lock-store.js";
export { openLockSpace, openLockStore } from "./open-lock-space.js";
export type { LeaseSet } from "./recipes/acquire-all.js";
export type { Cell, CellValue } from "./recipes/cell.js";
export type { LeaseElection } from "./recipes/election.js";
export type { AcquireLeaseOptions, LeaseLock, LeaseLockOptions } from "./recipes/lease-lock.js";
export type { LeaseReadWriteLock, ReadLease } from "./recipes/read-write-lock.js";
export type { LeaseSemaphore } from "./recipes/semaphore.js";
