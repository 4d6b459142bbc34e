/** A lock that lasts 200 ms; its holder works on without looking, and writes after the next one. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program, sleep } from "../zoo.ts";

class LeaseServer {
  #until = 0;
  #token = 0;

  /** Gives a token, or undefined while somebody holds it. */
  take(ttl: number): number | undefined {
    if (Date.now() < this.#until) return undefined;
    this.#until = Date.now() + ttl;
    this.#token += 1;
    return this.#token;
  }
}

class File {
  #newest = 0;
  readonly #isFenced: boolean;

  constructor(isFenced: boolean) {
    this.#isFenced = isFenced;
  }

  write(token: number): void {
    if (this.#isFenced && token < this.#newest) return;
    assert(token >= this.#newest, `holder ${token} wrote after holder ${this.#newest}`);
    this.#newest = token;
  }
}

const holders =
  (isFenced: boolean): Body =>
  async () => {
    const server = new LeaseServer();
    const file = new File(isFenced);
    const hold = async (): Promise<void> => {
      let token = server.take(200);
      for (; token === undefined; token = server.take(200)) await sleep(100);
      await io("compute");
      file.write(token);
    };
    await Promise.all([hold(), hold()]);
  };

export const leaseOver: Program = {
  name: "lease-over",
  kind: "lease over while its holder works",
  grade: "B",
  message: /wrote after/,
  isTimed: true,
  bug: holders(false),
  fixed: holders(true),
};
