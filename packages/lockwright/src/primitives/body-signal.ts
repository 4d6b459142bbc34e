/**
 * The signal that a `run` body sees.
 *
 * Without a signal or a `bodyTimeout` every body gets the same one, which never aborts. It ignores listeners, so code
 * that adds one per call and forgets it does not pile them up on an object that lives as long as the process.
 */
import { LockwrightError } from "../errors.js";
import { MAX_TIMER_MS, platform, type Timer } from "../platform.js";

let never: AbortSignal | undefined;

/** Gives the one signal that never aborts. */
export function neverAborted(): AbortSignal {
  return (never ??= Object.defineProperty(new AbortController().signal, "addEventListener", { value: () => {} }));
}

/** A signal that aborts with the caller's, or when the body has run for too long. */
export class BodySignal {
  readonly #controller: AbortController = new AbortController();
  readonly #from: AbortSignal | undefined;
  readonly #lock: string;
  readonly #limit: number;
  readonly #due: number;
  #timer: Timer | undefined;
  readonly #forward = (): void => this.#controller.abort(this.#from!.reason);

  constructor(lock: string, limit: number, from: AbortSignal | undefined) {
    this.#lock = lock;
    this.#limit = limit;
    this.#from = from;
    this.#due = platform.now() + limit;
    from?.addEventListener("abort", this.#forward, { once: true });
    this.#arm();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Lets go of the timer and of the caller's signal. */
  end(): void {
    this.#timer?.clear();
    this.#from?.removeEventListener("abort", this.#forward);
  }

  #arm(): void {
    const left = Math.max(Math.ceil(this.#due - platform.now()), 0);
    // A longer delay than a timer takes is waited for in pieces.
    if (left > MAX_TIMER_MS) this.#timer = platform.setTimer(() => this.#arm(), MAX_TIMER_MS);
    else this.#timer = platform.setTimer(() => this.#controller.abort(this.#tooLong()), left);
  }

  #tooLong(): LockwrightError {
    const advice = `heed the signal passed to the body, or raise bodyTimeout; "${this.#lock}" stays held until the body ends`;
    return new LockwrightError(
      "LW_TIMEOUT",
      `the body of run on "${this.#lock}" took longer than ${this.#limit} ms; ${advice}`,
    );
  }
}
