/**
 * Every error lockwright throws on purpose, except bad arguments (TypeError, RangeError).
 *
 * Rules: a stable `code`, a fresh instance each time, the caller's stack, a message that names the lock and what to do.
 * The brand is a registered symbol, so `instanceof` also holds when two copies of the package are loaded (the idea is
 * undici's): a class check by identity would be false for an error made by the other copy.
 */

/** The stable code of a {@link LockwrightError}; branch on it, never on the message. */
export type LockwrightErrorCode =
  | "LW_BROKEN"
  | "LW_BUSY"
  | "LW_CANCELLED"
  | "LW_CLOSED"
  | "LW_CONFLICT"
  | "LW_DEADLOCK"
  | "LW_LEASE_LOST"
  | "LW_NOT_HELD"
  | "LW_OVERLOADED"
  | "LW_OVER_RELEASE"
  | "LW_PROTOCOL"
  | "LW_STALE_TOKEN"
  | "LW_STORE_UNAVAILABLE"
  | "LW_TIMEOUT"
  | "LW_WEIGHT";

const BRAND = Symbol.for("lockwright.error");

function isBranded(value: unknown, kind: string): boolean {
  if (typeof value !== "object" || value === null) return false;
  const brands = (value as { [BRAND]?: readonly string[] })[BRAND];
  return Array.isArray(brands) && brands.includes(kind);
}

/**
 * Carries the `code` that says what went wrong with a lock, a lease or a store.
 *
 * **Example**
 * ```ts
 * import { LockwrightError, Mutex } from "lockwright";
 *
 * const mutex = new Mutex({ name: "report" });
 * using _ = await mutex.acquire();
 * try {
 *   await mutex.acquire({ timeout: 10 });
 * } catch (error) {
 *   if (error instanceof LockwrightError && error.code === "LW_TIMEOUT") console.log("still busy"); // still busy
 * }
 * ```
 */
export class LockwrightError extends Error {
  readonly code: LockwrightErrorCode;

  constructor(code: LockwrightErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, BRAND, { value: brandsOf(new.target), enumerable: false });
    Object.defineProperty(this, "name", {
      value: new.target.brand,
      enumerable: false,
      configurable: true,
      writable: true,
    });
  }

  /** The class's name in the brand list; a subclass overrides it. */
  static readonly brand: string = "LockwrightError";

  static override [Symbol.hasInstance](value: unknown): boolean {
    return isBranded(value, this.brand);
  }
}

function brandsOf(leaf: typeof LockwrightError): readonly string[] {
  return leaf.brand === "LockwrightError" ? ["LockwrightError"] : ["LockwrightError", leaf.brand];
}

/** What a {@link LeaseLostError} knows about the loss. */
export interface LeaseLoss {
  readonly lock: string;
  readonly token: bigint;
  /** Why: its time ran out, the store says it is no longer ours, somebody forced it free, or the store was closed. */
  readonly why: "expired" | "gone" | "closed";
}

/** Says that a lease is no longer held: stop, and write nothing more under it. Code `LW_LEASE_LOST`. */
export class LeaseLostError extends LockwrightError implements LeaseLoss {
  static override readonly brand: string = "LeaseLostError";
  readonly lock: string;
  readonly token: bigint;
  readonly why: LeaseLoss["why"];

  constructor(message: string, loss: LeaseLoss, options?: ErrorOptions) {
    super("LW_LEASE_LOST", message, options);
    this.lock = loss.lock;
    this.token = loss.token;
    this.why = loss.why;
  }
}

/** What a {@link StaleTokenError} knows: the token shown and the newer one it lost against. */
export interface StaleToken {
  readonly lock: string;
  readonly token: bigint;
  /** The newest token seen, where it is known. */
  readonly current: bigint | undefined;
}

/** Says that a resource refused a fencing token because a newer one exists. Code `LW_STALE_TOKEN`. */
export class StaleTokenError extends LockwrightError implements StaleToken {
  static override readonly brand: string = "StaleTokenError";
  readonly lock: string;
  readonly token: bigint;
  readonly current: bigint | undefined;

  constructor(message: string, stale: StaleToken, options?: ErrorOptions) {
    super("LW_STALE_TOKEN", message, options);
    this.lock = stale.lock;
    this.token = stale.token;
    this.current = stale.current;
  }
}

/** One wait in a deadlock: `waiter` waits for `lock`, which `holder` holds. */
export interface DeadlockEdge {
  /** Name of the lock. */
  readonly lock: string;
  /** Who holds it, where known: the name of its task scope, or what it is. */
  readonly holder: string | undefined;
  /** Who waits, where known. */
  readonly waiter: string | undefined;
  /** Milliseconds the holder has held it, where known. */
  readonly held: number | undefined;
  /** Milliseconds the waiter has waited, where known. */
  readonly waited: number | undefined;
  /** Where the holder asked for it, while sites are recorded (`trackOwners(true)`): the line of its stack. */
  readonly holderSite: string | undefined;
  /** Where the waiter asked for it, while sites are recorded. */
  readonly waiterSite: string | undefined;
}

/**
 * Says that a wait could never end; lists every edge of the knot. Code `LW_DEADLOCK`. Its stack is where the wait that
 * closed the knot was asked for.
 *
 * **Example**
 * ```ts
 * import { DeadlockError, Mutex } from "lockwright";
 *
 * const mutex = new Mutex({ name: "cart" });
 * const guard = await mutex.acquire();
 * try {
 *   await mutex.acquire({ holding: guard });
 * } catch (error) {
 *   if (error instanceof DeadlockError) console.log(error.edges[0]?.lock); // cart
 * }
 * guard.release();
 * ```
 */
export class DeadlockError extends LockwrightError {
  static override readonly brand: string = "DeadlockError";
  readonly edges: readonly DeadlockEdge[];

  constructor(message: string, edges: readonly DeadlockEdge[], options?: ErrorOptions) {
    super("LW_DEADLOCK", message, options);
    this.edges = edges;
  }
}
