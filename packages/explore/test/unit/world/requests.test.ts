/** Real I/O inside a body: named with its lines, never a deadlock, never overtaken by virtual time. */
import { execFile } from "node:child_process";
import { pbkdf2, pbkdf2Sync, scryptSync, webcrypto } from "node:crypto";
import { promises as dns } from "node:dns";
import * as fs from "node:fs";
import * as http from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { MessageChannel, Worker } from "node:worker_threads";
import { gzip, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { natives, performanceNow } from "../../../src/natives.ts";
import type { Outcome } from "../../../src/runtime/outcome.ts";
import { p, r } from "../../../src/runtime/point.ts";
import { type Externals, im, outsideWorld } from "../../../src/world/requests.ts";
import { issueIo as io } from "../../../src/world/io.ts";
import { type Finished, runBody, task } from "../../support/run.ts";

const FILE = fileURLToPath(import.meta.url);
const LINES = fs.readFileSync(FILE, "utf8").split("\n");

function run(body: () => Promise<unknown>, externals: Externals = "error"): Promise<Finished> {
  return runBody(() => body() as Promise<void>, { world: outsideWorld(externals) });
}

/** A body that awaits the operand at a point. */
const awaiting = (operand: () => unknown): (() => Promise<unknown>) =>
  task("waiter", async ({ a, at }) => r(a, await p(a, at(0), 0, operand())));

const realSleep = (ms: number): Promise<void> => new Promise((resolve) => void natives.setTimeout(resolve, ms));

function uncontrolled(outcome: Outcome | undefined): Extract<Outcome, { kind: "uncontrolled" }> {
  expect(outcome).toMatchObject({ kind: "uncontrolled" });
  return outcome as Extract<Outcome, { kind: "uncontrolled" }>;
}

/** A server of the loopback that answers after 300 ms. */
let slow: http.Server;
let url: string;
let port: number;
beforeAll(async () => {
  slow = http.createServer((_, response) => void natives.setTimeout(() => response.end("late"), 300));
  await new Promise<void>((resolve) => slow.listen(0, "127.0.0.1", () => resolve()));
  port = (slow.address() as AddressInfo).port;
  url = `http://127.0.0.1:${port}/`;
});
afterAll(() => {
  slow.closeAllConnections();
  slow.close();
});

const cases: Readonly<Record<string, { readonly type: RegExp; readonly start: () => unknown }>> = {
  "a file, by promise": { type: /^FSREQ/, start: () => fs.promises.readFile(FILE) },
  "a file, by callback": { type: /^FSREQCALLBACK$/, start: () => promisify(fs.readFile)(FILE) },
  "a file, as a stream": {
    type: /^FSREQCALLBACK$/,
    start: () =>
      new Promise((resolve) =>
        fs
          .createReadStream(FILE)
          .on("close", () => resolve(0))
          .resume(),
      ),
  },
  "Web Cryptography": { type: /^HASHREQUEST$/, start: () => webcrypto.subtle.digest("SHA-256", new Uint8Array(9)) },
  "key derivation": { type: /^PBKDF2REQUEST$/, start: () => promisify(pbkdf2)("a", "b", 1000, 32, "sha256") },
  "a name lookup": { type: /^GETADDRINFOREQWRAP$/, start: () => dns.lookup("localhost") },
  "a socket": {
    type: /^TCP(?:CONNECT)?WRAP$/,
    start: () =>
      new Promise((resolve) => {
        const socket = connect(port, "127.0.0.1", () => resolve(socket.destroy()));
      }),
  },
  "an HTTP request": {
    type: /^TCP(?:CONNECT)?WRAP$/,
    start: () =>
      new Promise((resolve) => http.get(url, { agent: false }, (response) => response.resume().on("end", resolve))),
  },
  fetch: { type: /^TCP(?:CONNECT)?WRAP$/, start: async () => (await fetch(url)).text() },
  compression: { type: /^ZLIB$/, start: () => promisify(gzip)("text".repeat(1000)) },
  "a child process": { type: /^(?:PROCESSWRAP|PIPEWRAP)$/, start: () => promisify(execFile)(process.execPath, ["-v"]) },
  "a worker": {
    type: /^(?:WORKER|MESSAGEPORT)$/,
    start: () => new Promise((resolve) => new Worker("0", { eval: true }).on("exit", resolve)),
  },
  "a message port": {
    type: /^MESSAGEPORT$/,
    start: () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.on("message", (message) => {
          port1.close();
          resolve(message);
        });
        port2.postMessage(1);
      }),
  },
  "a Blob of a file": {
    type: /^(?:BLOBREADER|FSREQCALLBACK)$/,
    start: async () => (await fs.openAsBlob(FILE)).text(),
  },
  "a dynamic import": { type: /^import\(\)$/, start: () => im(import("../../../src/token.ts")) },
  "Atomics.waitAsync": {
    type: /^Atomics.waitAsync$/,
    start: () =>
      (Atomics as unknown as { waitAsync: (...args: unknown[]) => { value: Promise<string> } }).waitAsync(
        new Int32Array(new SharedArrayBuffer(4)),
        0,
        0,
        20,
      ).value,
  },
};

/** The name of the case that stands at a line of this file. */
function caseAt(line: number): string | undefined {
  const heads = LINES.slice(0, line).map((text) => /^ {2}"?([\w ,.]+)"?: \{/.exec(text)?.[1]);
  return heads.findLast((head) => head !== undefined);
}

describe.each(Object.entries(cases))("%s in a body", (name, { type, start }) => {
  test("is uncontrolled, with its type and the line of the call [R2]", async () => {
    const { run: ended } = await run(awaiting(start));
    const { requests, parked } = uncontrolled(ended.outcome);
    const found = requests.find((request) => type.test(request.type));
    expect(requests.map((request) => request.type)).toContainEqual(expect.stringMatching(type));
    const [file, line] = (found!.line ?? "").split(/:(?=\d+$)/);
    expect(file).toBe(FILE);
    expect(caseAt(Number(line))).toBe(name);
    expect(parked.map(({ file: waiter, line: at }) => `${waiter}:${at}`)).toEqual(["waiter.ts:2"]);
  });

  test("completes under allow, whatever the virtual clock could do meanwhile [R3] [R4]", async () => {
    let isDone = false;
    const { run: ended } = await run(async () => {
      const alarm = setTimeout(() => {
        throw new Error("time travel");
      }, 5000);
      await awaiting(start)();
      clearTimeout(alarm);
      isDone = true;
    }, "allow");
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(isDone).toBe(true);
  });
});

describe("what is open", () => {
  // The cases above leave answers on their way, in this very process; their sockets would count as ours.
  beforeAll(async () => {
    await realSleep(400);
    slow.closeAllConnections();
    await realSleep(50);
  });

  test("a real deadlock is one, within 50 real ms of waiting [R2]", async () => {
    const start = performanceNow();
    for (const externals of ["error", "allow"] as const) {
      const { run: ended } = await run(
        awaiting(() => new Promise(() => {})),
        externals,
      );
      expect(ended.outcome).toEqual({ kind: "deadlock" });
    }
    expect(performanceNow() - start).toBeLessThan(1000);
  });

  test("synchronous cryptography and compression, idle handles and a program's own resources are not", async () => {
    const { port1 } = new MessageChannel();
    const { AsyncResource } = await import("node:async_hooks");
    const { run: ended } = await run(
      awaiting(() => {
        pbkdf2Sync("a", "b", 1, 32, "sha256");
        scryptSync("a", "b", 32);
        gzipSync("text");
        crypto.randomUUID();
        void new MessageChannel();
        port1.unref();
        void new AsyncResource("FSREQPROMISE");
        createServer().listen(0).close();
        console.assert(true);
        return new Promise(() => {});
      }),
    );
    expect(ended.outcome).toEqual({ kind: "deadlock" });
    port1.close();
  });

  test("a stuck body beside a listening server is uncontrolled: who calls is not the program's to say", async () => {
    const server = createServer();
    const { run: ended } = await run(
      awaiting(() => {
        server.listen(0, "127.0.0.1");
        return new Promise(() => {});
      }),
    );
    expect(uncontrolled(ended.outcome).requests.map(({ type }) => type)).toEqual(["TCPSERVERWRAP"]);
    server.close();
  });

  test("a listening server lets virtual time pass", async () => {
    const server = createServer();
    const { run: ended } = await run(async () => {
      server.listen(0, "127.0.0.1");
      await new Promise((resolve) => setTimeout(resolve, 86_400_000));
      server.close();
    });
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(ended.now).toBe(86_400_000);
  });

  test("a request that nobody waits for and that moves nothing is no reason to complain [R1]", async () => {
    const { run: ended } = await run(async () => {
      const held: { done?: Promise<unknown> } = {};
      held.done = webcrypto.subtle.digest("SHA-256", new Uint8Array(1));
      await io("request");
    });
    // It is done within one turn or not: both are right, a deadlock is not.
    expect(ended.outcome?.kind).toMatch(/^(?:passed|uncontrolled)$/);
  });
});

describe("time", () => {
  test("stands still while a real request is open, also where a timer could be chosen [R3]", async () => {
    const widths: number[] = [];
    let isFired = false;
    const { run: ended } = await runBody(
      async () => {
        setTimeout(() => (isFired = true), 1);
        const file = fs.promises.readFile(FILE);
        for (let at = 0; at < 5; at += 1) await io(`request ${at}`);
        expect(isFired).toBe(false);
        await file;
        expect(isFired).toBe(false);
        await io("later");
      },
      {
        world: outsideWorld("allow"),
        strategy: {
          pick: (options) => {
            widths.push(options.length);
            return options.length - 1;
          },
        },
      },
    );
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(widths).toEqual([2]); // the timer beside "later", when the file has been read
    expect(isFired).toBe(true);
  });

  test("a real request of 300 ms is waited for; the program's own timeout of 100 virtual ms does not overtake it", async () => {
    const start = performanceNow();
    const { run: ended } = await run(async () => {
      const late = new Promise((_, reject) => setTimeout(() => reject(new Error("timeout")), 100));
      const answer = fetch(url, { headers: { connection: "close" } }).then((response) => response.text());
      expect(await Promise.race([answer, late.catch((error: Error) => error.message)])).toBe("late");
    }, "allow");
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(performanceNow() - start).toBeGreaterThan(280);
  });

  test("a connection that a pool keeps idle lets the clock go on", async () => {
    const agent = new http.Agent({ keepAlive: true });
    const { run: ended } = await run(async () => {
      await new Promise((resolve) => http.get(url, { agent }, (response) => response.resume().on("end", resolve)));
      await new Promise((resolve) => setTimeout(resolve, 50_000));
    }, "allow");
    agent.destroy();
    expect(ended.outcome).toEqual({ kind: "passed" });
    expect(ended.now).toBe(50_000);
  });

  test(
    "a request that is never answered ends in a verdict that names it, not in a hang [R4]",
    { timeout: 10_000 },
    async () => {
      const silent = createServer().listen(0, "127.0.0.1");
      await new Promise((resolve) => silent.once("listening", resolve));
      const sockets: { destroy(): void }[] = [];
      silent.on("connection", (socket) => sockets.push(socket));
      const start = performanceNow();
      const { run: ended } = await run(
        awaiting(
          () =>
            new Promise((resolve) => {
              const socket = connect((silent.address() as AddressInfo).port, "127.0.0.1");
              sockets.push(socket);
              socket.on("data", resolve);
            }),
        ),
        "allow",
      );
      expect(uncontrolled(ended.outcome).requests.map(({ type }) => type)).toContain("TCPWRAP");
      expect(performanceNow() - start).toBeLessThan(4000);
      for (const socket of sockets) socket.destroy();
      silent.close();
    },
  );
});

describe("a connection from before the run", () => {
  test("shows by its answer: uncontrolled, or taken under allow", async () => {
    const echo = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
    await new Promise((resolve) => echo.once("listening", resolve));
    const socket = connect((echo.address() as AddressInfo).port, "127.0.0.1");
    await new Promise((resolve) => socket.once("connect", resolve));
    const body = awaiting(() => {
      socket.write("hello");
      return new Promise((resolve) => socket.once("data", resolve));
    });
    const refused = await run(body);
    expect(uncontrolled(refused.run.outcome).requests).toEqual([{ type: "TCP", line: undefined }]);
    await realSleep(20);
    expect((await run(body, "allow")).run.outcome).toEqual({ kind: "passed" });
    socket.destroy();
    echo.close();
  });
});

describe("what arrives after the verdict", () => {
  test("is parked: it writes nothing into a later run", async () => {
    const log: string[] = [];
    const late = task("late", async ({ a, at }) => {
      r(a, await p(a, at(0), 0, realSleep(700)));
      log.push(`woke at ${Date.now() > 1e12 ? "real" : "virtual"} time`);
      setTimeout(() => log.push("its timer fired"), 1);
      r(a, await p(a, at(1), 0, io("its request")));
      log.push("its request completed");
    });
    // Only its own import is seen as real: the sleep is one that the hook cannot see.
    const first = await run(async () => {
      void late();
      await im(new Promise(() => {}));
    });
    expect(first.run.outcome).toMatchObject({ kind: "uncontrolled" });
    const second = await run(async () => {
      await im(realSleep(900));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }, "allow");
    expect(second.run.outcome).toEqual({ kind: "passed" });
    expect(log).toEqual(["woke at virtual time"]);
    expect(second.run.events).toBe(1);
  });
});
