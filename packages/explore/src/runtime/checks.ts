/**
 * The checks that a body registered. They run at quiescence, never inside a chain of microtasks: a hand-over has states in
 * between that are no fault.
 */
interface Check {
  readonly name: string;
  readonly check: () => unknown;
}

/** A list of checks. */
export class Checks {
  readonly #checks: Check[] = [];

  add(check: () => unknown, name: string): void {
    this.#checks.push({ check, name });
  }

  get isEmpty(): boolean {
    return this.#checks.length === 0;
  }

  /** Runs all in order of registration; throws what the first one that does not hold throws, or that it does not hold. */
  run(): void {
    for (const { check, name } of this.#checks) {
      const result = check();
      if (result === false) throw new Error(`${name} does not hold`);
      if (typeof (result as PromiseLike<unknown> | null | undefined)?.then === "function") refusePromise(result, name);
    }
  }
}

/** A promise is true to `if` and late for a moment of quiescence: taken for an answer it would hide every fault. */
function refusePromise(promise: unknown, name: string): never {
  Promise.resolve(promise).catch(() => {});
  throw new TypeError(`${name} must be synchronous, it gave a promise`);
}
