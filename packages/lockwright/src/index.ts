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
