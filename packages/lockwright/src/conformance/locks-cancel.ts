/** What every lock must do when a wait ends early; the second half of the list in `locks.ts`. */
import assert from "node:assert/strict";
import { assertQuiet, assertRejectsWithCode, lockCase, type LockCase, rejection, settle, take } from "./locks.js";

/** Cases about signals, timeouts, `cancelWaiters`, `close` and `whenAvailable`. */
export const cancelCases: readonly LockCase[] = [
  lockCase(
    "an aborted waiter rejects with the signal's reason and leaves the queue at once [15, I4]",
    ["signal"],
    async (tried) => {
      const guard = take(tried.lock);
      const controller = new AbortController();
      const wait = tried.lock.acquire({ signal: controller.signal });
      const reason = new Error("mine");
      controller.abort(reason);
      assert.equal(tried.lock.stats().waiting, 0);
      assert.equal(await rejection(wait), reason);
      guard.release();
      assertQuiet(tried);
    },
  ),
  // A holds; B and C wait. B is aborted as A releases, before or after, in one tick: C gets it.
  lockCase(
    "a release skips a waiter aborted in the same tick and lets in the next [16, 17, I4]",
    ["signal"],
    async (tried) => {
      const guard = take(tried.lock);
      const controller = new AbortController();
      const aborted = rejection(tried.lock.acquire({ signal: controller.signal }));
      const next = tried.lock.acquire();
      const last = tried.lock.acquire();
      controller.abort();
      guard.release();
      await aborted;
      (await next).release();
      (await last).release();
      assertQuiet(tried);
    },
  ),
  lockCase(
    "an abort after the grant changes nothing: the guard is delivered [18, 21, I5]",
    ["signal"],
    async (tried) => {
      const guard = take(tried.lock);
      const controller = new AbortController();
      const wait = tried.lock.acquire({ signal: controller.signal });
      const next = tried.lock.acquire();
      guard.release();
      controller.abort();
      const mine = await wait;
      assert.equal(mine.held, true);
      mine.release();
      (await next).release();
      assertQuiet(tried);
    },
  ),
  lockCase("an abort after the release does nothing [22]", ["signal"], async (tried) => {
    const controller = new AbortController();
    (await tried.lock.acquire({ signal: controller.signal })).release();
    controller.abort();
    await settle();
    assertQuiet(tried);
  }),
  lockCase(
    "an abort of a granted run that has not started skips the body and lets the next in [19, 23, 24]",
    ["signal"],
    async (tried) => {
      const guard = take(tried.lock);
      const controller = new AbortController();
      let calls = 0;
      const first = rejection(tried.lock.run(() => void (calls += 1), { signal: controller.signal }));
      const next = tried.lock.run(() => "next");
      guard.release();
      controller.abort("stop");
      assert.equal(await first, "stop");
      assert.equal(await next, "next");
      assert.equal(calls, 0);
      assertQuiet(tried);
    },
  ),
  lockCase("a run aborted right after the call on a free lock never runs its body [23]", ["signal"], async (tried) => {
    const controller = new AbortController();
    let calls = 0;
    const run = rejection(tried.lock.run(() => void (calls += 1), { signal: controller.signal }));
    controller.abort("stop");
    assert.equal(await run, "stop");
    assert.equal(calls, 0);
    assertQuiet(tried);
  }),
  lockCase("a waiter aborted right after queueing does not block the second [20]", ["signal"], async (tried) => {
    const guard = take(tried.lock);
    const controller = new AbortController();
    const aborted = rejection(tried.lock.acquire({ signal: controller.signal }));
    controller.abort();
    const second = tried.lock.acquire();
    guard.release();
    (await second).release();
    await aborted;
    assertQuiet(tried);
  }),
  lockCase("an aborted signal is refused even by a free lock [23]", ["signal"], async (tried) => {
    const reason = new Error("late");
    assert.equal(await rejection(tried.lock.acquire({ signal: AbortSignal.abort(reason) })), reason);
    assert.equal(
      await rejection(tried.lock.run(() => assert.fail("ran"), { signal: AbortSignal.abort(reason) })),
      reason,
    );
    assertQuiet(tried);
  }),
  lockCase("one signal aborts all its waiters and nobody else's, whatever their order", ["signal"], async (tried) => {
    const guard = take(tried.lock);
    const controller = new AbortController();
    const aborted = [1, 2, 3].map(() => rejection(tried.lock.acquire({ signal: controller.signal })));
    const stays = tried.lock.acquire();
    controller.abort("all");
    assert.deepEqual(await Promise.all(aborted), ["all", "all", "all"]);
    assert.equal(tried.lock.stats().waiting, 1);
    guard.release();
    (await stays).release();
    assertQuiet(tried);
  }),
  lockCase("a timeout of 0 on a held lock rejects now, on a free one takes it [27, 28]", ["timeout"], async (tried) => {
    const guard = take(tried.lock);
    await assertRejectsWithCode(tried.lock.acquire({ timeout: 0 }), "LW_TIMEOUT");
    guard.release();
    (await tried.lock.acquire({ timeout: 0 })).release();
    assertQuiet(tried);
  }),
  lockCase("a timed-out run never calls its body and leaves the queue [28, 29]", ["timeout"], async (tried) => {
    const guard = take(tried.lock);
    let calls = 0;
    await assertRejectsWithCode(
      tried.lock.run(() => void (calls += 1), { timeout: 1 }),
      "LW_TIMEOUT",
    );
    assert.equal(tried.lock.stats().waiting, 0);
    guard.release();
    await settle();
    assert.equal(calls, 0);
    assertQuiet(tried);
  }),
  lockCase(
    "cancelWaiters rejects every waiter with the one given reason and spares the holder [26]",
    ["cancel"],
    async (tried) => {
      const guard = take(tried.lock);
      const reason = new Error("shutting down");
      const waits = [1, 2, 3].map(() => rejection(tried.lock.acquire()));
      assert.equal(tried.lock.cancelWaiters(reason), 3);
      assert.deepEqual(new Set(await Promise.all(waits)), new Set([reason]));
      assert.equal(guard.held, true);
      await assertRejectsWithCode(
        (() => {
          const wait = tried.lock.acquire();
          tried.lock.cancelWaiters();
          return wait;
        })(),
        "LW_CANCELLED",
      );
      guard.release();
      assertQuiet(tried);
    },
  ),
  lockCase(
    "close rejects waiters and later calls with LW_CLOSED, and the holder finishes",
    ["close"],
    async (tried) => {
      const guard = take(tried.lock);
      const waits = [1, 2].map(() => tried.lock.acquire());
      tried.lock.close();
      for (const wait of waits) await assertRejectsWithCode(wait, "LW_CLOSED");
      await assertRejectsWithCode(tried.lock.acquire(), "LW_CLOSED");
      await assertRejectsWithCode(
        tried.lock.run(() => 1),
        "LW_CLOSED",
      );
      assert.throws(() => tried.lock.tryAcquire(), { code: "LW_CLOSED" });
      assert.throws(() => tried.lock.runSync(() => 1), { code: "LW_CLOSED" });
      guard.release();
      assert.equal(tried.lock.stats().closed, true);
      assert.equal(tried.lock.stats().available, 1);
    },
  ),
  lockCase("whenAvailable resolves when free and takes nothing [53]", ["when"], async (tried) => {
    await tried.lock.whenAvailable();
    const guard = take(tried.lock);
    let isTold = false;
    const told = tried.lock.whenAvailable().then(() => (isTold = true));
    await settle();
    assert.equal(isTold, false);
    guard.release();
    await told;
    assertQuiet(tried);
  }),
  lockCase(
    "whenAvailable is not woken when the permit is taken again in the same tick [53]",
    ["when"],
    async (tried) => {
      let guard = take(tried.lock);
      let isTold = false;
      const told = tried.lock.whenAvailable().then(() => (isTold = true));
      guard.release();
      guard = take(tried.lock);
      await settle();
      assert.equal(isTold, false);
      guard.release();
      await told;
      assertQuiet(tried);
    },
  ),
  lockCase("whenAvailable times out and aborts like an acquire [30]", ["when", "timeout", "signal"], async (tried) => {
    const guard = take(tried.lock);
    await assertRejectsWithCode(tried.lock.whenAvailable({ timeout: 1 }), "LW_TIMEOUT");
    const controller = new AbortController();
    const wait = rejection(tried.lock.whenAvailable({ signal: controller.signal }));
    controller.abort("no");
    assert.equal(await wait, "no");
    guard.release();
    assertQuiet(tried);
  }),
];
