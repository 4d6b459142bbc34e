/**
 * What the transform costs: milliseconds per kB, TypeScript in, JavaScript out, beside parsing and stripping alone, which
 * any tool that reads the tree and takes the types out must pay. The source is our own TypeScript, each file with an
 * `await` in it; medians of rounds in which the rivals take turns.
 */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { transform } from "../packages/explore/dist/transform/index.js";
import { flags, keep, median, printTable, printVerdicts, verdict } from "./leases-support.mjs";

const ROUNDS = flags.quick ? 3 : 15;
const PACKAGES = fileURLToPath(new URL("../packages", import.meta.url));
/** The parser and the stripper the package itself has, not another version. */
const own = createRequire(new URL("../packages/explore/dist/transform/index.js", import.meta.url));
const { parseSync } = own("oxc-parser");
const amaro = own("amaro");

const files = ["lockwright/src", "lockwright/test", "explore/src"]
  .flatMap((folder) =>
    readdirSync(join(PACKAGES, folder), { recursive: true }).map((file) => join(PACKAGES, folder, file)),
  )
  .filter((file) => file.endsWith(".ts"))
  .map((file) => ({ file, code: readFileSync(file, "utf8") }))
  .filter(({ code }) => /\bawait\b/.test(code));
const kilobytes = files.reduce((sum, { code }) => sum + code.length, 0) / 1000;

const rivals = {
  parse: (file, code) => parseSync(file, code).program,
  "parse + strip": (file, code) => [parseSync(file, code).program, amaro.transformSync(code, { mode: "strip-only" })],
  transform: (file, code) => transform(code, file),
  "transform, with map": (file, code) => transform(code, file, { map: true }),
  "transform, types left in": (file, code) => transform(code, file, { strip: false }),
  "transform, accesses tracked": (file, code) => transform(code, file, { track: true }),
};

const times = Object.fromEntries(Object.keys(rivals).map((name) => [name, []]));
for (let round = -1; round < ROUNDS; round += 1) {
  for (const [name, run] of Object.entries(rivals)) {
    const started = performance.now();
    for (const { file, code } of files) run(file, code);
    // The first round warms up.
    if (round >= 0) times[name].push((performance.now() - started) / kilobytes);
  }
}

const base = median(times["parse + strip"]);
const rows = Object.keys(rivals).map((name) => ({
  what: name,
  "ms per kB": median(times[name]),
  "fastest round": Math.min(...times[name]),
  "of parse + strip": median(times[name]) / base,
}));
console.log(`${files.length} files, ${kilobytes.toFixed(0)} kB, ${ROUNDS} rounds`);
printTable(rows);
const ratio = median(times.transform.map((time, round) => time / times["parse + strip"][round]));
const verdicts = [verdict("transform against parse + strip, median of rounds", ratio, 1.5)];
printVerdicts(verdicts);
keep("explore-transform", [], { files: files.length, kilobytes, rounds: ROUNDS, rows, verdicts });
