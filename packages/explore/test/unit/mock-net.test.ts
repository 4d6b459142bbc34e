/** HTTP under the schedule: reordered, lost, doubled, aborted; nothing real, and all restored. On both engines. */
import { AsyncLocalStorage } from "node:async_hooks";
import { errors, getGlobalDispatcher, request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { mockNet, type NetOptions } from "../../src/mock-net.js";
import type { Explorer } from "../../src/runtime/explorer.js";
import type { Option, Strategy } from "../../src/schedule.js";
import { outsideWorld } from "../../src/world/requests.js";
import { departing, ENGINES, type Finished, type HowToRun, runBody } from "../support/run.js";

const ORIGIN = "https://stock.example";

const get = async (path: string, init?: RequestInit): Promise<string> => (await fetch(ORIGIN + path, init)).text();

/** Takes the first option with one of these labels, else option 0. */
function choosing(...labels: readonly string[]): Strategy {
  return {
    pick: (options: readonly Option[]) =>
      Math.max(
        0,
        options.findIndex(({ label }) => labels.includes(label ?? "")),
      ),
  };
}

describe.each(ENGINES)("on the %s engine", (engine) => {
  let before: unknown;
  beforeEach(() => {
    before = getGlobalDispatcher();
  });
  afterEach(() => {
    // oxlint-disable-next-line vitest/no-standalone-expect -- holds after every test
    expect(getGlobalDispatcher()).toBe(before);
  });

  /** Never deadlocked, never uncontrolled: the reference engine watches for real I/O. */
  async function run(body: (t: Explorer) => Promise<unknown>, how: HowToRun = {}): Promise<Finished> {
    const world = engine === "async" ? { world: outsideWorld("error") } : {};
    const finished = await runBody(body as (t: Explorer) => Promise<void>, { engine, ...world, ...how });
    expect(finished.run.hasRealIo).toBe(false);
    return finished;
  }

  test("the global fetch is answered, in two steps, and no time passes", async () => {
    let answer = "";
    const { run: ended } = await run(async (t) => {
      mockNet(t)
        .get(ORIGIN)
        .intercept({ path: "/a" })
        .reply(200, "hello", { headers: { "x-test": "1" } });
      const response = await fetch(`${ORIGIN}/a`);
      answer = `${response.status} ${response.headers.get("x-test")} ${await response.text()}`;
    });
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(answer).toBe("200 1 hello");
    expect([ended.step, ended.now, ended.picks]).toEqual([2, 0, 0]);
  });

  test("undici's own request is answered through the agent", async () => {
    let answer: unknown;
    const { run: ended } = await run(async (t) => {
      const agent = mockNet(t);
      agent.get(ORIGIN).intercept({ path: "/a" }).reply(200, { left: 1 });
      answer = await (await request(`${ORIGIN}/a`, { dispatcher: agent })).body.json();
    });
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(answer).toEqual({ left: 1 });
  });

  test("requests arrive in any order, and answers come back in any order", async () => {
    const log: string[] = [];
    const body = async (t: Explorer): Promise<void> => {
      const pool = mockNet(t).get(ORIGIN);
      for (const path of ["/a", "/b"])
        pool.intercept({ path }).reply(200, () => {
          log.push(`${path} arrives`);
          return path;
        });
      await Promise.all(["/a", "/b"].map(async (path) => log.push(`${await get(path)} answered`)));
    };
    await run(body);
    expect(log.splice(0)).toEqual(["/a arrives", "/b arrives", "/a answered", "/b answered"]);
    const { run: ended } = await run(body, departing({ 0: 1, 1: 1 }));
    expect(ended.deviations.length).toBe(2);
    expect(log.splice(0)).toEqual(["/b arrives", "/b answered", "/a arrives", "/a answered"]);
  });

  test("a request is lost before its effect, an answer after it; each costs one deviation", async () => {
    const effects: string[] = [];
    const results: string[] = [];
    const body = async (t: Explorer): Promise<void> => {
      mockNet(t, { fail: true })
        .get(ORIGIN)
        .intercept({ path: "/a" })
        .reply(200, () => {
          effects.push("effect");
          return "ok";
        });
      await get("/a").then(
        (text) => results.push(text),
        (error: Error) => results.push(`${error.message}: ${(error.cause as NodeJS.ErrnoException).code}`),
      );
    };
    await run(body);
    await run(body, departing({ 0: 1 }));
    const { run: ended } = await run(body, departing({ 1: 1 }));
    expect(results).toEqual(["ok", "fetch failed: ECONNRESET", "fetch failed: ECONNRESET"]);
    expect(effects).toEqual(["effect", "effect"]);
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(ended.externals.size).toBe(0);
  });

  test("a request arrives twice: the effect happens again, at a moment of its own", async () => {
    const log: string[] = [];
    const body = async (t: Explorer): Promise<void> => {
      const agent = mockNet(t, { duplicate: true });
      agent
        .get(ORIGIN)
        .intercept({ path: "/pay", method: "POST" })
        .reply(200, ({ body: sent }) => {
          log.push(`paid ${String(sent)}`);
          return "ok";
        })
        .persist();
      log.push(await get("/pay", { method: "POST", body: "80" }));
    };
    await run(body);
    expect(log.splice(0)).toEqual(["paid 80", "ok"]);
    await run(body, { strategy: choosing(`POST ${ORIGIN}/pay: twice`) });
    expect(log.splice(0).toSorted()).toEqual(["ok", "paid 80", "paid 80"]);
  });

  test("an abort fails the request at once, whether it has arrived or not, and takes back what was offered", async () => {
    for (const isArrived of [false, true]) {
      const results: string[] = [];
      const { run: ended } = await run(async (t) => {
        const agent = mockNet(t, { min: 50 });
        agent.get(ORIGIN).intercept({ path: "/a" }).reply(200, "late");
        const controller = new AbortController();
        setTimeout(() => controller.abort(), isArrived ? 60 : 10);
        await get("/a", { signal: controller.signal }).catch((error: Error) =>
          results.push(`${error.name} at ${t.now}`),
        );
        await t.settled();
      });
      expect(ended.outcome).toEqual({ kind: "passed" });
      expect(results).toEqual([`AbortError at ${isArrived ? 60 : 10}`]);
      // The request is on its way in any case; an answer is not waited for.
      expect(ended.now).toBe(isArrived ? 60 : 50);
    }
  });

  test("AbortSignal.timeout against a slow network is virtual time", async () => {
    const results: string[] = [];
    const { run: ended } = await run(async (t) => {
      mockNet(t, { min: 5000, max: 9000 }).get(ORIGIN).intercept({ path: "/a" }).reply(200, "late");
      await get("/a", { signal: AbortSignal.timeout(3000) }).catch((error: Error) => results.push(error.name));
    });
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(results).toEqual(["TimeoutError"]);
    expect(ended.now).toBeGreaterThanOrEqual(3000);
  });

  test("what no interceptor matches is refused; nothing reaches a network", async () => {
    const results: unknown[] = [];
    const { run: ended } = await run(async (t) => {
      mockNet(t);
      await get("/nowhere").catch((error: Error) => results.push((error.cause as Error).name));
    });
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(results).toEqual(["MockNotMatchedError"]);
  });

  test("replies with delays, errors and promises are the interceptor's own", async () => {
    const results: string[] = [];
    const { run: ended } = await run(async (t) => {
      const pool = mockNet(t).get(ORIGIN);
      pool.intercept({ path: "/delay" }).reply(200, "delayed").delay(70);
      pool.intercept({ path: "/error" }).replyWithError(new errors.SocketError("gone"));
      pool.intercept({ path: "/promise" }).reply(200, (async () => "promised") as never);
      results.push(`${await get("/delay")} ${t.now}`);
      results.push(await get("/error").catch((error: Error) => (error.cause as Error).message));
      results.push(await get("/promise"));
    });
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(results).toEqual(["delayed 70", "gone", "promised"]);
  });

  test("the effect runs in the async context of the request", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await run(async (t) => {
      mockNet(t)
        .get(ORIGIN)
        .intercept({ path: "/a" })
        .reply(200, () => String(seen.push(storage.getStore())));
      await storage.run("mine", () => get("/a"));
    });
    expect(seen).toEqual(["mine"]);
  });

  test("everything is restored however the run ends", async () => {
    const ends: Readonly<Record<string, () => Promise<unknown>>> = {
      failed: () => Promise.reject(new Error("no")),
      deadlock: () => new Promise(() => {}),
    };
    for (const [kind, end] of Object.entries(ends)) {
      const { run: ended } = await run(async (t) => {
        mockNet(t);
        mockNet(t);
        await end();
      });
      expect(ended.outcome?.kind).toBe(kind);
      expect(getGlobalDispatcher()).toBe(before);
    }
  });

  test("under fidelity all each await is the choice: an answer is no external", async () => {
    const { run: ended } = await run(
      async (t) => {
        mockNet(t).get(ORIGIN).intercept({ path: "/a" }).reply(200, "x");
        expect(await get("/a")).toBe("x");
      },
      { fidelity: "all" },
    );
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(ended.events).toBe(0);
  });
});

describe("mockNet", () => {
  test("refuses what means nothing, naming it", async () => {
    const refused: readonly (readonly [options: unknown, message: RegExp])[] = [
      [{ fail: 1 }, /fail must be a boolean, got 1/],
      [{ duplicate: "yes" }, /duplicate must be a boolean, got "yes"/],
      [{ min: -1 }, /min must be 0 or more/],
      [null, /options must be an object, got null/],
    ];
    await runBody(async (t) => {
      for (const [options, message] of refused) expect(() => mockNet(t, options as NetOptions)).toThrow(message);
      expect(() => mockNet({} as Explorer)).toThrow(/t must be what the body is called with/);
    }).then(({ run }) => expect(run.outcome).toEqual({ kind: "passed" }));
  });

  test("refuses the explorer of a run that is over", async () => {
    let kept: Explorer | undefined;
    await runBody(async (t) => void (kept = t));
    expect(() => mockNet(kept!)).toThrow(/that run is over/);
  });
});
