/** Type ahead: each keystroke asks, and the answer that comes last is shown. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class Search {
  shown = "";
  #asked = 0;

  async type(text: string, isGuarded: boolean): Promise<void> {
    const mine = ++this.#asked;
    await io(`search ${text}`);
    if (isGuarded && mine !== this.#asked) return;
    this.shown = `results for ${text}`;
  }
}

const typing =
  (isGuarded: boolean): Body =>
  async () => {
    const search = new Search();
    await Promise.all([search.type("lo", isGuarded), search.type("lock", isGuarded)]);
    assert(search.shown === "results for lock", "an old answer overwrote a newer one");
  };

export const lateResponse: Program = {
  name: "late-response",
  kind: "late response overwrites a newer one",
  grade: "B",
  message: /an old answer/,
  bug: typing(false),
  fixed: typing(true),
};
