/**
 * Whose body runs: the guard of the `run` body whose synchronous first part is on the stack just now.
 *
 * A lock asked for in that part is asked for by the body, and most likely awaited by it. It is the only evidence there is
 * about code without scopes, costs two writes per `run`, and is no proof: the body may let the promise float. Hence a
 * knot that rests on it is believed only when it stands (verdict.ts).
 */
import { HELD, type Permit } from "./guard.js";

let current: Permit | undefined;

/** Calls a `run` body that holds `permit`. */
export function callBody<G, T>(
  permit: Permit,
  fn: (guard: G, signal: AbortSignal) => T,
  guard: G,
  signal: AbortSignal,
): T {
  const outer = current;
  current = permit;
  try {
    return fn(guard, signal);
  } finally {
    current = outer;
  }
}

/** Calls `fn` as code of its own: what it asks for is not asked for by the body around it. */
export function callApart<T>(fn: () => T): T {
  const outer = current;
  current = undefined;
  try {
    return fn();
  } finally {
    current = outer;
  }
}

/** Gives the guard of the body on the stack, if it is still held. */
export function bodyOnStack(): Permit | undefined {
  return current?.state === HELD ? current : undefined;
}

/** Answers, at the price of a load, whether a body is on the stack. */
export function isInBody(): boolean {
  return current !== undefined;
}
