/** The commands that follow locks: `wait` and `watch`. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { documentIn, Room } from "./command-line.js";

let room: Room;
beforeEach(() => {
  room = new Room();
});
afterEach(async () => {
  await room[Symbol.asyncDispose]();
});

describe("wait", () => {
  test("comes back at once when free, and takes nothing", async () => {
    expect(await room.run("wait", "job", "--quiet")).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(documentIn(await room.run("wait", "job", "--json"))).toMatchObject({
      free: true,
      lock: { name: "job", token: "0" },
    });
  });

  test("comes back when the holder lets go", async () => {
    const holder = await room.hold("web-1", "mutex|job");
    const waiting = room.start(["wait", "job", "--json"]);
    holder.child.stdin?.end();
    expect(documentIn(await waiting.done)).toMatchObject({ free: true });
    expect((await waiting.done).code).toBe(0);
  });

  test("comes back when the holder is killed by -9, long before the ttl", async () => {
    const holder = await room.hold("web-1", "mutex|job");
    const waiting = room.start(["wait", "job", "--timeout", "15s"]);
    holder.child.kill("SIGKILL");
    expect((await waiting.done).code).toBe(0);
  });

  test("exits 75 when the time is over, and says who holds it", async () => {
    await room.hold("web-1", "mutex|job");
    const { code, stdout, stderr } = await room.run("wait", "job", "--timeout", "100ms");
    expect({ code, stdout }).toEqual({ code: 75, stdout: "" });
    expect(stderr).toMatch(/"job" is not free: held by web-1 for /);
    expect(documentIn(await room.run("wait", "job", "--timeout", "0s", "--json"))).toMatchObject({
      free: false,
      lock: { holders: [{ label: "web-1" }] },
    });
  });

  test("takes a semaphore with a permit left for free", async () => {
    await room.hold("web-1", "semaphore|gpu|3");
    expect((await room.run("wait", "gpu")).code).toBe(0);
    await room.hold("web-2", "semaphore|gpu|1");
    expect((await room.run("wait", "gpu", "--timeout", "0s")).code).toBe(75);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("ends by %s with exit %i", async (signal, expected) => {
    await room.hold("web-1", "mutex|job");
    const waiting = room.start(["wait", "job"], { env: { LOCKWRIGHT_DEBUG: "1" } });
    await waiting.seen(/waiting for "job"/);
    waiting.child.kill(signal);
    const { code, stdout, stderr } = await waiting.done;
    expect({ code, stdout }).toEqual({ code: expected, stdout: "" });
    expect(stderr).toMatch(/^waiting for "job": held by web-1 for .*\n$/);
  });
});

describe("watch", () => {
  test("prints held, queued, released, granted and left as they happen, and ends by Ctrl-C with 0", async () => {
    const holder = await room.hold("web-1", "mutex|job");
    const watching = room.start(["watch"]);
    await watching.seen(/job {2}held {2}web-1 {2}exclusive, token 1/);
    const waiter = room.queue("web-2", "mutex|job");
    await watching.seen(/job {2}queued {2}web-2 {2}exclusive, place 1/);
    holder.child.stdin?.end();
    await watching.seen(/job {2}released {2}web-1 {2}exclusive, token 1, held for/);
    await watching.seen(/job {2}granted {2}web-2 {2}exclusive, token 2, waited/);
    const third = room.queue("web-3", "mutex|job");
    await watching.seen(/job {2}queued {2}web-3/);
    third.child.stdin?.end();
    await watching.seen(/job {2}left {2}web-3/);
    waiter.child.kill("SIGKILL");
    await watching.seen(/job {2}released {2}web-2/);
    watching.child.kill("SIGINT");
    const { code, stdout, stderr } = await watching.done;
    expect(code).toBe(0);
    expect(stderr).toBe(`watching ${room.url}; Ctrl-C ends it\n`);
    expect(stdout.split("\n")[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} {2}job {2}held/);
  });

  test("prints NDJSON: the schema first, then a document per change, of that lock only under --exact", async () => {
    await room.hold("web-1", "mutex|job");
    const watching = room.start(["watch", "job", "--exact", "--json"]);
    await watching.seen(/"event":"held"/);
    await room.hold("web-3", "mutex|job-2");
    await room.run("release", "job", "--token", "1");
    await watching.seen(/"event":"released"/);
    watching.child.kill("SIGTERM");
    const { code, stdout, stderr } = await watching.done;
    expect(code).toBe(143);
    expect(stderr).toBe("");
    const documents = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(documents).toMatchObject([
      { schema: 1, event: "watching", store: room.url },
      { event: "held", name: "job", label: "web-1", token: "1", mode: "exclusive" },
      { event: "released", name: "job", label: "web-1", token: "1" },
    ]);
  });

  test("with a prefix also tells of a lock first used meanwhile", async () => {
    const watching = room.start(["watch", "shop:"]);
    await watching.seen(/watching/);
    await room.hold("web-1", "mutex|other", "mutex|shop:a");
    await watching.seen(/shop:a {2}granted {2}web-1/);
    watching.child.kill("SIGINT");
    expect((await watching.done).stdout).not.toContain("other");
  });
});
