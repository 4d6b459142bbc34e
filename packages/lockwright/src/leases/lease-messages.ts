/** What the errors of waiting say. */
import { LockwrightError } from "../errors.js";
import { EXCLUSIVE, type HolderState, type Result } from "./lock-store.js";

/** Who holds it, for a message. */
function describeHolding(holder: HolderState): string {
  return `held by ${holder.label ?? `process ${holder.process}`} for ${Math.round(holder.heldFor)} ms with token ${holder.token}`;
}

/** The error for an answer that says: never. */
export function refusal(name: string, result: Result): LockwrightError {
  if (result.type !== "refused") {
    return new LockwrightError("LW_NOT_HELD", `"${name}" cannot be upgraded: its read lease is no longer held`);
  }
  if (result.why === "weight") {
    return new LockwrightError(
      "LW_WEIGHT",
      `"${name}" has ${result.capacity} permits: the weight asked for can never fit`,
    );
  }
  if (result.why === "kind") {
    const kind =
      result.capacity === EXCLUSIVE ? "a mutex or read-write lock" : `a semaphore of ${result.capacity} permits`;
    return new LockwrightError(
      "LW_CONFLICT",
      `"${name}" is in use as ${kind}; use another name for another kind of lock`,
    );
  }
  const message = `"${name}": another reader already waits to upgrade, and each would wait for the other's read lease; release and acquire the write lock`;
  return new LockwrightError("LW_DEADLOCK", message);
}

export function timeoutError(name: string, timeout: number, holder: HolderState | undefined): LockwrightError {
  const since = holder === undefined ? "" : `; ${describeHolding(holder)}`;
  return new LockwrightError("LW_TIMEOUT", `"${name}" was not free within ${timeout} ms${since}`);
}
