/** The whole list of lock cases. */
import { cancelCases } from "./locks-cancel.js";
import { coreCases, type LockCase, runCases } from "./locks.js";

export type { LockCase, LockNeed, LockSubject } from "./locks.js";

/**
 * Everything a lock must do, for any test runner.
 *
 * **When to use** To hold a lock of your own, or one built on ours, to the same contract.
 *
 * **Example**
 * ```ts
 * import { Semaphore } from "lockwright";
 * import { lockCases } from "lockwright/conformance";
 *
 * const subject = { name: "Semaphore(2)", has: ["signal", "timeout"] as const, make: () => new Semaphore(2) };
 * for (const each of lockCases) {
 *   if (each.needs.every((need) => subject.has.some((has) => has === need))) await each.run(subject);
 * }
 * ```
 */
export const lockCases: readonly LockCase[] = [...coreCases, ...runCases, ...cancelCases];
