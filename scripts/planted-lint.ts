/**
 * Plants code in a copy of the tree's layout and lints it with the real config: how the tests of the house rules see that
 * a rule fires. One tree per question, so that a report names one edge.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../", import.meta.url));

/** Imports `to` from `from` (paths below one `src`) in the four forms an edge can take. */
export function edge(from: string, to: string): string {
  const path = relative(dirname(join("/", from)), join("/", to)).replace(/\.ts$/, ".js");
  const name = path.startsWith(".") ? path : `./${path}`;
  return [
    `import { x as a } from "${name}";`,
    `import type { X } from "${name}";`,
    `export { x as b } from "${name}";`,
    `export const c = a as X, d = import("${name}");`,
  ].join("\n");
}

/** Trees below one temporary folder, each with planted files below `src`. */
export class PlantedTrees {
  readonly #src: string;
  readonly #folder: string = mkdtempSync(join(tmpdir(), "lockwright-floors-"));
  readonly #reports = new Map<string, string[]>();

  constructor(src: string) {
    this.#src = src;
  }

  plant(tree: string, file: string, code: string): void {
    this.write(tree, join(this.#src, file), code);
  }

  write(tree: string, file: string, text: string): void {
    const path = join(this.#folder, tree, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  lint(tree: string, ...flags: string[]): void {
    const cwd = join(this.#folder, tree);
    copyFileSync(join(ROOT, ".oxlintrc.json"), join(cwd, ".oxlintrc.json"));
    const run = spawnSync(join(ROOT, "node_modules/.bin/oxlint"), ["-f", "json", ...flags], { cwd, encoding: "utf8" });
    const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: { code: string; filename: string }[] };
    for (const { code, filename } of diagnostics) {
      const key = `${tree}/${filename}`;
      this.#reports.set(key, [...(this.#reports.get(key) ?? []), code]);
    }
  }

  /** The rules that reported `file`. */
  reported(tree: string, file: string): readonly string[] {
    return this.#reports.get(`${tree}/${this.#src}/${file}`) ?? [];
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
