/** A barrier for two that is used in rounds. It resets its count only when the last has woken, so a quick one runs ahead. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class RoundBarrier {
  #arrived = 0;
  #woken = 0;
  #waiting: (() => void)[] = [];
  readonly #hasGenerations: boolean;

  constructor(hasGenerations: boolean) {
    this.#hasGenerations = hasGenerations;
  }

  async wait(): Promise<void> {
    this.#arrived += 1;
    if (this.#hasGenerations) {
      if (this.#arrived < 2) return await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#arrived = 0; // the next generation begins before anybody of this one goes on
      for (const wake of this.#waiting.splice(0)) wake();
      return undefined;
    }
    if (this.#arrived < 2) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    for (const wake of this.#waiting.splice(0)) wake();
    await io("leave"); // the count goes down when both have left
    this.#woken += 1;
    if (this.#woken === 2) this.#arrived = this.#woken = 0;
    return undefined;
  }
}

const rounds =
  (hasGenerations: boolean): Body =>
  async (t) => {
    const barrier = new RoundBarrier(hasGenerations);
    const round = [0, 0];
    t.invariant(() => Math.abs(round[0]! - round[1]!) <= 1, "nobody is two rounds ahead");
    const walk = async (who: number): Promise<void> => {
      for (let at = 0; at < 3; at += 1) {
        await io(`round ${at}`);
        await barrier.wait();
        round[who]! += 1;
      }
    };
    await Promise.all([walk(0), walk(1)]);
    assert(round[0] === round[1], "rounds differ");
  };

export const barrierGenerations: Program = {
  name: "barrier-generations",
  kind: "barrier reused across generations",
  grade: "B",
  message: /two rounds ahead|deadlock/,
  bug: rounds(false),
  fixed: rounds(true),
};
