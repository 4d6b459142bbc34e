/**
 * A runtime that never deviates: the slow, obvious other side of src/transform/runtime-contract.ts. It keeps the identity
 * stack and checks it where the real one may only trust it, so a place where transformed code forgets to pop or to push
 * is found even when the program's own result is right.
 */
import { inspect } from "node:util";
import type { PackedSite } from "../../src/sites.ts";
import type { AccessKind, DisposeScope, TransformRuntime } from "../../src/transform/index.ts";

/** One call of one transformed async function. */
class Call {
  readonly site: number;
  readonly parent: Call | null;
  isOver = false;
  /** Suspended at a `yield`: the next push comes from a caller of `next`, who is on the stack below. */
  isYielded = false;

  constructor(site: number, parent: Call | null) {
    this.site = site;
    this.parent = parent;
  }
}

export interface Access {
  readonly key: unknown;
  readonly kind: AccessKind;
  readonly owner: string;
}

/** What a run saw. */
export interface Seen {
  /** Places where the stack was not what [T1] says. */
  readonly violations: string[];
  /** `owner: text` of each point, in order. */
  readonly points: string[];
  readonly accesses: Access[];
  imports: number;
}

const table: PackedSite[] = [];
const stack: Call[] = [];
let seen: Seen | undefined;

function where(site: number): string {
  const [line, column, kind, text, owner] = table[site] ?? [0, 0, "?", "?", "?"];
  return `${owner} ${line}:${column} ${kind} ${text}`;
}

function violated(what: string, call: Call): void {
  seen?.violations.push(
    `${what} in ${where(call.site)}; stack: [${stack.map((each) => where(each.site)).join(" | ")}]`,
  );
}

function push(call: Call): void {
  if (stack.at(-1) === call) return;
  if (stack.includes(call)) violated("something above was left on the stack", call);
  else if (stack.length > 0 && !call.isYielded) violated("something was left on the stack by whoever ran before", call);
  call.isYielded = false;
  const at = stack.indexOf(call);
  if (at >= 0) stack.length = at;
  stack.push(call);
}

function pop(call: Call): void {
  if (stack.at(-1) !== call) violated("suspends without being on top", call);
  const at = stack.lastIndexOf(call);
  if (at >= 0) stack.length = at;
}

/** Notes a violation unless the function of this name is running; outside a run nothing is known. */
export function checkRunning(name: string): void {
  if (!seen) return;
  const running = stack.at(-1);
  if (!running || table[running.site]?.[3] !== name)
    seen.violations.push(`${name} runs, but the stack is [${stack.map((each) => where(each.site)).join(" | ")}]`);
}

function isCall(activation: object | null): activation is Call {
  return activation instanceof Call;
}

export const referenceRuntime: TransformRuntime = {
  mod(_file, sites) {
    return table.push(...(sites as readonly PackedSite[])) - sites.length;
  },
  enter(site) {
    if (!seen) return null;
    if (table[site]?.[2] !== "function") throw new Error(`enter(${site}) is no site of a function`);
    const call = new Call(site, stack.at(-1) ?? null);
    stack.push(call);
    return call;
  },
  exit(activation) {
    if (!isCall(activation)) return;
    activation.isOver = true;
    const at = stack.lastIndexOf(activation);
    if (at >= 0) stack.length = at;
  },
  p(activation, site, _isDirect, value) {
    if (!isCall(activation)) return value;
    seen?.points.push(`${table[site]?.[4]}: ${table[site]?.[3]}`);
    pop(activation);
    return value;
  },
  d(activation) {
    if (isCall(activation) && stack.at(-1) !== activation)
      violated("begins a direct await without being on top", activation);
    return 1;
  },
  r(activation, value) {
    if (isCall(activation)) push(activation);
    return value;
  },
  c(activation) {
    if (isCall(activation)) push(activation);
  },
  y(activation, value) {
    if (isCall(activation)) {
      pop(activation);
      activation.isYielded = true;
    }
    return value as never;
  },
  it(activation, site, iterable) {
    return isCall(activation) ? (walked(activation, site, iterable) as never) : iterable;
  },
  ad(activation, site, resource) {
    return isCall(activation) ? (disposed(activation, site, resource) as never) : resource;
  },
  du: () => new References(),
  im(loading) {
    if (seen) seen.imports += 1;
    return loading;
  },
  g(object, key, kind, site) {
    if (Object(object) === object) seen?.accesses.push({ key, kind, owner: String(table[site]?.[4]) });
    return object;
  },
  w(value, _object, key, site) {
    seen?.accesses.push({ key, kind: "w", owner: String(table[site]?.[4]) });
    return value;
  },
};

type AnyIterable = Partial<Record<symbol, (() => Iterator<unknown>) | null>>;

function walked(call: Call, site: number, iterable: unknown): unknown {
  const methods = iterable as AnyIterable | null | undefined;
  const isAsync = (methods?.[Symbol.asyncIterator] ?? undefined) !== undefined;
  const method = isAsync ? Symbol.asyncIterator : Symbol.iterator;
  if (typeof methods?.[method] !== "function") return iterable;
  const inner = methods[method]();
  const next = Reflect.get(inner, "next") as () => IteratorResult<unknown>;
  const step = (result: IteratorResult<unknown>): unknown => {
    if (isAsync) return referenceRuntime.p(call, site, 0, result);
    if (Object(result) !== result) return result;
    const { done, value } = result;
    return { done, value: referenceRuntime.p(call, site, 0, value) };
  };
  const wrapped = {
    next: () => step(Reflect.apply(next, inner, [])),
    get return() {
      const close = Reflect.get(inner, "return") as (() => unknown) | null | undefined;
      if (close === undefined || close === null) {
        // The language's adapter of a sync iterator awaits all the same.
        if (!isAsync && stack.at(-1) === call) pop(call);
        return close;
      }
      return () => {
        referenceRuntime.c(call);
        const result = Reflect.apply(close, inner, []) as unknown;
        pop(call);
        return result;
      };
    },
  };
  return { [method]: () => wrapped };
}

function disposed(call: Call, site: number, resource: unknown): unknown {
  if (resource === null || resource === undefined) return resource;
  const { dispose, isSync } = disposerOf(resource, true);
  return {
    [Symbol.asyncDispose]() {
      referenceRuntime.c(call);
      let result: unknown;
      try {
        result = Reflect.apply(dispose, resource, []);
        if (isSync) result = undefined;
      } catch (error) {
        // The language's own adapter of a sync disposer rejects, and that is awaited; a throw of an async one is not.
        if (!isSync) throw error;
        result = Promise.reject(error as Error);
      }
      return referenceRuntime.p(call, site, 0, result);
    },
  };
}

type Disposer = { readonly dispose: () => unknown; readonly isSync: boolean };

function disposerOf(resource: unknown, isAsync: boolean): Disposer {
  if (Object(resource) !== resource) throw new TypeError(`${inspect(resource)} is no object, so it cannot be disposed`);
  const methods = resource as Partial<Record<symbol, () => unknown>>;
  const dispose = isAsync ? methods[Symbol.asyncDispose] : undefined;
  if (typeof dispose === "function") return { dispose, isSync: false };
  if (dispose !== undefined && dispose !== null) throw new TypeError("Symbol.asyncDispose is not a function");
  const sync = methods[Symbol.dispose];
  if (typeof sync !== "function") throw new TypeError("the resource has no method to dispose it");
  return { dispose: sync, isSync: true };
}

const MakeSuppressed =
  (globalThis as { SuppressedError?: new (error: unknown, suppressed: unknown) => Error }).SuppressedError ??
  class SuppressedError extends Error {
    readonly error: unknown;
    readonly suppressed: unknown;
    override name = "SuppressedError";

    constructor(error: unknown, suppressed: unknown) {
      super();
      this.error = error;
      this.suppressed = suppressed;
    }
  };

/** The resources of a lowered block; [D1] to [D4] at the head of disposal.ts. */
class References implements DisposeScope {
  result: unknown;
  readonly #resources: (Disposer & { readonly resource: unknown; readonly isAsync: boolean })[] = [];
  #owesAwait = false;
  #hasAwaited = false;
  #hasError = false;
  #error: unknown;

  add(resource: unknown, isAsync: boolean): void {
    if (resource !== null && resource !== undefined)
      this.#resources.push({ resource, isAsync, ...disposerOf(resource, isAsync) });
    else if (isAsync) this.#resources.push({ resource, isAsync, dispose: () => undefined, isSync: true });
  }

  fail(error: unknown): void {
    this.#error = this.#hasError ? new MakeSuppressed(error, this.#error) : error;
    this.#hasError = true;
  }

  next(activation: object | null, site: number): boolean {
    for (;;) {
      const last = this.#resources.at(-1);
      if (this.#owesAwait && !this.#hasAwaited && !last?.isAsync) return this.#await(activation, site, undefined);
      if (!last) return false;
      this.#resources.pop();
      if (last.isAsync && (last.resource === null || last.resource === undefined)) {
        this.#owesAwait = true;
        continue;
      }
      try {
        const given = Reflect.apply(last.dispose, last.resource, []) as unknown;
        if (last.isAsync) return this.#await(activation, site, last.isSync ? undefined : given);
      } catch (error) {
        if (last.isAsync && last.isSync) return this.#await(activation, site, Promise.reject(error as Error));
        this.fail(error);
      }
    }
  }

  #await(activation: object | null, site: number, value: unknown): true {
    this.#hasAwaited = true;
    this.result = referenceRuntime.p(activation, site, 0, value);
    return true;
  }

  end(): void {
    if (this.#hasError) throw this.#error;
  }
}

const registry = globalThis as unknown as Record<symbol, TransformRuntime>;

/** Makes this the runtime of the thread. */
export function installReferenceRuntime(): void {
  registry[Symbol.for("lockwright.explore")] = referenceRuntime;
}

/** Runs a body under control without a single deviation; what it saw is filled in as it runs. */
export async function controlled<T>(body: () => Promise<T>): Promise<{ readonly value: T; readonly seen: Seen }> {
  const mine: Seen = { violations: [], points: [], accesses: [], imports: 0 };
  seen = mine;
  stack.length = 0;
  try {
    return { value: await body(), seen: mine };
  } finally {
    seen = undefined;
    stack.length = 0;
  }
}
