/**
 * A versioned cell: a small JSON value that is replaced only by someone who has seen it (compare-and-set).
 *
 * **When to use** For a value that several processes update and none may overwrite unseen: a cursor, a counter, a setting.
 * No lock is held, so nothing can expire. Versions start at 1 and grow by 1; version 0 is "never written".
 */
import { LockwrightError } from "../../errors.js";
import { platform } from "../../platform.js";
import type { LeaseSession } from "../lease-session.js";
import { checkInteger, checkName } from "../names.js";

/** A value and the version that it has. */
export interface CellValue<T> {
  readonly value: T | undefined;
  readonly version: number;
}

/** A shared value, replaced only where its version is still the one that was read. */
export interface Cell<T> {
  readonly name: string;
  get(): Promise<CellValue<T>>;
  /** Writes `value` if the version is still `version`; resolves to the new version, or undefined if it is not. */
  compareAndSet(version: number, value: T): Promise<number | undefined>;
  /**
   * Reads, calls `fn` with the value and writes what it returns; again from the start if somebody was faster, at most
   * `attempts` times (default 50).
   *
   * **Errors** `LW_CONFLICT` when the attempts are used up; what `fn` throws, with nothing written.
   */
  update(
    fn: (value: T | undefined) => T | PromiseLike<T>,
    options?: { readonly attempts?: number },
  ): Promise<CellValue<T>>;
}

/** The longest value, as JSON in bytes of UTF-8. */
const MAX_CELL_BYTES = 1_000_000;
const ATTEMPTS = 50;

class SpaceCell<T> implements Cell<T> {
  readonly name: string;
  readonly #session: LeaseSession;
  readonly #key: string;

  constructor(session: LeaseSession, name: string) {
    checkName(name);
    this.name = name;
    this.#session = session;
    this.#key = session.prefix + name;
  }

  async get(): Promise<CellValue<T>> {
    this.#session.checkOpen();
    const { json, version } = await this.#session.store.cells.read(this.#key);
    return { value: json === undefined ? undefined : (JSON.parse(json) as T), version };
  }

  async compareAndSet(version: number, value: T): Promise<number | undefined> {
    checkInteger("version", version, 0, Number.MAX_SAFE_INTEGER);
    const json = toJson(value);
    this.#session.checkOpen();
    return await this.#session.store.cells.write(this.#key, version, json);
  }

  async update(
    fn: (value: T | undefined) => T | PromiseLike<T>,
    { attempts = ATTEMPTS }: { readonly attempts?: number } = {},
  ): Promise<CellValue<T>> {
    if (typeof fn !== "function") throw new TypeError(`fn must be a function, got ${typeof fn}`);
    checkInteger("attempts", attempts, 1, 1_000_000);
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const before = await this.get();
      const value = await fn(before.value);
      const version = await this.compareAndSet(before.version, value);
      if (version !== undefined) return { value, version };
      // Somebody was faster: step aside for a random while, longer each time, so that the fast ones get done.
      await pause(platform.random() * Math.min(attempt, 20));
    }
    throw new LockwrightError(
      "LW_CONFLICT",
      `cell "${this.name}" was changed by others ${attempts} times in a row; try later or hold a mutex`,
    );
  }
}

function toJson(value: unknown): string {
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) throw new TypeError(`value must be something JSON can say, got ${typeof value}`);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_CELL_BYTES)
    throw new RangeError(`value must be at most ${MAX_CELL_BYTES} bytes as JSON, got ${bytes}`);
  return json;
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    platform.setTimer(resolve, milliseconds);
  });
}

export function cell<T>(session: LeaseSession, name: string): Cell<T> {
  return new SpaceCell<T>(session, name);
}
