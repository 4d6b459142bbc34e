/** lockwright: locks for one event loop. Leases live in `lockwright/leases`. */
export {
  DeadlockError,
  type DeadlockEdge,
  LeaseLostError,
  type LeaseLoss,
  LockwrightError,
  type LockwrightErrorCode,
  StaleTokenError,
  type StaleToken,
} from "./errors.js";
export type {
  AcquireOptions,
  DeadlockMode,
  Guard,
  LocalLock,
  Lock,
  LockOptions,
  LockStats,
  RunOptions,
  WaitOptions,
  WaitOrder,
} from "./primitives/lock.js";
export { Mutex } from "./primitives/mutex.js";
export { type ReentrantGuard, ReentrantMutex } from "./primitives/reentrant-mutex.js";
export { Semaphore } from "./primitives/semaphore.js";
export { taskScope, trackOwners } from "./primitives/task-scope.js";
