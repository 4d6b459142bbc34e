/**
 * A caller's abort or timeout: rejects at once, whatever is under way at the store.
 */
import { MAX_TIMER_MS, platform, type Timer } from "../platform.js";
import { timeoutError } from "./lease-messages.js";
import type { Request } from "./lease-request.js";
import type { LeaseWait } from "./lease-wait.js";
import type { QueuedResult } from "./lock-store.js";

export class LeaseStop {
  readonly promise: Promise<never>;
  isStopped = false;
  reason: unknown;
  wait: LeaseWait | undefined;
  answer: QueuedResult | undefined;
  readonly #request: Request;
  readonly #startedAt: number = platform.now();
  #reject!: (reason: unknown) => void;
  #timer: Timer | undefined;
  readonly #onAbort = (): void => this.#stop(this.#request.signal?.reason);

  constructor(request: Request) {
    this.#request = request;
    this.promise = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.promise.catch(() => {});
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#arm();
  }

  #arm(): void {
    const { timeout } = this.#request;
    if (timeout === undefined || timeout === Number.POSITIVE_INFINITY) return;
    const left = this.#startedAt + timeout - platform.now();
    if (left <= 0 && timeout > 0) this.#stop(timeoutError(this.#request.name, timeout, this.answer?.holders[0]));
    else this.#timer = platform.setTimer(() => this.#arm(), Math.min(Math.max(left, 0), MAX_TIMER_MS));
  }

  #stop(reason: unknown): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.reason = reason;
    this.#reject(reason);
    void this.wait?.abandon(reason);
  }

  clear(): void {
    this.#timer?.clear();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
  }
}
