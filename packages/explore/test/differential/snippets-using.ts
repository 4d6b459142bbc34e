/**
 * Bodies of an async function `main(log)`: `using` and `await using`. `make(name, shape)` is prepended: a resource whose
 * disposal is one of the shapes.
 */
export const MAKE = `
    const make = (name, shape) => ({
      null: null, undefined: undefined,
      sync: { [Symbol.dispose]() { log(name + " sync"); return Promise.reject(0).catch(() => {}) && 5 } },
      nothing: { [Symbol.asyncDispose]() { log(name + " nothing") } },
      async: { async [Symbol.asyncDispose]() { log(name + " begins"); await 0; log(name + " ends") } },
      both: { async [Symbol.asyncDispose]() { log(name + " async of both") }, [Symbol.dispose]() { log(name + " sync of both") } },
      rejects: { async [Symbol.asyncDispose]() { log(name + " rejects"); throw new Error(name) } },
      late: { async [Symbol.asyncDispose]() { await 0; await 0; throw new Error(name) } },
      throws: { [Symbol.asyncDispose]() { log(name + " throws"); throw new Error(name) } },
      syncThrows: { [Symbol.dispose]() { log(name + " sync throws"); throw new Error(name) } },
      thenable: { [Symbol.asyncDispose]() { return { then(r) { log(name + " then"); r() } } } },
    })[shape];
    const told = (e) => e instanceof Error && e.name === "SuppressedError" ? [told(e.error), "over", told(e.suppressed)] : e?.message ?? e;`;

export const SHAPES: readonly string[] = [
  "null",
  "undefined",
  "sync",
  "nothing",
  "async",
  "both",
  "rejects",
  "late",
  "throws",
  "syncThrows",
  "thenable",
];

/** Two resources of every pair of shapes, left by the end of the block and by a throw. */
export function pairs(): Readonly<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const first of SHAPES)
    for (const second of SHAPES)
      all[`${first} then ${second}`] = `
    try { { await using x = make("x", "${first}"); log("body"); await using y = make("y", "${second}"); await 0; log("end") } log("after") } catch (e) { log(told(e)) }
    try { { await using x = make("x", "${first}"), y = make("y", "${second}"); throw new Error("body") } } catch (e) { log(told(e)) } log("over")`;
  return all;
}

export const using: Readonly<Record<string, string>> = {
  "what cannot be disposed is refused where it is declared": `
    for (const bad of [{}, 5, "s", true, Symbol(), { [Symbol.asyncDispose]: 5 }, { [Symbol.dispose]: 5 }, { [Symbol.asyncDispose]: null, [Symbol.dispose]() { log("fallback") } }])
      try { await using a = make("a", "async"); log("before"); await using b = bad; log("after") } catch (e) { log(e.name) }
    for (const bad of [{}, 5, { [Symbol.asyncDispose]() {} }]) try { using b = bad; log("after") } catch (e) { log(e.name) }`,
  "the ways out of a block": `
    async function f(how) { for (const i of [1, 2]) { await using x = make("x" + i, "async"); if (how === "break") break; if (how === "continue") continue; if (how === "return") return "returned " + (await i); if (how === "throw") throw new Error("thrown"); log("through") } log("behind"); return "end" }
    for (const how of ["break", "continue", "return", "throw", ""]) log(await f(how).catch(told)); const out = await f("");
    outer: for (const i of [1, 2]) { { await using x = make("label" + i, "async"); continue outer } } block: { await using x = make("block", "async"); break block }`,
  "a function's own block": `
    async function f() { "use strict"; await using x = make("x", "async"); await using y = make("y", "async"); return log("body"), await 5 } const g = async () => { using x = make("g", "sync"); await 0; return 6 }; function h() { using x = make("h", "sync"); return 7 } function* i() { using x = make("i", "sync"); yield 1; yield 2 }
    log(await f()); log(await g()); log(h()); for (const x of i()) { log(x); break } class A { static { using x = make("static", "sync"); log("in static") } m() { using x = make("m", "sync"); return arguments.length } } log(new A().m(1))`,
  "sync and async resources in one block": `
    { using a = make("a", "sync"); await using b = make("b", "async"); using c = make("c", "sync"), d = make("d", "null"); await using e = null; log("body") } { await using a = null; using b = make("b", "sync") } { using a = make("a", "sync"); await using b = undefined } log("over")`,
  "loops whose head holds a resource": `
    for (await using x of [make("1", "async"), null, make("2", "sync")]) log("turn"); for (using x of [make("3", "sync")]) { log("turn"); const x = 1 } for await (await using x of [make("4", "async"), make("5", "async")]) { log("turn"); if (x) continue }
    for (await using x of [make("6", "async"), make("7", "async")]) { break } lbl: for (await using i = make("for", "async"), m = null; ; ) { for (;;) { log("inner"); break lbl } } let n = 0; a: b: for (using i = make("fs", "sync"); ; ) { if (n++ < 1) continue a; break b }
    let t = 0; for (await using i = make("count", "nothing"); t < 2; t++) { await 0; log(t) } try { for (await using x of [make("8", "rejects"), make("9", "async")]) log("turn") } catch (e) { log(told(e)) } try { for (await using x of [{}]) log("never") } catch (e) { log(e.name) }`,
  "blocks in catch, finally, switch and nested": `
    try { await using a = make("try", "async"); throw 1 } catch (e) { await using b = make("catch", "async"); log(e) } finally { await using c = make("finally", "async"); log("f") }
    switch (1) { case 1: { await using d = make("case", "async"); break } } { await using a = make("outer", "async"); { await using b = make("inner", "async"); { using c = make("innermost", "sync") } } log("between") } if (1) { await using x = make("if", "async") } else { await using y = make("else", "async") }`,
  "a generator disposes when it is closed": `
    async function* g() { await using x = make("x", "async"); yield 1; await using y = make("y", "async"); yield 2 } for await (const v of g()) { log(v); break } for await (const v of g()) log(v); const it = g(); await it.next(); try { await it.throw(new Error("into")) } catch (e) { log(told(e)) }`,
  "the resource is the value itself": `
    const r = make("r", "async"); { await using x = r; log(x === r) } await using n = null, u = undefined; return [n, u]`,
  "names of resources, and functions beside them": `
    { await using using_ = make("u", "async"), of = make("of", "async"); log(f()); function f() { return typeof of } } { using x = Object.assign(() => 1, { [Symbol.dispose]() { log("fn") } }); log(x.name === "x" || x.name === "") }`,
};
