/** A cursor is read until the wanted row is found; leaving the loop early never gives the connection back. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program } from "../zoo.ts";
import { SimpleSemaphore } from "./permits.ts";

async function* rowsLeaky(pool: SimpleSemaphore): AsyncGenerator<number> {
  await pool.acquire();
  for (let row = 1; row <= 3; row += 1) {
    await io(`row ${row}`);
    yield row;
  }
  pool.release();
}

async function* rows(pool: SimpleSemaphore): AsyncGenerator<number> {
  await pool.acquire();
  try {
    for (let row = 1; row <= 3; row += 1) {
      await io(`row ${row}`);
      yield row;
    }
  } finally {
    pool.release();
  }
}

const searching =
  (read: typeof rows): Body =>
  async (t) => {
    const pool = new SimpleSemaphore(1);
    let wanted = 4; // no such row: the loop runs to its end
    const find = async (): Promise<void> => {
      for await (const row of read(pool)) if (row >= wanted) break;
    };
    const change = async (): Promise<void> => {
      for (let step = 0; step < 4; step += 1) await io("type");
      wanted = 2;
    };
    await Promise.all([find(), change()]);
    await t.settled();
    assert(pool.free === 1, "the connection was never given back");
  };

export const earlyExitLeaks: Program = {
  name: "early-exit-leaks",
  kind: "early exit of for await leaks",
  grade: "B",
  message: /never given back/,
  bug: searching(rowsLeaky),
  fixed: searching(rows),
};
