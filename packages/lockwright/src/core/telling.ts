/**
 * What a permit core tells its listeners, and when: after its state is settled, in the order in which it happened.
 *
 * A core makes a teller the first time somebody listens, so a lock nobody watches has none. The core notes grants and
 * departures while it moves permits and flushes at the end; a listener may therefore call the lock again without harm.
 * Clock reads and the set of holders are for the diagnostics channels alone: a hook brings its own.
 */
import {
  emitGranted,
  emitLeft,
  emitQueued,
  emitReleased,
  isChannelWatched,
  type LeftWhy,
  type Observed,
  type QueuedEvent,
} from "../events.js";
import { platform } from "../platform.js";
import type { Permit } from "./guard.js";

interface Notice {
  readonly permit: Permit;
  /** Why it left; undefined for a grant. */
  readonly why: LeftWhy | "queued" | undefined;
}

/** A core as its teller sees it. */
interface Told {
  readonly waiting: number;
}

/** Tells listeners of one core. */
export class Teller {
  readonly #core: Told;
  /** Whom the events speak of: the core itself, or the lock that it is a part of. */
  readonly #lock: Observed;
  #notices: Notice[] = [];
  /** Guards granted while a channel was listened to and not released yet. */
  readonly #holders: Set<Permit> = new Set<Permit>();

  constructor(core: Told, lock: Observed) {
    this.#core = core;
    this.#lock = lock;
  }

  /** A grant that did not wait. */
  taken(permit: Permit): void {
    this.#beginHold(permit);
    emitGranted(this.#lock, permit, 0, this.#core.waiting);
  }

  queued(permit: Permit): void {
    if (isChannelWatched()) permit.watched().since ??= platform.now();
    emitQueued(this.#lock, permit, this.#core.waiting, () => this.#listHolders());
  }

  /** Notes a grant, or with `why` a departure, to be told by {@link flush}. */
  note(permit: Permit, why: LeftWhy | undefined): void {
    this.#notices.push({ permit, why });
  }

  /** Notes that a holder who lent its permit queues to get it back. */
  noteQueued(permit: Permit): void {
    if (isChannelWatched()) permit.watched().since = platform.now();
    this.#notices.push({ permit, why: "queued" });
  }

  released(permit: Permit, value: unknown): void {
    this.#holders.delete(permit);
    const since = permit.extra?.watched?.grantedAt;
    emitReleased(
      this.#lock,
      permit,
      since === undefined ? undefined : platform.now() - since,
      this.#core.waiting,
      value,
    );
  }

  flush(): void {
    const notices = this.#notices;
    if (notices.length === 0) return;
    this.#notices = [];
    for (const { permit, why } of notices) {
      if (why === "queued") {
        emitQueued(this.#lock, permit, this.#core.waiting, () => this.#listHolders());
        continue;
      }
      const since = permit.extra?.watched?.since;
      const waited = since === undefined || !isChannelWatched() ? 0 : platform.now() - since;
      if (why !== undefined) emitLeft(this.#lock, permit, why, waited);
      else {
        this.#beginHold(permit);
        emitGranted(this.#lock, permit, waited, this.#core.waiting);
      }
    }
  }

  #beginHold(permit: Permit): void {
    // A listener told before this one may have released it already.
    if (!isChannelWatched() || !permit.held) return;
    permit.watched().grantedAt = platform.now();
    this.#holders.add(permit);
  }

  #listHolders(): QueuedEvent["holders"] {
    return [...this.#holders].map((holder) => ({ since: holder.extra!.watched!.grantedAt! }));
  }
}
