/** Processes to each other over unix sockets; here several in one process, each with its own path. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Peers } from "../../../src/stores/sqlite/peers.js";

let folder: string;
const open: Peers[] = [];

beforeEach(() => {
  folder = mkdtempSync("/tmp/lw-peers-");
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((peers) => peers.close()));
  rmSync(folder, { recursive: true, force: true });
});

/** A listening peer and the ids it was woken for. */
async function listening(name: string): Promise<{ peers: Peers; woken: string[]; next: () => Promise<string> }> {
  const woken: string[] = [];
  const callers: ((id: string) => void)[] = [];
  const peers = new Peers((id) => {
    woken.push(id);
    callers.shift()?.(id);
  }, `${folder}/${name}`);
  open.push(peers);
  await peers.listen();
  return { peers, woken, next: () => new Promise((resolve) => callers.push(resolve)) };
}

function death(peers: Peers, endpoint: string): { died: Promise<void>; watch: Disposable } {
  let watch: Disposable | undefined;
  const died = new Promise<void>((resolve) => {
    watch = peers.watch(endpoint, resolve);
  });
  return { died, watch: watch as unknown as Disposable };
}

test("a push reaches a peer that was never spoken to", async () => {
  const [a, b] = [await listening("a"), await listening("b")];
  const heard = b.next();
  a.peers.push(b.peers.endpoint, "one");
  expect(await heard).toBe("one");
});

test("a push made just before closing still goes out: the last act of a process is often a release", async () => {
  const [a, b] = [await listening("a"), await listening("b")];
  const heard = b.next();
  a.peers.push(b.peers.endpoint, "last");
  await a.peers.close();
  expect(await heard).toBe("last");
});

test("a push goes back over the connection of a watcher, also just before closing", async () => {
  const [holder, waiter] = [await listening("holder"), await listening("waiter")];
  const first = holder.next();
  waiter.peers.watch(holder.peers.endpoint, () => {});
  waiter.peers.push(holder.peers.endpoint, "hello"); // its arrival shows that the connection stands
  await first;
  const heard = waiter.next();
  holder.peers.push(waiter.peers.endpoint, "granted");
  await holder.peers.close();
  expect(await heard).toBe("granted");
});

test("a peer whose socket nobody has any more is reported dead to watch and to probe", async () => {
  const a = await listening("a");
  const b = new Peers(() => {}, `${folder}/b`);
  await b.listen();
  const { died } = death(a.peers, b.endpoint);
  expect(await a.peers.probe(b.endpoint)).toBe(false);
  // As after kill -9: the socket is closed, its path is still there.
  const { link } = await import("node:fs/promises");
  await link(b.endpoint, `${folder}/kept`);
  await b.close();
  const { rename } = await import("node:fs/promises");
  await rename(`${folder}/kept`, b.endpoint);
  expect(await a.peers.probe(b.endpoint)).toBe(true);
  await died;
});

test("a path that is gone proves nothing: neither probe nor watch calls it dead", async () => {
  const a = await listening("a");
  expect(existsSync(`${folder}/nobody`)).toBe(false);
  expect(await a.peers.probe(`${folder}/nobody`)).toBe(false);
  let isDead = false;
  using _ = a.peers.watch(`${folder}/nobody`, () => {
    isDead = true;
  });
  await a.peers.probe(`${folder}/nobody`); // as long as the watch needed
  expect(isDead).toBe(false);
});

test("a stranger that sends a megabyte without a line feed fills no memory and wakes nobody", async () => {
  const a = await listening("a");
  const { connect } = await import("node:net");
  const stranger = connect(a.peers.endpoint);
  await new Promise<void>((resolve) => stranger.write("x".repeat(1_000_000), () => resolve()));
  const heard = a.next();
  stranger.write("\nwake real\n");
  expect(await heard).toBe("real");
  expect(a.woken).toEqual(["real"]);
  stranger.destroy();
});
