/**
 * Faults that leases must survive, each with real processes over one sqlite store: frozen, blocked and killed holders and
 * waiters, a dead keeper thread. The faults of the machine around them (clock, disk, file) are in machine-faults.test.ts.
 *
 * Every step waits for a line that a process printed or for a state of the store. What has to take a while, a ttl, is
 * waited for by its effect where it has one.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Answer, FaultRoom, monotonicNow } from "./holders.ts";

/** Long enough that nothing here ends by it: whoever gets the lock got it by another way. */
const LONG = 60_000;
const slow = { timeout: 60_000 };

describe("a holder stopped past its ttl", () => {
  it("finds the loss at once, in the turn in which it was stopped (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [frozen, next] = await Promise.all([room.start({ ttl: 1500 }), room.start({ ttl: 1500 })]);
    await frozen.ask("acquire", { name: "job" });
    const granted = next.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    const looked = frozen.ask("lookAfterGap", { name: "job", gap: 500 });
    await frozen.event("spinning");
    await frozen.signal("SIGSTOP");
    expect(await granted).toMatchObject({ token: 2 });
    await frozen.signal("SIGCONT");
    expect(await looked).toMatchObject({ aborted: true, state: "lost", check: "LW_LEASE_LOST" });
  });

  it("has its run() rejected and its write refused (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [frozen, next] = await Promise.all([room.start({ ttl: 1500 }), room.start({ ttl: 1500 })]);
    const notes = join(room.folder, "notes.db");
    await frozen.ask("run", { name: "job" });
    expect(await frozen.ask("fenceAfterGap", { name: "job", gap: 0, path: notes })).toMatchObject({ wrote: true });
    const granted = next.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    await frozen.signal("SIGSTOP");
    await granted;
    await frozen.signal("SIGCONT");
    expect(await frozen.ask("fenceAfterGap", { name: "job", gap: 0, path: notes })).toMatchObject({
      wrote: false,
      code: "LW_LEASE_LOST",
    });
    await frozen.ask("end", { name: "job" });
    expect(await frozen.event("ran")).toMatchObject({ outcome: "LW_LEASE_LOST" });
    expect(await next.ask("fenceAfterGap", { name: "job", gap: 0, path: notes })).toMatchObject({ wrote: true });
  });

  it("writes nothing even if it cannot know: the token of a lock taken by force is stale (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [frozen, next] = await Promise.all([room.start({ ttl: LONG }), room.start({ ttl: LONG })]);
    const notes = join(room.folder, "notes.db");
    const { token } = await frozen.ask("acquire", { name: "job" });
    const late = frozen.ask("fenceAfterGap", { name: "job", gap: 200, path: notes });
    await frozen.event("spinning");
    await frozen.signal("SIGSTOP");
    await next.ask("force", { name: "job", token });
    await next.ask("acquire", { name: "job" });
    expect(await next.ask("fenceAfterGap", { name: "job", gap: 0, path: notes })).toMatchObject({ wrote: true });
    await sleep(200); // the gap that the frozen one waits to see
    await frozen.signal("SIGCONT");
    expect(await late).toMatchObject({ before: { check: "passed" }, wrote: false, code: "LW_STALE_TOKEN" });
  });
});

describe("a blocked main loop", () => {
  it("keeps its lease for three times the ttl (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [blocked, next] = await Promise.all([room.start({ ttl: 500 }), room.start({ ttl: 500 })]);
    await blocked.ask("acquire", { name: "job" });
    const granted = next.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    expect(await blocked.ask("block", { name: "job", ms: 1500 })).toMatchObject({
      state: "held",
      check: "passed",
      aborted: false,
    });
    const { at: releasedAt } = await blocked.ask("release", { name: "job" });
    expect((await granted).at).toBeGreaterThan(releasedAt - 100);
  });

  it(
    "keeps its lease though the block begins in the first microtask after the first acquire (slow)",
    slow,
    async () => {
      await using room = new FaultRoom();
      const [blocked, next] = await Promise.all([room.start({ ttl: 1000 }), room.start({ ttl: 1000 })]);
      const looked = blocked.ask("acquireAndBlock", { name: "job", ms: 3000 });
      await untilHeld(room, "job");
      const granted = next.ask("acquire", { name: "job" });
      expect(await looked).toMatchObject({ state: "held", check: "passed", aborted: false });
      await blocked.ask("release", { name: "job" });
      expect(await granted).toMatchObject({ token: 2 });
    },
  );

  it("past maxStall is given up, and finds out at once afterwards (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [blocked, next] = await Promise.all([room.start({ ttl: 500, maxStall: 800 }), room.start({ ttl: 500 })]);
    await blocked.ask("acquire", { name: "job" });
    const granted = next.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    const looked = blocked.ask("block", { name: "job", ms: 3500 });
    const { at: from } = await blocked.event("blocking");
    const { at } = await granted;
    expect(at - from).toBeGreaterThan(500); // it was kept for a while
    expect(at - from).toBeLessThan(3000); // by maxStall + ttl, on a busy machine
    expect(await looked).toMatchObject({ aborted: true, state: "lost", check: "LW_LEASE_LOST" });
  });
});

describe("kill -9", () => {
  it("of the holder lets the next one in within milliseconds (slow)", slow, async () => {
    await using room = new FaultRoom();
    const takeovers: number[] = [];
    let holder = await room.start({ ttl: LONG });
    await holder.ask("acquire", { name: "job" });
    for (let round = 0; round < 10; round += 1) {
      const next = await room.start({ ttl: LONG });
      const granted = next.ask("acquire", { name: "job" });
      await room.queued("job", 1);
      const killedAt = monotonicNow();
      await holder.signal("SIGKILL");
      takeovers.push((await granted).at - killedAt);
      holder = next;
    }
    const sorted = takeovers.toSorted((a, b) => a - b);
    console.log(`takeover after kill -9: median ${sorted[5]?.toFixed(1)} ms, longest ${sorted[9]?.toFixed(1)} ms`);
    expect(sorted[5]).toBeLessThan(50);
    expect(sorted[9]).toBeLessThan(5000);
  });

  it("of a waiter leaves the one behind it where it was (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [holder, waiter, behind] = await Promise.all([1, 2, 3].map(() => room.start({ ttl: LONG })));
    await holder?.ask("acquire", { name: "job" });
    void waiter?.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    const granted = behind?.ask("acquire", { name: "job" });
    await room.queued("job", 2);
    await waiter?.signal("SIGKILL");
    const from = monotonicNow();
    await holder?.ask("release", { name: "job" });
    const { at } = (await granted) as Answer;
    console.log(`granted past a killed waiter: ${(at - from).toFixed(1)} ms`);
    expect(at - from).toBeLessThan(2000);
  });

  it("of the holder and its watcher together lets the third one in (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [holder, watcher, third] = await Promise.all([1, 2, 3].map(() => room.start({ ttl: LONG })));
    await holder?.ask("acquire", { name: "job" });
    void watcher?.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    const granted = third?.ask("acquire", { name: "job" });
    await room.queued("job", 2);
    const from = monotonicNow();
    await Promise.all([holder?.signal("SIGKILL"), watcher?.signal("SIGKILL")]);
    const { at } = (await granted) as Answer;
    console.log(`granted after holder and watcher died together: ${(at - from).toFixed(1)} ms`);
    expect(at - from).toBeLessThan(2000);
  });

  it("of all at once leaves a fresh start no wait, and a higher token (slow)", slow, async () => {
    await using room = new FaultRoom();
    const crowd = await Promise.all([1, 2, 3, 4].map(() => room.start({ ttl: LONG })));
    await crowd[0]?.ask("acquire", { name: "job" });
    for (const waiter of crowd.slice(1)) void waiter.ask("acquire", { name: "job" });
    await room.queued("job", 3);
    await Promise.all(crowd.map((holder) => holder.signal("SIGKILL")));
    const fresh = await room.start({ ttl: LONG });
    const from = monotonicNow();
    const { at, token } = await fresh.ask("acquire", { name: "job" });
    console.log(`fresh start after all were killed: ${(at - from).toFixed(1)} ms, token ${String(token)}`);
    expect(at - from).toBeLessThan(2000);
    expect(token).toBeGreaterThan(1);
  });
});

describe("the keeper thread", () => {
  it("may crash: renewal moves to the main loop with one warning, and nothing is lost (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [holder, next] = await Promise.all([room.start({ ttl: 1500 }), room.start({ ttl: 1500 })]);
    await holder.ask("acquire", { name: "job" });
    await holder.ask("acquire", { name: "other" });
    const granted = next.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    expect(await holder.ask("stats")).toMatchObject({ renewal: "thread", warnings: [] });
    expect(await holder.ask("endKeeper")).toMatchObject({ renewal: "loop", warnings: ["LW_KEEPER"] });
    await sleep(4500); // three ttls
    for (const name of ["job", "other"])
      expect(await holder.ask("look", { name })).toMatchObject({ state: "held", check: "passed" });
    await holder.ask("acquire", { name: "third" }); // what is taken afterwards is renewed too
    await sleep(2000);
    expect(await holder.ask("look", { name: "third" })).toMatchObject({ check: "passed" });
    expect(await holder.ask("stats")).toMatchObject({ renewal: "loop", warnings: ["LW_KEEPER"] });
    await holder.ask("release", { name: "job" });
    expect(await granted).toMatchObject({ token: 2 });
  });
});

describe("the sockets", () => {
  it("never lie in the working folder, also when XDG_RUNTIME_DIR is empty", slow, async () => {
    await using room = new FaultRoom();
    const holder = await room.start({ env: { XDG_RUNTIME_DIR: "" } });
    await holder.ask("acquire", { name: "job" });
    const [found] = (await room.state("job")).holders;
    expect(found?.process).toMatch(/^\//);
    expect(existsSync(join(room.folder, "lockwright"))).toBe(false);
  });
});

async function untilHeld(room: FaultRoom, name: string): Promise<void> {
  while ((await room.state(name)).holders.length === 0) await sleep(5);
}
