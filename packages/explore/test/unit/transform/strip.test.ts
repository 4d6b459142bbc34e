import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { transform } from "../../../src/transform/index.ts";
import { installReferenceRuntime } from "../../support/reference-runtime.ts";
import { evaluate, happenings } from "../../support/subjects.ts";

const amaro = createRequire(import.meta.url)("amaro") as {
  transformSync(code: string, options: { mode: "strip-only" }): { code: string };
};

describe("stripping", () => {
  test("blanks types, so what follows stays in its column", () => {
    const source = 'const x: "é😀" = f<number>(y as any)!; type T = 1;\ninterface I {}\nlet z = 1;';
    const { code, isChanged } = transform(source, "a.ts");
    expect(isChanged).toBe(true);
    expect(code.indexOf("f  ")).toBe(source.indexOf("f<"));
    expect(code.split("\n")[2]).toBe("let z = 1;");
    expect(transform(source, "a.ts", { strip: false }).code).toBe(source);
    expect(transform("let x: number", "a.js?x.ts").code).toBe("let x: number");
  });

  test("prints anew what has no blank form, still with its points", async () => {
    installReferenceRuntime();
    const source = `enum Kind { One = 1, Two }
namespace Space { export const get = async () => await Kind.Two }
class Point { constructor(private x: number, readonly y = 2) {} async sum() { return (await this.x) + this.y } }
module.exports = async (): Promise<unknown> => [await Space.get(), await new Point(1).sum(), <number>(await 5)];`;
    const { code, sites } = transform(source, "a.cts");
    expect(
      await evaluate(code)(
        () => {},
        (_, value) => value,
      ),
    ).toEqual([2, 3, 5]);
    expect(sites.map(([line, column, kind, , owner]) => [line, column, kind, owner])).toEqual([
      [2, 38, "function", "<module>"],
      [2, 50, "await", "get"],
      [3, 65, "function", "<module>"],
      [3, 87, "await", "Point.sum"],
      [4, 18, "function", "<module>"],
      [4, 49, "await", "exports"],
      [4, 68, "await", "exports"],
      [4, 103, "await", "exports"],
    ]);
  });

  test("leaves every erasable form of TypeScript alone but for the points", () => {
    const source = `import type { A } from "a"; import { type B, c } from "b"; export type { A }; declare const g: number; declare function h(): void; declare module "m" { export const q: number }
abstract class D<T> extends c<T> implements A { declare z: 1; y!: 2; private readonly p?: number; static #s: string; abstract m(): void; override async n(this: D<T>, x?: number): Promise<void>; override async n(this: D<T>, x?: number): Promise<void> { await (x satisfies number | undefined)! } [k: string]: unknown; accessor w = 1 }
const f = async <T,>(x: T, ...r: readonly T[]): Promise<
  T> => await (x as unknown as T); function over(x: string): void; function over(x: unknown): asserts x is B {} let u: typeof f<number>; const i = over<string>; export default D;`;
    const { code, sites } = transform(source, "a.mts");
    expect(sites.map(([, , kind, , owner]) => `${kind} ${owner}`)).toEqual([
      "function <module>",
      "await D.n",
      "function <module>",
      "await f",
    ]);
    expect(code.split("\n")).toHaveLength(4);
    expect(transform(code, "a.mjs", { strip: false }).sites).toHaveLength(4);
  });
});

test("type parameters of an async arrow may span lines", async () => {
  installReferenceRuntime();
  const source =
    "const f = async /* ( */ <\n  T extends (x: number) => void, // (\n> /* ( */ (x: T) => await x, g = async <\n T,\n>() => {};\nmodule.exports = async () => [await f<any>(1), await g()];";
  const { code } = transform(source, "a.cts");
  expect(code.split("\n")).toHaveLength(6);
  expect(
    await evaluate(code)(
      () => {},
      (_, value) => value,
    ),
  ).toEqual([1, undefined]);
});

test("a typed program does what it does with its types blanked alone", async () => {
  const source = `type Maybe<T> = T | undefined; abstract class Base<T extends object> { protected abstract readonly kind: string; constructor(readonly_: T) { void readonly_ } }
class Box<T extends { n: number }> extends Base<T> implements Iterable<number> { protected override kind = "box" as const; private items!: T[]; declare readonly ghost: string;
  async sum<U = number>(this: Box<T>, scale?: U, ...rest: readonly number[]): Promise<number> { let total: number = 0; for await (const { n = 0 as number } of (this.items as AsyncIterable<T> | T[])!) total += n * Number((await scale) ?? 1 satisfies number); return total + rest.length }
  set<K extends keyof this>(items: T[]): this { this.items = items; return this } *[Symbol.iterator](): Generator<number, void, unknown> { yield* this.items.map((i): number => i.n) } }
const wide = async <T extends object>(x: Maybe<T>,
  y?: number): Promise<
    readonly [Maybe<T>, number]
  > => [await (x as Maybe<T>), (await (y!)) satisfies number as number];
function guard(x: unknown): x is string; function guard(x: any): boolean { return typeof x === "string" }
async function* stream(this: void, ...xs: (number | Promise<number>)[]): AsyncGenerator<number> { for (const x of xs) yield (await (x as Promise<number>))! }
module.exports = async (log: (x: unknown) => void): Promise<unknown> => { const out: number[] = []; for await (const x of stream(1, Promise.resolve(2))) out.push(x as number); try { await (Promise.reject<never>(new Error("e"))) } catch (e: unknown) { log((e as Error).message) }
  return [await new Box<{ n: number }>({ n: 1 }).set([{ n: 1 }, { n: 2 }]).sum<number>(2, 3), await wide<{ a: 1 }>({ a: 1 }, 5), guard("x"), out, [...new Box({ n: 0 }).set([{ n: 9 }])]] }`;
  installReferenceRuntime();
  const native = amaro.transformSync(source, { mode: "strip-only" }).code;
  const run = (main: () => Promise<unknown>): Promise<unknown> => main();
  const expected = await happenings(run, evaluate(native));
  expect(expected).toContain("[ 7, [ { a: 1 }, 5 ], true, [ 1, 2 ], [ 9 ] ]");
  for (const options of [{}, { track: true }, { lowerUsing: true }]) {
    const { code } = transform(source, "a.cts", options);
    expect(code.split("\n")).toHaveLength(source.split("\n").length);
    expect(await happenings(run, evaluate(code))).toBe(expected);
  }
});
