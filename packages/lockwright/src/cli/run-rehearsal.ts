/**
 * Goes once through what a takeover will run, while there is time: the first call of anything is compiled first, and in a
 * process that has only waited so far that is 4 of the 7 ms between the death of a holder and the next command.
 *
 * It changes nothing: the grant is played on a store in memory, the real store is only asked about names that are nobody's.
 */
import { LockSpace, type LockStore } from "../leases/index.js";
import { MemoryWorld, memoryStore } from "../stores/memory.js";
import { Peers } from "../stores/sqlite/peers.js";

/** No name of a process or a waiter: those are made by `platform.newId`. */
const NOBODY = "-";

/** Rejects only where the store does. */
export async function rehearse(store: LockStore, resource: string): Promise<void> {
  await playTakeover();
  await store.execute([
    { type: "dead", resource, process: NOBODY },
    { type: "heartbeat", resource, id: NOBODY },
  ]);
  if (store.liveness !== undefined) await playDeath();
}

/** One waits for another, which is then found dead. */
async function playTakeover(): Promise<void> {
  const world = new MemoryWorld();
  const held = memoryStore({ world });
  const waiting = memoryStore({ world });
  const space = new LockSpace({ store: waiting, renewal: "loop", ownsStore: true });
  const holder = new LockSpace({ store: held, renewal: "loop", ownsStore: true });
  await holder.mutex("m").acquire();
  const lease = space.mutex("m").acquire({ signal: new AbortController().signal });
  // Each look lets the acquire go on by a step.
  for (let looks = 0; looks < 1000 && (await waiting.inspect("m")).waiters.length === 0; looks += 1);
  await waiting.execute([{ type: "dead", resource: "m", process: held.process }]);
  await (await lease).release();
  await holder.close();
  await space.close();
}

/** One watches another go, and finds that nobody is there any more. */
async function playDeath(): Promise<void> {
  const watcher = new Peers(() => {});
  const watched = new Peers(() => {});
  await watched.listen();
  const watch = watcher.watch(watched.endpoint, () => {});
  await watcher.probe(watched.endpoint); // accepted after the watcher, so by then there is a connection to lose
  await watched.close();
  await watcher.probe(watched.endpoint);
  watch[Symbol.dispose]();
  await watcher.close();
}
