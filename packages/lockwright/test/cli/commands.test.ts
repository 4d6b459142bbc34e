/** `ls`, `show` and `release` on real locks of real processes, for people and as JSON. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentIn, eventually, Room, type Running } from "./command-line.js";

let room: Room;
beforeEach(() => {
  room = new Room();
});
afterEach(async () => {
  await room[Symbol.asyncDispose]();
});

interface LockDocument {
  readonly name: string;
  readonly token: string;
  readonly holders: readonly { readonly label: string; readonly token: string }[];
  readonly waiters: readonly { readonly label: string }[];
}

async function shown(name: string): Promise<LockDocument> {
  return documentIn(await room.run("show", name, "--json"))["lock"] as LockDocument;
}

/** Holds "job" by web-1 and queues web-2 for it. */
async function holdAndQueue(): Promise<{ holder: Running; waiter: Running }> {
  const holder = await room.hold("web-1", "mutex|job");
  const waiter = room.queue("web-2", "mutex|job");
  await eventually(async () => (await shown("job")).waiters.length === 1);
  return { holder, waiter };
}

describe("ls", () => {
  test("lists each kind of lock with its holder in aligned columns", async () => {
    await room.hold("web-1", "mutex|nightly-invoices", "semaphore|gpu|3");
    await room.hold("r1", "read|catalog");
    await room.hold("r2", "read|catalog");
    const { code, stdout, stderr } = await room.run("ls");
    expect(code).toBe(0);
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^NAME +STATE +HOLDER +HELD +TOKEN +WAITING$/);
    expect(lines[1]).toMatch(/^catalog +shared 2 +r\d \+1 +\d.* 2 +0$/);
    expect(lines[2]).toMatch(/^gpu +3\/4 permits +web-1 +\d.* 1 +0$/);
    expect(lines[3]).toMatch(/^nightly-invoices +exclusive +web-1 +\d.* 1 +0$/);
    expect(new Set(lines.map((line) => line.length)).size).toBe(1);
    expect(stdout).not.toContain("1000000");
  });

  test("takes a prefix, and --all for idle locks", async () => {
    const holder = await room.hold("web-1", "mutex|shop:a", "mutex|other");
    expect((await room.run("ls", "shop:")).stdout).not.toContain("other");
    holder.child.stdin?.end();
    await holder.done;
    const idle = await room.run("ls");
    expect(idle).toMatchObject({ code: 0, stdout: "" });
    expect(idle.stderr).toContain("no lock is in use");
    expect(idle.stderr).toContain("2 idle; --all lists them");
    expect((await room.run("ls", "--all")).stdout).toMatch(/other +free +- +- +1 +0/);
  });

  test("prints one JSON document with string tokens and no made-up capacity", async () => {
    await room.hold("web-1", "mutex|job", "semaphore|gpu|2");
    const { locks, schema, store } = documentIn(await room.run("ls", "--json"));
    expect({ schema, store }).toEqual({ schema: 1, store: room.url });
    expect(locks).toMatchObject([
      {
        name: "gpu",
        state: "permits",
        used: 2,
        permits: 4,
        free: true,
        token: "1",
        holders: [{ label: "web-1", token: "1", permits: 2 }],
      },
      {
        name: "job",
        state: "exclusive",
        free: false,
        token: "1",
        holders: [{ label: "web-1", mode: "exclusive" }],
        waiters: [],
      },
    ]);
    expect(JSON.stringify(locks)).not.toContain("1000000");
  });

  test("does not list a holder killed by -9", async () => {
    const holder = await room.hold("web-1", "mutex|job");
    holder.child.kill("SIGKILL");
    await holder.done;
    expect(documentIn(await room.run("ls", "--json"))["locks"]).toEqual([]);
  });
});

describe("show", () => {
  test("prints holder, times, process and the waiters in order", async () => {
    await holdAndQueue();
    const { code, stdout } = await room.run("show", "job");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^job {2}exclusive, last token 1\nheld by\n {2}web-1 {2}exclusive, token 1, held for .+, expires in .+\n {4}process \//,
    );
    expect(stdout).toMatch(/waiting \(1\)\n {2}1\. web-2 {2}exclusive, for \d/);
    expect(await shown("job")).toMatchObject({
      token: "1",
      holders: [{ label: "web-1" }],
      waiters: [{ label: "web-2", mode: "exclusive" }],
    });
  });

  test("shows permits of a semaphore and readers as shared", async () => {
    await room.hold("web-1", "semaphore|gpu|2", "read|catalog");
    expect((await room.run("show", "gpu")).stdout).toMatch(
      /^gpu {2}2\/4 permits, last token 1\nheld by\n {2}web-1 {2}2 permits, token 1/,
    );
    expect((await room.run("show", "catalog")).stdout).toMatch(
      /^catalog {2}shared 1.*\nheld by\n {2}web-1 {2}shared, token 1/,
    );
  });

  test("says of an unknown lock that it was never used, and leaves no trace of it", async () => {
    expect(await room.run("show", "nobody")).toMatchObject({ code: 0, stdout: "nobody  free, never used\n" });
    expect(documentIn(await room.run("ls", "--all", "--json"))["locks"]).toEqual([]);
  });

  test("takes a name that begins with a dash after --", async () => {
    expect((await room.run("show", "--", "--odd")).stdout).toBe("--odd  free, never used\n");
  });
});

describe("release", () => {
  test("without a token says how to find it and changes nothing", async () => {
    await room.hold("web-1", "mutex|job");
    const { code, stdout, stderr } = await room.run("release", "job");
    expect({ code, stdout }).toEqual({ code: 64, stdout: "" });
    expect(stderr).toContain('find it by: lockwright show "job"');
    expect((await shown("job")).holders).toHaveLength(1);
  });

  test("with another token names the present holder and exits 1, also under --quiet", async () => {
    await room.hold("web-1", "mutex|job");
    const { code, stdout, stderr } = await room.run("release", "job", "--token", "7", "--quiet");
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(
      /"job" is not held with token 7: it is held by web-1 \(token 1, held for .*\); nothing was changed/,
    );
    const json = await room.run("release", "job", "--token", "7", "--json");
    expect(json.code).toBe(1);
    expect(documentIn(json)).toMatchObject({
      released: false,
      token: "7",
      lock: { holders: [{ label: "web-1", token: "1" }] },
    });
  });

  test("with the holder's token hands the lock to the next and says what it breaks", async () => {
    const { waiter } = await holdAndQueue();
    const { code, stdout, stderr } = await room.run("release", "job", "--token", "1");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^released "job" from web-1 \(token 1, held for .*\)\n$/);
    expect(stderr).toContain("now held by web-2 (token 2)");
    expect(stderr).toContain("keeps running until it notices; fenced writes with token 1 are refused");
    await waiter.seen(/held/);
    const json = documentIn(await room.run("release", "job", "--token", "2", "--json"));
    expect(json).toMatchObject({ released: true, from: { label: "web-2", token: "2" }, lock: { state: "free" } });
  });

  test("of a dead holder finds nobody", async () => {
    const holder = await room.hold("web-1", "mutex|job");
    holder.child.kill("SIGKILL");
    await holder.done;
    const { code, stderr } = await room.run("release", "job", "--token", "1");
    expect(code).toBe(1);
    expect(stderr).toContain("nobody holds it");
  });
});
