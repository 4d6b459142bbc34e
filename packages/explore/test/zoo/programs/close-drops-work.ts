/** A logger is closed at exit; what was queued and not yet sent is dropped. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class Logger {
  readonly sent: string[] = [];
  readonly #queue: string[] = [];
  readonly #drainsOnClose: boolean;
  #isClosed = false;
  #sending: Promise<void> = Promise.resolve();

  constructor(drainsOnClose: boolean) {
    this.#drainsOnClose = drainsOnClose;
  }

  log(line: string): void {
    this.#queue.push(line);
    this.#sending = this.#sending.then(() => this.#sendOne());
  }

  async #sendOne(): Promise<void> {
    if (this.#isClosed && !this.#drainsOnClose) return;
    const line = this.#queue.shift();
    if (line === undefined) return;
    await io(`send ${line}`);
    this.sent.push(line);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#drainsOnClose) await this.#sending;
  }
}

const program =
  (drainsOnClose: boolean): Body =>
  async (t) => {
    const logger = new Logger(drainsOnClose);
    logger.log("started");
    logger.log("done");
    await io("work");
    await io("more work");
    await logger.close();
    await t.settled();
    assert(logger.sent.length === 2, `only ${logger.sent.length} of 2 lines arrived`);
  };

export const closeDropsWork: Program = {
  name: "close-drops-work",
  kind: "close drops queued work",
  grade: "B",
  message: /of 2 lines/,
  bug: program(false),
  fixed: program(true),
};
