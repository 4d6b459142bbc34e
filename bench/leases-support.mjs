/** What the lease scenarios share: figures, tables, and the result file in the shape of the other scenarios. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export const { values: flags } = parseArgs({ options: { quick: { type: "boolean", default: false } } });

export function quantile(values, q) {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

export const median = (values) => quantile(values, 0.5);

/** Opens a bare database with the pragmas of the sqlite store, by the driver the store would take. */
export async function openBare(path) {
  for (const name of ["node:sqlite", "better-sqlite3", "libsql"]) {
    let module;
    try {
      module = await import(name);
    } catch {
      continue;
    }
    const Database = module.DatabaseSync ?? module.default;
    const db = new Database(path);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;");
    return { name, db };
  }
  throw new Error("no SQLite driver: npm install libsql");
}

/** One target: `is` against `target`, where smaller is better unless `atLeast`. */
export function verdict(name, is, target, { atLeast = false } = {}) {
  return { name, is, target, atLeast, isMet: atLeast ? is >= target : is <= target };
}

export function printVerdicts(verdicts) {
  console.log("");
  for (const { name, is, target, atLeast, isMet } of verdicts) {
    console.log(
      `  ${name.padEnd(58)} ${figure(is).padStart(9)}   target ${atLeast ? ">=" : "<="} ${target}  ${isMet ? "met" : "MISSED"}`,
    );
  }
  const mode = flags.quick ? " (quick: short samples)" : "";
  console.log(
    `\n${verdicts.filter((each) => each.isMet).length} of ${verdicts.length} targets met on Node ${process.versions.node}${mode}`,
  );
}

/** Three digits that matter. */
export function figure(value) {
  if (!Number.isFinite(value)) return "-";
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}

/** Prints rows of equal shape under their keys. */
export function printTable(rows) {
  const keys = Object.keys(rows[0]);
  const text = (value) => (typeof value === "number" ? figure(value) : String(value ?? "-"));
  const widths = keys.map((key) => Math.max(key.length, ...rows.map((row) => text(row[key]).length)));
  const line = (cells) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]) : cell.padStart(widths[at]))).join("  ");
  console.log(line(keys));
  for (const row of rows) console.log(line(keys.map((key) => text(row[key]))));
}

function versionOf(name) {
  const path = name === "lockwright" ? "../packages/lockwright/package.json" : `./node_modules/${name}/package.json`;
  return JSON.parse(readFileSync(here(path), "utf8")).version;
}

/** Keeps a scenario's numbers in results/<name>.json. */
export function keep(name, packages, content) {
  const cpu = cpus()[0];
  mkdirSync(here("./results"), { recursive: true });
  const machine = {
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    platform: process.platform,
    arch: process.arch,
  };
  const document = {
    machine,
    node: process.versions.node,
    packages: Object.fromEntries(["lockwright", ...packages].map((each) => [each, versionOf(each)])),
    date: new Date().toISOString(),
    isQuick: flags.quick,
    ...content,
  };
  writeFileSync(here(`./results/${name}.json`), `${JSON.stringify(document, null, 2)}\n`);
}
