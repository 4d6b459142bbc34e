/** Whole modules, loaded by Node: what cannot stand in a function's body. */
import { inspect } from "node:util";
import { expect, describe, test } from "vitest";
import { transform } from "../../src/transform/index.ts";
import { subjects } from "../support/subjects.ts";
import { nativeImport, withFiles } from "../support/temporary-modules.ts";

type Files = Readonly<Record<string, string>>;

/** Name -> files; `main` is loaded, and its `result` (called, if it is a function) is compared. */
const programs: Readonly<Record<string, Files>> = {
  "top-level await, and functions around it": {
    "main.mjs": `const log = []; log.push(await 1); async function f(x) { log.push(await x); return x } await f(2); for await (const x of [3, 4]) log.push(x);
const later = (async () => { await 0; log.push("arrow") })(); export const { a = await f(5), ...rest } = await { b: 6 }; if (await f(1)) log.push("if"); await later;
export async function result() { return [log, a, rest, await f(7)] }`,
  },
  "a cycle calls a function before its module has begun": {
    "main.mjs": `import { seen } from "./other.mjs"; export async function early(x) { await 0; return x + (await (async () => 1)()) } export async function result() { return [await seen, typeof early] }`,
    "other.mjs": `import { early } from "./main.mjs"; export const seen = early(1); export function late() {}`,
  },
  "exports of every kind": {
    "main.mjs": `export default async function () { await 0; return arguments.length } export const f = async () => await 1; export class A { static x = (async () => await 2)(); async m() { return await 3 } } export { g as "a string" }; async function g() { return await 4 }
import self, { f as ff } from "./main.mjs"; import * as ns from "./other.mjs"; export async function result() { return [await self(1, 2), await ff(), await A.x, await new A().m(), self.name, await ns.default(), await ns.h(), Object.keys(ns)] }`,
    "other.mjs": `export default async () => await 5; export const h = async function named() { await 0; return named.name }; export * from "./third.mjs"`,
    "third.mjs": `export let z = await (async () => 1)()`,
  },
  "fields, static blocks and getters": {
    "main.mjs": `const log = []; class Base { constructor() { this.made = this.init() } async init() { await 0; return "base" } }
class A extends Base { #secret = 1; static count = 0; f = async (x = this.#secret) => { await 0; return x + this.#secret }; static { const make = async () => { await 0; A.count++; return this === A }; this.ready = make() } get lazy() { return async () => { await 0; return this.#secret } } static get s() { return (async () => (await super.toString)?.name)() } async init() { const up = await super.init(); return up + typeof this.f } ["x" + 1] = (async () => await 5)(); static async [Symbol.for("q")]() { return await 6 } }
export async function result() { const a = new A(); return [await a.f(), await a.f(5), await A.ready, A.count, await a.lazy(), await A.s, await a.made, await a.x1, await A[Symbol.for("q")](), log] }`,
  },
  "dynamic import": {
    "main.mjs": `export async function result() { const m = await import("./other.mjs"); const same = import("./other.mjs"); return [m.v, (await same) === m, await import("./missing.mjs").catch((e) => e.code), typeof import("./other.mjs").then, await (await import(await "./other.mjs")).f()] }`,
    "other.mjs": `export const v = 1; export const f = async () => await v`,
  },
  "a CommonJS script in sloppy mode": {
    "main.cjs": `var await = 1, yield = 2; exports.result = async function () { return [typeof module, this === module.exports, arguments.length, typeof require("node:path").join, await sloppy()] }; async function sloppy() { undeclared = 5; await 0; try { return [undeclared, (function () { return this === globalThis })(), 010] } finally { delete globalThis.undeclared } }
if (await + yield > 3) exports.never = 1; else return; exports.never = 2`,
  },
  "an undecided file with a top-level return": {
    "main.js": `exports.result = async () => await 1; return`,
    "package.json": `{"type":"commonjs"}`,
  },
  "hashbang, byte order mark and Windows line ends": {
    "main.mjs": `#!/usr/bin/env node\r\n"use strict"\r\nexport async function result() {\r\n  await 0\r\n  return \`a\r\nb\`\r\n}\r\n`,
    "bom.mjs": `\uFEFFexport const f = async () => await 1`,
  },
};

describe.each([...subjects])("$name", (subject) => {
  test.each(Object.entries(programs))("%s", async (_, files) => {
    const entry = Object.keys(files)[0]!;
    const changed = Object.fromEntries(
      Object.entries(files).map(([name, text]) => [name, name.endsWith("js") ? transform(text, name).code : text]),
    );
    subject.install();
    const given = await withFiles(changed, (urlOf) => outcome(urlOf(entry), subject.run));
    expect(given).toBe(await withFiles(files, (urlOf) => outcome(urlOf(entry), (main) => main())));
  });
});

async function outcome(url: string, run: (main: () => Promise<unknown>) => Promise<unknown>): Promise<string> {
  let result: unknown;
  await run(async () => {
    const module = await nativeImport(url);
    result = await (module["result"] as () => unknown)();
  });
  return inspect(result, { depth: 6 });
}
