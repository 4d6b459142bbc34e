/**
 * A lease: a hold that can be lost, and that says so.
 *
 * Invariants:
 * - **L1 Deadline.** A lease counts as held only while the monotonic clock is before `deadline`, which was computed from
 *   before the successful request was sent. Waiting time and answers on the way never extend it.
 * - **L2 Look first.** `signal`, `state` and `check()` look at that clock before they answer, so they tell the truth right
 *   after a stall, when no timer has had a chance to run.
 * - **L3 One end.** held -> lost or held -> released happens once; a lost lease releases nothing.
 *
 * A `signal` that was stored before a stall stays unaborted until a timer runs: read `lease.signal` anew each time.
 */
import { channels, type LockRef } from "../events.js";
import { LeaseLostError, LockwrightError } from "../errors.js";
import { MAX_TIMER_MS, platform, type Timer } from "../platform.js";
import type { Keeping } from "./lease-keeper.js";
import type { LeaseSession } from "./lease-session.js";
import { checkTtl } from "./names.js";
import { deadlineFrom, type RenewalAnswer } from "./renewal-loop.js";

/** A held lock that can be lost. See `LeaseLock.acquire`. */
export interface Lease extends AsyncDisposable {
  readonly name: string;
  /** Grows with every grant of this lock: show it to the resource, which refuses an older one. */
  readonly token: bigint;
  /** Milliseconds since the epoch at which it ends unless renewed; for people to read, from the wall clock. */
  readonly expiresAt: number;
  /** Aborted, with a `LeaseLostError` as reason, once the lease is lost. Read it anew each time. */
  readonly signal: AbortSignal;
  readonly state: "held" | "lost" | "released";
  /** Throws `LeaseLostError` if the lease is lost, `LW_NOT_HELD` if it was released. Synchronous. */
  check(): void;
  /** `lockwright-lock` and `lockwright-token`, for an HTTP resource. */
  headers(): Record<string, string>;
  /** Renews now, by `ttl` milliseconds (default: as acquired). Throws `LeaseLostError`, or `LW_STORE_UNAVAILABLE`, which moves nothing. */
  renew(ttl?: number): Promise<void>;
  /** Gives the lock back. Idempotent; after a loss it resolves and changes nothing. */
  release(): Promise<void>;
}

/** What a grant brings. */
export interface LeaseGrant {
  readonly ref: LockRef;
  readonly name: string;
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
  readonly ttl: number;
  /** Monotonic milliseconds. */
  readonly deadline: number;
  /** Platform time of the grant; undefined where nobody asked for it. */
  readonly since: number;
}

type Loss = "expired" | "gone" | "closed";

/** The lease over a grant; made by the session, kept by its keeper. */
export class HeldLease implements Lease {
  readonly name: string;
  readonly token: bigint;
  readonly grant: LeaseGrant;
  readonly session: LeaseSession;
  readonly #keeping: Keeping;
  #ttl: number;
  #state: "held" | "lost" | "released" = "held";
  #lostBy: Loss = "expired";
  #controller: AbortController | undefined;
  #timer: Timer | undefined;

  constructor(session: LeaseSession, grant: LeaseGrant) {
    this.name = grant.name;
    this.token = grant.token;
    this.grant = grant;
    this.session = session;
    this.#ttl = grant.ttl;
    const { resource, id, token, ttl, deadline } = grant;
    const answered = (answer: RenewalAnswer): void => this.#answered(answer);
    this.#keeping = session.keeper.keep({ resource, id, token, ttl, deadline, maxStall: session.maxStall, answered });
    session.held.set(id, this);
  }

  get state(): "held" | "lost" | "released" {
    if (this.#state === "held" && platform.now() >= this.#keeping.deadline) this.lose("expired"); // [L2]
    return this.#state;
  }

  /** Monotonic milliseconds [L1]. */
  get deadline(): number {
    return this.#keeping.deadline;
  }

  get expiresAt(): number {
    return Math.round(platform.wallNow() + (this.deadline - platform.now()));
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.state === "lost") this.#controller.abort(this.lossError());
      else this.#watchDeadline();
    }
    void this.state; // [L2]
    return this.#controller.signal;
  }

  check(): void {
    const state = this.state;
    if (state === "lost") throw this.lossError();
    if (state === "released") {
      throw new LockwrightError(
        "LW_NOT_HELD",
        `lease on "${this.name}" (token ${this.token}) was released; acquire it again`,
      );
    }
  }

  headers(): Record<string, string> {
    return { "lockwright-lock": encodeURIComponent(this.name), "lockwright-token": String(this.token) };
  }

  async renew(ttl: number = this.#ttl): Promise<void> {
    checkTtl(ttl);
    this.check();
    const { resource, id } = this.grant;
    const sentAt = platform.now();
    const result = await this.session.ask({ type: "renew", resource, id, token: this.token, ttl });
    if (this.#state !== "held") return this.check();
    if (result.type !== "done") {
      this.lose("gone");
      throw this.lossError();
    }
    this.#ttl = ttl;
    this.#keeping.extend(ttl, deadlineFrom(sentAt, ttl)); // a shorter ttl shortens it
    this.check();
    this.#emit("renewed");
  }

  async release(): Promise<void> {
    await this.giveBack();
  }

  /** Releases; resolves to whether the store still had it as ours. */
  async giveBack(): Promise<boolean> {
    if (this.state !== "held") return false;
    this.#end("released");
    this.#emit("released");
    const { ref, resource, id, since } = this.grant;
    const result = await this.session.ask({ type: "release", resource, id, token: this.token });
    if (channels.released.hasSubscribers) {
      channels.released.publish({ lock: ref, held: platform.now() - since, waiters: 0 });
    }
    return result.type === "done";
  }

  /** Ends this object without a word to the store: an upgrade took over its hold. */
  handOver(): void {
    this.#end("released");
  }

  /** Marks the lease lost [L3]. */
  lose(why: Loss): void {
    if (this.#state !== "held") return;
    this.#lostBy = why;
    this.#emit("lost");
    this.#end("lost");
    this.#controller?.abort(this.lossError());
  }

  /** Asks the store at once whether the hold still stands: somebody hinted that it does not. */
  async verify(): Promise<void> {
    if (this.state !== "held") return;
    try {
      await this.renew();
    } catch {
      // Lost: already marked so. Store unreachable: the deadline decides.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  #end(state: "lost" | "released"): void {
    if (this.#state !== "held") return; // [L3]
    this.#state = state;
    this.#timer?.clear();
    this.#keeping.stop();
    this.session.held.delete(this.grant.id);
  }

  #answered(answer: RenewalAnswer): void {
    if (this.#state !== "held") return;
    if (answer === "lost") this.lose("gone");
    else this.#emit(answer);
  }

  /** Aborts the signal at the deadline; renewals move the deadline, so it looks again each time. */
  #watchDeadline(): void {
    if (this.state !== "held") return;
    const left = Math.max(1, Math.min(this.#keeping.deadline - platform.now(), MAX_TIMER_MS));
    this.#timer = platform.setTimer(() => this.#watchDeadline(), left);
    this.#timer.keepAlive(false);
  }

  /** The error that tells of the loss. */
  lossError(options?: ErrorOptions): LeaseLostError {
    const reasons: Record<Loss, string> = {
      expired: "its time ran out before it could be renewed",
      gone: "the store no longer has it: it ran out or was taken by force",
      closed: "its space was closed",
    };
    const message = `lease on "${this.name}" (token ${this.token}) is lost: ${reasons[this.#lostBy]}; write nothing more under it`;
    return new LeaseLostError(message, { lock: this.name, token: this.token, why: this.#lostBy }, options);
  }

  #emit(event: "renewed" | "unknown" | "lost" | "released"): void {
    if (!channels.lease.hasSubscribers) return;
    channels.lease.publish({
      lock: this.grant.ref,
      event,
      token: this.token,
      margin: this.#keeping.deadline - platform.now(),
    });
  }
}
