import { describe, expect, test } from "vitest";
import { transform } from "../../../src/transform/index.ts";
import { installReferenceRuntime } from "../../support/reference-runtime.ts";
import { evaluate } from "../../support/subjects.ts";

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
