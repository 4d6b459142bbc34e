import { beforeAll, describe, expect, test } from "vitest";
import { controlled, installReferenceRuntime } from "../../support/reference-runtime.ts";
import { asModule, evaluate, transformed } from "../../support/subjects.ts";

beforeAll(installReferenceRuntime);

async function accessesOf(body: string): Promise<readonly string[]> {
  const main = evaluate(transformed(asModule(body), { track: true }));
  const { seen } = await controlled(async () =>
    main(
      () => {},
      (_, value) => value,
    ),
  );
  return seen.accesses.map(({ key, kind }) => `${kind} ${String(key)}`);
}

describe("a tracked access", () => {
  test("is a read, a write, both, or a call", async () => {
    const body = `const o = { n: 1, m() {}, d: 1, s: {} }; o.n; o.n = 2; o.n += 1; o.n++; --o.n; o.m(); delete o.d; o.s.x = o.n; o["n"]; const k = "n"; o[k] = 1; o?.n; o.s?.x; o.m\`\`; (o.m)(); typeof o.n;`;
    expect(await accessesOf(body)).toEqual(
      "r n,w n,rw n,rw n,rw n,m m,w d,r s,w x,r n,r n,w n,r n,r s,r x,m m,m m,r n".split(","),
    );
  });

  test("of a target in a pattern is a write", async () => {
    expect(
      await accessesOf(
        "const o = {}; [o.a, { b: o.b = 1, ...o.c }] = [1, {}]; for (o.d of [1]); for (o.e in { x: 1 });",
      ),
    ).toEqual("w a,w b,w c,w d,w e".split(","));
  });

  test("of a private name, of this and of a getter is noted once", async () => {
    expect(
      await accessesOf(
        "let n = 0; class A { #p = 1; get g() { n++; return this.#p } m() { return this.g } } const a = new A(); a.m(); return a.g + n",
      ),
    ).toEqual(["m m", "r g", "r #p", "r g", "r #p"]);
  });

  test("that writes what an await gave is noted after the await", async () => {
    const order = async (write: string): Promise<readonly string[]> =>
      accessesOf(
        `const o = { n: 1, seen: 0 }; const other = async () => { await 0; o.seen = 1 }; void other(); ${write}`,
      );
    expect(await order("o.n = o.n + await (await 0, 5);")).toEqual(["r n", "w seen", "w n"]);
    expect(await order("o.n += await (await 0, 5);")).toEqual(["r n", "w seen", "w n"]);
    expect(await order("o.z ??= await (await 0, 5);")).toEqual(["r z", "w seen", "w z"]);
    expect(await order("o.n ??= await (await 0, 5); await 0")).toEqual(["r n", "w seen"]);
    expect(
      await order("(() => o)().n = await (await 0, 5);"),
      "an object that is an expression is noted early",
    ).toEqual(["w n", "w seen"]);
    expect(await order("o.f = async () => await 0; await 0")).toEqual(["w f", "w seen"]);
  });

  test("is left out where a call would change the program", async () => {
    const body = `const a = { b: { C: class { v = 1 }, d: null }, f: () => a }; new a.b.C(); new (a.b.C)(); a?.b.C; a.b.d?.e.f.g(); a.f?.().b.C; class S { x = 1; m() { return super.toString } } new S().m(); a[1 + 1]; a[(() => "b")()]; new a.b["C"](a.b); import.meta`;
    expect(await accessesOf(body.replace("; import.meta", ""))).toEqual(
      // new (a.b.C)() is tracked, the first and the last only in their arguments; of a chain only what stands before its first link.
      ["r b", "r C", "r b", "r b", "r d", "m f", "m m", "r b"],
    );
  });

  test("at the start of a line joins no statement to one without a semicolon", async () => {
    const body =
      "const o = { n: 1, m() {} }\nfunction f(p, y) { const x = y\np.m()\n++p.n\np.m()\nreturn x }\nf(o, 1)\no.n";
    expect(await accessesOf(body)).toEqual("m m,rw n,m m,r n".split(","));
  });
});
