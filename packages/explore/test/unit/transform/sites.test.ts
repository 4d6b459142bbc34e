import { describe, expect, test } from "vitest";
import type { PackedSite } from "../../../src/sites.ts";
import { transform } from "../../../src/transform/index.ts";

const sitesOf = (code: string, file = "a.mts", options = {}): readonly PackedSite[] =>
  transform(code, file, options).sites;
const shown = (code: string, file?: string, options = {}): readonly string[] =>
  sitesOf(code, file, options).map(
    ([line, column, kind, text, owner, ordinal]) => `${line}:${column} ${kind} ${text} <- ${owner} #${ordinal}`,
  );

describe("a site", () => {
  test("names line, column, kind, text, function and rank", () => {
    expect(
      shown(
        "export async function commit(order: Order): Promise<void> {\n  await this.save(\n    order);\n  for await (const x of y) await x;\n  async function inner() { await 0 }\n}",
      ),
    ).toEqual([
      "1:8 function commit <- <module> #0",
      "2:3 await await this.save( order) <- commit #0",
      "4:3 for-await for await (const x of y) <- commit #0",
      "4:28 await await x <- commit #1",
      "5:3 function inner <- commit #0",
      "5:28 await await 0 <- inner #0",
    ]);
  });

  test("counts columns as editors do, whatever stands before it", () => {
    expect(shown('/* 😀é */ const f = async () => await "ü😀" + await 1', "a.mjs")).toEqual([
      "1:21 function f <- <module> #0",
      '1:33 await await "ü😀" <- f #0',
      "1:47 await await 1 <- f #1",
    ]);
    expect(shown("\uFEFFasync () => await 1\r\nasync () => await 2", "a.mjs").at(-1)).toBe(
      "2:13 await await 2 <- <anonymous> #0",
    );
    expect(shown("\uFEFFasync () => await 1", "a.mjs").at(-1)).toBe("1:13 await await 1 <- <anonymous> #0");
  });

  test("keeps sixty characters of a long text, and no half of a character", () => {
    const [, , , text] = sitesOf(`async () => await f("${"😀".repeat(40)}", 1)`)[1]!;
    expect(text).toHaveLength(60);
    expect(text).toBe(`await f("${"😀".repeat(25)}…`);
    const [, , , odd] = sitesOf(`async () => await ff("${"😀".repeat(40)}", 1)`)[1]!;
    expect(odd).toBe(`await ff("${"😀".repeat(24)}…`);
    expect(sitesOf("async () => await f(\n\t a,\n   b)")[1]![3]).toBe("await f( a, b)");
  });

  test("is named by what its function is assigned to", () => {
    const owners = (code: string): readonly unknown[] =>
      sitesOf(code).flatMap(([, , kind, , owner]) => (kind === "await" ? [owner] : []));
    expect(
      owners(`
const arrow = async () => await 1; let later; later = async function () { await 1 }; a.b.c = async () => await 1; exports["d"] = async () => await 1;
const { e = async () => await 1, f: [g = async () => await 1] } = {}; const o = { h: async () => await 1, async i() { await 1 }, "j k": async () => await 1, [l]: async () => await 1 };
class M { async n() { await 1 } static async #o() { await 1 } p = async () => await 1; async [q]() { await 1 } static { async () => await 1 } get r() { return async () => await 1 } }
const S = class { async t() { await 1 } }; const U = class V { async w() { await 1 } }; run(async () => await 1); const x = (async () => await 1) as Fn; function y(z = async () => await 1) {}
export default async () => await 1;`),
    ).toEqual(
      "arrow later c d e g h i j\u00a0k <anonymous> M.n M.#o M.p M.[…] <anonymous> <anonymous> S.t V.w <anonymous> x z default"
        .split(" ")
        .map((name) => name.replace("\u00a0", " ")),
    );
  });

  test("of a method begins where the method does", () => {
    expect(
      shown(
        "class A { static async m() { await 0 } async *[k]() { yield await 0 } } ({ async n() { await 0 } })",
        "a.mjs",
      ).filter((site) => site.includes("function")),
    ).toEqual([
      "1:11 function A.m <- <module> #0",
      "1:40 function A.[…] <- <module> #1",
      "1:76 function n <- <module> #2",
    ]);
  });

  test("of an access belongs to the nearest function, async or not", () => {
    expect(
      shown("class A { get v() { return this.x } y = this.z; static { A.w } } q.r", "a.mts", { track: true }),
    ).toEqual([
      "1:28 access this.x <- A.v #0",
      "1:41 access this.z <- A.y #0",
      "1:58 access A.w <- A.static #0",
      "1:66 access q.r <- <module> #0",
    ]);
  });

  test("stands at awaits in computed keys and heritage, which belong to the function around", () => {
    const code =
      "async function f() { class A extends (await a) { [await b] = 1; static [await c]() {} } return { [await d]: { [await e]() {} } } }";
    expect(shown(code, "a.mjs").slice(1)).toEqual([
      "1:39 await await a <- f #0",
      "1:51 await await b <- f #1",
      "1:73 await await c <- f #2",
      "1:99 await await d <- f #3",
      "1:112 await await e <- f #4",
    ]);
  });

  test("does not exist where nothing is awaited under control", () => {
    for (const code of [
      "await 1; for await (const x of y);",
      "async function f() {} async () => {}",
      "function* g() { yield 1 }",
      "let async; // await",
      "",
    ]) {
      const { sites, isChanged, code: result, map } = transform(code, "a.mjs", { map: true });
      expect({ sites, isChanged, result, map }).toEqual({ sites: [], isChanged: false, result: code, map: undefined });
    }
  });
});

describe("the operand of an await", () => {
  const isDirect = (operand: string): boolean =>
    / ?\$lw\.p\(\$lwA,\$lwB\+1,\$lw\.d\(\$lwA\),/.test(transform(`async () => await ${operand}`, "a.mts").code);

  test("is direct when it is a call, looked at through parentheses and types", () => {
    for (const operand of [
      "f()",
      "(f())",
      "a.b()",
      "(f() as T)",
      "f()!",
      "(f() satisfies T)",
      "((f()!) as T)",
      "o?.f()",
      "a.all()",
      "new A().m()",
    ])
      expect([operand, isDirect(operand)]).toEqual([operand, true]);
  });

  test("is not direct when it is something else, or joins several", () => {
    for (const operand of [
      "x",
      "Promise.all([f()])",
      "(Promise.race([f()]))",
      "new F()",
      "[f()]",
      "f().p",
      "(a, f())",
      "f() ?? 1".replace(" ?? 1", ".x"),
      "import('x')",
    ])
      expect([operand, isDirect(operand)]).toEqual([operand, false]);
  });
});
