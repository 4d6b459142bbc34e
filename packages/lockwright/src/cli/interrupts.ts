/** Signals and broken pipes as one AbortSignal. */
import { constants } from "node:os";
import { EXIT } from "./exit-codes.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The reason of a context's signal after SIGINT, SIGTERM or SIGHUP. */
export class Interrupted extends Error {
  readonly signal: NodeJS.Signals;
  /** 128 + the signal's number. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super(`ended by ${signal}`);
    this.name = "Interrupted";
    this.signal = signal;
    this.exitCode = EXIT.signal + constants.signals[signal];
  }
}

/** The reason of a context's signal when nobody reads stdout any more: end quietly. */
export class BrokenPipe extends Error {
  constructor() {
    super("nobody reads stdout any more");
    this.name = "BrokenPipe";
  }
}

/** Listens to signals and pipes until it is disposed. */
export class Interrupts implements Disposable {
  readonly #controller: AbortController = new AbortController();
  readonly #listeners: Map<NodeJS.Signals, () => void> = new Map();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** With `isOwn` the command answers later signals and a broken pipe itself. */
  listen(isOwn: boolean): void {
    for (const name of SIGNALS) {
      const listener = (): void => this.#onSignal(name, isOwn);
      this.#listeners.set(name, listener);
      process.on(name, listener);
    }
    process.stdout.on("error", (error: NodeJS.ErrnoException) => this.#onStreamError(error, isOwn));
    process.stderr.on("error", () => {}); // nobody listens to what we say; that stops no work
  }

  #onSignal(name: NodeJS.Signals, isOwn: boolean): void {
    const interrupted = new Interrupted(name);
    if (this.signal.aborted && !isOwn) process.exit(interrupted.exitCode); // it was asked nicely before
    this.#controller.abort(interrupted);
  }

  #onStreamError(error: NodeJS.ErrnoException, isOwn: boolean): void {
    if (isOwn) return;
    this.#controller.abort(error.code === "EPIPE" ? new BrokenPipe() : error);
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) process.off(name, listener);
  }
}
