import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Lease, LockSpace } from "../../../src/leases/index.js";
import { memoryStore, MemoryWorld } from "../../../src/stores/memory.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { pair, settle } from "./wayward-store.js";

let clock: TestPlatform & Disposable;
beforeEach(() => {
  clock = installTestPlatform();
});
afterEach(() => clock[Symbol.dispose]());

const name = "job";

/** Moves time in small pieces, so that what a timer starts goes on before the next one fires. */
async function pass(milliseconds: number): Promise<void> {
  for (let left = milliseconds; left > 0; left -= 100) {
    clock.advance(Math.min(100, left));
    await settle();
  }
}

type Outcome = { lease?: Lease; error?: unknown };

function watch(promise: Promise<Lease>): Outcome {
  const outcome: Outcome = {};
  promise.then(
    (lease) => (outcome.lease = lease),
    (error: unknown) => (outcome.error = error),
  );
  return outcome;
}

/** Either a lease, which is given back, or the reason and nothing else. */
async function endOf(outcome: Outcome): Promise<boolean> {
  expect(outcome.lease?.state ?? outcome.error).toBe(outcome.lease === undefined ? "stop" : "held");
  await outcome.lease?.release();
  return outcome.lease !== undefined;
}

describe("an abort at any microtask leaks nothing", () => {
  // More steps than any path has: from the call to well after the grant.
  const steps = Array.from({ length: 24 }, (_, step) => step);

  test.each(steps)("%i microtasks after the call on a free lock", async (step) => {
    const { good, bad } = pair();
    const controller = new AbortController();
    const outcome = watch(bad.mutex(name).acquire({ signal: controller.signal }));
    await settle(step);
    controller.abort("stop");
    await settle();
    await endOf(outcome);
    expect(await good.inspect(name)).toMatchObject({ used: 0, holders: [], waiters: [] });
    expect(bad.stats()).toMatchObject({ held: 0, waiting: 0 });
  });

  test.each(steps)("%i microtasks after the release a waiter waits for", async (step) => {
    const { good, bad } = pair();
    const held = await good.mutex(name).acquire();
    const controller = new AbortController();
    const outcome = watch(bad.mutex(name).acquire({ signal: controller.signal }));
    await settle();
    void held.release();
    await settle(step);
    controller.abort("stop");
    await settle();
    await endOf(outcome);
    expect(await good.inspect(name)).toMatchObject({ used: 0, holders: [], waiters: [] });
    expect([...clock.timers].filter((timer) => timer.isAlive)).toEqual([]);
  });

  test.each(steps)("%i microtasks into an upgrade, and the read lease stands", async (step) => {
    const { good, bad } = pair();
    const reader = await bad.readWriteLock(name).read.acquire();
    const controller = new AbortController();
    const outcome = watch(reader.upgrade({ signal: controller.signal }));
    await settle(step);
    controller.abort("stop");
    await settle();
    const wasUpgraded = await endOf(outcome);
    expect(reader.state).toBe(wasUpgraded ? "released" : "held");
    expect((await good.inspect(name)).used).toBe(wasUpgraded ? 0 : 1);
    await reader.release();
    expect((await good.inspect(name)).holders).toEqual([]);
  });

  test.each(steps)("closing %i microtasks after the call gives back what crosses it", async (step) => {
    const { good, bad } = pair();
    const outcome = watch(bad.mutex(name).acquire());
    await settle(step);
    await bad.close();
    await settle();
    const end = outcome.lease?.state ?? (outcome.error as { code?: string }).code;
    expect(end).toBe(outcome.lease === undefined ? "LW_CLOSED" : "released");
    expect(await good.inspect(name)).toMatchObject({ holders: [], waiters: [] });
    expect(bad.stats().held).toBe(0);
  });
});

test("a timeout rejects while the first answer is still on its way, and the grant goes back", async () => {
  const { good, bad, line } = pair();
  line.fates = ["late"];
  const outcome = watch(bad.mutex(name).acquire({ timeout: 500 }));
  await pass(500);
  expect(outcome.error).toMatchObject({ code: "LW_TIMEOUT" });
  expect((await good.inspect(name)).holders.length).toBe(1);
  line.late.shift()?.();
  await settle();
  expect((await good.inspect(name)).holders).toEqual([]);
});

test("an abort while a claim is under way gives the grant back after its answer", async () => {
  const { good, bad, line } = pair();
  const held = await good.mutex(name).acquire();
  const controller = new AbortController();
  const outcome = watch(bad.mutex(name).acquire({ signal: controller.signal }));
  await settle();
  line.fates = ["late"];
  await held.release();
  await settle();
  controller.abort("stop");
  await settle();
  expect(outcome.error).toBe("stop");
  line.late.shift()?.();
  await settle();
  expect((await good.inspect(name)).holders).toEqual([]);
  expect(line.sent.at(-1)?.type).toBe("cancel");
});

test("a first answer that is lost may have been a grant, so it is cancelled", async () => {
  const { good, bad, line } = pair();
  line.fates = ["lost answer"];
  await expect(bad.mutex(name).acquire()).rejects.toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
  await settle();
  expect((await good.inspect(name)).holders).toEqual([]);
});

test("a push that overtakes the answer to the request is not lost", async () => {
  const world = new MemoryWorld();
  const good = new LockSpace({ store: memoryStore({ world }), ownsStore: true });
  const held = await good.mutex(name).acquire();
  // The store has queued the request and its answer is still on its way when the holder releases.
  const slow = memoryStore({ world });
  const execute = slow.execute.bind(slow);
  slow.execute = async (commands) => {
    const results = await execute(commands);
    if (commands[0]?.type === "acquire") await held.release();
    return results;
  };
  const outcome = watch(new LockSpace({ store: slow, ownsStore: true }).mutex(name).acquire());
  await settle();
  expect(outcome.lease?.token).toBe(2n); // and no heartbeat was needed: the clock stood still
  await outcome.lease?.release();
});

test("a waiter whose push is lost fetches the grant with its heartbeat", async () => {
  const { good, bad, line } = pair();
  const held = await good.mutex(name).acquire();
  const outcome = watch(bad.mutex(name).acquire());
  await settle();
  line.losesPushes = true;
  await held.release();
  await settle();
  expect(outcome.lease).toBeUndefined();
  await pass(1100);
  expect(outcome.lease?.state).toBe("held");
});

test("a lease counts from the claim whose answer was lost, not from the question that fetched it [L1]", async () => {
  const { good, bad, line } = pair();
  const held = await good.mutex(name).acquire();
  const outcome = watch(bad.mutex(name).acquire({ ttl: 5000 }));
  await settle();
  line.fates = ["lost answer"]; // the claim reaches the store: its time runs from here
  await held.release();
  await settle();
  const claimedAt = clock.now();
  await pass(1100);
  expect(outcome.lease?.expiresAt).toBeLessThanOrEqual(clock.wallNow() - (clock.now() - claimedAt) + 5000);
});

test("a waiter that was passed over queues again and is served", async () => {
  const { good, bad, line } = pair();
  const held = await good.mutex(name).acquire();
  const outcome = watch(bad.mutex(name).acquire());
  await settle();
  line.fates = Array.from({ length: 4 }, () => "never sent" as const);
  await pass(4600); // past its patience: the store takes it for dead
  expect((await good.inspect(name)).waiters).toEqual([]);
  await pass(1200);
  expect((await good.inspect(name)).waiters.length).toBe(1);
  await held.release();
  await pass(100);
  expect(outcome.lease?.state).toBe("held");
});

test("an abort while a passed-over waiter queues again leaves nothing in the queue", async () => {
  const { good, bad, line } = pair();
  await good.mutex(name).acquire();
  const controller = new AbortController();
  const outcome = watch(bad.mutex(name).acquire({ signal: controller.signal }));
  await settle();
  line.fates = Array.from({ length: 4 }, () => "never sent" as const);
  await pass(4600);
  line.fates = [undefined, "late"];
  await pass(1200);
  expect(line.sent.at(-1)?.type).toBe("acquire");
  controller.abort("stop");
  await settle();
  expect(outcome.error).toBe("stop");
  expect(line.sent.at(-1)?.type).toBe("acquire"); // the cancel must not overtake it
  line.late.shift()?.();
  await settle();
  expect((await good.inspect(name)).waiters).toEqual([]);
});

test("a store that fails for ten seconds ends the wait with its error", async () => {
  const { good, bad, line } = pair();
  const held = await good.mutex(name).acquire();
  const outcome = watch(bad.mutex(name).acquire());
  await settle();
  line.fates = Array.from({ length: 100 }, () => "never sent" as const);
  await pass(10_500);
  expect(outcome).toEqual({});
  await pass(2500);
  expect(outcome.error).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
  await held.release();
});

test("a short outage is lived through", async () => {
  const { good, bad, line } = pair();
  const held = await good.mutex(name).acquire();
  const outcome = watch(bad.mutex(name).acquire());
  await settle();
  line.fates = ["never sent", "never sent"];
  await pass(2500);
  await held.release();
  await pass(1100);
  expect(outcome.lease?.state).toBe("held");
});

test("a thousand waiters are heard of in batches and none is taken for dead", async () => {
  const { good, bad } = pair();
  const held = await good.mutex(name).acquire();
  const outcomes = Array.from({ length: 1000 }, () => watch(bad.mutex(name).acquire()));
  await settle();
  await pass(9000);
  expect((await good.inspect(name)).waiters.length).toBe(1000);
  expect(outcomes.every(({ error }) => error === undefined)).toBe(true);
  await held.release();
  await bad.close();
  expect((await good.inspect(name)).waiters).toEqual([]);
});

test("no timer is left, to keep a process alive, once nobody waits", async () => {
  const { good, bad } = pair();
  await good.mutex(name).acquire();
  const controller = new AbortController();
  watch(bad.mutex(name).acquire({ signal: controller.signal }));
  await settle();
  expect([...clock.timers].some((timer) => timer.isAlive)).toBe(true);
  controller.abort();
  await settle();
  expect([...clock.timers].filter((timer) => timer.isAlive)).toEqual([]);
});
