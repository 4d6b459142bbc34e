/**
 * Externals of one run that are not ready yet: too early by their window, or behind another one of an ordered channel.
 *
 * A channel keeps its order of completion: only its oldest external may be ready. Its window still counts from the issue.
 */
import type { External } from "../runtime/ready.js";

/** Pending externals and who of them may complete. */
export class PendingExternals {
  /** Every external that has not completed, for the bound they put on the clock. */
  readonly #pending = new Set<External>();
  /** Too early, by the time at which they become ready; ties in order of issue. */
  readonly #early: External[] = [];
  readonly #channels = new Map<string, External[]>();
  readonly #onReady: (external: External) => void;

  constructor(onReady: (external: External) => void) {
    this.#onReady = onReady;
  }

  add(external: External, now: number): void {
    this.#pending.add(external);
    const { channel } = external;
    if (channel === undefined) return this.#admit(external, now);
    const waiting = this.#channels.get(channel);
    if (waiting === undefined) {
      this.#channels.set(channel, [external]);
      this.#admit(external, now);
    } else waiting.push(external);
  }

  /** It completes now: out, and the next of its channel may come. */
  completed(external: External, now: number): void {
    this.#pending.delete(external);
    const { channel } = external;
    if (channel === undefined) return;
    const waiting = this.#channels.get(channel)!;
    waiting.shift();
    if (waiting.length === 0) this.#channels.delete(channel);
    else this.#admit(waiting[0]!, now);
  }

  /** Takes one back that nobody waits for any more; it must not be ready yet or be taken from the ready list too. */
  cancel(external: External, now: number): void {
    const early = this.#early.indexOf(external);
    if (early >= 0) this.#early.splice(early, 1);
    const waiting = external.channel === undefined ? undefined : this.#channels.get(external.channel);
    const at = waiting?.indexOf(external) ?? -1;
    if (at <= 0) return this.completed(external, now);
    waiting!.splice(at, 1);
    this.#pending.delete(external);
  }

  #admit(external: External, now: number): void {
    if (external.earliest <= now) return this.#onReady(external);
    const early = this.#early;
    let at = early.length;
    while (at > 0 && early[at - 1]!.earliest > external.earliest) at -= 1;
    early.splice(at, 0, external);
  }

  /** Virtual time at which the next one becomes ready by itself; Infinity when none is waiting for that. */
  nextReadyAt(): number {
    return this.#early[0]?.earliest ?? Infinity;
  }

  /** Makes ready all whose time has come. */
  release(now: number): void {
    while (this.#early.length > 0 && this.#early[0]!.earliest <= now) this.#onReady(this.#early.shift()!);
  }

  /** Virtual time that the clock may not pass. */
  bound(): number {
    let bound = Infinity;
    for (const { latest } of this.#pending) if (latest < bound) bound = latest;
    return bound;
  }

  get size(): number {
    return this.#pending.size;
  }

  all(): Iterable<External> {
    return this.#pending;
  }
}
