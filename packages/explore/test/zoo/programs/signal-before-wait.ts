/** A consumer waits for "ready"; the producer may say it before anybody waits, and it is not kept. */
import type { Body } from "@lockwright/explore";
import { io, type Program } from "../zoo.ts";

class Signal {
  #isSet = false;
  readonly #keeps: boolean;
  readonly #waiting: (() => void)[] = [];

  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  set(): void {
    this.#isSet = this.#keeps;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async wait(): Promise<void> {
    if (this.#isSet) return;
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

const handshake =
  (keeps: boolean): Body =>
  async () => {
    const ready = new Signal(keeps);
    const producer = async (): Promise<void> => {
      await io("load");
      await io("warm up");
      ready.set();
    };
    const consumer = async (): Promise<void> => {
      await io("connect");
      await ready.wait();
    };
    await Promise.all([producer(), consumer()]);
  };

export const signalBeforeWait: Program = {
  name: "signal-before-wait",
  kind: "signal before wait",
  grade: "B",
  message: /deadlock/,
  bug: handshake(false),
  fixed: handshake(true),
};
