/** Three philosophers, three forks, each takes the left one first. */
import type { Body } from "@lockwright/explore";
import { io, type Program, SimpleMutex } from "../zoo.ts";

async function eat(first: SimpleMutex, second: SimpleMutex): Promise<void> {
  const putFirst = await first.acquire();
  await io("reach for the other fork");
  const putSecond = await second.acquire();
  await io("eat");
  putSecond();
  putFirst();
}

const table =
  (isOrdered: boolean): Body =>
  async () => {
    const forks = [new SimpleMutex(), new SimpleMutex(), new SimpleMutex()] as const;
    const sit = async (delay: number, left: number, right: number): Promise<void> => {
      for (let step = 0; step < delay; step += 1) await io("think");
      const [first, second] = isOrdered && left > right ? [right, left] : [left, right];
      await eat(forks[first]!, forks[second]!);
    };
    await Promise.all([sit(0, 0, 1), sit(1, 1, 2), sit(2, 2, 0)]);
  };

export const lockRing: Program = {
  name: "lock-ring",
  kind: "lock-order cycle of three",
  grade: "B",
  message: /deadlock/,
  bug: table(false),
  fixed: table(true),
};
