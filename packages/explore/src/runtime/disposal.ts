/**
 * Disposal of resources in transformed code: {@link ad} for a Node that runs `await using` itself, {@link du} for one that
 * does not know the syntax. What a dispose scope owes, [D1] to [D4], stands at the head of `transform/disposal.ts`; the
 * awaits themselves stand in the user's function, so they cost the ticks the language's would.
 */
import type { Activation } from "./activation.js";
import { c, p } from "./point.js";
import { currentRun } from "./run.js";

type Dispose = () => unknown;

interface Disposer {
  readonly dispose: Dispose;
  /** The synchronous method, also in place of an asynchronous one. */
  readonly isSync: boolean;
}

function disposerOf(resource: unknown, isAsync: boolean): Disposer {
  if (Object(resource) !== resource) throw new TypeError(`${String(resource)} is no object, so it cannot be disposed`);
  const methods = resource as { [Symbol.asyncDispose]?: unknown; [Symbol.dispose]?: unknown };
  const dispose = isAsync ? methods[Symbol.asyncDispose] : undefined;
  if (typeof dispose === "function") return { dispose: dispose as Dispose, isSync: false };
  if (dispose !== undefined && dispose !== null) throw new TypeError("Symbol.asyncDispose is not a function");
  const sync = methods[Symbol.dispose];
  if (typeof sync !== "function") throw new TypeError("the resource has no method to dispose it");
  return { dispose: sync as Dispose, isSync: true };
}

/** Gives what a native `await using` disposes in place of `resource`: the disposal is a point. */
export function ad(activation: Activation | null, site: number, resource: unknown): unknown {
  if (activation === null || activation.run !== currentRun() || resource === null || resource === undefined)
    return resource;
  const { dispose, isSync } = disposerOf(resource, true);
  return {
    [Symbol.asyncDispose](): unknown {
      c(activation);
      let result: unknown;
      try {
        result = Reflect.apply(dispose, resource, []);
        if (isSync) result = undefined;
      } catch (error) {
        // The language awaits the rejection of its own adapter of a sync disposer; a throw of an async one goes on at once.
        if (!isSync) throw error;
        result = Promise.reject<never>(error);
      }
      return p(activation, site, 0, result);
    },
  };
}

/** The language's SuppressedError, or one in its shape where there is none. */
class Suppressed extends Error {
  readonly error: unknown;
  readonly suppressed: unknown;

  constructor(error: unknown, suppressed: unknown) {
    super();
    this.error = error;
    this.suppressed = suppressed;
    this.name = "SuppressedError";
  }
}

type MakeSuppressed = new (error: unknown, suppressed: unknown) => Error;

const SuppressedError: MakeSuppressed =
  (globalThis as { SuppressedError?: MakeSuppressed }).SuppressedError ?? Suppressed;

interface Resource extends Disposer {
  readonly value: unknown;
  readonly isAsync: boolean;
}

/** The resources of one block whose `using` was lowered. */
class DisposeScope {
  /** What `next` found must be awaited. */
  result: unknown = undefined;
  readonly #resources: Resource[] = [];
  /** A null or undefined resource was met: one await is owed, if nothing else awaits. */
  #owesAwait = false;
  #hasAwaited = false;
  #failure: { readonly error: unknown } | undefined = undefined;

  add(value: unknown, isAsync: boolean): void {
    if (value !== null && value !== undefined) this.#resources.push({ value, isAsync, ...disposerOf(value, isAsync) });
    else if (isAsync) this.#resources.push({ value, isAsync, dispose: () => undefined, isSync: true });
  }

  fail(error: unknown): void {
    this.#failure = { error: this.#failure === undefined ? error : new SuppressedError(error, this.#failure.error) };
  }

  /** Disposes of what needs no await, up to the next that does; false when nothing is left. */
  next(activation: Activation | null, site: number): boolean {
    for (;;) {
      const last = this.#resources.at(-1);
      if (this.#owesAwait && !this.#hasAwaited && last?.isAsync !== true)
        return this.#await(activation, site, undefined);
      if (last === undefined) return false;
      this.#resources.pop();
      if (last.value === null || last.value === undefined) this.#owesAwait = true;
      else if (this.#dispose(last, activation, site)) return true;
    }
  }

  /** True when something must be awaited. */
  #dispose({ value, isAsync, isSync, dispose }: Resource, activation: Activation | null, site: number): boolean {
    try {
      const given = Reflect.apply(dispose, value, []) as unknown;
      return isAsync && this.#await(activation, site, isSync ? undefined : given);
    } catch (error) {
      if (isAsync && isSync) return this.#await(activation, site, Promise.reject<never>(error));
      this.fail(error);
      return false;
    }
  }

  #await(activation: Activation | null, site: number, value: unknown): true {
    this.#hasAwaited = true;
    this.result = p(activation, site, 0, value);
    return true;
  }

  /** Throws what is kept. */
  end(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Makes the stack of resources of one block. */
export function du(): object {
  return new DisposeScope();
}
