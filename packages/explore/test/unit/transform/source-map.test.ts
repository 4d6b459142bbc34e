import { SourceMap } from "node:module";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { decode, encode } from "../../../src/transform/vlq.ts";
import { transform, type TransformOptions } from "../../../src/transform/index.ts";
import { controlled, installReferenceRuntime } from "../../support/reference-runtime.ts";
import { nativeImport, withFiles } from "../../support/temporary-modules.ts";

beforeAll(installReferenceRuntime);

/** A program with one `throw` or one failing call per case; `HERE` marks the place V8 names: the `new`, not the `throw`. */
const programs: Readonly<Record<string, string>> = {
  "after an await": `export async function main() {\n  await 0; await (1);  throw /*HERE*/new Error("x");\n}`,
  "inside an operand": `const bad = () => { throw /*HERE*/new Error("x") };\nexport const main = async () => (await 0, await bad(await 1));`,
  "a call of nothing": `export const main = async () => { const 变量 = "😀é", o = {}; await 变量; return await o./*HERE*/missing(await 1) };`,
  "in a catch after another": `export async function main() {\n  try { await Promise.reject(1) } catch { for await (const x of [1, 2]) { if (x === 2) throw /*HERE*/new Error("x") } }\n}`,
  "in a nested arrow of a class": `export class A { m = async () => { await 0; return await (async () => { await 0; throw /*HERE*/new Error("x") })() } }\nexport const main = () => new A().m()`,
  "behind a hashbang": `#!/bin/node\nexport async function main() { await 0; throw /*HERE*/new Error("x") }`,
  "on the first line behind ours": `export const main = async () => { await 0; return null./*HERE*/missing }`,
};
const typed: Readonly<Record<string, string>> = {
  "typed, blanked": `type T<X> = { [k in keyof X]: X[k] };\nexport async function main(x: T<{ a: 1 }> = { a: 1 }): Promise<void> { await (x as unknown); throw /*HERE*/new Error("x") }`,
  "typed, printed anew": `enum E { A, B }\n\n\nclass P { constructor(private readonly x: number) {} async m(): Promise<void> {\n    await (this.x as number); /* é😀 */ throw /*HERE*/new Error("x") } }\nexport const main = async (): Promise<void> => { await new P(E.B).m() }`,
};

function placeOf(source: string): string {
  const before = source.slice(0, source.indexOf("/*HERE*/") + "/*HERE*/".length).split("\n");
  return `${before.length}:${before.at(-1)!.length + 1}`;
}

/** Where the top frame of the thrown error stands in the source, by the map. */
async function thrownAt(source: string, file: string, options: TransformOptions): Promise<string> {
  const { code, map } = transform(source, file, { ...options, map: true });
  return withFiles({ "main.mjs": code }, async (urlOf) => {
    const { main } = await nativeImport(urlOf("main.mjs"));
    const error = await controlled(main as () => Promise<unknown>).then(
      () => new Error("did not throw"),
      (thrown: unknown) => thrown as Error,
    );
    const [, line, column] = /main\.mjs:(\d+):(\d+)/.exec(error.stack ?? "") ?? [];
    const found = new SourceMap(map as never).findEntry(Number(line) - 1, Number(column) - 1);
    if (!("originalLine" in found)) return `unmapped ${line}:${column}`;
    return `${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}

describe("an error maps to the place it was thrown", () => {
  test.each(Object.entries(programs))("%s", async (_, source) => {
    expect(await thrownAt(source, "a.mjs", {})).toBe(placeOf(source));
    // V8 names the dot, not the property, where the object is a call's result, as it is in a `track` build.
    const [line] = (await thrownAt(source, "a.mjs", { track: true })).split(":");
    expect(line).toBe(placeOf(source).split(":")[0]);
  });
  test.each(Object.entries(typed))("%s", async (_, source) => {
    expect(await thrownAt(source, "a.mts", {})).toBe(placeOf(source));
  });
});

describe("the map", () => {
  test("is not made unless asked for, nor when every place is where it was", () => {
    expect(transform("async () => await 0", "a.mjs").map).toBeUndefined();
    expect(transform("let x: number = 1", "a.ts", { map: true }).map).toBeUndefined();
    expect(transform("enum A {}", "a.ts", { map: true }).map).toMatchObject({
      version: 3,
      sources: ["a.ts"],
      sourcesContent: ["enum A {}"],
    });
  });

  test("leads every word of the result back to the same word of the source", () => {
    const source = Object.values(programs)
      .filter((text) => !text.startsWith("#!"))
      .join("\n")
      .replaceAll("main", "mainly")
      .replaceAll("export ", "");
    const { code, map } = transform(source, "a.mjs", { map: true, track: true });
    expect(map).toMatchObject({ version: 3, sources: ["a.mjs"], sourcesContent: [source] });
    const lines = source.split("\n");
    const mapped = decode(map!.mappings);
    let words = 0;
    code.split("\n").forEach((line, at) => {
      for (const segment of mapped[at] ?? []) {
        if (segment.length === 1) continue;
        const [column, , sourceLine, sourceColumn] = segment;
        const word = /^\w+/.exec(lines[sourceLine]!.slice(sourceColumn))?.[0];
        if (word === undefined || /\w/.test(lines[sourceLine]!.charAt(sourceColumn - 1))) continue;
        words += 1;
        expect(line.slice(column, column + word.length)).toBe(word);
      }
    });
    expect(words).toBeGreaterThan(90);
  });

  test("numbers survive writing and reading", () => {
    const segment = fc.tuple(fc.nat(5000), fc.constant(0), fc.nat(2 ** 24), fc.nat(5000));
    fc.assert(
      fc.property(fc.array(fc.array(segment)), (lines) => {
        expect(decode(encode(lines))).toEqual(lines.length === 0 ? [[]] : lines);
      }),
    );
    expect(decode("A,CAAC;;AADA")).toEqual([[[0], [1, 0, 0, 1]], [], [[0, 0, -1, 1]]]);
  });
});
