/** Two readers of one lock both want to write: each waits for the other to stop reading. */
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";

class SharedLock {
  #readers = 0;
  #isUpgrading = false;
  readonly #refusesSecond: boolean;
  readonly #waiting: (() => void)[] = [];

  constructor(refusesSecond: boolean) {
    this.#refusesSecond = refusesSecond;
  }

  read(): void {
    this.#readers += 1;
  }

  endRead(): void {
    this.#readers -= 1;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Waits until all other readers have left; the reader keeps its hold. False: somebody else is upgrading. */
  async upgrade(): Promise<boolean> {
    if (this.#refusesSecond && this.#isUpgrading) return false;
    this.#isUpgrading = true;
    while (this.#readers > 1) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#isUpgrading = false;
    return true;
  }
}

const editors =
  (refusesSecond: boolean): Body =>
  async () => {
    const lock = new SharedLock(refusesSecond);
    const edit = async (delay: number): Promise<void> => {
      for (let step = 0; step < delay; step += 1) await io("scroll");
      lock.read();
      await io("read");
      await lock.upgrade();
      await io("write");
      lock.endRead();
    };
    await Promise.all([edit(0), edit(3)]);
  };

export const twoUpgraders: Program = {
  name: "two-upgraders",
  kind: "two upgraders of a read lock",
  grade: "B",
  message: /deadlock/,
  bug: editors(false),
  fixed: editors(true),
};
