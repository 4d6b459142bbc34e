/** Sets of locks, elections, cells, looking and names over a store. */
import assert from "node:assert/strict";
import { StaleTokenError } from "../errors.js";
import type { LockSpace } from "../leases/index.js";
import { assertFree, rejection, rejectsWith, storeCase, type StoreCase, until, untilWaiting } from "./stores.js";

const sets: readonly StoreCase[] = [
  storeCase("acquireAll gives leases in the order asked for, one for a name given twice", [], async (trial) => {
    const space = await trial.space();
    const set = await space.acquireAll(["b", "a", "b"]);
    assert.deepEqual(
      set.leases.map(({ name }) => name),
      ["b", "a", "b"],
    );
    assert.equal(set.leases[0], set.leases[2]);
    set.check();
    await set.release();
    await set.release();
    await assertFree(space, "a");
    await assertFree(space, "b");
  }),
  storeCase("acquireAll is all or nothing: a timeout gives back what it had", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const held = await one!.mutex("b").acquire();
    await rejectsWith(two!.acquireAll(["a", "b", "c"], { timeout: 20 }), "LW_TIMEOUT");
    await assertFree(one!, "a");
    await untilWaiting(one!, "b", 0);
    await held.release();
  }),
  storeCase("sets asked for in opposite orders never wait for each other", [], async (trial) => {
    const spaces = await trial.spaces(2);
    let turns = 0;
    const work = async (space: LockSpace, names: readonly string[]): Promise<void> => {
      for (let turn = 0; turn < 5; turn += 1) {
        await using set = await space.acquireAll(names);
        set.check();
        turns += 1;
      }
    };
    await Promise.all([work(spaces[0]!, ["x", "y", "z"]), work(spaces[1]!, ["z", "y", "x"])]);
    assert.equal(turns, 10);
  }),
  storeCase("a set's signal aborts when any of its leases is lost", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const set = await one!.acquireAll(["p", "q"]);
    const { signal } = set;
    const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
    await two!.forceRelease("q", { token: set.leases[1]!.token });
    await assert.rejects(set.leases[1]!.renew());
    await aborted;
    assert.throws(() => set.check(), { code: "LW_LEASE_LOST" });
    await set.release();
    await assertFree(two!, "p");
  }),
];

const elections: readonly StoreCase[] = [
  storeCase("the leader is whoever holds the election, and undefined is nobody", [], async (trial) => {
    const [one, two] = await trial.spaces(2, { label: "node 1" });
    const election = one!.election("boss");
    assert.equal(await election.leader(), undefined);
    const lease = await election.acquire();
    const leader = await two!.election("boss").leader();
    assert.deepEqual([leader?.token, leader?.label], [lease.token, "node 1"]);
    await lease.release();
    assert.equal(await election.leader(), undefined);
  }),
  storeCase("observe yields the leader now and each change, and ends when its signal aborts", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const controller = new AbortController();
    const seen = two!.election("watched").observe({ signal: controller.signal })[Symbol.asyncIterator]();
    assert.equal((await seen.next()).value, undefined);
    const lease = await one!.election("watched").acquire();
    const { value } = await seen.next();
    assert.equal(value?.token, lease.token);
    const next = seen.next();
    await lease.release();
    assert.equal((await next).value, undefined);
    const last = seen.next();
    controller.abort();
    assert.equal((await last).done, true);
  }),
];

const cells: readonly StoreCase[] = [
  storeCase("a cell is written only where its version is the one that was read", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const cell = one!.cell<{ n: number }>("cursor");
    assert.deepEqual(await cell.get(), { value: undefined, version: 0 });
    assert.equal(await cell.compareAndSet(0, { n: 1 }), 1);
    assert.equal(await two!.cell("cursor").compareAndSet(0, { n: 9 }), undefined);
    assert.equal(await two!.cell("cursor").compareAndSet(2, { n: 9 }), undefined);
    assert.equal(await two!.cell("cursor").compareAndSet(1, { n: 2 }), 2);
    assert.deepEqual(await cell.get(), { value: { n: 2 }, version: 2 });
  }),
  storeCase("updates of a cell by several spaces lose nothing", [], async (trial) => {
    const spaces = await trial.spaces(4);
    const work = async (space: LockSpace): Promise<void> => {
      for (let turn = 0; turn < 5; turn += 1) await space.cell<number>("sum").update((value = 0) => value + 1);
    };
    await Promise.all(spaces.map(work));
    assert.deepEqual(await spaces[0]!.cell("sum").get(), { value: 20, version: 20 });
  }),
  storeCase("update gives up with LW_CONFLICT when its attempts are used up", [], async (trial) => {
    const space = await trial.space();
    const cell = space.cell<number>("contested");
    const overtaken = cell.update(
      async (value = 0) => {
        const { version } = await cell.get();
        await cell.compareAndSet(version, value + 100);
        return value + 1;
      },
      { attempts: 2 },
    );
    await rejectsWith(overtaken, "LW_CONFLICT");
    assert.equal((await cell.get()).value, 200);
  }),
  storeCase("what an update's function throws is passed on and nothing is written", [], async (trial) => {
    const cell = (await trial.space()).cell("throws");
    const thrown = new Error("mine");
    const failing = cell.update(() => {
      throw thrown;
    });
    assert.equal(await rejection(failing), thrown);
    assert.equal((await cell.get()).version, 0);
    await assert.rejects(cell.compareAndSet(0, undefined), TypeError);
  }),
];

const looking: readonly StoreCase[] = [
  storeCase("inspect shows holders and waiters in order with tokens, labels and ages", ["fifo"], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const lease = await one!.mutex("look").acquire({ label: "first" });
    const waits = [two!.mutex("look").acquire({ label: "second" })];
    await untilWaiting(one!, "look", 1);
    waits.push(one!.mutex("look").acquire({ label: "third" }));
    const state = await untilWaiting(two!, "look", 2);
    assert.deepEqual(
      state.holders.map(({ token, label }) => ({ token, label })),
      [{ token: lease.token, label: "first" }],
    );
    assert.deepEqual(
      state.waiters.map(({ label }) => label),
      ["second", "third"],
    );
    assert.equal(state.name, "look");
    assert.equal(state.token, lease.token);
    for (const { heldFor, expiresIn } of state.holders) assert.ok(heldFor >= 0 && expiresIn > 0 && expiresIn <= 5000);
    for (const { waitingFor } of state.waiters) assert.ok(waitingFor >= 0 && waitingFor < 5000);
    await lease.release();
    for (const wait of waits) await (await wait).release();
  }),
  storeCase("a holder whose time is over is shown by no look", [], async (trial) => {
    const lock = await trial.raw();
    await lock.acquire({ ttl: 20 });
    const space = await trial.space();
    const { used } = await until(space, lock.resource, ({ holders }) => holders.length === 0);
    assert.equal(used, 0);
    const [summary] = await space.list();
    assert.deepEqual([summary?.used, summary?.holding], [0, 0]);
  }),
  storeCase("a look at a lock that was never used shows it free and makes none", [], async (trial) => {
    const space = await trial.space();
    const { holders, waiters, used, token } = await space.inspect("unused");
    assert.deepEqual({ holders, waiters, used, token }, { holders: [], waiters: [], used: 0, token: 0n });
    assert.deepEqual(await space.list(), []);
  }),
  storeCase("list finds locks by prefix, taken literally, with the space's own prefix left out", [], async (trial) => {
    const space = await trial.space({ prefix: "shop:" });
    const other = await trial.space();
    for (const name of ["a%b", "a_b", "axb", "a\u{10ffff}", "b"]) await (await space.mutex(name).acquire()).release();
    await (await other.mutex("a-other").acquire()).release();
    const names = async (prefix?: string): Promise<string[]> => (await space.list(prefix)).map(({ name }) => name);
    assert.deepEqual(await names("a"), ["a%b", "a_b", "axb", "a\u{10ffff}"]);
    assert.deepEqual(await names("a%"), ["a%b"]);
    assert.deepEqual(await names("a_"), ["a_b"]);
    assert.equal((await names()).length, 5);
    assert.deepEqual(await names("c"), []);
  }),
  storeCase(
    "forceRelease takes a lock by its token, its holder hears of it, and an old token breaks nothing [6]",
    [],
    async (trial) => {
      const [one, two] = await trial.spaces(2);
      const lease = await one!.mutex("taken").acquire();
      const { signal } = lease;
      const aborted = new Promise((resolve) => signal.addEventListener("abort", resolve));
      await two!.forceRelease("taken", { token: lease.token });
      await lease.renew().catch(() => {});
      await aborted;
      assert.equal(lease.state, "lost");
      const next = await two!.mutex("taken").acquire({ timeout: 1000 });
      await lease.release();
      const error = await rejection(one!.forceRelease("taken", { token: lease.token }));
      assert.ok(error instanceof StaleTokenError);
      assert.equal(error.current, next.token);
      next.check();
      await next.release();
    },
  ),
];

/** Names that break what builds text from them. */
const NASTY: readonly string[] = [
  "'; DROP TABLE resource; --",
  '"quoted" \\ back',
  "{slot}:*?[a-z]",
  "a/b/../c",
  "%_",
  "$(id) `id`",
  "ключ 鍵 🔑 é e\u0301",
  "__proto__",
  "constructor",
  " space ",
  "x".repeat(512),
  "é".repeat(256),
];

const names: readonly StoreCase[] = [
  storeCase("names are data: each is a lock of its own and comes back as it was given [9]", [], async (trial) => {
    const [one, two] = await trial.spaces(2, { prefix: "p'%_\"{}:" });
    const leases = await Promise.all(NASTY.map((name) => one!.mutex(name).acquire({ label: name.slice(0, 100) })));
    for (const [at, name] of NASTY.entries()) {
      assert.equal(await two!.mutex(name).tryAcquire(), undefined);
      const { holders } = await two!.inspect(name);
      assert.deepEqual([holders.length, holders[0]?.label], [1, name.slice(0, 100)]);
      assert.equal(leases[at]!.name, name);
    }
    assert.deepEqual((await two!.list()).map(({ name }) => name).toSorted(), [...NASTY].toSorted());
    for (const lease of leases) await lease.release();
  }),
  storeCase("waiters of a nasty name are woken [9]", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    for (const name of NASTY) {
      const held = await one!.mutex(name).acquire();
      const wait = two!.mutex(name).acquire({ timeout: 1500 });
      await untilWaiting(one!, name, 1);
      await held.release();
      await (await wait).release();
    }
  }),
  storeCase("cells take nasty names and values [9]", [], async (trial) => {
    const space = await trial.space();
    for (const name of NASTY) assert.equal(await space.cell(name).compareAndSet(0, { name, "'": "\u0000\u2028" }), 1);
    for (const name of NASTY) assert.deepEqual((await space.cell(name).get()).value, { name, "'": "\u0000\u2028" });
  }),
  storeCase("names, labels and prefixes past their limits are refused and leave nothing [9]", [], async (trial) => {
    const space = await trial.space();
    assert.throws(() => space.mutex(""), RangeError);
    assert.throws(() => space.mutex("x".repeat(513)), /at most 512 bytes.*513/);
    assert.throws(() => space.mutex("a\nb"), RangeError);
    assert.throws(() => space.mutex("\ud800"), RangeError);
    await assert.rejects(space.mutex("m").acquire({ label: "x".repeat(257) }), RangeError);
    await assert.rejects(trial.space({ prefix: "x".repeat(129) }), RangeError);
    assert.deepEqual(await space.list(), []);
  }),
];

/** Sets, elections, cells, looking and names. */
export const recipeCases: readonly StoreCase[] = [...sets, ...elections, ...cells, ...looking, ...names];
