/**
 * The rules of the house, tested: every floor edge, every forbidden global and every module rule is planted once in a
 * copy of the tree's layout and linted with the real config. A rule that stopped firing (a renamed option, a typo in a
 * glob) fails here, not in a review a year later.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edge, PlantedTrees, ROOT } from "../../../../scripts/planted-lint.ts";

const SRC = "packages/lockwright/src";

/** One file that stands for each room, and for each face where a room has one. */
const targets = {
  ground: "errors.ts",
  core: "core/target.ts",
  primitives: "primitives/target.ts",
  face: "index.ts",
  leases: "leases/target.ts",
  leasesFace: "leases/index.ts",
  threads: "threads/target.ts",
  threadsFace: "threads/index.ts",
  pool: "pool/target.ts",
  poolFace: "pool/index.ts",
  store: "stores/target.ts",
  storePart: "stores/target/part.ts",
  profile: "profile/target.ts",
  conformance: "conformance/target.ts",
  cli: "cli/target.ts",
} as const;
type Target = keyof typeof targets;

const all = Object.keys(targets) as Target[];
const f1: Target[] = ["ground", "core", "primitives"];
const faces: Target[] = ["ground", "face", "leasesFace", "threadsFace", "poolFace", "store"];

/** Who may import what. Everything not listed must be reported. */
const allowed: Record<string, readonly Target[]> = {
  "events.ts": ["ground", "core"],
  "core/planted.ts": ["ground", "core"],
  "primitives/planted.ts": f1,
  "index.ts": f1,
  "leases/planted.ts": [...f1, "leases", "leasesFace"],
  "leases/recipes/planted.ts": [...f1, "leases"],
  "leases/open-lock-space.ts": [...f1, "leases", "leasesFace", "store"],
  "threads/planted.ts": [...f1, "threads", "threadsFace"],
  "pool/planted.ts": [...f1, "pool", "poolFace"],
  "stores/planted.ts": [...f1, "leases", "leasesFace", "store", "storePart"],
  "stores/target/planted.ts": [...f1, "leases", "leasesFace", "store", "storePart"],
  "profile/planted.ts": [...faces, "profile"],
  "conformance/planted.ts": [...faces, "conformance"],
  "cli/planted.ts": all,
};

/** Line by line: the code and the rule that must report it. */
const seam: readonly [code: string, rule: string][] = [
  ...["new Date()", "setTimeout(f)", "setInterval(f)", "setImmediate(f)", "queueMicrotask(f)", "performance.now()"].map(
    (code): [string, string] => [code, "eslint(no-restricted-globals)"],
  ),
  ...["Math.random()", "process.hrtime()", "process.hrtime.bigint()", "process.nextTick(f)", "process.uptime()"].map(
    (code): [string, string] => [code, "eslint(no-restricted-properties)"],
  ),
  ...["globalThis.setTimeout(f)", "AbortSignal.timeout(1)", "crypto.randomUUID()"].map((code): [string, string] => [
    code,
    "eslint(no-restricted-properties)",
  ]),
  ...["timers", "node:timers/promises", "node:perf_hooks", "lockwright", "lockwright/leases"].map(
    (name): [string, string] => [`import * as module from "${name}"`, "eslint(no-restricted-imports)"],
  ),
];
const style: readonly [code: string, rule: string][] = [
  ["export default function f() {}", "import(no-default-export)"],
  ["export const a: any = 1", "typescript(no-explicit-any)"],
  ["const unused = 1", "eslint(no-unused-vars)"],
  ['import { T } from "./types.js"; export const t: T = 1', "typescript(consistent-type-imports)"],
  ['import fs from "fs"; export const t = fs', "unicorn(prefer-node-protocol)"],
  ["Promise.resolve(1)", "typescript(no-floating-promises)"],
  ["[1].forEach(async () => {})", "typescript(no-misused-promises)"],
  ["export async function f() { try { return Promise.resolve(1); } catch { return 2; } }", "typescript(return-await)"],
  ["export const same = (a: number) => a == 1", "eslint(eqeqeq)"],
];

const trees = new PlantedTrees(SRC);
const { plant, lint, reported } = {
  plant: trees.plant.bind(trees),
  lint: trees.lint.bind(trees),
  reported: trees.reported.bind(trees),
};

beforeAll(() => {
  for (const to of all) {
    for (const from of Object.keys(allowed)) if (from !== targets[to]) plant(to, from, edge(from, targets[to]));
    lint(to);
  }
  seam.forEach(([code], line) => plant("seam", `core/line-${line}.ts`, `export const f = () => {};\n${code};\n`));
  plant("seam", "platform.ts", "export const now = (): number => performance.now() + Date.now() + Math.random();\n");
  style.forEach(([code], line) => plant("style", `core/line-${line}.ts`, `${code};\n`));
  plant("style", "core/cycle-a.ts", 'import { b } from "./cycle-b.js";\nexport const a = (): number => b();\n');
  plant("style", "core/cycle-b.ts", 'import { a } from "./cycle-a.js";\nexport const b = (): number => a();\n');
  plant("style", "core/CamelCase.ts", "export const x = 1;\n");
  plant("style", "core/clean.ts", 'import { x } from "./clean-too.js";\nexport const y: number = x;\n');
  plant("style", "core/clean-too.ts", "export const x = 1;\n");
  lint("seam");
  trees.write(
    "style",
    "tsconfig.json",
    JSON.stringify({ compilerOptions: { strict: true, target: "ES2022", module: "NodeNext", types: [] } }),
  );
  lint("style", "--type-aware");
}, 60_000);

afterAll(() => trees.remove());

describe.each(Object.entries(allowed))("%s", (from, may) => {
  const others = all.filter((to) => targets[to] !== from);
  test.each(others.filter((to) => !may.includes(to)))("may not import %s, in any of the four forms", (to) => {
    expect(reported(to, from).filter((rule) => rule === "eslint(no-restricted-imports)")).toHaveLength(4);
  });
  test.each(others.filter((to) => may.includes(to)))("may import %s", (to) => {
    expect(reported(to, from)).toEqual([]);
  });
});

describe("only platform.ts touches time, timers and chance", () => {
  test.each(seam.map(([code, rule], line) => [code, rule, line] as const))("%s is reported by %s", (_, rule, line) => {
    expect(reported("seam", `core/line-${line}.ts`)).toContain(rule);
  });
  test("platform.ts itself stays silent", () => {
    expect(reported("seam", "platform.ts")).toEqual([]);
  });
});

describe("module style", () => {
  test.each(style.map(([code, rule], line) => [code, rule, line] as const))("%s is reported by %s", (_, rule, line) => {
    expect(reported("style", `core/line-${line}.ts`)).toContain(rule);
  });
  test("a cycle is reported", () => {
    expect(reported("style", "core/cycle-a.ts")).toContain("import(no-cycle)");
  });
  test("clean files stay silent", () => {
    expect([...reported("style", "core/clean.ts"), ...reported("style", "core/clean-too.ts")]).toEqual([]);
  });
  test("a file that is not in kebab case is reported", () => {
    expect(reported("style", "core/CamelCase.ts")).toContain("unicorn(filename-case)");
  });
});

describe("the config covers the tree", () => {
  test("every room of src stands on a floor", () => {
    const rooms = readdirSync(join(ROOT, SRC), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && readdirSync(join(ROOT, SRC, entry.name)).length > 0)
      .map((entry) => `${entry.name}/`);
    const known = new Set(Object.keys(allowed).map((file) => file.replace(/[^/]*$/, "")));
    expect(rooms.filter((room) => !known.has(room))).toEqual([]);
  });
});
