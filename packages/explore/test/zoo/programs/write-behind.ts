/** Writes are buffered and flushed later; a read goes to the disk, past the buffer. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class Notes {
  readonly #disk = new Map<string, string>();
  readonly #buffer = new Map<string, string>();
  readonly #readsBuffer: boolean;
  readonly flushes: Promise<void>[] = [];

  constructor(readsBuffer: boolean) {
    this.#readsBuffer = readsBuffer;
  }

  write(key: string, text: string): void {
    this.#buffer.set(key, text);
    this.flushes.push(this.#flush(key, text));
  }

  async #flush(key: string, text: string): Promise<void> {
    await io("flush");
    this.#disk.set(key, text);
    if (this.#buffer.get(key) === text) this.#buffer.delete(key);
  }

  async read(key: string): Promise<string | undefined> {
    await io("read");
    return (this.#readsBuffer ? this.#buffer.get(key) : undefined) ?? this.#disk.get(key);
  }
}

const editing =
  (readsBuffer: boolean): Body =>
  async () => {
    const notes = new Notes(readsBuffer);
    notes.write("todo", "milk");
    const seen = await notes.read("todo");
    await Promise.all(notes.flushes);
    assert(seen === "milk", "my own write is not there");
  };

export const writeBehind: Program = {
  name: "write-behind",
  kind: "read your own write through a write-behind buffer",
  grade: "B",
  message: /my own write/,
  bug: editing(false),
  fixed: editing(true),
};
