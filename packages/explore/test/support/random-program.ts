/**
 * Random programs from a small grammar: functions that await, fork, loop, catch, yield and leave by every door, all of it
 * logged. A program is a pure function of a list of numbers, so that fast-check can shrink it; when the numbers run out
 * the simplest statement follows. They end: loops turn twice, and a function calls only functions behind it.
 */

interface Place {
  readonly depth: number;
  /** Number of the function it stands in. */
  readonly fn: number;
  /** Its name; `at` checks that it is the one that runs. */
  readonly name: string;
  readonly isGenerator: boolean;
  /** Labels of the loops around, innermost last. */
  readonly loops: readonly string[];
  /** Labels of the blocks around. */
  readonly blocks: readonly string[];
}

const FUNCTIONS = 4;

/** Which resources a program may declare with `using` and `await using`. */
export type Resources = "none" | "all but null" | "all";

/** Writes the body of an async function `main(log, at)`; `at(name, value)` gives the value. */
export function randomProgram(choices: readonly number[], resources: Resources): string {
  return new ProgramWriter(choices, resources).write();
}

class ProgramWriter {
  readonly #choices: number[];
  readonly #resources: Resources;
  #names = 0;

  constructor(choices: readonly number[], resources: Resources) {
    this.#choices = [...choices];
    this.#resources = resources;
  }

  write(): string {
    const functions = Array.from({ length: FUNCTIONS }, (_, at) => this.#function(FUNCTIONS - 1 - at));
    return `
const res = (n) => ({ asyncDispose: async () => { log(at("asyncDispose", "dispose " + n)); await 0; at("asyncDispose", 0); if (n % 3 === 0) throw new Error("d" + n) }, [Symbol.asyncDispose]() { return this.asyncDispose() }, [Symbol.dispose]: () => log("sync dispose " + n) });
const told = (e) => e?.name === "SuppressedError" ? told(e.error) + " over " + told(e.suppressed) : e?.message ?? e;
${functions.join("\n")}
const all = []; const fork = (p) => { all.push(p.catch((e) => log("forked " + told(e)))); return p };
for (const p of [fork(f0(1)), fork(f0(2))]) try { log(at("main", await p)) } catch (e) { log(at("main", told(e))) }
for (const p of all) at("main", await p);`;
  }

  #pick(count: number): number {
    return (this.#choices.shift() ?? 0) % count;
  }

  #name(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  /** f0, f1 and f3 are async functions in three spellings, f2 is an async generator. */
  #function(fn: number): string {
    const place = { depth: 0, fn, name: `f${fn}`, isGenerator: fn === 2, loops: [], blocks: [] };
    const body = this.#list(place, 4);
    if (fn === 2) return `async function* f2(x) { ${body} }`;
    return fn === 1 ? `const f1 = async (x) => { ${body} };` : `async function f${fn}(x) { ${body} }`;
  }

  #list(place: Place, most: number): string {
    return Array.from({ length: 1 + this.#pick(most) }, () => this.#statement(place)).join(" ");
  }

  #block(place: Place): string {
    return `{ ${this.#list({ ...place, depth: place.depth + 1 }, 3)} }`;
  }

  #body(place: Place): string {
    return this.#pick(3) === 0 && place.depth < 4 ? this.#simple(place) : this.#block(place);
  }

  #statement(place: Place): string {
    if (place.depth >= 4) return this.#simple(place);
    const kinds = [
      () => this.#simple(place),
      () => this.#simple(place),
      () => this.#simple(place),
      () => `if (${this.#expression(place)}) ${this.#body(place)} else ${this.#body(place)}`,
      () => this.#try(place),
      () => this.#try(place),
      () => this.#loop(place),
      () => this.#loop(place),
      () => this.#labelledBlock(place),
      () => `switch (${this.#expression(place)} % 3) { case 0: ${this.#simple(place)} default: ${this.#block(place)} }`,
      () => this.#resource(place),
      () => this.#closure(place),
    ];
    return kinds[this.#pick(kinds.length)]!();
  }

  #simple(place: Place): string {
    const { loops, blocks, isGenerator } = place;
    const kinds = [
      () => `log("${this.#name("l")}:" + at("${place.name}", x));`,
      () => `log(${this.#expression(place)});`,
      () => `x += ${this.#expression(place)} + at("${place.name}", 1);`,
      () => `await ${this.#expression(place)};`,
      () => `log(fork(${this.#call(place)}) instanceof Promise);`,
      () => (isGenerator ? `log(yield ${this.#expression(place)});` : `log(await ${this.#call(place)});`),
      () =>
        isGenerator
          ? `yield* ${this.#iterable(place)};`
          : `await Promise.all([${this.#call(place)}, ${this.#call(place)}]);`,
      () => `if (x % 2) throw new Error("${this.#name("e")}");`,
      () => `if (x % 2 === 0) return ${this.#expression(place)};`,
      () => (loops.length > 0 ? `if (x % 2) break ${loops[this.#pick(loops.length)]};` : `log(x);`),
      () => (loops.length > 0 ? `if (x % 2 === 0) continue ${loops[this.#pick(loops.length)]};` : `log(x);`),
      () => (blocks.length > 0 ? `if (x % 2) break ${blocks[this.#pick(blocks.length)]};` : `x++;`),
    ];
    return kinds[this.#pick(kinds.length)]!();
  }

  #expression(place: Place): string {
    const kinds = [
      () => `at("${place.name}", x)`,
      () => `await at("${place.name}", x)`,
      () => `(await ${this.#pick(9)}, at("${place.name}", x + 1))`,
      () => `await ${this.#call(place)}`,
      () => `(await x) + (await Promise.resolve(${this.#pick(5)}))`,
      () => `await (async () => { await 0; return at("<anonymous>", x) })()`,
      () => `[await x, ${this.#pick(4)}].length`,
      () => `(x % 2 ? await ${this.#pick(3)} : x)`,
    ];
    return kinds[this.#pick(kinds.length)]!();
  }

  /** A call of a function behind this one; the last calls none. */
  #call(place: Place): string {
    const behind = [1, 3].filter((fn) => fn > place.fn);
    return behind.length === 0 ? `Promise.resolve(x)` : `f${behind[this.#pick(behind.length)]}(x + 1)`;
  }

  #iterable(place: Place): string {
    const kinds = [
      () => `[x, Promise.resolve(x + 1)]`,
      () => (place.fn < 2 ? `f2(x + 1)` : `[x]`),
      () =>
        `(async function* () { try { yield x; await 0; yield at("<anonymous>", x + 1) } finally { log(at("<anonymous>", "closed")); await 0 } })()`,
    ];
    return kinds[this.#pick(kinds.length)]!();
  }

  #loop(place: Place): string {
    const label = this.#name("L");
    const inside = { ...place, depth: place.depth + 1, loops: [...place.loops, label] };
    const v = this.#name("v");
    const kinds = [
      () => `for await (const ${v} of ${this.#iterable(place)}) ${this.#loopBody(inside, v)}`,
      () => `for await (const ${v} of ${this.#iterable(place)}) ${this.#loopBody(inside, v)}`,
      () => `for (let ${v} = 0; ${v} < 2; ${v}++, log(await at("${place.name}", ${v}))) ${this.#body(inside)}`,
      () => `for (const ${v} of [1, 2]) ${this.#loopBody(inside, v)}`,
      () => this.#resourceLoop(inside, v),
    ];
    return `${label}: ${kinds[this.#pick(kinds.length)]!()}`;
  }

  #resourceLoop(inside: Place, v: string): string {
    if (this.#resources === "none") return `while (await 0) ${this.#body(inside)}`;
    const second = this.#resources === "all" ? "null" : "res(4)";
    return `for (await using ${v} of [res(${this.#pick(9)}), ${second}]) ${this.#body(inside)}`;
  }

  #loopBody(inside: Place, v: string): string {
    return `{ x += Number(${v}) || 0; ${this.#list(inside, 3)} }`;
  }

  #try(place: Place): string {
    const kinds = [
      () =>
        `try ${this.#block(place)} catch (e) { log(at("${place.name}", told(e))); ${this.#statement({ ...place, depth: place.depth + 1 })} }`,
      () => `try ${this.#block(place)} finally ${this.#block(place)}`,
      () => `try ${this.#block(place)} catch ${this.#block(place)} finally ${this.#block(place)}`,
    ];
    return kinds[this.#pick(kinds.length)]!();
  }

  #labelledBlock(place: Place): string {
    const label = this.#name("B");
    return `${label}: ${this.#block({ ...place, blocks: [...place.blocks, label] })}`;
  }

  #resource(place: Place): string {
    const inside = { ...place, depth: place.depth + 1 };
    if (this.#resources === "none") return this.#simple(place);
    const kind = this.#pick(2) === 0 ? "await using" : "using";
    const value = this.#resources === "all" && this.#pick(4) === 0 ? "null" : `res(${this.#pick(9)})`;
    return `{ ${kind} ${this.#name("u")} = ${value}; ${this.#list(inside, 2)} }`;
  }

  /** Declarations that share a name, which only a function's own block may hold. */
  #closure(place: Place): string {
    const [name, g] = [this.#name("g"), this.#name("h")];
    return `const ${name} = async (x) => { var ${g}; function ${g}() { return x } ${this.#simple({ ...place, name, depth: 4, isGenerator: false, loops: [], blocks: [] })} return ${g}() }; fork(${name}(x));`;
  }
}
