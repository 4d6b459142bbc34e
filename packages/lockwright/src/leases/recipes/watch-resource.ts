/**
 * Follows one resource: its state now, and again whenever it may have changed.
 *
 * The store's hint comes first; since a hint may be lost, a look is due anyway when the earliest holder's time is over,
 * and after `pace` milliseconds at the latest. A dead holder is noticed at once where the store knows of deaths.
 */
import { platform, type Timer } from "../../platform.js";
import type { LeaseSession } from "../lease-session.js";
import type { ResourceState } from "../lock-store.js";

/** Yields the resource's state now and after each possible change, until `signal` aborts (it then ends quietly). */
export async function* watchResource(
  session: LeaseSession,
  resource: string,
  { signal, pace = 1000 }: { readonly signal?: AbortSignal | undefined; readonly pace?: number } = {},
): AsyncGenerator<ResourceState, void, void> {
  const bell = new Bell();
  const hint = session.store.observe(resource, () => bell.ring());
  const ring = (): void => bell.ring();
  signal?.addEventListener("abort", ring);
  const watches = new Map<string, Disposable>();
  try {
    while (!signal?.aborted) {
      const heard = bell.next(); // before the look, or a change during it is missed
      const state = await session.inspect(resource);
      watchHolders(session, state, watches, ring);
      yield state;
      if (signal?.aborted) return;
      const lapse = Math.min(pace, ...state.holders.map((holder) => holder.expiresIn + 1));
      const timer: Timer = platform.setTimer(ring, lapse);
      await heard;
      timer.clear();
    }
  } finally {
    hint[Symbol.dispose]();
    signal?.removeEventListener("abort", ring);
    for (const watch of watches.values()) watch[Symbol.dispose]();
  }
}

function watchHolders(
  session: LeaseSession,
  state: ResourceState,
  watches: Map<string, Disposable>,
  ring: () => void,
): void {
  const { liveness, process } = session.store;
  if (liveness === undefined) return;
  const holders = new Set(state.holders.map((holder) => holder.process).filter((holder) => holder !== process));
  for (const [watched, watch] of watches) {
    if (holders.has(watched)) continue;
    watch[Symbol.dispose]();
    watches.delete(watched);
  }
  for (const holder of holders) {
    if (watches.has(holder)) continue;
    const died = (): void => {
      watches.delete(holder);
      ring();
    };
    watches.set(holder, liveness.watch(holder, died));
  }
}

/** A promise for the next ring; a ring with nobody waiting is kept for the next one. */
class Bell {
  #resolve: (() => void) | undefined;
  #rung = false;

  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#rung) resolve();
      else this.#resolve = resolve;
      this.#rung = false;
    });
  }

  ring(): void {
    if (this.#resolve === undefined) this.#rung = true;
    else this.#resolve();
    this.#resolve = undefined;
  }
}
