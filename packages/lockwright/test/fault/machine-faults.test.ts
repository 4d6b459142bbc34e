/**
 * Faults of the machine around leases, with real processes over one sqlite store: a wall clock that jumps, a database file
 * that is removed, replaced, read-only, of another version or on a full disk, and a process that is stopped in the
 * middle of a write transaction. What needs root or libfaketime is listed as NOT RUN without them.
 */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { notRun } from "../support/not-run.ts";
import { loadDriver } from "../../src/stores/sqlite/driver.ts";
import { FaultRoom, monotonicNow, until } from "./holders.ts";

const LONG = 60_000;
const NOBODY = 65_534;
const slow = { timeout: 60_000 };
const isRoot = process.getuid?.() === 0;
const FAKETIME = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
  .map((target) => `/usr/lib/${target}/faketime/libfaketime.so.1`)
  .find((file) => existsSync(file));

describe("the wall clock", () => {
  it("jumping a day either way neither ends nor extends a lease (slow)", slow, async () => {
    if (FAKETIME === undefined) return notRun("leases while the wall clock jumps", "libfaketime is not installed");
    await using room = new FaultRoom();
    const clock = join(room.folder, "clock");
    writeFileSync(clock, "+0");
    const env = {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
    const [holder, next] = await Promise.all([room.start({ ttl: 600, env }), room.start({ ttl: 600, env })]);
    await holder.ask("acquire", { name: "job" });
    const granted = next.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    for (const jump of ["+1d", "-1d"]) {
      writeFileSync(clock, jump);
      const { wall } = await holder.ask("stats");
      expect(Math.abs((wall as number) - Date.now())).toBeGreaterThan(80_000_000); // it did jump
      await sleep(1200); // two ttls: it lives by renewals, and they by the other clock
      expect(await holder.ask("look", { name: "job" })).toMatchObject({ check: "passed" });
      expect((await room.state("job")).holders).toMatchObject([{ token: 1n }]);
    }
    await holder.signal("SIGSTOP");
    const from = monotonicNow();
    writeFileSync(clock, "+1d");
    expect((await granted).at - from).toBeLessThan(3000); // a ttl, not a day
    await holder.signal("SIGCONT");
    expect(await holder.ask("look", { name: "job" })).toMatchObject({ check: "LW_LEASE_LOST" });
  });
});

describe("the database file", () => {
  const remove = (path: string): void => {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${path}${end}`, { force: true });
  };

  it("removed while in use is told to every process, and leases end as lost (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [holder, other] = await Promise.all([room.start({ ttl: 600 }), room.start({ ttl: 600 })]);
    await holder.ask("run", { name: "job" });
    await other.ask("acquire", { name: "other" });
    remove(room.path);
    for (const process of [holder, other]) {
      const refused = await process.ask("acquire", { name: "new" });
      expect(refused).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
      expect(refused["message"]).toMatch(/removed/);
    }
    await until("the loss", async () => (await holder.ask("look", { name: "job" }))["check"] === "LW_LEASE_LOST");
    await until("the loss", async () => (await other.ask("look", { name: "other" }))["check"] === "LW_LEASE_LOST");
    await holder.ask("end", { name: "job" });
    expect(await holder.event("ran")).toMatchObject({ outcome: "LW_LEASE_LOST" });
    const fresh = await room.start();
    expect(await fresh.ask("acquire", { name: "job" })).toMatchObject({ token: 1 });
  });

  it("removed under a waiter ends its wait with an error (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [holder, waiter] = await Promise.all([room.start({ ttl: LONG }), room.start({ ttl: LONG })]);
    await holder.ask("acquire", { name: "job" });
    const waiting = waiter.ask("acquire", { name: "job" });
    await room.queued("job", 1);
    remove(room.path);
    const from = monotonicNow();
    expect(await waiting).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
    expect(monotonicNow() - from).toBeLessThan(5000);
  });

  it("replaced by another is refused, and the other one is not written to (slow)", slow, async () => {
    await using room = new FaultRoom();
    const holder = await room.start({ ttl: 600 });
    await holder.ask("acquire", { name: "job" });
    await using elsewhere = new FaultRoom();
    const stranger = await elsewhere.start();
    await stranger.ask("acquire", { name: "theirs" });
    await stranger.signal("SIGKILL");
    const copy = join(room.folder, "copy.db");
    copyFileSync(elsewhere.path, copy);
    const before = readFileSync(copy);
    renameSync(copy, room.path);
    const refused = await holder.ask("acquire", { name: "new" });
    expect(refused).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
    expect(refused["message"]).toMatch(/replaced/);
    await until("the loss", async () => (await holder.ask("look", { name: "job" }))["check"] === "LW_LEASE_LOST");
    expect(readFileSync(room.path).equals(before)).toBe(true);
  });

  it(
    "of a newer protocol is refused, naming both, and an older client goes on beside the refused one",
    slow,
    async () => {
      await using room = new FaultRoom();
      const older = await room.start({ ttl: 600 });
      await older.ask("acquire", { name: "job" });
      const database = (await loadDriver()).open(room.path);
      database.exec("PRAGMA user_version = 2");
      const refused = await room.launch().event("refused");
      expect(refused).toMatchObject({ code: "LW_PROTOCOL" });
      expect(refused["message"]).toMatch(/protocol 2\b.*\b1\b/);
      expect(database.prepare("PRAGMA user_version").get()).toMatchObject({ user_version: 2 });
      database.close();
      expect(await older.ask("renew", { name: "job" })).toMatchObject({ check: "passed" });
      expect(await older.ask("acquire", { name: "next" })).toMatchObject({ token: 1 });
    },
  );

  it("or folder without write permission is refused in words (slow)", slow, async () => {
    const user = isRoot ? { uid: NOBODY } : {};
    await using room = new FaultRoom();
    const folder = join(room.folder, "locked");
    mkdirSync(folder);
    chmodSync(room.folder, 0o755);
    chmodSync(folder, 0o555);
    const env = { TMPDIR: "/tmp" };
    const url = `sqlite:${folder}/locks.db`;
    expect(await room.launch({ ...user, env, url }).event("refused")).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
    chmodSync(folder, 0o777);
    const first = await room.start({ url });
    await first.ask("acquire", { name: "job" });
    await first.signal("SIGKILL");
    chmodSync(`${folder}/locks.db`, 0o444);
    chmodSync(folder, 0o555);
    const reader = room.launch({ ...user, env, url });
    const answer = await Promise.race([reader.event("refused"), reader.ask("acquire", { name: "job" })]);
    expect(answer).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
    expect(answer["message"]).toMatch(/read-only|cannot be opened/);
    chmodSync(folder, 0o755);
  });
});

describe("a process stopped inside a write transaction", () => {
  it(
    "holds the others up and no longer: renewals are unknown and move nothing, then all goes on (slow)",
    slow,
    async () => {
      await using room = new FaultRoom();
      const [holder, other, blocker] = await Promise.all([
        room.start({ ttl: 1000 }),
        room.start({ ttl: 1000 }),
        room.start(),
      ]);
      await holder.ask("run", { name: "job" });
      const waiting = other.ask("acquire", { name: "job" });
      await room.queued("job", 1);
      await blocker.ask("begin", { path: room.path });
      await blocker.signal("SIGSTOP");
      const fresh = other.ask("acquire", { name: "new" });
      const stoppedAt = monotonicNow();
      await until("the loss", async () => (await holder.ask("look", { name: "job" }))["check"] === "LW_LEASE_LOST");
      expect(monotonicNow() - stoppedAt).toBeLessThan(2000); // at the deadline it had, though no answer came
      const continuedAt = monotonicNow();
      const done = blocker.ask("end", { name: "begin" });
      await blocker.signal("SIGCONT");
      await done;
      expect(await fresh).toMatchObject({ token: 1 });
      const granted = await waiting;
      expect(granted).toMatchObject({ token: 2 });
      expect(granted.at).toBeGreaterThan(continuedAt);
      await holder.ask("end", { name: "job" });
      expect(await holder.event("ran")).toMatchObject({ outcome: "LW_LEASE_LOST" });
      expect(await other.ask("look", { name: "job" })).toMatchObject({ check: "passed" });
    },
  );

  it("for less than the ttl costs nobody a lease (slow)", slow, async () => {
    await using room = new FaultRoom();
    const [holder, blocker] = await Promise.all([room.start({ ttl: 3000 }), room.start()]);
    await holder.ask("acquire", { name: "job" });
    await blocker.ask("begin", { path: room.path });
    await blocker.signal("SIGSTOP");
    await sleep(1500); // a renewal is due, and waits
    const done = blocker.ask("end", { name: "begin" });
    await blocker.signal("SIGCONT");
    await done;
    await sleep(3000);
    expect(await holder.ask("look", { name: "job" })).toMatchObject({ check: "passed" });
  });
});

describe("a full disk", () => {
  it(
    "refuses new locks, harms no lease by a second holder, and is over when there is room again (slow)",
    slow,
    async () => {
      await using room = new FaultRoom();
      const disk = join(room.folder, "disk");
      mkdirSync(disk);
      const mounted = isRoot && spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]).status === 0;
      if (!mounted) return notRun("leases on a full disk", "a small file system can be mounted only by root");
      try {
        const url = `sqlite:${disk}/locks.db`;
        const [holder, other] = await Promise.all([room.start({ ttl: 1500, url }), room.start({ ttl: 1500, url })]);
        await holder.ask("run", { name: "job" });
        fill(join(disk, "ballast"));
        const refused = await other.ask("cell", { name: "big", size: 100_000 });
        expect(refused).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
        const names = Array.from({ length: 300 }, (_, index) => `name-${index}`);
        let answer = await other.ask("acquire", { name: "first" });
        for (const name of names) {
          if (answer["code"] !== undefined) break;
          answer = await other.ask("acquire", { name }); // pages at hand may do for a few
        }
        expect(answer).toMatchObject({ code: "LW_STORE_UNAVAILABLE" });
        expect(answer["message"]).toMatch(/full|failed/);
        // Whatever the renewals did, never two: while its holder counts on it, nobody else is let in.
        const second = await other.ask("acquire", { name: "job", timeout: 0 });
        const look = await holder.ask("look", { name: "job" }); // after the try: it still counts on its lease, or it does not
        expect(look["check"] === "passed" && second["token"] !== undefined).toBe(false);
        rmSync(join(disk, "ballast"));
        await until("a grant", async () => (await other.ask("acquire", { name: "after" }))["token"] !== undefined);
        await holder.ask("end", { name: "job" });
        const { outcome } = await holder.event("ran");
        expect(["resolved", "LW_LEASE_LOST"]).toContain(outcome);
        expect((await other.ask("acquire", { name: "job" }))["token"]).toBeGreaterThan(1);
        const database = (await loadDriver()).open(`${disk}/locks.db`);
        expect(database.prepare("PRAGMA integrity_check").get()).toMatchObject({ integrity_check: "ok" });
        database.close();
      } finally {
        for (const holder of room.holders) await holder.signal("SIGKILL");
        spawnSync("umount", ["-l", disk]);
      }
    },
  );
});

/** Writes until nothing more fits. */
function fill(path: string): void {
  spawnSync("dd", ["if=/dev/zero", `of=${path}`, "bs=4096"]);
}
