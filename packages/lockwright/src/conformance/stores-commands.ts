/** The rules of the grant table, as a store shows them to commands. */
import assert from "node:assert/strict";
import { pause, storeCase, type StoreCase } from "./stores.js";

/** A ttl or a patience that a case waits out. */
const SHORT = 40;
const PAST_SHORT = SHORT + 20;

const identity: readonly StoreCase[] = [
  storeCase("a release matches holder and token, anything else frees nothing [6, G5]", [], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire();
    assert.equal((await lock.release(held.id, held.token + 1n)).type, "gone");
    assert.equal((await lock.release("somebody", held.token)).type, "gone");
    assert.deepEqual((await lock.now()).holders, [held.id]);
    assert.equal((await lock.release(held.id, held.token)).type, "done");
    assert.deepEqual((await lock.now()).holders, []);
  }),
  storeCase("a renewal matches holder and token, anything else prolongs nothing [6, G5]", [], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire({ ttl: SHORT });
    assert.equal((await lock.renew(held.id, held.token - 1n)).type, "gone");
    assert.equal((await lock.renew("somebody", held.token)).type, "gone");
    await pause(PAST_SHORT);
    assert.equal((await lock.renew(held.id, held.token)).type, "gone");
    assert.deepEqual((await lock.now()).holders, []);
  }),
  storeCase("a renewal prolongs a hold by its ttl, and a shorter one takes nothing back [G7]", [], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire({ ttl: SHORT });
    assert.equal((await lock.renew(held.id, held.token, 5000)).type, "done");
    assert.equal((await lock.renew(held.id, held.token, SHORT)).type, "done");
    await pause(PAST_SHORT);
    assert.deepEqual((await lock.now()).holders, [held.id]);
  }),
  storeCase("a force-release matches a holder's token, an old one breaks nothing [6, G5]", [], async (trial) => {
    const lock = await trial.raw();
    const first = await lock.acquire();
    const force = (token: bigint) => lock.send({ type: "force", resource: lock.resource, token });
    assert.equal((await force(first.token)).type, "done");
    const second = await lock.acquire();
    assert.equal((await force(first.token)).type, "gone");
    assert.deepEqual((await lock.now()).holders, [second.id]);
  }),
];

const repeats: readonly StoreCase[] = [
  storeCase("acquire sent twice is granted once, with one token [6, G6]", [], async (trial) => {
    const lock = await trial.raw(2);
    const command = lock.acquireCommand();
    const first = await lock.send(command);
    assert.deepEqual(await lock.send(command), first);
    assert.deepEqual(await lock.now(), { holders: [command.id], waiters: [] });
    assert.equal((await lock.store.inspect(lock.resource)).used, 1);
  }),
  storeCase("acquire sent twice queues once, and keeps its place [6, G6]", ["fifo"], async (trial) => {
    const lock = await trial.raw();
    await lock.acquire();
    const command = lock.acquireCommand();
    await lock.send(command);
    const later = await lock.acquire();
    assert.equal((await lock.send(command)).type, "queued");
    assert.deepEqual((await lock.now()).waiters, [command.id, later.id]);
  }),
  storeCase("release, cancel, force and dead sent twice change nothing the second time [6, G6]", [], async (trial) => {
    const lock = await trial.raw(3);
    const [one, two, three] = [
      await lock.acquire(),
      await lock.acquire(),
      await lock.acquire({ process: "dead-process" }),
    ];
    const other = await lock.acquire();
    const commands = [
      { type: "release", resource: lock.resource, id: one.id, token: one.token },
      { type: "force", resource: lock.resource, token: two.token },
      { type: "dead", resource: lock.resource, process: "dead-process" },
      { type: "cancel", resource: lock.resource, id: other.id },
    ] as const;
    for (const command of commands) {
      assert.equal((await lock.send(command)).type, "done", command.type);
      const after = await lock.now();
      assert.equal((await lock.send(command)).type, "gone", command.type);
      assert.deepEqual(await lock.now(), after);
    }
    assert.deepEqual(await lock.now(), { holders: [], waiters: [] });
    assert.equal((await lock.heartbeat(three.id)).result.type, "gone");
  }),
  storeCase("renew, heartbeat and resize sent twice answer twice alike [6, G6]", [], async (trial) => {
    const lock = await trial.raw(2);
    const held = await lock.acquire();
    for (let time = 0; time < 2; time += 1) {
      assert.equal((await lock.renew(held.id, held.token)).type, "done");
      assert.equal((await lock.heartbeat(held.id)).token, held.token);
      assert.equal((await lock.send({ type: "resize", resource: lock.resource, capacity: 5 })).type, "done");
    }
    assert.deepEqual(await lock.now(), { holders: [held.id], waiters: [] });
  }),
  storeCase("upgrade sent twice is granted once [6, G6]", [], async (trial) => {
    const lock = await trial.raw();
    const reader = await lock.acquire({ weight: 1 });
    const writer = await lock.upgrade(reader);
    assert.equal((await lock.upgrade(reader)).token, writer.token);
    assert.deepEqual(await lock.now(), { holders: [reader.id], waiters: [] });
  }),
  storeCase("commands for what was never used are gone and leave no trace", [], async (trial) => {
    const lock = await trial.raw();
    assert.equal((await lock.heartbeat("nobody")).result.type, "gone");
    assert.equal((await lock.release("nobody", 1n)).type, "gone");
    assert.equal((await lock.cancel("nobody")).type, "gone");
    await lock.store.inspect(lock.resource);
    assert.deepEqual(await lock.store.list(""), []);
  }),
  storeCase("commands of one execute are applied in order", [], async (trial) => {
    const lock = await trial.raw();
    const one = lock.acquireCommand();
    const two = lock.acquireCommand();
    const results = await lock.store.execute([one, two, { type: "cancel", resource: lock.resource, id: one.id }]);
    assert.deepEqual(
      results.map(({ type }) => type),
      ["granted", "queued", "done"],
    );
    assert.deepEqual(await lock.now(), { holders: [two.id], waiters: [] });
    assert.deepEqual(await lock.store.execute([]), []);
  }),
];

const time: readonly StoreCase[] = [
  storeCase(
    "a holder whose time is over is replaced, and its late release changes nothing [8, G7]",
    [],
    async (trial) => {
      const lock = await trial.raw();
      const late = await lock.acquire({ ttl: SHORT });
      assert.equal((await lock.acquire({ queue: false })).result.type, "busy");
      await pause(PAST_SHORT);
      const next = await lock.acquire({ queue: false });
      assert.ok(next.token > late.token);
      assert.equal((await lock.release(late.id, late.token)).type, "gone");
      assert.deepEqual((await lock.now()).holders, [next.id]);
    },
  ),
  storeCase("a waiter fetches the grant of an expired holder by its own heartbeat [7, G7]", [], async (trial) => {
    const lock = await trial.raw();
    await lock.acquire({ ttl: SHORT });
    const next = await lock.acquire();
    const { result } = next;
    assert.ok(
      result.type === "queued" && result.lapse !== undefined && result.lapse <= SHORT,
      "the head learns when to look",
    );
    await pause(PAST_SHORT);
    assert.ok((await lock.heartbeat(next.id)).token > 0n);
  }),
  storeCase("a waiter that is silent past its patience does not block the queue [7, G7]", ["fifo"], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire();
    const silent = await lock.acquire({ patience: SHORT });
    const patient = await lock.acquire();
    await pause(PAST_SHORT);
    await lock.release(held.id, held.token);
    assert.deepEqual(await lock.now(), { holders: [patient.id], waiters: [] });
    assert.equal((await lock.heartbeat(silent.id)).result.type, "gone");
  }),
  storeCase("a grantee that does not claim in time is passed over [7, G8]", ["fifo"], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire();
    const stalled = await lock.acquire({ patience: SHORT });
    const patient = await lock.acquire();
    await lock.release(held.id, held.token);
    assert.deepEqual((await lock.now()).holders, [stalled.id]);
    await pause(PAST_SHORT);
    assert.ok((await lock.heartbeat(patient.id)).token > held.token);
    assert.equal((await lock.heartbeat(stalled.id)).result.type, "gone");
  }),
  storeCase("a grantee that claims in time holds for its ttl [7, G8]", ["fifo"], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire();
    const next = await lock.acquire({ patience: SHORT });
    await lock.release(held.id, held.token);
    const { token } = await lock.heartbeat(next.id);
    await pause(PAST_SHORT);
    assert.equal((await lock.renew(next.id, token)).type, "done");
  }),
];

const queue: readonly StoreCase[] = [
  storeCase(
    "what is freed goes to the head in the same step, never to who asks then [7, G3, G4]",
    ["fifo"],
    async (trial) => {
      const lock = await trial.raw();
      const held = await lock.acquire();
      const next = await lock.acquire();
      await lock.release(held.id, held.token);
      assert.equal((await lock.acquire({ queue: false })).result.type, "busy");
      assert.deepEqual(await lock.now(), { holders: [next.id], waiters: [] });
    },
  ),
  storeCase("cancel takes a waiter out, and the next one has its place [7]", ["fifo"], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire();
    const leaves = await lock.acquire();
    const stays = await lock.acquire();
    assert.equal((await lock.cancel(leaves.id)).type, "done");
    await lock.release(held.id, held.token);
    assert.deepEqual(await lock.now(), { holders: [stays.id], waiters: [] });
  }),
  storeCase("cancel gives back a grant that crossed it [7]", [], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire();
    const crossing = await lock.acquire();
    const next = await lock.acquire();
    await lock.release(held.id, held.token);
    assert.equal((await lock.cancel(crossing.id)).type, "done");
    assert.ok((await lock.heartbeat(next.id)).token > held.token);
  }),
  storeCase("dead drops all that a process holds and waits for, and nobody else's", [], async (trial) => {
    const lock = await trial.raw(2);
    const gone = { process: "dead-process" };
    await lock.acquire(gone);
    const held = await lock.acquire();
    await lock.acquire(gone);
    const next = await lock.acquire();
    assert.equal((await lock.send({ type: "dead", resource: lock.resource, process: "dead-process" })).type, "done");
    assert.deepEqual(await lock.now(), { holders: [held.id, next.id].toSorted(), waiters: [] });
  }),
  storeCase("a barging newcomer takes what is free past a barging head [7, G3]", [], async (trial) => {
    const lock = await trial.raw();
    const held = await lock.acquire({ barging: true });
    const waiter = await lock.acquire({ barging: true });
    await lock.release(held.id, held.token);
    const newcomer = await lock.acquire({ barging: true, queue: false });
    assert.ok(newcomer.token > held.token);
    assert.equal((await lock.heartbeat(waiter.id)).result.type, "queued");
    await lock.release(newcomer.id, newcomer.token);
    assert.ok((await lock.heartbeat(waiter.id)).token > newcomer.token);
  }),
  storeCase("nobody barges past a head that waits in line [7, G3]", ["fifo"], async (trial) => {
    const lock = await trial.raw(2);
    const held = await lock.acquire();
    const heavy = await lock.acquire({ weight: 2 });
    const light = await lock.acquire({ barging: true });
    assert.equal(light.result.type, "queued");
    assert.equal((await lock.heartbeat(light.id)).result.type, "queued");
    await lock.release(held.id, held.token);
    assert.deepEqual(await lock.now(), { holders: [heavy.id], waiters: [light.id] });
  }),
];

const upgrades: readonly StoreCase[] = [
  storeCase(
    "an upgrade waits at the head for the other readers and then holds with a new token [G2, G3]",
    [],
    async (trial) => {
      const lock = await trial.raw();
      const reader = await lock.acquire({ weight: 1 });
      const other = await lock.acquire({ weight: 1 });
      const writer = await lock.acquire();
      const upgrade = await lock.upgrade(reader);
      assert.equal(upgrade.result.type, "queued");
      assert.deepEqual((await lock.now()).waiters, [upgrade.id, writer.id]);
      await lock.release(other.id, other.token);
      const { token } = await lock.heartbeat(upgrade.id);
      assert.ok(token > other.token);
      assert.deepEqual(await lock.now(), { holders: [reader.id], waiters: [writer.id] });
    },
  ),
  storeCase("cancel of an upgrade, waiting or granted, leaves the reader as it was", [], async (trial) => {
    const lock = await trial.raw();
    const reader = await lock.acquire({ weight: 1 });
    const other = await lock.acquire({ weight: 1 });
    await lock.cancel((await lock.upgrade(reader)).id);
    await lock.release(other.id, other.token);
    const granted = await lock.upgrade(reader, { n: 2 });
    assert.ok(granted.token > reader.token);
    assert.equal((await lock.cancel(granted.id)).type, "done");
    assert.equal((await lock.renew(reader.id, reader.token)).type, "done");
    assert.equal((await lock.acquire({ weight: 1, queue: false })).result.type, "granted");
  }),
  storeCase("a second upgrade is refused, and a stranger's or a stale one is gone", [], async (trial) => {
    const lock = await trial.raw();
    const reader = await lock.acquire({ weight: 1 });
    const other = await lock.acquire({ weight: 1 });
    await lock.upgrade(reader);
    const { result } = await lock.upgrade(other);
    assert.ok(result.type === "refused" && result.why === "upgrade");
    const stale = {
      id: reader.id,
      result: { type: "granted", token: reader.token + 100n },
      token: reader.token + 100n,
    } as const;
    assert.equal((await lock.upgrade(stale, { n: 7 })).result.type, "gone");
  }),
];

/** Rules of the grant table that show in single commands. */
export const commandCases: readonly StoreCase[] = [...identity, ...repeats, ...time, ...queue, ...upgrades];
