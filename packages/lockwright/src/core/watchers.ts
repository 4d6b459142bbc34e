/**
 * Callers of `whenAvailable`: they want to hear that a permit is free and take nothing.
 *
 * They stand behind the whole queue: told only while nobody waits and their weight fits. The news goes out one microtask
 * after a release, with a second look, so a permit that is taken back in the same tick wakes nobody. All who fit are
 * told: each sees the same state, and who comes first is decided when they ask.
 */
import { platform } from "../platform.js";
import { fitOut } from "./fit-out.js";
import { LEFT, Permit, type PermitOwner, promiseOf, WATCHING } from "./guard.js";
import type { WaitRequest } from "./options.js";
import { WaitRing } from "./wait-queue.js";

interface Watched extends PermitOwner {
  fits(weight: number): boolean;
}

/** The `whenAvailable` callers of one core. */
export class Watchers {
  readonly ring: WaitRing = new WaitRing();
  readonly #core: Watched;
  #isLooking = false;

  constructor(core: Watched) {
    this.#core = core;
  }

  /** Tells one caller more. */
  add(request: WaitRequest): Promise<void> {
    const permit = new Permit(this.#core, WATCHING, request.weight);
    const promise = promiseOf<void>(permit);
    fitOut(permit, request);
    this.ring.push(permit);
    return promise;
  }

  /** Looks again after this tick, if there is anything to see now. */
  notice(): void {
    if (this.#isLooking || this.ring.live === 0 || !this.#core.fits(1)) return;
    this.#isLooking = true;
    platform.queueMicrotask(() => this.#look());
  }

  #look(): void {
    this.#isLooking = false;
    for (const watcher of this.ring.entries()) if (this.#core.fits(watcher.weight)) this.#tell(watcher);
  }

  #tell(watcher: Permit): void {
    watcher.end(LEFT, undefined);
    this.ring.removed(watcher);
  }
}
