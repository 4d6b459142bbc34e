/** A connection is opened on first use; whoever comes while it is being opened opens another. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class Pool {
  opened = 0;
  #connection: { readonly id: number } | undefined;
  #opening: Promise<{ readonly id: number }> | undefined;

  async connectionByValue(): Promise<{ readonly id: number }> {
    if (this.#connection === undefined) this.#connection = await this.#open();
    return this.#connection;
  }

  connectionByPromise(): Promise<{ readonly id: number }> {
    return (this.#opening ??= this.#open());
  }

  async #open(): Promise<{ readonly id: number }> {
    await io("handshake");
    this.opened += 1;
    return { id: this.opened };
  }
}

const users =
  (connect: (pool: Pool) => Promise<unknown>): Body =>
  async () => {
    const pool = new Pool();
    const user = async (delay: number): Promise<void> => {
      for (let step = 0; step < delay; step += 1) await io("click");
      await connect(pool);
    };
    await Promise.all([user(0), user(2), user(3)]);
    assert(pool.opened === 1, "opened twice");
  };

export const doubleInit: Program = {
  name: "double-init",
  kind: "double initialisation",
  grade: "B",
  message: /opened twice/,
  bug: users((pool) => pool.connectionByValue()),
  fixed: users((pool) => pool.connectionByPromise()),
};
