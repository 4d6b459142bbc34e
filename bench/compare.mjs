/**
 * `node bench/compare.mjs [git ref] [--over percent]`: the kept results now beside those at a commit (default: HEAD).
 *
 * Walks both JSON documents and prints each number that moved by more than `percent` (default 10), with its ratio.
 * Numbers of two machines or two days differ by more than code does: run the bench before and after a change on the
 * same quiet machine, and read only the ratios.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HERE = dirname(fileURLToPath(import.meta.url));
const { values, positionals } = parseArgs({
  options: { over: { type: "string", default: "10" } },
  allowPositionals: true,
});
const ref = positionals[0] ?? "HEAD";
const threshold = 1 + Number(values.over) / 100;

/** Flattens a document to `path -> number`; a row of a list goes by its name, not by its place. */
function numbers(value, path = "", found = new Map()) {
  if (typeof value === "number") found.set(path, value);
  else if (value !== null && typeof value === "object")
    for (const [key, child] of Object.entries(value)) {
      const label = Array.isArray(value) ? (child?.name ?? child?.peer ?? key) : key;
      numbers(child, path === "" ? label : `${path} / ${label}`, found);
    }
  return found;
}

function keptAt(file) {
  try {
    const git = ["show", `${ref}:./results/${file}`];
    return JSON.parse(execFileSync("git", git, { cwd: HERE, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return undefined;
  }
}

for (const file of readdirSync(join(HERE, "results")).filter((name) => name.endsWith(".json"))) {
  const before = keptAt(file);
  if (before === undefined) {
    console.log(`${file}: not kept at ${ref}`);
    continue;
  }
  const old = numbers(before);
  const now = numbers(JSON.parse(readFileSync(join(HERE, "results", file), "utf8")));
  const moved = [...now].filter(([path, is]) => {
    const ratio = is / (old.get(path) ?? Number.NaN);
    return ratio > threshold || ratio < 1 / threshold;
  });
  console.log(`${file}: ${moved.length} of ${now.size} numbers moved by more than ${values.over} %`);
  for (const [path, is] of moved)
    console.log(`  ${(is / old.get(path)).toFixed(2).padStart(6)} x  ${path}: ${old.get(path)} -> ${is}`);
}
