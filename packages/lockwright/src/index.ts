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
export { AutoResetEvent } from "./primitives/auto-reset-event.js";
export { Barrier, type BarrierOptions } from "./primitives/barrier.js";
export { Condition } from "./primitives/condition.js";
export { CountDownLatch } from "./primitives/count-down-latch.js";
export { LifoQueue } from "./primitives/lifo-queue.js";
export { type EventOptions, ManualResetEvent } from "./primitives/manual-reset-event.js";
export { Mutex } from "./primitives/mutex.js";
export { PriorityQueue, type PriorityQueueOptions } from "./primitives/priority-queue.js";
export { Queue, type QueueOptions, type QueueProducer, type QueueStats } from "./primitives/queue.js";
export { Semaphore } from "./primitives/semaphore.js";
export { SingleFlight } from "./primitives/single-flight.js";
