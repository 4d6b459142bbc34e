/**
 * Externals of one run that have not completed: which of them may, and how far the clock may go meanwhile.
 *
 * A channel keeps its order of completion: only its oldest external may be ready. Its window still counts from the issue.
 */
import type { External } from "../runtime/ready.js";

/** Dropped from the front of {@link PendingExternals} in one go, so that dropping costs nothing per external. */
const BATCH = 64;

/** Pending externals and who of them may complete. */
export class PendingExternals {
  /** How many have not completed. */
  size = 0;
  /** By the time the clock may not pass; those that have completed are dropped once they are at the front. */
  readonly #byLatest: External[] = [];
  #front = 0;
  /** Too early, by the time at which they become ready; ties in order of issue. */
  readonly #early: External[] = [];
  #channels: Map<string, External[]> | undefined = undefined;
  readonly #onReady: (external: External) => void;

  constructor(onReady: (external: External) => void) {
    this.#onReady = onReady;
  }

  add(external: External, now: number): void {
    this.size += 1;
    external.isPending = true;
    insert(this.#byLatest, external, ({ latest }) => latest);
    const { channel } = external;
    if (channel === undefined) return this.#admit(external, now);
    const channels = (this.#channels ??= new Map());
    const waiting = channels.get(channel);
    if (waiting === undefined) {
      channels.set(channel, [external]);
      this.#admit(external, now);
    } else waiting.push(external);
  }

  /** It completes now: out, and the next of its channel may come. */
  completed(external: External, now: number): void {
    this.size -= 1;
    external.isPending = false;
    const { channel } = external;
    if (channel === undefined) return;
    const waiting = this.#channels!.get(channel)!;
    waiting.shift();
    if (waiting.length === 0) this.#channels!.delete(channel);
    else this.#admit(waiting[0]!, now);
  }

  /** Takes one back that nobody waits for any more; harmless when it has completed. The caller takes it off the ready list. */
  cancel(external: External, now: number): void {
    if (!external.isPending) return;
    const early = this.#early.indexOf(external);
    if (early >= 0) this.#early.splice(early, 1);
    const waiting = external.channel === undefined ? undefined : this.#channels?.get(external.channel);
    const at = waiting?.indexOf(external) ?? 0;
    if (at === 0) return this.completed(external, now);
    waiting!.splice(at, 1);
    this.size -= 1;
    external.isPending = false;
  }

  #admit(external: External, now: number): void {
    if (external.earliest <= now) this.#onReady(external);
    else insert(this.#early, external, ({ earliest }) => earliest);
  }

  /** The one that becomes ready next by the passing of time alone. */
  nextEarly(): External | undefined {
    return this.#early[0];
  }

  /** Makes ready all whose time has come. */
  release(now: number): void {
    while (this.#early.length > 0 && this.#early[0]!.earliest <= now) this.#onReady(this.#early.shift()!);
  }

  /** Virtual time that the clock may not pass. */
  bound(): number {
    const byLatest = this.#byLatest;
    while (this.#front < byLatest.length && !byLatest[this.#front]!.isPending) this.#front += 1;
    if (this.#front >= BATCH) {
      byLatest.splice(0, this.#front);
      this.#front = 0;
    }
    return byLatest[this.#front]?.latest ?? Infinity;
  }

  /** All that have not completed. */
  all(): readonly External[] {
    return this.#byLatest.filter(({ isPending }) => isPending);
  }
}

/** Keeps `sorted` sorted; ties stay in order of insertion. Mostly the new one is the last. */
function insert(sorted: External[], external: External, key: (external: External) => number): void {
  let at = sorted.length;
  while (at > 0 && key(sorted[at - 1]!) > key(external)) at -= 1;
  if (at === sorted.length) sorted.push(external);
  else sorted.splice(at, 0, external);
}
