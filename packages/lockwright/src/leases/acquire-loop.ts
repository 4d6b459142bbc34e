/**
 * The one loop that waits for leases, over any store.
 *
 * A waiter is woken by the store's push, which is only a hint. What it rests on is its own heartbeat: that says it is
 * alive, fetches a grant whose push was lost, and expires holders whose time is over. Where the store knows the death of
 * a process, the waiter watches whom the last answer told it to (`ahead`), reports a death, and looks anew whom to watch:
 * after *every* death, since the process that died next may be the one that was watching on our behalf.
 *
 * Cancellation: an abort or a timeout rejects at once, with `signal.reason` or `LW_TIMEOUT`, until `acquire` has resolved;
 * a grant that crosses it on the wire is given back by the cancel command, sent after the answer to what is under way.
 */
import { LockwrightError } from "../errors.js";
import { platform, type Timer } from "../platform.js";
import { refusal } from "./lease-messages.js";
import type { Busy, Granted, Request } from "./lease-request.js";
import { LeaseStop } from "./lease-stop.js";
import { LeaseWait } from "./lease-wait.js";
import type { LockStore, Result } from "./lock-store.js";

/** Milliseconds without a heartbeat after which a waiter is taken for dead; grows with the waiters of this process. */
const PATIENCE = 3000;
const PATIENCE_PER_WAITER = 5;
/** Heartbeats sent in one `execute`, so that a crowd of waiters never blocks the loop for long. */
const BATCH = 100;
export class AcquireLoop {
  readonly #store: LockStore;
  readonly #waits: Map<string, LeaseWait> = new Map();
  #ticker: Timer | undefined;
  #isClosed = false;

  constructor(store: LockStore) {
    this.#store = store;
  }

  get waiting(): number {
    return this.#waits.size;
  }

  get patience(): number {
    return PATIENCE + PATIENCE_PER_WAITER * this.#waits.size;
  }

  /** Acquires, queueing as the command says. Resolves to `Busy` only for a command that does not queue. */
  async acquire(request: Request): Promise<Granted | Busy> {
    request.signal?.throwIfAborted();
    if (request.timeout === undefined && request.signal === undefined) return await this.#send(request, undefined);
    const stop = new LeaseStop(request);
    try {
      return await Promise.race([stop.promise, this.#send(request, stop)]);
    } finally {
      stop.clear();
    }
  }

  async #send(request: Request, stop: LeaseStop | undefined): Promise<Granted | Busy> {
    const { id, resource } = request.command;
    const sentAt = platform.now();
    let result = await this.#first(request);
    if (stop?.isStopped) return await this.#giveUp(resource, id, stop);
    if (result.type === "busy" && (await this.buryDead(resource, result.ahead))) result = await this.#first(request);
    if (stop?.isStopped) return await this.#giveUp(resource, id, stop);
    if (result.type === "granted") return { id, token: result.token, sentAt, waited: 0 };
    if (result.type === "busy") return { holders: result.holders, waiting: result.waiting };
    if (result.type !== "queued") throw refusal(request.name, result);
    if (stop !== undefined) stop.answer = result;
    request.onQueued?.(result);
    const wait = new LeaseWait(request, this.#store, sentAt, () => this.#first(request));
    this.#waits.set(id, wait);
    this.#tick();
    wait.answered(result);
    if (stop !== undefined) stop.wait = wait;
    try {
      const granted = await wait.promise;
      // An abort in the microtasks since the grant has already rejected the caller: nobody would own this.
      return stop?.isStopped ? await this.#giveUp(resource, id, stop) : granted;
    } finally {
      this.#waits.delete(id);
    }
  }

  async #first({ command }: Request): Promise<Result> {
    const full = { ...command, process: this.#store.process, patience: this.patience };
    const [result] = await this.#store.execute([full]);
    return result as Result;
  }

  /** Drops those of `processes` that are known to be dead: a look or a try must not report a dead holder. */
  async buryDead(resource: string, processes: readonly string[]): Promise<boolean> {
    const { liveness } = this.#store;
    if (liveness === undefined) return false;
    const dead = await Promise.all(processes.filter((process) => process !== this.#store.process).map(async (process) => ((await liveness.probe(process)) ? process : undefined)));
    const commands = dead.filter((process) => process !== undefined).map((process) => ({ type: "dead", resource, process }) as const);
    if (commands.length === 0) return false;
    await this.#store.execute(commands);
    return true;
  }

  /** The caller was already told; what the store may have granted meanwhile goes back. */
  async #giveUp(resource: string, id: string, stop: LeaseStop): Promise<never> {
    await this.#store.execute([{ type: "cancel", resource, id }]).catch(() => {}); // unreachable: patience or ttl ends it
    throw stop.reason;
  }

  /** A push: looks at once. */
  wake(id: string): void {
    this.#waits.get(id)?.heartbeat();
  }

  #tick(): void {
    if (this.#ticker !== undefined || this.#waits.size === 0) return;
    this.#ticker = platform.setTimer(() => {
      this.#ticker = undefined;
      void this.#beatAll().finally(() => this.#tick());
    }, this.patience / 3);
  }

  async #beatAll(): Promise<void> {
    const waits = [...this.#waits.values()].filter((wait) => !wait.isAsking);
    for (let at = 0; at < waits.length; at += BATCH) await this.#beat(waits.slice(at, at + BATCH));
  }

  async #beat(waits: readonly LeaseWait[]): Promise<void> {
    const sentAt = platform.now();
    try {
      const results = await this.#store.execute(waits.map((wait) => wait.heartbeatCommand));
      waits.forEach((wait, index) => wait.settle(results[index] as Result, sentAt));
    } catch (error) {
      for (const wait of waits) wait.failed(error);
    }
  }

  /** Rejects every waiter with `LW_CLOSED` and takes them out of their queues. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#ticker?.clear();
    const cancels = [...this.#waits.values()].map((wait) =>
      wait.abandon(new LockwrightError("LW_CLOSED", `the lock space was closed while waiting for "${wait.name}"`)),
    );
    await Promise.all(cancels);
  }
}
