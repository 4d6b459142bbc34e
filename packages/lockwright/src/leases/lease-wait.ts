/**
 * One waiter of the acquire loop: from "queued" to a grant or an end. See `acquire-loop.ts` for the rules.
 */
import { LockwrightError } from "../errors.js";
import { MAX_TIMER_MS, platform, type Timer } from "../platform.js";
import { refusal } from "./lease-messages.js";
import type { Granted, Request } from "./lease-request.js";
import { isFinalError, type LockStore, type QueuedResult, type Result } from "./lock-store.js";

/** Milliseconds for which a store may fail before its waiters are told. */
const OUTAGE = 10_000;

export class LeaseWait {
  readonly name: string;
  readonly promise: Promise<Granted>;
  readonly heartbeatCommand: { readonly type: "heartbeat"; readonly resource: string; readonly id: string };
  readonly #store: LockStore;
  readonly #arrivedAt: number;
  readonly #enqueueAgain: () => Promise<Result>;
  readonly #watches: Map<string, Disposable> = new Map();
  #resolve!: (granted: Granted) => void;
  #reject!: (reason: unknown) => void;
  #lapse: Timer | undefined;
  #asking: Promise<void> | undefined;
  #askAgain = false;
  #queueing: Promise<void> | undefined;
  /**
   * When the requests were sent that "queued" has not answered since: the first of them may be the one that claimed the
   * grant, its answer lost or late, and the lease counts from there [L1].
   */
  #unanswered: number[] = [];
  /** Processes found dead, to be reported with the next heartbeat. */
  #deaths: string[] = [];
  #isOver = false;
  #failingSince: number | undefined;

  constructor(request: Request, store: LockStore, arrivedAt: number, enqueueAgain: () => Promise<Result>) {
    const { resource, id } = request.command;
    this.name = request.name;
    this.heartbeatCommand = { type: "heartbeat", resource, id };
    this.#store = store;
    this.#arrivedAt = arrivedAt;
    this.#enqueueAgain = enqueueAgain;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.promise.catch(() => {}); // a stopped caller was told by other means
  }

  get isAsking(): boolean {
    return this.#asking !== undefined;
  }

  /** Sends a heartbeat now; one more afterwards if one is under way, since its answer may be from before the hint. */
  heartbeat(): void {
    if (this.#isOver) return;
    if (this.#asking !== undefined) this.#askAgain = true;
    else this.#asking = this.#ask();
  }

  async #ask(): Promise<void> {
    const { resource } = this.heartbeatCommand;
    const sentAt = platform.now();
    this.sent(sentAt);
    try {
      const deaths = this.#deaths.splice(0).map((process) => ({ type: "dead", resource, process }) as const);
      const results = await this.#store.execute([...deaths, this.heartbeatCommand]);
      this.settle(results.at(-1) as Result, sentAt);
    } catch (error) {
      this.failed(error);
    }
    this.#asking = undefined;
    if (!this.#askAgain) return;
    this.#askAgain = false;
    this.heartbeat();
  }

  /** Takes note that a heartbeat was sent. */
  sent(at: number): void {
    this.#unanswered.push(at);
  }

  /** Takes an answer of the store. */
  settle(result: Result, sentAt: number): void {
    this.#failingSince = undefined;
    if (this.#isOver) return;
    if (result.type === "granted") {
      this.#end();
      const { id } = this.heartbeatCommand;
      const first = Math.min(sentAt, ...this.#unanswered);
      this.#resolve({ id, token: result.token, sentAt: first, waited: sentAt - this.#arrivedAt });
      return;
    }
    this.#unanswered = this.#unanswered.filter((at) => at > sentAt);
    if (result.type === "queued") this.answered(result);
    else if (result.type === "gone") this.#queueing ??= this.#queueAgain();
    else this.#fail(refusal(this.name, result));
  }

  /** We were passed over, as one that did not answer in time; we are back, at the end of the queue. */
  async #queueAgain(): Promise<void> {
    const sentAt = platform.now();
    this.sent(sentAt);
    try {
      const result = await this.#enqueueAgain();
      this.#queueing = undefined;
      this.settleAgain(result, sentAt);
    } catch (error) {
      this.#queueing = undefined;
      this.failed(error);
    }
  }

  /** As `settle`, but a second "gone" is an end: an upgrade whose lease was lost can never be queued again. */
  settleAgain(result: Result, sentAt: number): void {
    if (result.type === "gone") this.#fail(refusal(this.name, result));
    else this.settle(result, sentAt);
  }

  /** Takes "still queued": watches whom it says, and looks again when the next holder's time is over. */
  answered(result: QueuedResult): void {
    if (this.#isOver) return;
    this.#watch(result.ahead);
    this.#lapse?.clear();
    this.#lapse = undefined;
    if (result.lapse === undefined) return;
    this.#lapse = platform.setTimer(() => this.heartbeat(), Math.min(Math.ceil(result.lapse), MAX_TIMER_MS));
  }

  #watch(processes: readonly string[]): void {
    const { liveness } = this.#store;
    if (liveness === undefined) return;
    for (const [process, watch] of this.#watches) {
      if (processes.includes(process)) continue;
      watch[Symbol.dispose]();
      this.#watches.delete(process);
    }
    for (const process of processes) {
      if (process === this.#store.process || this.#watches.has(process)) continue;
      this.#watches.set(
        process,
        // Fallen silent: it may have released and gone, and its push with it.
        liveness.watch(
          process,
          () => this.#died(process),
          () => this.heartbeat(),
        ),
      );
    }
  }

  #died(process: string): void {
    this.#watches.delete(process);
    this.#deaths.push(process);
    this.heartbeat();
  }

  /** Takes "the store could not be asked": waits for better times, but not for ever. */
  failed(error: unknown): void {
    if (this.#isOver) return;
    const now = platform.now();
    this.#failingSince ??= now;
    if (now - this.#failingSince >= OUTAGE || isFinal(error)) this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#isOver = true;
    this.#lapse?.clear();
    for (const watch of this.#watches.values()) watch[Symbol.dispose]();
    this.#watches.clear();
  }

  /** Leaves the queue; what was granted meanwhile goes back. */
  async abandon(reason: unknown): Promise<void> {
    if (this.#isOver) return;
    this.#fail(reason);
    await this.#asking; // before the cancel, or a claim under way could follow it
    await this.#queueing; // likewise, or we would be in the queue again
    const { resource, id } = this.heartbeatCommand;
    await this.#store.execute([{ type: "cancel", resource, id }]).catch(() => {}); // unreachable: patience ends it
  }
}

/** An error no later try can mend: the file is gone, the protocol is newer. */
function isFinal(error: unknown): boolean {
  if (isFinalError(error)) return true;
  return error instanceof LockwrightError && (error.code === "LW_PROTOCOL" || error.code === "LW_CLOSED");
}
