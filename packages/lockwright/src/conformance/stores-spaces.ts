/** What callers of lock spaces get from a store: exclusion, order, waiting, closing. */
import assert from "node:assert/strict";
import { type Lease, type LockSpace } from "../leases/index.js";
import { assertFree, pause, rejection, rejectsWith, storeCase, type StoreCase, untilWaiting } from "./stores.js";

const exclusion: readonly StoreCase[] = [
  storeCase(
    "workers of several spaces never overlap, and each turn has a higher token [1, 8]",
    ["fencing:tokens"],
    async (trial) => {
      const spaces = await trial.spaces(4);
      const tokens: bigint[] = [];
      let inside = 0;
      const work = async (space: LockSpace): Promise<void> => {
        for (let turn = 0; turn < 5; turn += 1) {
          await space.mutex("turns").run(async (lease) => {
            inside += 1;
            assert.equal(inside, 1);
            tokens.push(lease.token);
            await pause(0);
            inside -= 1;
          });
        }
      };
      await Promise.all(spaces.map(work));
      assert.equal(tokens.length, 20);
      for (let at = 1; at < tokens.length; at += 1) assert.ok(tokens[at]! > tokens[at - 1]!);
      await assertFree(spaces[0]!, "turns");
    },
  ),
  storeCase("waiters of several spaces are served in order of arrival [7, G3]", ["fifo"], async (trial) => {
    const spaces = await trial.spaces(3);
    const first = await spaces[0]!.mutex("line").acquire();
    const served: number[] = [];
    const waits: Promise<void>[] = [];
    for (let at = 0; at < 6; at += 1) {
      const turn = async (lease: Lease): Promise<void> => {
        served.push(at);
        await lease.release();
      };
      waits.push(spaces[at % 3]!.mutex("line").acquire().then(turn));
      await untilWaiting(spaces[0]!, "line", at + 1);
    }
    await first.release();
    await Promise.all(waits);
    assert.deepEqual(served, [0, 1, 2, 3, 4, 5]);
  }),
  storeCase("a release hands over to the waiter, not to who tries next [7, G4]", ["fifo"], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const held = await one!.mutex("hand").acquire();
    const next = two!.mutex("hand").acquire();
    await untilWaiting(one!, "hand", 1);
    await held.release();
    assert.equal(await one!.mutex("hand").tryAcquire(), undefined);
    await (await next).release();
    await assertFree(one!, "hand");
  }),
  storeCase("what one connection holds another one sees and cannot take", ["two-connections"], async (trial) => {
    const [one, two] = await trial.spaces(2, { label: "holder" });
    await using lease = await one!.mutex("seen").acquire();
    assert.equal(await two!.mutex("seen").tryAcquire(), undefined);
    const { holders } = await two!.inspect("seen");
    assert.deepEqual(
      holders.map(({ token, label }) => ({ token, label })),
      [{ token: lease.token, label: "holder" }],
    );
  }),
  storeCase("tokens grow over release, force-release and expiry [8, G2]", ["fencing:tokens"], async (trial) => {
    const space = await trial.space();
    const lock = space.mutex("grows");
    const one = await lock.acquire();
    await one.release();
    const two = await lock.acquire();
    await space.forceRelease("grows", { token: two.token });
    const raw = await trial.raw();
    const short = await raw.acquire({ ttl: 20 });
    await pause(40);
    assert.ok((await raw.acquire()).token > short.token);
    const three = await lock.acquire();
    assert.ok(two.token > one.token && three.token > two.token);
  }),
  storeCase(
    "tokens go on growing after every connection was closed [8]",
    ["fencing:tokens", "persistentTokens", "reopen"],
    async (trial) => {
      const before = await (await trial.space()).mutex("kept").acquire();
      await before.release();
      await trial.closeAll();
      const after = await (await trial.space()).mutex("kept").acquire();
      assert.ok(after.token > before.token);
    },
  ),
];

const waiting: readonly StoreCase[] = [
  storeCase("an abort rejects at once with the signal's reason and leaves nothing [7]", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const held = await one!.mutex("abort").acquire();
    const controller = new AbortController();
    const wait = two!.mutex("abort").acquire({ signal: controller.signal });
    wait.catch(() => {});
    await untilWaiting(one!, "abort", 1);
    const reason = { odd: true };
    controller.abort(reason);
    assert.equal(await rejection(wait), reason);
    await untilWaiting(one!, "abort", 0);
    await held.release();
    await assertFree(one!, "abort");
  }),
  storeCase("a signal aborted before the call rejects and asks the store nothing", [], async (trial) => {
    const space = await trial.space();
    const reason = new Error("before");
    assert.equal(await rejection(space.mutex("never").acquire({ signal: AbortSignal.abort(reason) })), reason);
    assert.equal(await rejection(space.mutex("never").tryAcquire({ signal: AbortSignal.abort(reason) })), reason);
    assert.deepEqual(await space.list(), []);
  }),
  storeCase("a timeout rejects with LW_TIMEOUT, says who holds it, and leaves nothing [7]", [], async (trial) => {
    const [one, two] = await trial.spaces(2, { label: "night job" });
    const held = await one!.mutex("slow").acquire();
    const error = await rejectsWith(two!.mutex("slow").acquire({ timeout: 20 }), "LW_TIMEOUT");
    assert.match(error.message, /"slow".*20 ms.*night job/);
    await untilWaiting(one!, "slow", 0);
    await held.release();
    await assertFree(one!, "slow");
  }),
  storeCase("a timeout of 0 takes what is free and never queues", [], async (trial) => {
    const space = await trial.space();
    const held = await space.mutex("now").acquire({ timeout: 0 });
    await rejectsWith(space.mutex("now").acquire({ timeout: 0 }), "LW_TIMEOUT");
    assert.equal((await space.inspect("now")).waiters.length, 0);
    await held.release();
  }),
  storeCase("tryAcquire on a held lock gives undefined and never queues", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    await using held = await one!.mutex("busy").acquire();
    assert.equal(await two!.mutex("busy").tryAcquire(), undefined);
    assert.equal((await one!.inspect("busy")).waiters.length, 0);
    assert.equal(held.state, "held");
  }),
  storeCase("a cancelled head lets the next waiter in [7]", ["fifo"], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const held = await one!.mutex("head").acquire();
    const controller = new AbortController();
    const head = two!.mutex("head").acquire({ signal: controller.signal });
    await untilWaiting(one!, "head", 1);
    const next = one!.mutex("head").acquire();
    await untilWaiting(one!, "head", 2);
    controller.abort();
    await rejection(head);
    await held.release();
    await (await next).release();
    await assertFree(one!, "head");
  }),
  storeCase("an abort after the grant leaves the lease alone", [], async (trial) => {
    const space = await trial.space();
    const controller = new AbortController();
    const lease = await space.mutex("later").acquire({ signal: controller.signal, timeout: 1000 });
    controller.abort();
    lease.check();
    assert.equal(lease.signal.aborted, false);
    await lease.release();
  }),
  storeCase("a barging lock is granted to everyone in the end", [], async (trial) => {
    const spaces = await trial.spaces(3);
    let turns = 0;
    const options = { fairness: "barging" } as const;
    const work = async (space: LockSpace): Promise<void> => {
      for (let turn = 0; turn < 4; turn += 1) await space.mutex("barge", options).run(() => (turns += 1));
    };
    await Promise.all(spaces.map(work));
    assert.equal(turns, 12);
  }),
];

const closing: readonly StoreCase[] = [
  storeCase("close rejects waiters with LW_CLOSED and gives back what is held", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const other = await one!.mutex("theirs").acquire();
    const mine = await two!.mutex("mine").acquire();
    const wait = two!.mutex("theirs").acquire();
    wait.catch(() => {});
    await untilWaiting(one!, "theirs", 1);
    await two!.close();
    await rejectsWith(wait, "LW_CLOSED");
    assert.equal(mine.state, "released");
    await assertFree(one!, "mine");
    assert.equal((await one!.inspect("theirs")).waiters.length, 0);
    await other.release();
  }),
  storeCase("close with an acquire on its way leaves nothing held or waited for", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const held = await one!.mutex("held").acquire();
    const granted = two!.mutex("free").acquire();
    const queued = two!.mutex("held").acquire();
    const settled = Promise.allSettled([granted, queued]);
    await two!.close();
    for (const outcome of await settled) {
      assert.ok(outcome.status === "rejected" && (outcome.reason as { code?: string }).code === "LW_CLOSED");
    }
    await assertFree(one!, "free");
    await untilWaiting(one!, "held", 0);
    await held.release();
  }),
  storeCase(
    "a closed space refuses with LW_CLOSED, closes again, and leaves a borrowed store open",
    [],
    async (trial) => {
      const space = await trial.space();
      await Promise.all([space.close(), space.close()]);
      await space.close();
      assert.equal(space.stats().closed, true);
      await rejectsWith(space.mutex("m").acquire(), "LW_CLOSED");
      await rejectsWith(space.mutex("m").tryAcquire(), "LW_CLOSED");
      await rejectsWith(space.semaphore("s", 1).resize(2), "LW_CLOSED");
      await rejectsWith(space.acquireAll(["a"]), "LW_CLOSED");
      await rejectsWith(space.cell("c").get(), "LW_CLOSED");
      await rejectsWith(space.list(), "LW_CLOSED");
      await rejectsWith(space.inspect("m"), "LW_CLOSED");
      await rejectsWith(space.forceRelease("m", { token: 1n }), "LW_CLOSED");
      assert.deepEqual(await space.store.list(""), []);
    },
  ),
];

/** Exclusion, order, waiting and closing. */
export const spaceCases: readonly StoreCase[] = [...exclusion, ...waiting, ...closing];
