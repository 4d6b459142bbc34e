/** What `lockwright run` has ready before the lock is its own, so that nothing of it delays the command afterwards. */
import type { LockStore } from "../leases/index.js";
import type { ChildKind } from "./run-guardian.js";
import { rehearse } from "./run-rehearsal.js";
import { CommandStub, type StubOptions } from "./run-stub.js";

export interface PreparationOptions extends StubOptions {
  readonly kind: ChildKind;
  /** Told of the process that the command will be, long before it is. */
  told(pid: number): void;
}

export class Preparations {
  readonly #stub: Promise<CommandStub | undefined>;
  #isRehearsed = false;

  constructor(options: PreparationOptions) {
    // In the caller's own group the terminal's signals would end a shell that waits there; and a "-" is an option to exec.
    const canStub = options.kind === "group" && !options.command.startsWith("-");
    this.#stub = canStub ? this.#startStub(options) : Promise.resolve(undefined);
  }

  async #startStub(options: PreparationOptions): Promise<CommandStub | undefined> {
    const stub = await CommandStub.start(options).catch(() => undefined); // starting the command itself will tell why
    if (stub !== undefined) options.told(stub.pid);
    return stub;
  }

  /** Uses the time of a wait. */
  async rehearse(store: LockStore, resource: string): Promise<void> {
    if (this.#isRehearsed) return;
    this.#isRehearsed = true;
    await this.#stub;
    await rehearse(store, resource).catch(() => {}); // the wait itself will tell what the store says
  }

  /** The command's shell; undefined where there can be none. */
  stub(): Promise<CommandStub | undefined> {
    return this.#stub;
  }

  /** Ends what was prepared and not used. */
  discard(): void {
    void this.#stub.then((stub) => stub?.discard());
  }
}
