/** A reader that relies on needing more microtask ticks than its writer: right today, wrong once an await is added. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";

async function parse(): Promise<void> {}

const readers =
  (isWaiting: boolean): Body =>
  async () => {
    let isPublished = false;
    const request = io("request");
    const publish = async (): Promise<void> => {
      await request;
      await parse();
      isPublished = true;
    };
    const publishing = publish();
    const read = async (): Promise<void> => {
      await request;
      if (isWaiting) await publishing;
      for (let tick = 0; tick < 3; tick += 1) await parse();
      assert(isPublished, "read before it was published");
    };
    await Promise.all([publishing, read()]);
  };

export const tickCounting: Program = {
  name: "tick-counting",
  kind: "tick counting",
  grade: "C",
  message: /read before/,
  bug: readers(false),
  fixed: readers(true),
};
