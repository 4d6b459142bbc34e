/** Libraries of the repository's own node_modules, and something that exercises their async code and can be compared. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type * as FastCheck from "fast-check";
import type * as Postcss from "postcss";
import type * as Tinybench from "tinybench";
import type * as Vite from "vite";
import type * as Conformance from "../../../lockwright/src/conformance/index.ts";
import type * as Locks from "../../../lockwright/src/index.ts";
import type * as Memory from "../../../lockwright/src/stores/memory.ts";

export interface Library {
  readonly name: string;
  /** Uses it; gives what is compared. Nothing in that may depend on time or chance. */
  readonly use: (load: Load) => Promise<unknown>;
}

/** Loads a module of the library by its path. */
export type Load = (path: string) => Promise<unknown>;

export const libraries: readonly Library[] = [
  { name: "fast-check", use: useFastCheck },
  { name: "tinybench", use: useTinybench },
  { name: "postcss", use: usePostcss },
  { name: "vite", use: useVite },
  { name: "lockwright", use: useLockwright },
];

async function useFastCheck(load: Load): Promise<unknown> {
  const fc = (await load("lib/fast-check.js")) as typeof FastCheck;
  const seen: unknown[] = [];
  const property = fc.asyncProperty(fc.array(fc.nat()), fc.string(), async (numbers, word) => {
    await Promise.resolve();
    seen.push([numbers.length, word]);
    return numbers.length < 5 || word.length < 3;
  });
  const failed = await fc.check(property, { seed: 42, numRuns: 200 });
  const race = await fc.check(
    fc.asyncProperty(fc.scheduler(), async (scheduler) => {
      const order: number[] = [];
      const one = scheduler.schedule(Promise.resolve(1)).then((n) => order.push(n));
      const two = scheduler.schedule(Promise.resolve(2)).then((n) => order.push(n));
      await scheduler.waitAll();
      await Promise.all([one, two]);
      return order[0] === 1;
    }),
    { seed: 7 },
  );
  return {
    seen,
    counterexample: failed.counterexample,
    path: failed.counterexamplePath,
    race: race.counterexamplePath,
  };
}

async function useTinybench(load: Load): Promise<unknown> {
  const { Bench } = (await load("dist/index.js")) as typeof Tinybench;
  const seen: string[] = [];
  const bench = new Bench({ time: 0, iterations: 4, warmupTime: 0, warmupIterations: 2 });
  for (const event of ["start", "warmup", "cycle", "complete", "error"] as const)
    bench.addEventListener(event, ({ task }: { task?: { name: string } }) => void seen.push(`${event} ${task?.name}`));
  const hooks = { beforeAll: () => void seen.push("before all"), afterEach: async () => void seen.push("after each") };
  bench.add("sync", () => void seen.push("sync run"), hooks);
  bench.add("async", async () => void seen.push(`async run ${await Promise.resolve(1)}`));
  bench.add("throws", async () => {
    await Promise.resolve();
    throw new Error("broken");
  });
  await bench.warmup();
  await bench.run();
  return { seen, errors: bench.tasks.map(({ result }) => (result?.error as Error | undefined)?.message) };
}

async function usePostcss(load: Load): Promise<unknown> {
  const { default: postcss } = (await load("lib/postcss.js")) as typeof Postcss;
  const seen: string[] = [];
  const plugin = {
    postcssPlugin: "shout",
    Once: async (): Promise<void> => void seen.push(`once ${await Promise.resolve(1)}`),
    Declaration: async (declaration: { prop: string; value: string }): Promise<void> => {
      seen.push(declaration.prop);
      await Promise.resolve();
      if (!declaration.value.endsWith("!")) declaration.value += "!";
    },
    OnceExit: async (): Promise<void> => void seen.push("exit"),
  };
  const { css, messages } = await postcss([plugin]).process("a { color: red } b { c: d; e: f }", { from: undefined });
  const error = await Promise.resolve(
    postcss([{ postcssPlugin: "bad", Once: async () => Promise.reject(new Error("bad")) }]).process("a{}", {
      from: undefined,
    }),
  ).catch((thrown: Error) => thrown.message);
  return { seen, css, messages, error };
}

const PROJECT: Readonly<Record<string, string>> = {
  "main.ts": `import { f } from "./lib"; import "./a.css"; console.log(await f(1), import.meta.env.MODE); import("./lazy");`,
  "lib.ts": `export enum E { A } export const f = async (x: number): Promise<number> => { await using y = null; return x + E.A }`,
  "lazy.ts": `export default { lazy: true }`,
  "a.css": `a { b { color: red } }`,
};

/** Builds a small project, and serves a file of it. */
async function useVite(load: Load): Promise<unknown> {
  const vite = (await load("dist/node/index.js")) as typeof Vite;
  const root = mkdtempSync(join(tmpdir(), "lockwright-vite-"));
  const named = (text: unknown): string => String(text).replaceAll(basename(root), "ROOT");
  const seen = new Set<string>();
  const plugin: Vite.Plugin = {
    name: "watch",
    async transform(_code, id): Promise<void> {
      await Promise.resolve();
      seen.add(basename(id));
    },
  };
  const shared: Vite.InlineConfig = { root, configFile: false, logLevel: "silent", plugins: [plugin] };
  try {
    for (const [name, text] of Object.entries(PROJECT)) writeFileSync(join(root, name), text);
    const lib = { entry: join(root, "main.ts"), formats: ["es" as const] };
    const built = await vite.build({ ...shared, build: { write: false, lib } });
    const output = (Array.isArray(built) ? built : [built]).flatMap((each) => ("output" in each ? each.output : []));
    return {
      output: output.map((each) => [each.fileName, named("code" in each ? each.code : each.source)]),
      served: (await served(vite, shared)).map(named),
      seen: [...seen].toSorted(),
    };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function served(vite: typeof Vite, shared: Vite.InlineConfig): Promise<readonly unknown[]> {
  const server = await vite.createServer({
    ...shared,
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  try {
    const main = await server.transformRequest("/main.ts");
    const missing = await server.transformRequest("/missing.ts").catch((error: Error) => error.message);
    return [main?.code.replace(/sourceMappingURL.*/s, "").replace(/\?t=\d+/g, ""), missing];
  } finally {
    await server.close();
  }
}

/** Our own library passes its own conformance lists: the locks, and the memory store. */
async function useLockwright(load: Load): Promise<unknown> {
  const { lockCases, storeCases } = (await load("dist/conformance/index.js")) as typeof Conformance;
  const { Mutex, Semaphore } = (await load("dist/index.js")) as typeof Locks;
  const { MemoryWorld, memoryStore } = (await load("dist/stores/memory.js")) as typeof Memory;
  const has = ["signal", "timeout", "cancel", "close", "when"] as const;
  const locks = [
    { name: "Mutex", has, make: () => new Mutex() },
    { name: "Semaphore(2)", has, make: () => new Semaphore(2) },
  ];
  const memory = {
    name: "memory",
    has: ["fencing:tokens", "fifo", "two-connections"] as const,
    make: async () => {
      const world = new MemoryWorld();
      return { open: async () => memoryStore({ world }), destroy: async () => {} };
    },
  };
  const passed: string[] = [];
  const passes = async (name: string, run: Promise<void>): Promise<void> => {
    await run;
    passed.push(name);
  };
  for (const subject of locks) for (const each of lockCases) await passes(each.name, each.run(subject));
  const runnable = storeCases.filter(({ needs }) => needs.every((need) => memory.has.some((has) => has === need)));
  for (const each of runnable) await passes(each.name, each.run(memory));
  return passed.toSorted();
}
