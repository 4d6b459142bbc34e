/** The contracts of locks and stores as lists of cases, for any test runner. */
export { type LockCase, lockCases, type LockNeed, type LockSubject } from "./locks-all.js";
export { type StoreCase, storeCases, type StoreNeed, type StoreSubject, type StoreWorld } from "./stores-all.js";
