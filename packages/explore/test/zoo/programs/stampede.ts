/** A cached page expires; everybody who comes while it is being made makes it again. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program, sleep } from "../zoo.ts";

class Cache {
  rendered = 0;
  #page: { readonly html: string; readonly until: number } | undefined;
  #rendering: Promise<string> | undefined;
  readonly #isShared: boolean;

  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  async get(): Promise<string> {
    if (this.#page !== undefined && this.#page.until > Date.now()) return this.#page.html;
    if (!this.#isShared) return await this.#render();
    this.#rendering ??= this.#render().finally(() => (this.#rendering = undefined));
    return await this.#rendering;
  }

  async #render(): Promise<string> {
    this.rendered += 1;
    await io("render");
    const html = `page ${this.rendered}`;
    this.#page = { html, until: Date.now() + 1000 };
    return html;
  }
}

const visitors =
  (isShared: boolean): Body =>
  async () => {
    const cache = new Cache(isShared);
    await cache.get();
    await sleep(1001);
    const visit = async (delay: number): Promise<void> => {
      await sleep(delay);
      await cache.get();
    };
    await Promise.all([visit(1), visit(20), visit(40)]);
    assert(cache.rendered <= 2, `rendered ${cache.rendered} times`);
  };

export const stampede: Program = {
  name: "stampede",
  kind: "stampede at expiry",
  grade: "B",
  message: /rendered [34] times/,
  isTimed: true,
  bug: visitors(false),
  fixed: visitors(true),
};
