/** `npm run check`: everything that can be known without running the code. Runs every step, then fails if one failed. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
/** Each package, and which of its files are public by convention. */
const packages = [
  {
    name: "packages/lockwright",
    isPublic: (file) =>
      /^(index|events)\.ts$|^(leases|threads|pool|profile|conformance)\/index\.ts$|^stores\/[^/]+\.ts$/.test(file),
  },
  {
    name: "packages/explore",
    isPublic: (file) =>
      /^(index|mock-net|runner)\.ts$|^(runtime|transform)\/index\.ts$|^hooks\/(register|vitest)\.ts$/.test(file),
  },
];
const MAX_LINES = 400;
const VAGUE_NAMES = /^(utils?|helpers?|common|misc)$/;

/** Runs a tool of node_modules; its output is shown only when it has something to say. */
function tool(name, ...args) {
  const run = spawnSync(join(ROOT, "node_modules/.bin", name), args, { cwd: ROOT, encoding: "utf8" });
  return run.status === 0 ? [] : [run.stdout, run.stderr, run.error?.message].filter(Boolean);
}

const walk = (folder) => readdirSync(folder, { recursive: true }).map((file) => file.replaceAll("\\", "/"));
const sources = ({ name }) => walk(join(ROOT, name, "src")).filter((file) => file.endsWith(".ts"));
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));

/** Runs a step for every package. */
const each = (step) => () => packages.flatMap(step);

function sizes(workspace) {
  const counts = sources(workspace).map((file) => ({
    file: `${workspace.name}/src/${file}`,
    lines: readFileSync(join(ROOT, workspace.name, "src", file), "utf8").split("\n").length - 1,
  }));
  const sorted = counts.map(({ lines }) => lines).toSorted((a, b) => a - b);
  const quantile = (q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  console.log(
    `      ${workspace.name}: ${sorted.length} files, median ${quantile(0.5)} lines, nine in ten under ${quantile(0.9) + 1}, longest ${sorted.at(-1)}`,
  );
  return counts
    .filter(({ lines }) => lines > MAX_LINES)
    .map(({ file, lines }) => `${file} has ${lines} lines; the limit is ${MAX_LINES}: split it by idea`);
}

function names({ name }) {
  return walk(join(ROOT, name, "src"))
    .filter((file) => VAGUE_NAMES.test(basename(file).replace(/\.\w+$/, "")))
    .map((file) => `${name}/src/${file}: name it after what it exports`);
}

/** Public are the faces by convention; package.json must say exactly the same. */
function faces(workspace) {
  const { exports } = readJson(join(ROOT, workspace.name, "package.json"));
  const files = new Set(sources(workspace));
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
  for (const file of files)
    if (workspace.isPublic(file) && !exported.has(file)) problems.push(`src/${file} is not exported`);
  return problems.map((problem) => `${workspace.name}: ${problem}`);
}

/** The library is published with no dependencies at all. */
function dependencies() {
  const { dependencies = {} } = readJson(join(ROOT, "packages/lockwright/package.json"));
  return Object.keys(dependencies).map((name) => `lockwright must not depend on ${name}`);
}

/** A forced add overrides .gitignore; this notices before the history carries a Node binary for ever. */
function trackedByMistake() {
  const { stdout } = spawnSync("git", ["ls-files", "-ci", "--exclude-standard"], { cwd: ROOT, encoding: "utf8" });
  const files = stdout.split("\n").filter(Boolean);
  return files.slice(0, 5).map((file) => `${file} is ignored and yet tracked (${files.length} such files)`);
}

const steps = {
  "types of src": each(({ name }) => tool("tsc", "-p", `${name}/tsconfig.json`, "--noEmit")),
  "types of tests, scripts and benches": () => tool("tsc", "-p", "tsconfig.json"),
  "lint, floors and cycles": () => tool("oxlint", "--type-aware", "--deny-warnings"),
  format: () => tool("oxfmt", "--check"),
  "file sizes": each(sizes),
  "file names": each(names),
  "exports agree with files": each(faces),
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
