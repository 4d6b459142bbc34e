/** What the diagnostics channels say of leases. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { channels, type EventChannel } from "../../../src/events.js";
import { LockSpace } from "../../../src/leases/lock-space.js";
import { memoryStore, MemoryWorld } from "../../../src/stores/memory.js";

const said: { channel: string; message: object }[] = [];
const listeners: (() => void)[] = [];

function hear<T extends object>(channel: EventChannel<T>): void {
  const listener = (message: T): void => void said.push({ channel: String(channel.name), message });
  channel.subscribe(listener);
  listeners.push(() => channel.unsubscribe(listener));
}

beforeEach(() => {
  said.length = 0;
  for (const name of ["queued", "granted", "released", "left", "lease"] as const)
    hear(channels[name] as EventChannel<object>);
});
afterEach(() => {
  for (const stop of listeners.splice(0)) stop();
});

function told(channel: string): object[] {
  return said.filter((event) => event.channel === `lockwright:${channel}`).map(({ message }) => message);
}

test("a lease tells of its grant, its holder to whoever queues, its end, and why a waiter left", async () => {
  const world = new MemoryWorld();
  const holder = new LockSpace({ store: memoryStore({ world }), label: "the holder" });
  const other = new LockSpace({ store: memoryStore({ world }) });
  const lease = await holder.mutex("job").acquire();
  const lock = { name: "job", kind: "mutex", scope: "lease", permits: 1 };
  expect(told("granted")).toMatchObject([{ lock, token: 1n, waited: 0 }]);

  const controller = new AbortController();
  const late = other.mutex("job").acquire({ timeout: 5 });
  const aborted = other.mutex("job").acquire({ signal: controller.signal });
  await expect(late).rejects.toMatchObject({ code: "LW_TIMEOUT" });
  controller.abort("enough");
  await expect(aborted).rejects.toBe("enough");
  const closed = other.mutex("job").acquire();
  closed.catch(() => {}); // looked at below
  await Promise.resolve();
  await other.close();
  await expect(closed).rejects.toMatchObject({ code: "LW_CLOSED" });
  expect(told("queued")[0]).toMatchObject({ lock, holders: [{ owner: "the holder" }] });
  expect(told("left")).toMatchObject([{ why: "timeout" }, { why: "abort" }, { why: "closed" }]);

  await lease.release();
  expect(told("lease")).toMatchObject([{ event: "released", token: 1n }]);
  expect(told("released")).toMatchObject([{ lock }]);
  await holder.close();
});
