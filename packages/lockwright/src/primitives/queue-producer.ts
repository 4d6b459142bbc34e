/**
 * Producer handles: the queue counts those that are open and drains when the last is closed.
 *
 * A handle that is forgotten would keep its consumers waiting for ever, so one that is collected unclosed is reported. It is
 * not closed for its owner: a program must not end earlier or later as the garbage collector pleases.
 */
import type { WaitOptions } from "../core/options.js";
import type { QueueCore } from "../core/queue-core.js";
import { LockwrightError } from "../errors.js";

/** One producer's way into a queue. */
export interface QueueProducer<T> extends Disposable {
  /** As `put` of the queue; `LW_CLOSED` once this handle is closed. */
  put(item: T, options?: WaitOptions): Promise<void>;
  /** As `tryPut` of the queue; `LW_CLOSED` once this handle is closed. */
  tryPut(item: T): boolean;
  /** Says that this producer puts no more. The last one to do so shuts the queue down. May be called again. */
  close(): void;
}

/** What a handle leaves behind: it must not be the handle, nor lead to it. */
type Remains = Pick<QueueCore<unknown>, "place" | "isClosed">;

let registry: FinalizationRegistry<Remains> | undefined;

/** Made with the first handle: a program without them has no registry. */
function forgotten(): FinalizationRegistry<Remains> {
  return (registry ??= new FinalizationRegistry(({ place, isClosed }) => {
    if (isClosed) return;
    const advice = "close() it, or its consumers wait for ever";
    const warning = `a producer of "${place.name}" was collected as garbage without being closed; ${advice}`;
    process.emitWarning(warning, "LockwrightWarning");
  }));
}

/** A handle; not exported by the package. */
export class OpenProducer<T> implements QueueProducer<T> {
  readonly #core: QueueCore<T>;
  #isOpen = true;

  constructor(core: QueueCore<T>) {
    core.openProducer();
    this.#core = core;
    forgotten().register(this, core, this);
  }

  put(item: T, options?: WaitOptions): Promise<void> {
    return this.#isOpen ? this.#core.put(item, options) : Promise.reject<never>(this.#closedError());
  }

  tryPut(item: T): boolean {
    if (!this.#isOpen) throw this.#closedError();
    return this.#core.tryPut(item);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    forgotten().unregister(this);
    this.#core.closeProducer();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #closedError(): LockwrightError {
    const advice = "put before close(), or open another with producer()";
    return new LockwrightError("LW_CLOSED", `this producer of "${this.#core.place.name}" is closed; ${advice}`);
  }
}
