/** The floors of this package, tested: each edge is planted once and linted with the real config. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { edge, PlantedTrees, ROOT } from "../../../../scripts/planted-lint.ts";

const SRC = "packages/explore/src";

/** One file that stands for each room. */
const targets = {
  sites: "sites.ts",
  ground: "schedule.ts",
  runtime: "runtime/target.ts",
  world: "world/target.ts",
  strategies: "strategies/target.ts",
  search: "search/target.ts",
  detect: "detect/target.ts",
  linear: "linear/target.ts",
  report: "report/target.ts",
  hooks: "hooks/target.ts",
  transform: "transform/target.ts",
  face: "explore.ts",
} as const;
type Target = keyof typeof targets;

const all = Object.keys(targets) as Target[];
const e0: Target[] = ["sites", "ground"];
const e1: Target[] = [...e0, "runtime", "world"];

/** Who may import what. Everything not listed must be reported. */
const allowed: Record<string, readonly Target[]> = {
  "token.ts": e0,
  "runtime/planted.ts": e1,
  "world/planted.ts": e1,
  "strategies/planted.ts": [...e0, "strategies"],
  "search/planted.ts": [...e1, "strategies", "search"],
  "detect/planted.ts": [...e1, "detect", "linear"],
  "linear/planted.ts": [...e1, "detect", "linear"],
  "report/planted.ts": [...e0, "report"],
  "transform/planted.ts": ["sites", "transform"],
  "hooks/planted.ts": all,
  "runner.ts": all,
};
/** A parser in the runtime would go into every test process and every browser page. */
const parsers = ["oxc-parser", "magic-string", "amaro"];

const trees = new PlantedTrees(SRC);

beforeAll(() => {
  for (const to of all) {
    for (const from of Object.keys(allowed)) if (from !== targets[to]) trees.plant(to, from, edge(from, targets[to]));
    trees.lint(to);
  }
  for (const from of Object.keys(allowed))
    trees.plant("parsers", from, parsers.map((name, at) => `export * as p${at} from "${name}";`).join("\n"));
  for (const from of ["search/planted.ts", "natives.ts"])
    trees.plant("globals", from, "export const now = (): number => Date.now() + Number(setTimeout(() => {}, 1));\n");
  trees.lint("parsers");
  trees.lint("globals");
}, 60_000);

afterAll(() => trees.remove());

const edgesOf = (tree: string, file: string): number =>
  trees.reported(tree, file).filter((rule) => rule === "eslint(no-restricted-imports)").length;

describe.each(Object.entries(allowed))("%s", (from, may) => {
  const others = all.filter((to) => targets[to] !== from);
  test.each(others)("sees %s as the floors say", (to) => {
    expect(edgesOf(to, from)).toBe(may.includes(to) ? 0 : 4);
  });
  test("imports a parser only in the transform", () => {
    expect(edgesOf("parsers", from)).toBe(from.startsWith("transform/") ? 0 : parsers.length);
  });
});

describe("the ground", () => {
  test("captures globals in natives.ts alone", () => {
    expect(trees.reported("globals", "search/planted.ts")).toEqual(
      Array.from({ length: 2 }, () => "eslint(no-restricted-globals)"),
    );
    expect(trees.reported("globals", "natives.ts")).toEqual([]);
  });
  test("has a floor for every room of src", () => {
    const rooms = readdirSync(join(ROOT, SRC), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const known = new Set(Object.keys(allowed).map((file) => file.replace(/\/[^/]*$/, "")));
    expect(rooms.map((room) => room.name).filter((room) => !known.has(room))).toEqual([]);
  });
});
