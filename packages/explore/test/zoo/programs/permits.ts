/** A counting semaphore as people write it, for the programs about permits. */

/** How a waiter that gives up is treated. */
export interface PermitRules {
  /** A waiter that gave up is taken out of the queue; else it swallows what is handed to it. */
  readonly removesCancelled: boolean;
}

interface Waiter {
  readonly wake: () => void;
  isGone: boolean;
}

export class SimpleSemaphore {
  free: number;
  readonly #rules: PermitRules;
  readonly #queue: Waiter[] = [];

  constructor(permits: number, rules: PermitRules = { removesCancelled: true }) {
    this.free = permits;
    this.#rules = rules;
  }

  async acquire(signal?: AbortSignal): Promise<void> {
    if (this.free > 0) {
      this.free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = { wake: resolve, isGone: false };
      this.#queue.push(waiter);
      signal?.addEventListener("abort", () => {
        waiter.isGone = true;
        reject(signal.reason as Error);
      });
    });
  }

  release(): void {
    for (;;) {
      const next = this.#queue.shift();
      if (next === undefined) {
        this.free += 1;
        return;
      }
      if (next.isGone && this.#rules.removesCancelled) continue;
      next.wake();
      return;
    }
  }
}
