/** What a lease does over a store, when all goes well and when it is lost. */
import assert from "node:assert/strict";
import { LeaseLostError } from "../errors.js";
import { platform } from "../platform.js";
import { assertFree, pause, rejection, storeCase, type StoreCase, untilWaiting } from "./stores.js";

/** A ttl that a case stalls through. */
const SHORT = 40;

/** Blocks the loop, as a long computation does: no timer has a chance to run. */
function stall(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

const running: readonly StoreCase[] = [
  storeCase("run gives the body's value and then gives the lock back [5]", [], async (trial) => {
    const space = await trial.space();
    const value = await space.mutex("run").run(async (lease) => {
      lease.check();
      assert.equal(lease.signal.aborted, false);
      await pause(0);
      return 42;
    });
    assert.equal(value, 42);
    await assertFree(space, "run");
  }),
  storeCase("run passes on what the body throws and gives the lock back [5]", [], async (trial) => {
    const space = await trial.space();
    const thrown = { odd: true };
    const failing = space.mutex("throws").run(() => {
      throw thrown;
    });
    assert.equal(await rejection(failing), thrown);
    await assertFree(space, "throws");
  }),
  storeCase("run rejects with LeaseLostError although the body returned a value [5]", [], async (trial) => {
    const space = await trial.space({ ttl: SHORT });
    let wasDone = false;
    const error = await rejection(
      space.mutex("late").run(() => {
        stall(SHORT + 20);
        wasDone = true;
        return "written too late";
      }),
    );
    assert.ok(error instanceof LeaseLostError);
    assert.equal(error.why, "expired");
    assert.equal(wasDone, true);
    await assertFree(space, "late");
  }),
  storeCase("run under a lost lease keeps the body's error as the cause [5]", [], async (trial) => {
    const space = await trial.space({ ttl: SHORT });
    const thrown = new Error("mine");
    const error = await rejection(
      space.mutex("both").run(() => {
        stall(SHORT + 20);
        throw thrown;
      }),
    );
    assert.ok(error instanceof LeaseLostError);
    assert.equal(error.cause, thrown);
  }),
  storeCase(
    "run holds until the body has settled, also after the loss, and aborts its signal [5]",
    [],
    async (trial) => {
      const [one, two] = await trial.spaces(2);
      const order: string[] = [];
      const failing = one!.mutex("long").run(async (lease) => {
        const aborted = new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
        await two!.forceRelease("long", { token: lease.token });
        await lease.renew().catch(() => {});
        await aborted;
        await pause(5);
        order.push("body");
      });
      const error = await rejection(failing);
      order.push("run");
      assert.ok(error instanceof LeaseLostError);
      assert.equal(error.why, "gone");
      assert.deepEqual(order, ["body", "run"]);
    },
  ),
  storeCase("a body may release its lease, and run then frees nobody else's hold", [], async (trial) => {
    const space = await trial.space();
    const lock = space.mutex("early");
    await lock.run(async (lease) => {
      await lease.release();
      const other = await lock.acquire({ timeout: 500 });
      await lease.release();
      other.check();
      await other.release();
    });
    await assertFree(space, "early");
  }),
];

const losing: readonly StoreCase[] = [
  storeCase("right after a stall the signal, the state and check() tell the loss [2, L2]", [], async (trial) => {
    const space = await trial.space({ ttl: SHORT });
    const [one, two, three] = [
      await space.mutex("1").acquire(),
      await space.mutex("2").acquire(),
      await space.mutex("3").acquire(),
    ];
    stall(SHORT + 20);
    assert.throws(() => one.signal.throwIfAborted(), LeaseLostError);
    assert.throws(() => two.check(), { code: "LW_LEASE_LOST" });
    assert.equal(three.state, "lost");
    assert.ok(one.signal.reason instanceof LeaseLostError);
  }),
  storeCase("a release after the loss resolves and leaves the next holder alone [6, L3]", [], async (trial) => {
    const [one, two] = await trial.spaces(2, { ttl: SHORT });
    const late = await one!.mutex("next").acquire();
    stall(SHORT + 20);
    const next = await two!.mutex("next").acquire({ ttl: 5000, timeout: 1000 });
    await late.release();
    await late[Symbol.asyncDispose]();
    await assert.rejects(late.renew(), LeaseLostError);
    assert.equal(late.state, "lost");
    assert.deepEqual(
      (await two!.inspect("next")).holders.map(({ token }) => token),
      [next.token],
    );
    await next.release();
  }),
  storeCase("a signal fires by itself when the time is over [L2]", [], async (trial) => {
    const space = await trial.space({ ttl: 5000 });
    const lease = await space.mutex("fires").acquire();
    const { signal } = lease;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await (await trial.space()).forceRelease("fires", { token: lease.token });
    await aborted;
    assert.equal(lease.state, "lost");
  }),
];

const keeping: readonly StoreCase[] = [
  storeCase("renewals keep a lease past its ttl [3, 4]", [], async (trial) => {
    const [one, two] = await trial.spaces(2, { ttl: 160 });
    const lease = await one!.mutex("kept").acquire();
    for (let round = 0; round < 4; round += 1) {
      await pause(50);
      lease.check();
      assert.equal(await two!.mutex("kept").tryAcquire(), undefined);
    }
    await lease.release();
  }),
  storeCase("the time spent waiting is not taken from the lease [1, L1]", [], async (trial) => {
    const [one, two] = await trial.spaces(2);
    const held = await one!.mutex("waited").acquire();
    const wait = two!.mutex("waited").acquire({ ttl: 400 });
    await untilWaiting(one!, "waited", 1);
    await pause(60);
    const releasedAt = platform.now();
    await held.release();
    const lease = await wait;
    const left = lease.expiresAt - platform.wallNow();
    assert.ok(left <= 400 && left >= 390 - (platform.now() - releasedAt) - 5, `${left} ms are left of 400`);
    await lease.release();
  }),
  storeCase("renew prolongs a lease by the ttl it is given", [], async (trial) => {
    const space = await trial.space({ ttl: 500 });
    const lease = await space.mutex("longer").acquire();
    await lease.renew(60_000);
    assert.ok(lease.expiresAt - platform.wallNow() > 50_000);
    const { holders } = await space.inspect("longer");
    assert.ok(holders[0]!.expiresIn > 50_000);
    await lease.release();
  }),
  storeCase("release is idempotent, and a released lease says LW_NOT_HELD [6]", [], async (trial) => {
    const space = await trial.space();
    const lease = await space.mutex("twice").acquire();
    await Promise.all([lease.release(), lease.release()]);
    await lease.release();
    assert.equal(lease.state, "released");
    assert.throws(() => lease.check(), { code: "LW_NOT_HELD" });
    await assert.rejects(lease.renew(), { code: "LW_NOT_HELD" });
    assert.equal(lease.signal.aborted, false);
    await assertFree(space, "twice");
  }),
  storeCase(
    "a lease carries its name and token as headers, and its disposal releases it",
    ["fencing:tokens"],
    async (trial) => {
      const space = await trial.space();
      {
        await using lease = await space.mutex("né w").acquire();
        assert.deepEqual(lease.headers(), {
          "lockwright-lock": encodeURIComponent("né w"),
          "lockwright-token": String(lease.token),
        });
        assert.ok(lease.token > 0n);
      }
      await assertFree(space, "né w");
    },
  ),
];

/** Running, losing and keeping leases. */
export const leaseCases: readonly StoreCase[] = [...running, ...losing, ...keeping];
