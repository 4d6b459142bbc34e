import { connect } from "node:net";
import { expect, test } from "vitest";
import { Peers } from "../../../src/stores/sqlite/peers.js";

test("peers that close while somebody connects do not wait for that connection to end", async () => {
  const peers = new Peers(() => {});
  const other = new Peers(() => {});
  await peers.listen();
  await other.listen();
  peers.push(other.endpoint, "waiter-1"); // still to go out: the close lets the loop turn
  const caller = connect(peers.endpoint); // accepted meanwhile
  caller.on("error", () => {});
  const closed = new Promise((resolve) => caller.on("close", resolve));
  await peers.close();
  await closed;
  expect(caller.destroyed).toBe(true);
  await other.close();
});

test("a push reaches another process, and a process that ended is known to be dead or not known at all", async () => {
  const heard: string[] = [];
  let tell: (() => void) | undefined;
  const told = new Promise<void>((resolve) => (tell = resolve));
  const one = new Peers(() => {});
  const two = new Peers((id) => {
    heard.push(id);
    tell?.();
  });
  await one.listen();
  await two.listen();
  one.push(two.endpoint, "waiter-1");
  await told;
  expect(heard).toEqual(["waiter-1"]);
  expect(await one.probe(two.endpoint)).toBe(false);
  expect(await one.probe(one.endpoint)).toBe(false);
  await two.close();
  expect(await one.probe(two.endpoint)).toBe(false); // its path is gone, which proves nothing
  await one.close();
  await one.close();
});
