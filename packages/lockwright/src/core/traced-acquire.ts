/**
 * Follows one acquire on the tracing channels (`events.ts`), from outside: what grants knows nothing of it.
 */
import { type AcquireTrace, emitAcquireEnd, emitAcquireStart, type LockRef } from "../events.js";
import { platform } from "../platform.js";

/** An acquire that is traced from {@link begin} on; without that its end is not told either. */
export class TracedAcquire {
  readonly #lock: LockRef;
  readonly #key: string | undefined;
  readonly #since: number = platform.now();
  #trace: AcquireTrace | undefined;

  constructor(lock: LockRef, key?: string) {
    this.#lock = lock;
    this.#key = key;
  }

  /** It has to wait, or is one that is always traced. */
  begin(): void {
    this.#trace ??= emitAcquireStart(this.#lock, this.#key);
  }

  granted(): void {
    if (this.#trace !== undefined) emitAcquireEnd(this.#trace, platform.now() - this.#since);
  }

  failed(reason: unknown): void {
    if (this.#trace !== undefined) emitAcquireEnd(this.#trace, platform.now() - this.#since, { reason });
  }
}

/**
 * Traces an acquire that was just asked for until `outcome` settles, and gives `outcome` back. Whoever awaits it goes on
 * after the trace was told, since this listens first.
 */
export function traceAcquire<T>(lock: LockRef, outcome: Promise<T>, key?: string): Promise<T> {
  const traced = new TracedAcquire(lock, key);
  traced.begin();
  outcome.then(
    () => traced.granted(),
    (reason: unknown) => traced.failed(reason),
  );
  return outcome;
}
