/** The promise of a token is cached, also when it was rejected: one hiccup, and nobody ever gets one again. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class Tokens {
  isServerUp = true;
  #token: Promise<string> | undefined;
  readonly #forgetsFailures: boolean;

  constructor(forgetsFailures: boolean) {
    this.#forgetsFailures = forgetsFailures;
  }

  get(): Promise<string> {
    if (this.#token !== undefined) return this.#token;
    const mine = this.#fetch();
    this.#token = mine;
    if (this.#forgetsFailures)
      mine.catch(() => {
        if (this.#token === mine) this.#token = undefined;
      });
    return mine;
  }

  async #fetch(): Promise<string> {
    await io("fetch a token");
    if (!this.isServerUp) throw new Error("503");
    return "token";
  }
}

const clients =
  (forgetsFailures: boolean): Body =>
  async () => {
    const tokens = new Tokens(forgetsFailures);
    const restart = async (): Promise<void> => {
      await io("deploy begins");
      tokens.isServerUp = false;
      await io("deploy ends");
      tokens.isServerUp = true;
    };
    const first = tokens.get().catch(() => "none");
    await Promise.all([first, restart()]);
    const later = await tokens.get().catch(() => "none");
    assert(later === "token", "no token although the server is up");
  };

export const rejectedCache: Program = {
  name: "rejected-cache",
  kind: "rejected promise cached for ever",
  grade: "B",
  message: /no token/,
  bug: clients(false),
  fixed: clients(true),
};
