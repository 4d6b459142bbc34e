/**
 * What the locks of one space share: the store, the keeper, the waiters and the leases they hold.
 */
import { LockwrightError } from "../errors.js";
import { AcquireLoop } from "./acquire-loop.js";
import { type Keeper, keeperFor } from "./lease-keeper.js";
import type { Command, LockStore, ResourceState, Result } from "./lock-store.js";

/** The settings of a session. Times in milliseconds. */
export interface SessionOptions {
  readonly store: LockStore;
  readonly prefix: string;
  readonly ttl: number;
  readonly maxStall: number;
  readonly label: string | undefined;
  readonly renewal: "thread" | "loop";
}

/** A held lease as its session needs it. */
export interface SessionLease {
  release(): Promise<void>;
  verify(): Promise<void>;
}

export class LeaseSession {
  readonly store: LockStore;
  readonly prefix: string;
  readonly ttl: number;
  readonly maxStall: number;
  readonly label: string | undefined;
  /** By holder id. */
  readonly held: Map<string, SessionLease> = new Map();
  readonly acquireLoop: AcquireLoop;
  readonly #renewal: "thread" | "loop";
  readonly #listening: Disposable;
  #keeper: Keeper | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.store = options.store;
    this.prefix = options.prefix;
    this.ttl = options.ttl;
    this.maxStall = options.maxStall;
    this.label = options.label;
    this.#renewal = options.renewal;
    this.acquireLoop = new AcquireLoop(options.store);
    this.#listening = options.store.listen((id) => {
      const lease = this.held.get(id);
      if (lease !== undefined) void lease.verify();
      else this.acquireLoop.wake(id);
    });
  }

  /** Started by the first acquire, so that it is there before the first lease is. */
  get keeper(): Keeper {
    this.#keeper ??= keeperFor(this.store, this.#renewal);
    return this.#keeper;
  }

  get renewal(): "thread" | "loop" | undefined {
    return this.#keeper?.renewal;
  }

  get isClosed(): boolean {
    return this.#closing !== undefined;
  }

  checkOpen(): void {
    if (this.#closing !== undefined) throw new LockwrightError("LW_CLOSED", "this lock space is closed; open another");
  }

  /** Throws, and gives the grant back, if the signal aborted or the space was closed since the store's answer. */
  checkWanted(grant: { readonly resource: string; readonly id: string }, signal: AbortSignal | undefined): void {
    if (!this.isClosed && !signal?.aborted) return;
    this.ask({ type: "cancel", resource: grant.resource, id: grant.id }).catch(() => {}); // unreachable: the ttl ends it
    signal?.throwIfAborted();
    this.checkOpen();
  }

  /** Sends one command. */
  async ask(command: Command): Promise<Result> {
    const [result] = await this.store.execute([command]);
    return result as Result;
  }

  /** Looks at a resource, and first lets go of holders that are known to be dead. */
  async inspect(resource: string): Promise<ResourceState> {
    const state = await this.store.inspect(resource);
    const buried = await this.acquireLoop.buryDead(resource, [...new Set(state.holders.map(({ process }) => process))]);
    return buried ? await this.store.inspect(resource) : state;
  }

  /** Rejects every waiter, releases every lease, ends the keeper. The store stays open. */
  close(): Promise<void> {
    // `isClosed` must be true before the first look at what is held; a second caller waits too: it may close the store.
    this.#closing ??= Promise.resolve().then(() => this.#close());
    return this.#closing;
  }

  async #close(): Promise<void> {
    const releases = [...this.held.values()].map((lease) => lease.release());
    const settled = await Promise.allSettled([this.acquireLoop.close(), ...releases]);
    this.#listening[Symbol.dispose]();
    this.#keeper?.close();
    const failed = settled.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
}
