/**
 * One iteration over a queue. It takes like any taker, but a queue that is shut down ends it instead of failing it.
 *
 * Its waiting steps are listed, so that a consumer who breaks off takes no item with him: `return()` ends them (B3).
 */
import { NOTHING, type QueueCore } from "../core/queue-core.js";
import { WaitRing } from "../core/wait-queue.js";

/** The iterator of `for await`; not exported by the package. */
export class QueueIterator<T> implements AsyncIterator<T, undefined> {
  readonly #core: QueueCore<T>;
  readonly #steps: WaitRing = new WaitRing();
  #isOver = false;

  constructor(core: QueueCore<T>) {
    this.#core = core;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined });
    try {
      const item = this.#core.poll();
      if (item !== NOTHING) return Promise.resolve({ done: false, value: item });
    } catch (error) {
      return Promise.reject<never>(error);
    }
    if (this.#core.isClosed) return this.return();
    return this.#core.nextStep((step) => {
      // The list hears of its end as a signal group would.
      step.extras().group = this.#steps;
      this.#steps.push(step);
    });
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#isOver = true;
    this.#core.endSteps(this.#steps.entries());
    return Promise.resolve({ done: true, value: undefined });
  }
}
