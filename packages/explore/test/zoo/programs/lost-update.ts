/** Two visitors are counted; each reads, adds one and writes. The second comes a little later, so it seems to work. */
import type { Body } from "@lockwright/explore";
import { assert, io, type Program, SimpleMutex, Store } from "../zoo.ts";

async function count(store: Store<number>): Promise<void> {
  const seen = (await store.get("visits")) ?? 0;
  await store.set("visits", seen + 1);
}

const visits =
  (visit: (store: Store<number>) => Promise<void>): Body =>
  async () => {
    const store = new Store<number>();
    const later = async (): Promise<void> => {
      for (let step = 0; step < 4; step += 1) await io("the second visitor is on the way");
      await visit(store);
    };
    await Promise.all([visit(store), later()]);
    assert(store.data.get("visits") === 2, "a visit was lost");
  };

export const lostUpdate: Program = {
  name: "lost-update",
  kind: "lost update over a store",
  grade: "B",
  message: /a visit was lost/,
  bug: visits(count),
  fixed: (t) => {
    const mutex = new SimpleMutex();
    return visits((store) => mutex.run(() => count(store)))(t);
  },
};
