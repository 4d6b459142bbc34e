/** `npm run check`: everything that can be known without running the code. Runs every step, then fails if one failed. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const PACKAGE = join(ROOT, "packages/lockwright");
const MAX_LINES = 400;
const VAGUE_NAMES = /^(utils?|helpers?|common|misc)$/;

/** Runs a tool of node_modules; its output is shown only when it has something to say. */
function tool(name, ...args) {
  const run = spawnSync(join(ROOT, "node_modules/.bin", name), args, { cwd: ROOT, encoding: "utf8" });
  return run.status === 0 ? [] : [run.stdout, run.stderr, run.error?.message].filter(Boolean);
}

const walk = (folder) => readdirSync(folder, { recursive: true }).map((file) => file.replaceAll("\\", "/"));
const sources = () => walk(join(PACKAGE, "src")).filter((file) => file.endsWith(".ts"));

function sizes() {
  const counts = sources().map((file) => ({
    file,
    lines: readFileSync(join(PACKAGE, "src", file), "utf8").split("\n").length - 1,
  }));
  const sorted = counts.map(({ lines }) => lines).toSorted((a, b) => a - b);
  const quantile = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  console.log(
    `      ${sorted.length} files, median ${quantile(0.5)} lines, nine in ten under ${quantile(0.9) + 1}, longest ${sorted.at(-1)}`,
  );
  return counts
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ file, lines }) => `src/${file} has ${lines} lines; the limit is ${MAX_LINES}: split it by idea`);
}

function names() {
  return walk(join(PACKAGE, "src"))
    .filter((file) => VAGUE_NAMES.test(basename(file).replace(/\.\w+$/, "")))
    .map((file) => `src/${file}: name it after what it exports`);
}

/** Public are the faces by convention; package.json must say exactly the same. */
function faces() {
  const { exports } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  const files = new Set(sources());
  const isPublic = (file) =>
    /^(index|events)\.ts$|^(leases|threads|pool|profile|conformance)\/index\.ts$|^stores\/[^/]+\.ts$/.test(file);
  const problems = [];
  const exported = new Set();
  for (const [entry, target] of Object.entries(exports)) {
    if (entry === "./package.json") continue;
    const source = target.default.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts");
    exported.add(source);
    if (target.types !== target.default.replace(/\.js$/, ".d.ts"))
      problems.push(`${entry}: "types" and "default" differ`);
    if (Object.keys(target)[0] !== "types") problems.push(`${entry}: "types" must come first`);
    if (!files.has(source)) problems.push(`${entry}: src/${source} does not exist`);
  }
  for (const file of files) if (isPublic(file) && !exported.has(file)) problems.push(`src/${file} is not exported`);
  return problems;
}

/** The library is published with no dependencies at all. */
function dependencies() {
  const { dependencies = {} } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
  return Object.keys(dependencies).map((name) => `lockwright must not depend on ${name}`);
}

/** A forced add overrides .gitignore; this notices before the history carries a Node binary for ever. */
function trackedByMistake() {
  const { stdout } = spawnSync("git", ["ls-files", "-ci", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" });
  const files = stdout.split("\n").filter(Boolean);
  return files.slice(0, 5).map((file) => `${file} is ignored and yet tracked (${files.length} such files)`);
}

const steps = {
  "types of src": () => tool("tsc", "-p", "packages/lockwright/tsconfig.json", "--noEmit"),
  "types of tests, scripts and benches": () => tool("tsc", "-p", "tsconfig.json"),
  "lint, floors and cycles": () => tool("oxlint", "--type-aware", "--deny-warnings"),
  format: () => tool("oxfmt", "--check"),
  "file sizes": sizes,
  "file names": names,
  "exports agree with files": faces,
  "no dependencies": dependencies,
  "nothing ignored is tracked": trackedByMistake,
};

const failed = [];
for (const [name, run] of Object.entries(steps)) {
  const started = performance.now();
  const problems = run();
  console.log(`${problems.length === 0 ? "ok  " : "FAIL"}  ${name} (${Math.round(performance.now() - started)} ms)`);
  for (const problem of problems) console.log(problem.trimEnd().replace(/^/gm, "      "));
  if (problems.length > 0) failed.push(name);
}
console.log(failed.length === 0 ? "check: all green" : `check: ${failed.length} failed: ${failed.join("; ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
