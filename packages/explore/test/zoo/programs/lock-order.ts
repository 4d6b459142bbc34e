/** Two transfers take their two locks in the order in which the accounts are named. */
import type { Body } from "@lockwright/explore";
import { io, type Program, SimpleMutex } from "../zoo.ts";

async function transfer(first: SimpleMutex, second: SimpleMutex): Promise<void> {
  const releaseFirst = await first.acquire();
  await io("read the first account");
  const releaseSecond = await second.acquire();
  await io("move the money");
  releaseSecond();
  releaseFirst();
}

const transfers =
  (isOrdered: boolean): Body =>
  async () => {
    const [a, b] = [new SimpleMutex(), new SimpleMutex()];
    const back = async (): Promise<void> => {
      for (let step = 0; step < 3; step += 1) await io("fill in the form");
      await (isOrdered ? transfer(a, b) : transfer(b, a));
    };
    await Promise.all([transfer(a, b), back()]);
  };

export const lockOrder: Program = {
  name: "lock-order",
  kind: "lock-order cycle of two",
  grade: "B",
  message: /deadlock/,
  bug: transfers(false),
  fixed: transfers(true),
};
