/** A poll every 100 ms that may take longer than that: two of them run side by side, and the older answer wins. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program, sleep } from "../zoo.ts";

class Poller {
  version = 0;
  #server = 0;
  #isPolling = false;
  readonly #skipsBusy: boolean;

  constructor(skipsBusy: boolean) {
    this.#skipsBusy = skipsBusy;
  }

  async poll(): Promise<void> {
    if (this.#skipsBusy && this.#isPolling) return;
    this.#isPolling = true;
    const answer = ++this.#server;
    await io(`poll ${answer}`);
    assert(answer > this.version, `version ${answer} after ${this.version}`);
    this.version = answer;
    this.#isPolling = false;
  }
}

const watching =
  (skipsBusy: boolean): Body =>
  async (t) => {
    const poller = new Poller(skipsBusy);
    const polls: Promise<void>[] = [];
    const timer = setInterval(() => polls.push(poller.poll()), 100);
    await sleep(250);
    clearInterval(timer);
    await Promise.all(polls);
    await t.settled();
  };

export const intervalOvertakesItself: Program = {
  name: "interval-overtakes-itself",
  kind: "interval overtaking itself",
  grade: "B",
  message: /version 1 after 2/,
  isTimed: true,
  bug: watching(false),
  fixed: watching(true),
};
