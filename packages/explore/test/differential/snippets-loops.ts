/** Bodies of an async function `main(log)`: `for await` and async generators. */
export const loops: Readonly<Record<string, string>> = {
  "for await with a block, over every kind of iterable": `
    async function* g() { try { yield 1; yield 2; yield 3 } finally { log("cleanup") } }
    for await (const x of g()) { log(x); if (x === 2) break } for await (const x of [Promise.resolve("p"), "q"]) { log(x) } for await (let x of new Set([1])) { x++; log(x) } for await (const x of "ab") { log(x) } for await (var y of []) { log("never") } return y`,
  "for await without a block": `
    let x; const o = {}; for await (const y of [1, 2]) log(y); for await (x of [3]) ; for await (o.p of [4]) log(o); for await ([x, o.q = 6] of [[5]]) log([x, o]); return x`,
  "for await under an if, with labels, with an else": `
    async function f(x) { if (x) lbl: for await (const y of x) { break lbl } else return 2; return 1 } async function g(x) { if (x) a: b: for await (const y of x) { if (y < 2) continue b; log(y); break a } else for await (const z of [9]) log(z); return 3 }
    return [await f([1]), await f(0), await g([1, 2, 3]), await g(null)]`,
  "labels lead out of for await": `
    const out = []; outer: for (const a of [1, 2]) { for await (const b of [1, 2, 3]) { if (b === 2) continue outer; out.push([a, b]) } }
    lbl: for await (const x of [1, 2, 3]) { for (;;) { if (x === 2) continue lbl; out.push(x); break } } block: { for await (const x of [1]) { break block } out.push("never") }
    loop: for await (const a of [1, 2]) for await (const b of [1, 2]) { out.push([a, b]); if (a === 2) break loop; continue loop } do for await (const x of [7]) out.push(x); while (await 0) return out`,
  "leaving for await closes the iterator and waits": `
    const it = (name) => ({ [Symbol.asyncIterator]() { let i = 0; return { async next() { await 0; return { value: i++, done: i > 5 } }, async return() { log(name + " closing"); await 0; await 0; log(name + " closed"); return {} } } } });
    const child = async (n) => { log("child of " + n); await 0 };
    outer: for (let n = 0; n < 2; await child("update"), n++) { for await (const x of it("continue")) { continue outer } }
    async function ret() { for await (const x of it("return")) { return await child("return") } } await ret();
    async function thr() { try { for await (const x of it("throw")) { throw new Error("t") } } catch (e) { await child(e.message) } } await thr(); for await (const x of it("break")) break; await child("main")`,
  "an iterator that is closed by nobody has no return": `
    const it = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }) }) }; for await (const x of it) { log(x); break }
    const it2 = { [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: null }) }; for await (const x of it2) { log(x); break }`,
  "an iterator whose return is wrong": `
    const it = (close) => ({ [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1, done: false }), return: close }) });
    for (const close of [async () => 5, () => { throw new Error("sync") }, async () => { throw new Error("async") }, 7]) { try { for await (const x of it(close)) break } catch (e) { log(e.name) } try { for await (const x of it(close)) throw new Error("body") } catch (e) { log(e.message) } }`,
  "a sync iterator is closed, and its values are awaited": `
    const out = [], it = { [Symbol.iterator]() { return { i: 0, next() { return { value: Promise.resolve(this.i++), done: false } }, return() { out.push("ret"); return {} } } } }; for await (const x of it) { out.push(x); if (x === 2) break } return out`,
  "a sync iterator whose element rejects": `
    const out = [], it = { [Symbol.iterator]() { return { i: 0, next() { return { value: this.i++ ? Promise.reject(new Error("rj")) : 1, done: false } }, return() { out.push("ret"); return {} } } } }; try { for await (const x of it) { out.push(x) } } catch (e) { out.push(e.message) } return out`,
  "next gets no argument, and is read once": `
    const a = []; let reads = 0; const it = { [Symbol.asyncIterator]() { return { get next() { reads++; return async (...x) => { a.push(x.length); return { done: a.length > 1 } } } } } }; for await (const q of it) {} return [a, reads]`,
  "what is not iterable, and iterators that are wrong": `
    for (const bad of [5, null, undefined, {}, { [Symbol.asyncIterator]: 5 }, { [Symbol.asyncIterator]: () => 5 }, { [Symbol.asyncIterator]: () => ({ next: 5 }) }, { [Symbol.asyncIterator]: () => ({ next: () => 5 }) }, { [Symbol.asyncIterator]: null, [Symbol.iterator]: null }, { [Symbol.iterator]: () => ({ next: () => 5 }) }, { [Symbol.asyncIterator]: () => ({ next: () => { throw new RangeError() } }) }])
      try { for await (const x of bad) log(x) } catch (e) { log(e.name) }`,
  "a next that rejects ends the loop": `
    const it = { [Symbol.asyncIterator]: () => ({ next: async () => { throw new Error("n") }, return: () => log("never") }) }; try { for await (const x of it) {} } catch (e) { log(e.message) } finally { await 0; log("f") }`,
  "patterns in the head": `
    const d = async (v) => v, def = () => { log("default"); return 7 }; for await (const { a = def(), ["b" + def()]: b = 1, f = () => 1, c: [e = def()] = [] } of [{}, { a: 1 }]) log([a, b, f.name, e]); for await (const { [await d("a")]: g } of [{ a: 1 }]) log(g); let x; for await ({ x = await d(3) } of [{}]) log(x); for await ([x = await d(4)] of [[]]) log(x)`,
  "closures of each turn": `
    const fs = []; for await (const x of [1, 2]) fs.push(async () => { await 0; return x }); for await (let x of [3]) { fs.push(async () => x++); fs.push(async () => x) } return Promise.all(fs.map((f) => f()))`,
  "a declaration in the body may have the name in the head": `
    for await (const x of [1]) { const x = 2; log(x) } for await (const x of [1]) { function x() {} log(typeof x) }`,
  "async generators hand out in order": `
    async function* g(n) { for (let i = 0; i < n; i++) { log("make " + i); await 0; const got = yield i; log(got) } return "end" }
    const it = g(2); log(await it.next("ignored")); log(await it.next("one")); log(await it.next("two")); log(await it.next())`,
  "requests of a generator queue up": `
    async function* g() { log(yield 1); log(yield 2); await 0; return 3 } const it = g(); const rs = [it.next("a"), it.next("b"), it.next("c"), it.next("d")]; log("asked"); for (const r of rs) log(await r)`,
  "throw and return of a generator": `
    const out = []; async function* g() { try { yield 1 } catch (e) { out.push(e); await 0 } finally { out.push("f"); await 0 } yield 2 } const it = g(); await it.next(); out.push((await it.throw("E")).value); out.push(await it.return(9)); out.push(await it.return(Promise.resolve(8)));
    const fresh = g(); out.push(await fresh.return(1)); const second = g(); try { await second.throw("T") } catch (e) { out.push(e) } const third = g(); await third.next(); out.push(await third.return("r")); return out`,
  "a finally that yields holds a return back": `
    async function* g() { try { yield 1 } finally { yield "held"; await 0 } } const it = g(); await it.next(); return [await it.return(5), await it.next(), await it.next()]`,
  "yield awaits, return awaits": `
    async function* g() { log(await (yield Promise.resolve(1))); try { yield Promise.reject(new Error("y")) } catch (e) { log(e.message) } try { return Promise.reject(new Error("r")) } catch (e) { log("caught " + e.message) } finally { log("finally") } return log("comma"), Promise.resolve(2) } const it = g();
    log(await it.next()); log(await it.next("sent")); log(await it.next())`,
  "yield star delegates": `
    async function* inner() { try { const x = yield 1; log(x); yield 2; return "r" } finally { log("inner done") } } async function* outer() { log(yield* inner()); yield* [3, Promise.resolve(4)]; yield* inner() }
    const it = outer(); log(await it.next()); log(await it.next("to inner")); for (let i = 0; i < 3; i++) log(await it.next()); log(await it.next()); log(await it.return("gone"));
    try { const t = outer(); await t.next(); await t.throw(new Error("into")) } catch (e) { log(e.message) } try { for await (const x of (async function* () { yield* 5 })()) log(x) } catch (e) { log(e.name) }`,
  "yield in odd places": `
    async function* g() { const o = { [yield "k"]: yield "v", a: [yield, ...(yield "spread")] }; log(o); log(\`\${yield "t"}\`); const f = yield "f"; log(f(yield "arg")); for (const x of yield "it") log(x); if (yield"if") log("yes"); yield(1), yield[2]; return yield* (yield "star") }
    const it = g(), sent = [, "key", "value", "und", ["s"], "tpl", (x) => x + 1, 5, [6], true, 0, 0, [7]]; for (const s of sent) log(await it.next(s)); log(await it.next())`,
  "code between two turns of a generator is the caller's": `
    const child = async (n) => { log("child " + n); await 0; log("child " + n + " over") }; async function* g() { for (let i = 0; i < 2; i++) { await child("in " + i); yield i; void child("fork " + i) } }
    const it = g(); const a = it.next(); void child("after"); await a; await child("out"); const b = it.next(); void child("after b"); await b; await it.next()`,
  "generator methods and their this": `
    class A { #n = 2; async *[Symbol.asyncIterator]() { for (let i = 0; i < this.#n; i++) { await 0; yield i + arguments.length } } static async *s() { yield this.name } } const out = []; for await (const x of new A()) out.push(x); for await (const x of A.s()) out.push(x); return out`,
  "readers of one stream do not mix": `
    async function* source() { for (let i = 0; i < 4; i++) { await 0; yield i } } const s = source(); const reader = async (n) => { for await (const x of { [Symbol.asyncIterator]: () => ({ next: () => s.next() }) }) log(n + x) }; await Promise.all([reader("a"), reader("b")])`,
};
