/** A write that nobody awaits; the database may be closed before it gets there. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class Database {
  #isOpen = true;
  readonly #awaitsWrites: boolean;
  readonly #writes = new Set<Promise<void>>();

  constructor(awaitsWrites: boolean) {
    this.#awaitsWrites = awaitsWrites;
  }

  write(row: string): Promise<void> {
    const write = this.#write(row);
    this.#writes.add(write);
    return write;
  }

  async #write(row: string): Promise<void> {
    await io(`write ${row}`);
    assert(this.#isOpen, `wrote ${row} to a closed database`);
  }

  async close(): Promise<void> {
    if (this.#awaitsWrites) await Promise.all(this.#writes);
    await io("close");
    this.#isOpen = false;
  }
}

const serving =
  (awaitsWrites: boolean): Body =>
  async () => {
    const database = new Database(awaitsWrites);
    const handle = async (): Promise<void> => {
      await io("request");
      void database.write("audit");
    };
    await handle();
    await database.close();
  };

export const outlivesClose: Program = {
  name: "outlives-close",
  kind: "fire-and-forget outliving close",
  grade: "B",
  message: /closed database/,
  bug: serving(false),
  fixed: serving(true),
};
