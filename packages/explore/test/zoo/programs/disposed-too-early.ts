/** A temporary folder is disposed of at the end of the block, while a task begun in it still writes there. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

class TemporaryFolder {
  #exists = true;

  async write(name: string): Promise<void> {
    await io(`write ${name}`);
    assert(this.#exists, `${name} was written into a folder that is gone`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await io("remove the folder");
    this.#exists = false;
  }
}

const exporting =
  (awaitsChildren: boolean): Body =>
  async () => {
    const writes: Promise<void>[] = [];
    {
      await using folder = new TemporaryFolder();
      writes.push(folder.write("a.csv"), folder.write("b.csv"));
      await io("header");
      if (awaitsChildren) await Promise.all(writes);
    }
    await Promise.all(writes);
  };

export const disposedTooEarly: Program = {
  name: "disposed-too-early",
  kind: "disposal before child work ends",
  grade: "B",
  message: /folder that is gone/,
  bug: exporting(false),
  fixed: exporting(true),
};
