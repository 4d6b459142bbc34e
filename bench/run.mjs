/**
 * `npm run bench [-- scenario…] [-- --quick]`: runs every scenario of this folder, or those named, one after another.
 *
 * Each scenario is a program that runs us and every peer in the same process layout on the same machine, prints its
 * table, and keeps its numbers in results/<scenario>.json. One at a time, or they would measure each other. The peers are
 * dependencies of bench/package.json, outside the workspaces, so that none of them can reach the library.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
/** Not scenarios: the runners, and the parts a scenario runs in a process of its own, named after their role. */
const NOT_SCENARIOS = /^(run|compare)\.mjs$|-(cases|peers|child|worker|support)\.mjs$/;
const scenarios = readdirSync(HERE)
  .filter((file) => file.endsWith(".mjs") && !NOT_SCENARIOS.test(file))
  .map((file) => file.replace(/\.mjs$/, ""));

const flags = process.argv.slice(2).filter((word) => word.startsWith("-"));
const named = process.argv.slice(2).filter((word) => !word.startsWith("-"));
const unknown = named.filter((name) => !scenarios.includes(name));
if (unknown.length > 0) {
  console.error(`no scenario ${unknown.join(", ")}; there are: ${scenarios.join(", ")}`);
  process.exit(64);
}

if (!existsSync(join(HERE, "node_modules"))) {
  console.log("installing the peers once…");
  const install = ["install", "--prefix", HERE, "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", install, { stdio: "inherit" });
}
if (!existsSync(join(HERE, "../packages/lockwright/dist/index.js"))) {
  console.error("lockwright is not built: run npm run build first");
  process.exit(1);
}

console.log(`Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`);
const failed = [];
for (const name of named.length > 0 ? named : scenarios) {
  console.log(`\n## ${name}`);
  const run = spawnSync(process.execPath, [join(HERE, `${name}.mjs`), ...flags], { cwd: HERE, stdio: "inherit" });
  if (run.status !== 0) failed.push(`${name} (${run.signal ?? `exit ${run.status}`})`);
}
if (failed.length > 0) console.error(`\nfailed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
