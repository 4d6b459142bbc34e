import { existsSync, mkdtempSync, rmSync, utimesSync } from "node:fs";
import { connect, createServer } from "node:net";
import { expect, test } from "vitest";
import { nodePlatform, usePlatform } from "../../../src/platform.js";
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

test.each([
  ["one start in sixteen", 0.01, false],
  ["any other start", 0.5, true],
])("%s removes the sockets of the long dead, and theirs only", async (_, chance, isLeft) => {
  const folder = mkdtempSync("/tmp/lw-peers-");
  const [dead, fresh] = [`${folder}/dead`, `${folder}/fresh`];
  // A killed server leaves its file.
  const { execFileSync } = await import("node:child_process");
  const script = `const { createServer } = require("node:net"); let n = 0;
    for (const path of process.argv.slice(1)) createServer().listen(path, () => ++n === 2 && process.kill(process.pid, "SIGKILL"));`;
  try {
    execFileSync(process.execPath, ["-e", script, dead, fresh], { stdio: "ignore" });
  } catch {
    // it killed itself
  }
  const longAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(dead, longAgo, longAgo);
  const living = createServer().listen(`${folder}/living`);
  await new Promise((resolve) => living.once("listening", resolve));
  utimesSync(`${folder}/living`, longAgo, longAgo);
  const using = usePlatform({ ...nodePlatform, random: () => chance });
  const peers = new Peers(() => {}, `${folder}/own`);
  try {
    await peers.listen();
    for (let tries = 0; tries < 200 && existsSync(dead) !== isLeft; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    await peers.close();
    expect([dead, fresh, `${folder}/living`].map((path) => existsSync(path))).toEqual([isLeft, true, true]);
  } finally {
    using[Symbol.dispose]();
    living.close();
    rmSync(folder, { recursive: true });
  }
});
