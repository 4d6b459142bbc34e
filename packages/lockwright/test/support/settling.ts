/** Small steps that many tests of locks take. */
import type { LockwrightError } from "../../src/index.js";

/** Lets everything that needs no timer happen. */
export async function settle(steps = 20): Promise<void> {
  for (let step = 0; step < steps; step += 1) await Promise.resolve();
}

/** Gives what `promise` rejects with; a promise that resolves is an error of its own. */
export async function rejectionOf<E = LockwrightError>(promise: Promise<unknown>): Promise<E> {
  return promise.then(
    () => {
      throw new Error("expected a rejection, but it resolved");
    },
    (error: E) => error,
  );
}

/** Gives the code that `promise` rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await rejectionOf(promise)).code;
}
