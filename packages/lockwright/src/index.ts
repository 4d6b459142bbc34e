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
export { acquireAll } from "./primitives/acquire-all.js";
export { type AdaptiveGuard, AdaptiveLimiter, type AdaptiveLimiterOptions } from "./primitives/adaptive-limiter.js";
export { AutoResetEvent } from "./primitives/auto-reset-event.js";
export { Barrier, type BarrierOptions } from "./primitives/barrier.js";
export { CapacityLimiter } from "./primitives/capacity-limiter.js";
export { Condition } from "./primitives/condition.js";
export { CountDownLatch } from "./primitives/count-down-latch.js";
export { KeyedMutex, type KeyedMutexOptions } from "./primitives/keyed-mutex.js";
export { KeyedSemaphore } from "./primitives/keyed-semaphore.js";
export { LifoQueue } from "./primitives/lifo-queue.js";
export { type EventOptions, ManualResetEvent } from "./primitives/manual-reset-event.js";
export type { MapOptions, MapProgress } from "./primitives/map-options.js";
export { Mutex } from "./primitives/mutex.js";
export { PriorityQueue, type PriorityQueueOptions } from "./primitives/priority-queue.js";
export { Queue, type QueueOptions, type QueueProducer, type QueueStats } from "./primitives/queue.js";
export { type RateCheck, RateLimiter, type RateLimiterOptions } from "./primitives/rate-limiter.js";
export {
  type ReadGuard,
  ReadWriteLock,
  type ReadWriteLockOptions,
  type ReadWritePolicy,
  type UpgradeableGuard,
  type WriteGuard,
} from "./primitives/read-write-lock.js";
export { type ReentrantGuard, ReentrantMutex } from "./primitives/reentrant-mutex.js";
export { Semaphore } from "./primitives/semaphore.js";
export { SingleFlight } from "./primitives/single-flight.js";
export { type OptimisticOptions, type Stamp, StampedLock } from "./primitives/stamped-lock.js";
export { StripedMutex, type StripedMutexOptions } from "./primitives/striped-mutex.js";
export { TaskGroup, type TaskGroupOptions } from "./primitives/task-group.js";
export { taskScope, trackOwners } from "./primitives/task-scope.js";
