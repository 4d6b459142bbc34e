/** What the tests of primitives share: letting things happen, and looking at how they ended. */
import type { LockwrightError } from "../../src/index.js";

/** Lets everything that needs no timer happen. */
export async function settle(steps = 40): Promise<void> {
  for (let step = 0; step < steps; step += 1) await Promise.resolve();
}

/** Gives the code of a rejection, or what it is as text. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "resolved",
    (error: LockwrightError) => error?.code ?? String(error),
  );
}

/** A promise that is settled by hand. */
export class Gate<T = void> {
  readonly promise: Promise<T>;
  open!: (value: T) => void;
  break!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.open = resolve;
      this.break = reject;
    });
  }
}
