/** Bodies of an async function `main(log)`: the plain forms. Each shows one thing that a rewrite could get wrong. */
export const plain: Readonly<Record<string, string>> = {
  "awaits run side by side in order": `
    async function f(x) { log("a" + x); const y = await x; log("b" + y); return y + 1 }
    await Promise.all([f(1), f(Promise.resolve(2)), (async () => { log(await f(3)) })()]);`,
  "try, catch and finally meet in order": `
    async function bad() { await 0; throw new Error("x") }
    async function f() { try { await bad() } catch (e) { log(e.message); await 1; log("c") } finally { log("f"); await 2; log("f2") } return "r" }
    log(await f()); try { await bad() } catch { log("no parameter") }`,
  "a return in finally wins": `
    async function f() { try { await 0; throw 1 } finally { await 1; return 2 } } return await f()`,
  "a throw in catch passes finally": `
    async function f() { try { throw 1 } catch (e) { await 0; throw e + 1 } finally { log("finally"); await 0 } }
    try { await f() } catch (e) { return e }`,
  "arrows with every kind of body": `
    const a = async x => ({ v: await x }), b = async () => await 5, c = async x => (await x, 7), e = async () => [], g = async () => {};
    const d = async ({ p = 3 }, ...r) => p + r.length + await 1, h = async () => async y => await y, i = async x => x;
    return [await a(1), await b(), await c(2), await d({}, 1, 2), await e(), await g(), await (await h())(8), await i(9)]`,
  "an arrow's comment may hold an arrow": `
    const f = async (x) => /* a => b */ await x, g = async x => // y => {
      x; return [await f(1), await g(2)]`,
  "methods, private methods, getters, fields and generators of a class": `
    class A { #p = 4; static async s() { return await 1 } async m() { return await this.#p } get g() { return (async () => await this.#p)() }
      async *gen() { for (let i = 0; i < 3; i++) { yield await i } } f = async () => await this.#p; async #q() { return await 6 } q() { return this.#q() }
      static h = async () => await 7; static { this.t = async () => await 8 } async ["com" + "puted"]() { return await 9 } async 1() { return await 10 } }
    const a = new A(), out = []; for await (const x of a.gen()) { out.push(x) }
    return [await A.s(), await a.m(), await a.g, out, await a.f(), await a.q(), await A.h(), await A.t(), await a.computed(), await a[1]()]`,
  "super, arguments and new.target keep their meaning": `
    class B { async m() { return 1 } static async s() { return "s" } }
    class C extends B { async m() { return (await super.m()) + (await this.n(1, 2)) } async n() { await 0; return arguments.length } static async s() { return (await super.s()) + (async () => await super.s()).length } }
    const o = { __proto__: { async k() { return 5 } }, async k() { return (await super.k()) + 1 } };
    async function f() { await 0; return [arguments.length, new.target] } async function g(x) { arguments[0] = 5; await 0; return [x, (() => arguments[0])()] }
    return [await new C().m(), await C.s(), await o.k(), await f(1, 2, 3), await g(1)]`,
  "this is the caller's": `
    const o = { v: 3, async f() { await 0; return (async () => { await 0; return this.v })() } }; return await o.f()`,
  "methods of object literals": `
    const k = "z", o = { async a() { return await 1 }, async *b() { yield await 2 }, async [k]() { return await 3 }, c: async () => await 4, get d() { return async () => await 5 }, async async() { return await 6 }, async get() { return await 7 }, async "quo ted"() { return await 8 } };
    return [await o.a(), (await o.b().next()).value, await o.z(), await o.c(), await o.d(), await o.async(), await o.get(), await o["quo ted"]()]`,
  "a thenable is awaited as one": `
    const t = { then(r) { log("then"); r(42) } }; return [await t, await (async () => t)()]`,
  "a thenable's getter is read once": `
    let n = 0; const t = { get then() { n++; return (r) => r(1) } }; await t; return n`,
  "two chains take turns": `
    const p = Promise.resolve(), l = log;
    const one = (async () => { await p; l(1); await p; l(3); await p; l(5) })(), two = (async () => { await p; l(2); await p; l(4); await p; l(6) })();
    await one; await two`,
  "a return of a promise takes its ticks": `
    async function f() { return Promise.resolve(1) } async function g() { return await Promise.resolve(2) } const h = async () => Promise.resolve(3);
    await Promise.all([f().then(log), g().then(log), h().then(log)])`,
  "a forked call outlives its caller": `
    async function child() { await 0; log("child 1"); await 0; log("child 2") } async function parent() { const p = child(); log("parent"); await 0; log("parent goes"); return p }
    await parent()`,
  "a directive stays first": `
    async function f() { "use strict"; await 0; return this === undefined } async function g() { 'use strict'
      await 0; return (function () { return this === undefined })() } async function h() { await 0; "use strict"; return typeof (function () { return this })() }
    return [await f(), await g(), await h()]`,
  "awaits in odd places of an expression": `
    const f = async x => x ? await 1 : await 2, tag = (s, ...v) => s.raw.join("|") + v.join(), o = { a: { b: async () => 3 } };
    return [await f(1), await f(0), (await 3) + (await 4) * await 5, [await 1, ...await [2, 3]], \`\${await 'tpl'} \${\`\${await "inner"}\`}\`, await (await (async () => async () => 8)())(),
      tag\`x\${await 6}y\`, (await (async () => tag)())\`q\`, (await o?.a?.b?.()), await o.zz?.(), (await o)?.a.b.name, { [await "k"]: await "v", ...await { s: 1 } }, -await 1, !await 0, typeof await 1, void await 0, await+1, await[2], await(3), await\`4\`, await/5/, await-6,
      await (1, 2), (await 1, await 2), await 1 in [await 1, 2], await null ?? await 7, await 0 || await 8, await 1 && await 9, await await await 10, await (async () => { await 0; return 11 })(), new (await Date)(0).getTime(), (await [1, 2, 3]).at(-1), await import("node:path").then((m) => typeof m.join)]`,
  "awaits in destructuring": `
    const { a = await 1, ...r } = await { b: 2 }, [x = await 3, ...y] = await [undefined, 4]; let z, o = {}; ({ z = await 5 } = {}); [o[await "k"]] = [await 6]; ({ [await "q"]: o.q } = { q: 7 });
    return [a, r, x, y, z, o]`,
  "awaits in statements": `
    let n = 0, s = ""; while (await n < 2) n++; do n++; while (await n < 5); for (let i = await 0; await i < 3; i += await 1) s += i; for (const x of await [1, 2]) s += await x; for (const k in await { a: 1 }) s += k;
    switch (await 2) { case await 1: s += "one"; case await 2: s += "two"; await 0; case 3: s += "three"; break; default: s += "no" } if (await 0) s += "yes"; else s += await "else"; lbl: { await 0; break lbl }
    outer: for (;;) { for (;;) { await 0; break outer } } throwing: try { throw await new Error("t") } catch (e) { s += e.message } return [n, s]`,
  "assignments read their left side before the await": `
    let x = 1; const o = { n: 1, a: [1, 2], get g() { log("got"); return this }, i: 0 }; const slow = async v => { x = 10; o.n = 10; await 0; return v };
    x += await slow(1); o.n += await slow(1); o.g.n = await slow(3); o.a[o.i++] = await slow(5); x ??= await slow(0); o.u ||= await slow(4); return [x, o.n, o.a, o.i, o.u]`,
  "parameter defaults stay outside": `
    async function f(x = log("default"), y = (() => { throw new Error("early") })()) { log("never"); await 0 } async function g(a, b = async () => await a, { c = 3 } = {}, ...rest) { return [await b(), c, rest] }
    const p = f(); log("sync part over"); await p.catch((e) => log(e.message)); return await g(1)`,
  "names and lengths are unchanged": `
    const a = async (x, y) => await x, o = { async m(x) { await x }, p: async () => {}, q: async function () { await 0 }, async *g(a, b, c) { yield 1 } }; class K { static async s() { await 0 } async #h() {} f = async () => await 0; n() { return this.#h.name } }
    async function d(x, y = 1, z) { await 0 } const { e = async () => await 1 } = {}; let v; v = async () => await 1;
    return [a, o.m, o.p, o.q, o.g, K.s, new K().f, d, e, v, async () => await 1].map((f) => [f.name, f.length]).concat(new K().n())`,
  "empty bodies": `
    async function f() {} async function* g() {} const h = async () => {}, i = async () => { /* nothing */ }, j = async function () { "use strict" }; class A { async m() {} static async *n() {} }
    return [await f(), await g().next(), await h(), await i(), await j(), await new A().m(), await A.n().next()]`,
  "declarations of one name in a body": `
    async function f() { var g; function g() { return 1 } await 0; return typeof g } async function h() { var g = 5; function g() {} await 0; return g }
    async function i() { await 0; return k(); function k() { return 1 } function k() { return 2 } } async function j() { function a() { return b } { var a = 3, b = 4 } await 0; return [a, b] }
    async function l() { for (var g of [1, 2]) await 0; for (var g in { k: 1 }) await 0; for (var g = 7, q = 8; q < 9; q++) await 0; return [g, q]; function g() {} }
    async function m() { var { g, x: [y = 3] } = { g: 1, x: [] }
      var n = () => {}, g
      function g() {} async function g() {} function* z() { yield 1 } await 0; return [g, y, n.name, z().next().value] } async function n() { return typeof g; function g() {} if (0) var g = 1; else var g = 2 }
    async function o(g) { function g() { return "inner" } await 0; return g() } async function p() { "use strict"; await 0; function q() { return 1 } { function q() { return 2 } } return q() }
    return [await f(), await h(), await i(), await j(), await l(), await m(), await n(), await o(1), await p()]`,
  "a nested function that assigns the outer one (sloppy)": `
    async function f() { function g() { return 1 } const a = g(); { function g() { return 2 } } await 0; return [a, g()] } return await f()`,
  "functions are hoisted inside a body": `
    async function f() { const x = g(); await 0; return x + (await h()); function g() { return 1 } async function h() { await 0; return k } } var k = 2; return await f()`,
  "closures over let of a body": `
    async function f() { const fs = []; for (let i = 0; i < 3; i++) { await 0; fs.push(async () => { await 0; return i }) } return Promise.all(fs.map((g) => g())) } return await f()`,
  "async and await are names where they may be": `
    var async = (x) => x + 1; const o = { async: 1, await: 2, async await() { return await 3 } }; function f() { var await = 5; return await }
    const g = (async) => async; async
    (1); return [async(1), o.async, o.await, await o.await.call(o), f(), g(2), async.name]`,
  "names like ours are the user's": `
    var $lw = 1, $lwA = 2, $lwB = 3; const $lw_ = 4; async function $lwI($lwE) { await 0; return [$lw, $lwA, $lwB, $lw_, $lwE] } return await $lwI(5)`,
  "names like ours written with escapes": `
    var \\u0024lw = 1, $\\u{6c}wA = 2; async function f() { await 0; return [\\u0024lw, \\u0024lwA] } return await f()`,
  "text before the code is not ASCII": `
    const s = "é😀\\u2028", 变量 = "名"; /* 🎉🎉 */ async function ñ(x) { /* 😀 */ return await x + \`😀\${await 变量}\` } return [await ñ(s), await ñ.name]`,
  "lines without semicolons": `
    let a = 1
    await a
    const f = async () => a
    ;[await f()].forEach(log)
    const g = async x => x
    const b = await g(2)
    ++a
    await a
    /1/g
    return [a, b]`,
  "sync generators are untouched": `
    function* g() { const x = yield 1; log(x); yield* [2, 3] } const it = g(); it.next(); it.next("sent"); return [...it, Object.getPrototypeOf(async function () { await 0 }).constructor.name]`,
  "errors keep their identity": `
    const e = new Error("same"); async function f() { await 0; throw e } try { await f() } catch (x) { return x === e }`,
  "rejections nobody catches inside": `
    async function f() { await 0; throw 1 } const r = await Promise.allSettled([f(), (async () => { throw 2 })(), (async () => await Promise.reject(3))()]); return r`,
  "a sync throw before the first await rejects": `
    async function f(x) { if (x) throw new Error("early"); await 0 } const p = f(1); log("after"); await p.catch((e) => log(e.message))`,
  "async functions as arguments, defaults and keys": `
    const run = (f = async () => await "default") => f(); const m = new Map([[async () => await 1, 2]]); return [await run(), await run(async () => await "given"), await [...m.keys()][0]()]`,
  "class heritage and computed keys await outside": `
    const base = async () => class { v = 1 }; class A extends (await base()) { [await "k"] = 2; static [await "s"] = 3; async [await "m"]() { return await 4 } } const a = new A(); return [a.v, a.k, A.s, await a.m()]`,
  "deep nesting": `
    const f = async (n) => n === 0 ? 0 : 1 + await f(n - 1); return await f(25)`,
};
