/**
 * The async context of a callback that the explorer calls itself (timers, ticks): it runs in the context of the one who
 * asked, as Node would have it. Without async_hooks (a browser) there is no context to keep.
 */
import { modules } from "../natives.js";

/** Calls a function in the async context in which the scope was made. */
export interface Scope {
  runInAsyncScope<A extends unknown[]>(fn: (...args: A) => unknown, self: unknown, ...args: A): unknown;
}

const plain: Scope = {
  runInAsyncScope: (fn, self, ...args) => fn.apply(self, args),
};

/** What the hook on real I/O sees of a scope: the one who asked for the callback is whom its requests come from. */
export const SCOPE_TYPE = "LockwrightExplore";

/** Remembers the present async context. */
export function currentScope(): Scope {
  const { asyncHooks } = modules;
  return asyncHooks === undefined ? plain : new asyncHooks.AsyncResource(SCOPE_TYPE);
}
