/**
 * The one loop that renews leases: it runs in the keeper thread, or on the caller's loop where there is none.
 *
 * Every lease is renewed when a third of its ttl is gone, all due leases of a store in one `execute`. An answer is
 * `renewed`, `lost` or `unknown`; `unknown` (the store could not be asked) never moves a deadline, and is retried soon.
 * The new deadline counts from before the request was sent, so that neither the store's time nor the way back is
 * ever counted as time held.
 */
import { MAX_TIMER_MS, platform, type Timer } from "../platform.js";
import type { Command, KeeperConnection, Result } from "./lock-store.js";

/** How far two clocks may drift apart during a ttl, as a share of it. */
const DRIFT = 0.01;

/** The monotonic time at which a lease asked for at `sentAt` is to be taken for lost. */
export function deadlineFrom(sentAt: number, ttl: number): number {
  return sentAt + ttl * (1 - DRIFT);
}

/** A lease as the loop sees it. */
export interface Renewable {
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
  readonly ttl: number;
  /** Monotonic milliseconds. */
  readonly deadline: number;
  /** False while the holder's main loop has been silent for too long: its lease is left to end. */
  mayRenew(now: number): boolean;
  settle(answer: RenewalAnswer, deadline: number): void;
}
export type RenewalAnswer = "renewed" | "lost" | "unknown";

/** Renews what `entries` yields, for as long as it yields anything. */
export class RenewalLoop {
  readonly #connection: KeeperConnection;
  readonly #entries: () => Iterable<Renewable>;
  #timer: Timer | undefined;
  #fireAt = Number.POSITIVE_INFINITY;
  #busy = false;
  #closed = false;

  constructor(connection: KeeperConnection, entries: () => Iterable<Renewable>) {
    this.#connection = connection;
    this.#entries = entries;
  }

  /** Plans the next round; call it after an entry was added. */
  plan(): void {
    if (this.#closed || this.#busy) return;
    const now = platform.now();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries()) next = Math.min(next, dueAt(entry, now));
    // Never later: an overdue entry is asked "soon" from now, and on a busy loop each new entry would move that on.
    if (next >= this.#fireAt) return;
    this.#timer?.clear();
    this.#fireAt = next;
    this.#timer = platform.setTimer(() => void this.#round(), Math.max(1, Math.min(next - now, MAX_TIMER_MS)));
    this.#timer.keepAlive(false);
  }

  async #round(): Promise<void> {
    this.#busy = true;
    this.#fireAt = Number.POSITIVE_INFINITY;
    const sentAt = platform.now();
    // Those nearly due go along: one round trip for all leases of about the same age.
    const due = [...this.#entries()].filter(
      (entry) => entry.mayRenew(sentAt) && dueAt(entry, sentAt) <= sentAt + entry.ttl / 10,
    );
    const commands = due.map(({ resource, id, token, ttl }) => ({ type: "renew", resource, id, token, ttl }) as const);
    const answers = await this.#ask(commands);
    // By the ttl that was sent: the entry's own may have changed since.
    due.forEach((entry, index) => entry.settle(answerOf(answers?.[index]), deadlineFrom(sentAt, commands[index]!.ttl)));
    this.#busy = false;
    this.plan();
  }

  async #ask(commands: readonly Command[]): Promise<readonly Result[] | undefined> {
    if (commands.length === 0) return [];
    try {
      return await this.#connection.execute(commands);
    } catch {
      return undefined; // unknown: the deadlines stay where they are
    }
  }

  close(): void {
    this.#closed = true;
    this.#timer?.clear();
  }
}

/** A third of the ttl after the last renewal; once overdue (a failed round, a stalled owner), soon again. */
function dueAt(entry: Renewable, now: number): number {
  const due = entry.deadline - (2 / 3) * entry.ttl;
  return due > now ? due : now + Math.max(1, entry.ttl / 20);
}

function answerOf(result: Result | undefined): RenewalAnswer {
  if (result === undefined) return "unknown";
  return result.type === "done" ? "renewed" : "lost";
}
