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
 * `close` ends a request in any state so, and waits until the store was told.
 */
import { LockwrightError } from "../errors.js";
import { platform, type Timer } from "../platform.js";
import { refusal } from "./lease-messages.js";
import type { Busy, Granted, Request } from "./lease-request.js";
import { LeaseStop } from "./lease-stop.js";
import { LeaseWait } from "./lease-wait.js";
import type { LockStore, QueuedResult, Result } from "./lock-store.js";

/** Milliseconds without a heartbeat after which a waiter is taken for dead; grows with the waiters of this process. */
const PATIENCE = 3000;
const PATIENCE_PER_WAITER = 5;
/** Heartbeats sent in one `execute`, so that a crowd of waiters never blocks the loop for long. */
const BATCH = 100;

export class AcquireLoop {
  readonly #store: LockStore;
  readonly #waits: Map<string, LeaseWait> = new Map();
  #ticker: Timer | undefined;
  /** Requests that were sent and have not ended; `close` waits for them. */
  #sending = 0;
  #onIdle: (() => void) | undefined;
  /** Requests without an answer yet, and whether they were woken already: a push may overtake the answer. */
  readonly #unanswered: Map<string, boolean> = new Map();
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
    this.#sending += 1;
    this.#unanswered.set(request.command.id, false);
    try {
      const sentAt = platform.now();
      let result = await this.#tryFirst(request);
      this.#checkWanted(request, stop);
      if (result.type === "busy" && (await this.buryDead(request.command.resource, result.ahead))) {
        result = await this.#tryFirst(request);
        this.#checkWanted(request, stop);
      }
      if (result.type === "granted") return { id: request.command.id, token: result.token, sentAt, waited: 0 };
      if (result.type === "busy") return { holders: result.holders, waiting: result.waiting };
      if (result.type !== "queued") throw refusal(request.name, result);
      const granted = await this.#wait(request, stop, result, sentAt);
      // The last step before the promise is settled: an abort in the microtasks until here has already rejected the caller.
      this.#checkWanted(request, stop);
      return granted;
    } finally {
      this.#unanswered.delete(request.command.id);
      this.#sent();
    }
  }

  async #wait(request: Request, stop: LeaseStop | undefined, result: QueuedResult, sentAt: number): Promise<Granted> {
    const { id } = request.command;
    if (stop !== undefined) stop.answer = result;
    request.onQueued?.(result);
    const wait = new LeaseWait(request, this.#store, sentAt, () => this.#first(request));
    this.#waits.set(id, wait);
    this.#tick();
    wait.answered(result);
    if (this.#unanswered.get(id) === true) wait.heartbeat();
    this.#unanswered.delete(id);
    if (stop !== undefined) stop.wait = wait;
    if (stop?.isStopped) void wait.abandon(stop.reason); // by whom `onQueued` told
    try {
      return await wait.promise;
    } finally {
      this.#waits.delete(id);
      if (this.#waits.size === 0) this.#stopTicking(); // before it keeps alive a process that waits for nothing
    }
  }

  /** The first answer; one that got lost may have been a grant, which nobody would know of. */
  async #tryFirst(request: Request): Promise<Result> {
    try {
      return await this.#first(request);
    } catch (error) {
      this.#giveBack(request);
      throw error;
    }
  }

  /** Throws, and lets go of what was asked for, once the caller was told of an end. */
  #checkWanted(request: Request, stop: LeaseStop | undefined): void {
    if (!stop?.isStopped && !this.#isClosed) return;
    this.#giveBack(request);
    throw stop?.isStopped ? stop.reason : closedError(request.name);
  }

  /** Unreachable: patience or ttl ends it. */
  #giveBack({ command: { resource, id } }: Request): void {
    const sent = this.#store.execute([{ type: "cancel", resource, id }]).catch(() => {});
    this.#sending += 1; // so that a close waits for it
    void sent.finally(() => {
      this.#sent();
    });
  }

  #sent(): void {
    this.#sending -= 1;
    if (this.#sending === 0) this.#onIdle?.();
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
    const dead = await Promise.all(
      processes
        .filter((process) => process !== this.#store.process)
        .map(async (process) => ((await liveness.probe(process)) ? process : undefined)),
    );
    const commands = dead
      .filter((process) => process !== undefined)
      .map((process) => ({ type: "dead", resource, process }) as const);
    if (commands.length === 0) return false;
    await this.#store.execute(commands);
    return true;
  }

  /** A push: looks at once. */
  wake(id: string): void {
    const wait = this.#waits.get(id);
    if (wait !== undefined) wait.heartbeat();
    else if (this.#unanswered.has(id)) this.#unanswered.set(id, true);
  }

  #tick(): void {
    if (this.#ticker !== undefined || this.#waits.size === 0) return;
    this.#ticker = platform.setTimer(() => {
      this.#ticker = undefined;
      void this.#beatAll().finally(() => this.#tick());
    }, this.patience / 3);
  }

  #stopTicking(): void {
    this.#ticker?.clear();
    this.#ticker = undefined;
  }

  async #beatAll(): Promise<void> {
    const waits = [...this.#waits.values()].filter((wait) => !wait.isAsking);
    for (let at = 0; at < waits.length; at += BATCH) await this.#beat(waits.slice(at, at + BATCH));
  }

  async #beat(waits: readonly LeaseWait[]): Promise<void> {
    const sentAt = platform.now();
    for (const wait of waits) wait.sent(sentAt);
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
    this.#stopTicking();
    await Promise.all([...this.#waits.values()].map((wait) => wait.abandon(closedError(wait.name))));
    if (this.#sending > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }
}

function closedError(name: string): LockwrightError {
  return new LockwrightError("LW_CLOSED", `the lock space was closed while waiting for "${name}"`);
}
