/** A lock that wakes its waiter and marks itself free: a newcomer may take it before the woken one has looked. */
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";

class WakingLock {
  #isHeld = false;
  readonly #waiting: (() => void)[] = [];
  readonly #handsOver: boolean;

  constructor(handsOver: boolean) {
    this.#handsOver = handsOver;
  }

  async acquire(): Promise<void> {
    if (this.#isHeld) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      if (this.#handsOver) return;
    }
    this.#isHeld = true;
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined || !this.#handsOver) this.#isHeld = false;
    next?.();
  }
}

const workers =
  (handsOver: boolean): Body =>
  async (t) => {
    const lock = new WakingLock(handsOver);
    let inside = 0;
    t.invariant(() => inside <= 1, "one at a time");
    const work = async (): Promise<void> => {
      await lock.acquire();
      inside += 1;
      await io("work");
      inside -= 1;
      lock.release();
    };
    const later = async (): Promise<void> => {
      await io("arrive");
      await io("park");
      await work();
    };
    await Promise.all([work(), work(), later()]);
  };

export const newcomerOvertakes: Program = {
  name: "newcomer-overtakes",
  kind: "newcomer overtaking a woken waiter",
  grade: "C",
  message: /one at a time/,
  bug: workers(false),
  fixed: workers(true),
};
