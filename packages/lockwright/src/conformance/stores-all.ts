/** The whole list of store cases. */
import { commandCases } from "./stores-commands.js";
import { leaseCases } from "./stores-leases.js";
import { recipeCases } from "./stores-recipes.js";
import { sharedCases } from "./stores-shared.js";
import { spaceCases } from "./stores-spaces.js";
import type { StoreCase } from "./stores.js";

export type { StoreCase, StoreNeed, StoreSubject, StoreWorld } from "./stores.js";

/**
 * Everything a store must do, for any test runner.
 *
 * **When to use** To hold a store of your own to the contract of ours. Run it against the real server or file.
 *
 * **Example**
 * ```ts
 * import { storeCases, type StoreSubject } from "lockwright/conformance";
 * import { memoryStore, MemoryWorld } from "lockwright/stores/memory";
 *
 * const subject: StoreSubject = {
 *   name: "memory",
 *   has: ["fencing:tokens", "fifo", "two-connections"],
 *   make: async () => {
 *     const world = new MemoryWorld();
 *     return { open: async () => memoryStore({ world }), destroy: async () => {} };
 *   },
 * };
 * for (const each of storeCases) {
 *   if (each.needs.every((need) => subject.has.includes(need))) await each.run(subject);
 * }
 * ```
 */
export const storeCases: readonly StoreCase[] = [
  ...commandCases,
  ...spaceCases,
  ...sharedCases,
  ...recipeCases,
  ...leaseCases,
];
