import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LeaseLostError } from "../../../src/errors.js";
import { installTestPlatform, type TestPlatform } from "../../support/test-platform.js";
import { pair, settle } from "./wayward-store.js";

let clock: TestPlatform & Disposable;
beforeEach(() => {
  clock = installTestPlatform();
});
afterEach(() => clock[Symbol.dispose]());

/** The clock goes on and no timer fires: what a blocked loop sees. */
function stall(milliseconds: number): void {
  const { timers } = clock;
  const waiting = [...timers];
  timers.clear();
  clock.advance(milliseconds);
  for (const timer of waiting) timers.add(timer);
}

const name = "job";

describe("deadline", () => {
  test("it is the time before the request plus the ttl, less a hundredth for drift [L1]", async () => {
    const { bad, line } = pair({ ttl: 1000 });
    line.fates = ["late"];
    const acquired = bad.mutex(name).acquire();
    await settle();
    clock.advance(300); // the answer's way
    line.late.shift()?.();
    const lease = await acquired;
    expect(lease.expiresAt).toBe(clock.wallNow() - 300 + 990);
  });

  test("the time in the queue is not part of it [L1]", async () => {
    const { good, bad } = pair({ ttl: 5000 });
    const held = await good.mutex(name).acquire();
    const acquired = bad.mutex(name).acquire();
    await settle();
    clock.advance(700);
    await settle();
    await held.release();
    const lease = await acquired;
    expect(lease.expiresAt).toBe(clock.wallNow() + 4950);
  });

  test("an answer slower than the ttl gives a lease that is already lost [L1]", async () => {
    const { bad, line } = pair({ ttl: 100 });
    line.fates = ["late"];
    const acquired = bad.mutex(name).acquire();
    await settle();
    clock.advance(100);
    line.late.shift()?.();
    const lease = await acquired;
    expect(lease.state).toBe("lost");
    expect(lease.signal.aborted).toBe(true);
  });
});

describe("after a stall and before any timer", () => {
  test.each([
    ["signal", (lease: { signal: AbortSignal }) => lease.signal.throwIfAborted()],
    ["check()", (lease: { check(): void }) => lease.check()],
  ])("%s throws LeaseLostError [L2]", async (_, look) => {
    const { good } = pair({ ttl: 1000 });
    const lease = await good.mutex(name).acquire();
    look(lease);
    stall(989);
    look(lease);
    stall(1);
    expect(() => look(lease)).toThrow(LeaseLostError);
    expect(lease.state).toBe("lost");
  });

  test("a signal that was stored fires when a timer runs", async () => {
    const { good } = pair({ ttl: 1000 });
    const lease = await good.mutex(name).acquire();
    const { signal } = lease;
    stall(2000);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ code: "LW_LEASE_LOST", why: "expired", lock: name, token: 1n });
  });
});

describe("one end [L3]", () => {
  test("a lost lease is not released, renewed or lost again", async () => {
    const { bad, line } = pair({ ttl: 1000 });
    const lease = await bad.mutex(name).acquire();
    const sent = line.sent.length;
    stall(1000);
    await lease.release();
    await lease[Symbol.asyncDispose]();
    await expect(lease.renew()).rejects.toThrow(LeaseLostError);
    expect(lease.state).toBe("lost");
    expect(line.sent.length).toBe(sent);
    expect(bad.stats().held).toBe(0);
  });

  test("a released lease stays released past its deadline", async () => {
    const { good } = pair({ ttl: 1000 });
    const lease = await good.mutex(name).acquire();
    await lease.release();
    stall(5000);
    expect(lease.state).toBe("released");
    expect(lease.signal.aborted).toBe(false);
    expect(() => lease.check()).toThrow(expect.objectContaining({ code: "LW_NOT_HELD" }));
  });

  test("a read lease that is lost during its upgrade stays lost, and the grant goes back", async () => {
    const { good, bad, line } = pair({ ttl: 1000 });
    const reader = await bad.readWriteLock(name).read.acquire();
    line.fates = ["late"];
    const upgrade = reader.upgrade();
    upgrade.catch(() => {});
    await settle();
    stall(1000);
    line.late.shift()?.();
    await expect(upgrade).rejects.toThrow(LeaseLostError);
    await settle();
    expect(reader.state).toBe("lost");
    expect((await good.inspect(name)).holders).toEqual([]);
    expect(bad.stats().held).toBe(0);
  });

  test("an upgrade of a lease the store no longer has is a loss", async () => {
    const { good, bad, line } = pair();
    line.losesPushes = true;
    const reader = await bad.readWriteLock(name).read.acquire();
    await good.forceRelease(name, { token: reader.token });
    await expect(reader.upgrade()).rejects.toThrow(LeaseLostError);
    expect(reader.state).toBe("lost");
  });
});

describe("renewal", () => {
  test("it keeps a lease for as long as the loop runs, and the signal stays quiet", async () => {
    const { good } = pair({ ttl: 900 });
    const lease = await good.mutex(name).acquire();
    const { signal } = lease;
    for (let round = 0; round < 50; round += 1) {
      clock.advance(100);
      await settle();
    }
    lease.check();
    expect(signal.aborted).toBe(false);
    await lease.release();
  });

  test("an unreachable store moves no deadline, and the lease ends when it must", async () => {
    const { bad, line } = pair({ ttl: 900 });
    const lease = await bad.mutex(name).acquire();
    const { expiresAt } = lease;
    line.fates = Array.from({ length: 100 }, () => "never sent" as const);
    for (let round = 0; round < 8; round += 1) {
      clock.advance(100);
      await settle();
      expect(lease.expiresAt).toBe(expiresAt);
    }
    await expect(lease.renew()).rejects.toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
    expect(lease.state).toBe("held");
    clock.advance(100);
    expect(lease.state).toBe("lost");
  });

  test("a forced release is noticed at once where the push arrives, and by the next renewal where not", async () => {
    const { good, bad, line } = pair({ ttl: 900 });
    const [one, two] = [await bad.mutex("1").acquire(), await bad.mutex("2").acquire()];
    await good.forceRelease("1", { token: one.token });
    await settle();
    expect(one.state).toBe("lost");
    line.losesPushes = true;
    await good.forceRelease("2", { token: two.token });
    await settle();
    expect(two.state).toBe("held");
    clock.advance(400);
    await settle();
    expect(two.state).toBe("lost");
    expect(() => two.check()).toThrow(expect.objectContaining({ why: "gone" }));
  });

  test("renew with a shorter ttl sets the pace of the renewals to come", async () => {
    const { good } = pair({ ttl: 9000 });
    const lease = await good.mutex(name).acquire();
    await lease.renew(600);
    for (let round = 0; round < 20; round += 1) {
      clock.advance(100);
      await settle();
    }
    expect(lease.state).toBe("held");
  });

  test("a keeper's renewal by the old ttl that crosses a longer one leaves the holder no time it does not have", async () => {
    const { good, bad, line } = pair({ ttl: 900 });
    const lease = await bad.mutex(name).acquire();
    line.fates = ["late"];
    clock.advance(310); // the keeper's round, its answer late
    await settle();
    const longer = lease.renew(60_000);
    await longer;
    line.late.shift()?.();
    await settle();
    const { holders } = await good.inspect(name);
    expect(lease.expiresAt - clock.wallNow()).toBeLessThanOrEqual(holders[0]!.expiresIn);
    expect(lease.expiresAt - clock.wallNow()).toBeGreaterThan(50_000);
  });

  test("new leases on a busy loop do not put off a renewal that is due", async () => {
    const { bad, line } = pair({ ttl: 9000 });
    await bad.mutex("first").acquire();
    stall(3100); // due, and its timer has had no chance yet
    await bad.mutex("second").acquire();
    stall(100);
    await bad.mutex("third").acquire();
    clock.advance(1);
    await settle();
    expect(line.sent.filter(({ type }) => type === "renew").length).toBe(1);
  });

  test("closing the space stops renewals and leaves no timer that keeps the process alive", async () => {
    const { good } = pair({ ttl: 900 });
    await good.mutex(name).acquire();
    expect([...clock.timers].filter((timer) => timer.isAlive)).toEqual([]);
    await good.close();
    expect(clock.timers.size).toBe(0);
  });
});

test("an upgraded lease ends when the read lease would have, and has its own token", async () => {
  const { good } = pair({ ttl: 1000 });
  const reader = await good.readWriteLock(name).read.acquire();
  const { expiresAt } = reader;
  stall(300);
  const writer = await reader.upgrade();
  expect(writer.expiresAt).toBe(expiresAt);
  expect([reader.token, writer.token, reader.state]).toEqual([1n, 2n, "released"]);
});
