import { describe, expect, test } from "vitest";
import { transform, TransformError, type TransformOptions } from "../../../src/transform/index.ts";

function refused(code: string, file: string, options?: TransformOptions): TransformError {
  try {
    transform(code, file, options);
  } catch (error) {
    if (error instanceof TransformError) return error;
    throw error;
  }
  throw new Error(`${file} was not refused`);
}

describe("a file that cannot be transformed", () => {
  test("is named with its place, and the error wears the brand", () => {
    const error = refused("async function f() {\n  await 0;\n  let x = ;\n}", "dir/a.ts");
    expect(error.message).toMatch(/^dir\/a\.ts:3:11: syntax error: Unexpected token/);
    expect(error).toMatchObject({
      code: "LW_TRANSFORM",
      file: "dir/a.ts",
      line: 3,
      column: 11,
    });
    expect((error as unknown as Record<symbol, unknown>)[Symbol.for("lockwright.error")]).toContain("LockwrightError");
  });

  test("holds decorators, and nothing compiles it later", () => {
    const code = "class A {\n  @log async m() { await 0 }\n}";
    expect(refused(code, "a.ts").message).toMatch(
      /^a\.ts:2:3: no Node runs decorators: use @lockwright\/explore\/vitest, or compile/,
    );
    expect(transform(code, "a.ts", { strip: false }).code).toContain("@log async m() {const");
    expect(
      transform("@d class A { @e accessor x = async () => await 0; m(@f p) { } }", "a.ts", { strip: false }).sites,
    ).toHaveLength(2);
    expect(refused("@d class A {}", "a.mts").line).toBe(1);
  });

  test("is JSX that would have to be stripped", () => {
    expect(refused("const a = <A />", "a.tsx", { strip: true }).message).toMatch(/^a\.tsx:1:1: JSX cannot be stripped/);
    expect(refused("const a = <A />", "a.jsx?v=1", { strip: true }).message).toMatch(/JSX/);
    const { code } = transform(
      "const A = async () => <b onClick={async () => { await f<T>(x as any) }}>{await 0}</b>",
      "a.tsx",
    );
    expect(code).toMatch(/<b onClick=\{async \(\) => \{const .*await \$lw\.p\(.*f<T>\(x as any\)/);
  });

  test("declares a resource at the top of a module on a Node that cannot run it", () => {
    const code = "import x from 'x';\nawait using y = x();";
    expect(refused(code, "a.ts", { lowerUsing: true }).message).toMatch(
      /^a\.ts:2:1: this Node cannot run `using`.*move it into a function/,
    );
    expect(transform(code, "a.ts", { lowerUsing: false }).code).toBe(code);
    expect(transform(code, "a.ts", { lowerUsing: true, strip: false }).code).toBe(code);
  });

  test("has types that cannot be taken out", () => {
    const error = refused("let a;\n  with (a) {}\nlet b: number", "a.cts");
    expect(error.message).toMatch(
      /^a\.cts:2:3: its types cannot be stripped: The 'with' statement .*; compile it first/,
    );
    const late = refused("async function f() { await 0 } with (a) {}", "a.cts");
    expect([late.line, late.column]).toEqual([1, 32]);
  });
});

test("a file without anything for us is not even parsed", () => {
  expect(transform("this is ( no program", "a.js").isChanged).toBe(false);
});
