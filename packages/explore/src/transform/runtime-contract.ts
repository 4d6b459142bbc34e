/**
 * What the transformed code calls: the whole agreement between the transform and the runtime.
 *
 * The object lies at `globalThis[Symbol.for("lockwright.explore")]`. Outside a run `enter` gives null and everything else
 * given null hands through what it was given, so transformed code behaves as the source did.
 *
 * [T1] The runtime keeps one synchronous stack of activations. The code below keeps it exact: an activation is on the
 * stack if and only if its own code is running. At every start of a microtask or of a task the stack is empty.
 * [T2] Whatever suspends pops first (`p`, `y`, and the iterators and disposers of `it`, `ad`, `du`); whatever goes on
 * pushes first (`r`, `c`). Both are idempotent for the activation on top.
 * [T3] Zero deviations is native order: none of these may cost a microtask tick the source does not cost.
 */

/** One call of one transformed async function; null outside a run. What is in it is the runtime's business. */
export type Activation = object | null;

/** The kinds of a tracked access: read, write, both, and the read of a method that is called at once. */
export type AccessKind = "r" | "w" | "rw" | "m";

/** The functions injected code calls. A `site` is a global id: what `mod` gave, plus the place in the module's table. */
export interface TransformRuntime {
  /** Enters a module's sites; gives the id of the first. Called once per evaluation of the module, before any other. */
  mod(file: string, sites: readonly (readonly unknown[])[]): number;
  /** Begins a call: makes an activation whose parent is the top of the stack, and pushes it. */
  enter(site: number): Activation;
  /** Ends a call, normally or by a throw; pops it if it is on the stack. */
  exit(activation: Activation): void;
  /**
   * The point: pops, and gives what is awaited in place of `value`. `isDirect` (0 or 1): the operand is a call, and not
   * one of `Promise.…`, so the activation it began, if unfinished, belongs to the same strand.
   */
  p<T>(activation: Activation, site: number, isDirect: 0 | 1, value: T): T;
  /** Gives 1, just before the operand of a direct await is evaluated: only a call begun from here on is that await's. */
  d(activation: Activation): 1;
  /** The await (or the yield) gave `value`: pushes, gives it on. */
  r<T>(activation: Activation, value: T): T;
  /** Control arrived without passing `r` (catch, finally, the body of a `for await`, past a disposal): pushes. */
  c(activation: Activation): void;
  /**
   * Gives what a `for await` walks in place of `iterable`: each step is a point, the last too, and closing it pops: for a
   * sync iterator also when it has no `return`, since the language's adapter awaits all the same. A sync iterable must
   * stay a sync one, `next` must be called with no argument, and what is not iterable is given back as it is.
   */
  it<T>(activation: Activation, site: number, iterable: T): T;
  /** The operand of `yield`, `yield*` or `return` in an async generator: pops, gives it on. */
  y<T>(activation: Activation, value?: T): T;
  /** Gives what a native `await using` disposes in place of `resource`: the disposal is a point, and pushes when it begins. */
  ad<T>(activation: Activation, site: number, resource: T): T;
  /** Makes the stack of resources of one block whose `using` was lowered. */
  du(): DisposeScope;
  /** Hands a dynamic import through; while it loads, the run has a request open that the scheduler does not control. */
  im<T>(loading: T): T;
  /** Notes an access of `object[key]` that is about to happen; gives `object`. Only in a `track` build. */
  g<T>(object: T, key: unknown, kind: AccessKind, site: number): T;
  /** Notes a write of `object[key]` whose right-hand side, with an await in it, has just given `value`; gives `value`. */
  w<T>(value: T, object: unknown, key: unknown, site: number): T;
}

/**
 * The resources of one lowered block; how it is driven, and what it owes, stands at the head of disposal.ts.
 */
export interface DisposeScope {
  /** What `next` found must be awaited. */
  readonly result: unknown;
  add(resource: unknown, isAsync: boolean): void;
  fail(error: unknown): void;
  next(activation: Activation, site: number): boolean;
  end(): void;
}
