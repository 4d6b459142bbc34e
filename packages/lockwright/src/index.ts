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
  Guard,
  LocalLock,
  Lock,
  LockOptions,
  LockStats,
  RunOptions,
  WaitOptions,
  WaitOrder,
} from "./primitives/lock.js";
export { type AdaptiveGuard, AdaptiveLimiter, type AdaptiveLimiterOptions } from "./primitives/adaptive-limiter.js";
export type { MapOptions, MapProgress } from "./primitives/map-options.js";
export { Mutex } from "./primitives/mutex.js";
export { type RateCheck, RateLimiter, type RateLimiterOptions } from "./primitives/rate-limiter.js";
export { Semaphore } from "./primitives/semaphore.js";
export { TaskGroup, type TaskGroupOptions } from "./primitives/task-group.js";
