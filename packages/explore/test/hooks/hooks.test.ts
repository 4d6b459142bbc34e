/** The ways in, as a user takes them: one program, one token, whichever hook loads it. */
import { afterAll, describe, expect, test } from "vitest";
import { Project, tokenIn } from "./project.ts";

const account = `
export interface Store { get(key: string): Promise<number>; set(key: string, value: number): Promise<void> }
export class Account {
  constructor(private readonly store: Store) {} // needs more than taking types out
  async withdraw(amount: number): Promise<boolean> {
    const balance = await this.store.get("balance");
    if (balance < amount) return false;
    await this.store.set("balance", balance - amount);
    return true;
  }
}
`;
const body = `
import type { Explorer } from "@lockwright/explore";
import { Account } from "./account.js"; // the compiled name of account.ts
export default async function overdraw(t: Explorer): Promise<void> {
  const data = new Map([["balance", 100]]);
  const store = t.io({
    async get(key: string) { return data.get(key)! },
    async set(key: string, value: number) { data.set(key, value) },
  });
  const account = new Account(store);
  const late = async () => { await new Promise((go) => setTimeout(go, 10)); return account.withdraw(80); };
  const paid = (await Promise.all([account.withdraw(80), late()])).filter(Boolean).length;
  if (100 - paid * 80 < 0) throw new Error("overdrawn");
}
`;
const testOf = (runner: string): string => `
import { test } from "${runner}";
import { explore } from "@lockwright/explore";
import overdraw from "./overdraw.ts";
test("two withdrawals never overdraw", () => explore(overdraw));
`;

const project = new Project({
  "account.ts": account,
  "overdraw.ts": body,
  "overdraw.test.ts": testOf("node:test"),
  "overdraw.vitest.ts": testOf("vitest"),
  "vitest.config.mjs": `
    import { explorePlugin } from "@lockwright/explore/vitest";
    export default { plugins: [explorePlugin()], test: { include: ["*.vitest.ts"] } };
  `,
  "clean.ts": `
    import { io } from "@lockwright/explore";
    export default async function clean(): Promise<void> { await Promise.all([io("a"), io("b")]); }
  `,
  "reads-a-file.ts": `
    import { readFile } from "node:fs/promises";
    export default async function reads(): Promise<void> {
      await readFile("package.json");
    }
  `,
  "differs.ts": `
    import { io } from "@lockwright/explore";
    let runs = 0;
    export default async function differs(): Promise<void> {
      runs += 1;
      for (let at = 0; at < runs; at += 1) await io("step");
    }
  `,
  "no-body.ts": `export const nothing = 1;`,
  "broken.ts": `export default async function broken( {\n  await 1;\n}`,
  "decorated.ts": `
    function log(_value: unknown, _context: unknown): void {}
    export default class Decorated { @log async run(): Promise<void> { await null; } }
  `,
  "element.tsx": `export default async () => <div />;`,
  "throws.ts": `
    import { io } from "@lockwright/explore";
    async function inner(): Promise<void> {
      await io("ü — before the column");
      throw new Error("here");
    }
    export default async (): Promise<void> => { await inner(); };
  `,
});
afterAll(() => project.remove());

const failing = project.lockwright(["explore", "overdraw.ts"]);
const token = tokenIn(failing);

describe("one program", () => {
  test("fails on the command line with a sentence, a timeline and a token", () => {
    expect(failing.code).toBe(1);
    expect(failing.out).toMatch(/must take longer than the 10 ms timer \(overdraw\.ts:\d+\)/);
    expect(failing.out).toContain("Account.withdraw");
    expect(token).toBeDefined();
  });

  test("has the same token under node:test", () => {
    const ended = project.nodeTest("overdraw.test.ts");
    expect(ended.code).toBe(1);
    expect(tokenIn(ended)).toBe(token);
  });

  test("has the same token under Vitest", () => {
    const ended = project.vitest();
    expect(ended.code).toBe(1);
    expect(tokenIn(ended)).toBe(token);
  });

  test("replays from the token in a new process, through each hook", () => {
    const replay = { LOCKWRIGHT_EXPLORE_REPLAY: token! };
    const ends = [
      project.lockwright(["explore", "overdraw.ts", "--replay", token!]),
      project.nodeTest("overdraw.test.ts", replay),
      project.vitest(replay),
    ];
    for (const { code, out, err } of ends) {
      expect(code).toBe(1);
      expect(out + err).toContain("overdrawn");
      expect(out + err).toContain(`replayed from ${token}`);
    }
  });
});

const flaky = (imports: string, assertion: string): string => `
${imports}
import { setImmediate as turn, setTimeout as sleep } from "node:timers/promises";
let stock = 0;
let opened = 0;
before(() => { opened += 1; });
beforeEach(async () => { stock = 1; });
async function sell(): Promise<boolean> {
  if (stock === 0) return false;
  await sleep(1); // the payment
  stock -= 1;
  return true;
}
describe("a shop", () => {
  test("sells what it has", async () => {
    await Promise.all([sell(), turn().then(turn).then(sell)]);
    ${assertion}
  });
  test("sells one", async () => { await sell(); });
  test("sells one twice", async () => { await sell(); });
});
describe("another", () => { test("sells one", async () => { if (opened !== 1) throw new Error("before ran " + opened); }); });
`;

describe("--from-test", () => {
  const nodeTest = flaky(
    'import { before, beforeEach, describe, test } from "node:test"; import assert from "node:assert/strict";',
    'assert.equal(stock, 0, "sold " + (1 - stock));',
  );
  const vitest = flaky(
    'import { beforeAll as before, beforeEach, describe, expect, test } from "vitest";',
    'expect(stock, "sold " + (1 - stock)).toBe(0);',
  );
  project.write("shop.test.ts", nodeTest);
  project.write("shop.vitest-only.ts", vitest);

  test.each(["shop.test.ts", "shop.vitest-only.ts"])("turns a flaky test of %s into a token that replays", (file) => {
    const found = project.lockwright(["explore", "--from-test", file, "-t", "a shop > sells what it has"]);
    expect(found.out).toContain("sold 2");
    expect(found.code).toBe(1);
    const again = project.lockwright([
      "explore",
      "--from-test",
      file,
      "-t",
      "sells what it has",
      "--replay",
      tokenIn(found)!,
    ]);
    expect(again.out).toContain("sold 2");
    expect(again.code).toBe(1);
  });

  test.each([
    ["sells one twice", 0, /no failing schedule/],
    ["another > sells one", 0, /no failing schedule/],
    ["sells one", 64, /must name one test, got "sells one": "a shop > sells one", "another > sells one"/],
    ["sells all", 64, /must name a test of .*shop\.test\.ts, got "sells all"; it has "a shop > sells what it has", /],
  ] as const)("-t %j exits %i", (name, code, said) => {
    const ended = project.lockwright(["explore", "--from-test", "shop.test.ts", "-t", name]);
    expect(ended.out + ended.err).toMatch(said);
    expect(ended.code).toBe(code);
  });
});

describe("lockwright explore", () => {
  test.each([
    ["a clean body", ["clean.ts"], 0, /no failing schedule: complete/],
    ["a body with real I/O", ["reads-a-file.ts"], 3, /FSREQ\w+.*reads-a-file\.ts:4[^]*t\.io\(fake\)/],
    ["a body that never runs the same way twice", ["differs.ts"], 3, /ran differently twice: step \d+/],
    ["a token of another program", ["overdraw.ts", "--replay", "lw1d.0~0000"], 3, /another program/],
    ["a text that is no token", ["overdraw.ts", "--replay", "abc"], 3, /must be a token/],
    ["no file", [], 64, /needs a file/],
    ["a file that is not there", ["nothing.ts"], 64, /no file "nothing\.ts"/],
    ["a folder", ["node_modules"], 64, /not a file/],
    ["a file without a body", ["no-body.ts"], 64, /default export/],
    ["an unknown strategy", ["clean.ts", "--strategy", "luck"], 64, /portfolio or bounded/],
    ["a budget of nothing", ["clean.ts", "--runs", "0"], 64, /--runs must be a whole number from 1/],
    ["a test without its file", ["clean.ts", "-t", "name"], 64, /go together/],
    ["a syntax error", ["broken.ts"], 64, /broken\.ts:2:\d+[^]*syntax error/],
    ["decorators", ["decorated.ts"], 64, /decorated\.ts:3:\d+[^]*[Vv]itest/],
    ["JSX", ["element.tsx"], 64, /JSX/],
  ] as const)("%s exits %#", (_, args, code, said) => {
    const ended = project.lockwright(["explore", ...args]);
    expect(ended.out + ended.err).toMatch(said);
    expect(ended.code).toBe(code);
  });

  test("names the line and column of the source for an error that was thrown", () => {
    const { out } = project.lockwright(["explore", "throws.ts", "--json"]);
    expect(JSON.parse(out)).toMatchObject({
      schema: 1,
      ok: false,
      failure: { grade: "A", error: { message: "here" } },
    });
  });

  test("writes an HTML page, and says what is missing without the package", () => {
    project.lockwright(["explore", "overdraw.ts", "--html", "out/report.html"]);
    const page = project.node(["-p", "require('fs').readFileSync('out/report.html','utf8').slice(0,15)"]);
    expect(page.out).toMatch(/^<!doctype html>/i);
    const bare = new Project({ "a.ts": "export default async () => {};" });
    const { err, code } =
      bare.node(["-e", "require('fs').rmSync('node_modules', { recursive: true })"]).code === 0
        ? bare.lockwright(["explore", "a.ts"])
        : { err: "", code: null };
    bare.remove();
    expect(err).toMatch(/npm install --save-dev @lockwright\/explore/);
    expect(code).toBe(64);
  });
});
