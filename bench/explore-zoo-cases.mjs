/** The zoo under the explorer and under its peers; one row for each program. Runs in a process that loads the hooks. */
import { fileURLToPath } from "node:url";
import { exploreReport } from "../packages/explore/dist/index.js";
import { programs } from "../packages/explore/test/zoo/all.ts";
import { useIo } from "../packages/explore/test/zoo/zoo.ts";
import { fc, PlainWorld, within } from "./explore-support.mjs";
import { flags, keep, printVerdicts, verdict } from "./leases-support.mjs";

/** A kept result names no folder of this machine. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** Milliseconds that each contender may spend on a program, and the most runs: the explorer's own defaults, or less for all. */
const MS = flags.quick ? 300 : 2000;
const RUNS = flags.quick ? 300 : 5000;
/** A peer that had time for fewer runs than this was not beaten. */
const FEW = 10;
/** A run that takes longer hangs; programs with timers need their time. */
const HANG_MS = 250;
const TIMED_HANG_MS = 2000;

let unhandled = 0;
process.on("unhandledRejection", () => (unhandled += 1));

/** Runs `once` until the time or the number is spent; gives failures, runs and milliseconds. */
async function repeat(program, once) {
  const began = performance.now();
  let [runs, fails, first] = [0, 0, undefined];
  while (runs < RUNS && performance.now() - began < MS) {
    unhandled = 0;
    runs += 1;
    const failed = await once(runs).then(
      () => unhandled > 0,
      () => true,
    );
    if (!failed) continue;
    fails += 1;
    first ??= runs;
  }
  useIo(undefined);
  return { runs, fails, first: first ?? null, ms: performance.now() - began };
}

const hang = ({ isTimed }) => (isTimed === true ? TIMED_HANG_MS : HANG_MS);

/** One run of the bug with `io` as its call to the outside. */
function plainly(program, io) {
  const world = new PlainWorld();
  useIo(world.looking(io));
  return within(hang(program), world.run(program.bug));
}

const peers = {
  repetition: (program) => repeat(program, () => plainly(program, () => new Promise((go) => setImmediate(go)))),
  "random delays": (program) =>
    repeat(program, () => plainly(program, () => new Promise((go) => setTimeout(go, Math.random() * 3)))),
  "fast-check": (program) =>
    repeat(program, (seed) => {
      const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const world = new PlainWorld();
        useIo(async () => {
          await scheduler.schedule(Promise.resolve());
          world.look();
        });
        const done = world.run(program.bug);
        done.catch(() => {});
        await within(hang(program), scheduler.waitFor(done));
      });
      return fc.assert(property, { numRuns: 1, seed, endOnFailure: true });
    }),
};

async function explored(program) {
  const began = performance.now();
  const isLatent = program.grade === "C";
  const report = await exploreReport(program.bug, {
    ...program.options,
    budget: { runs: RUNS, ms: MS },
    failOn: isLatent ? "latent" : "feasible",
  });
  const ms = performance.now() - began;
  const { failure } = report;
  if (failure === undefined) return { isFound: false, ms, runs: report.coverage.runs };
  const { found, grade, token, error } = failure;
  const deviations = (token.match(/[._]/g) ?? []).length;
  return {
    isFound: true,
    by: found.by,
    after: found.after,
    deviations,
    grade,
    token,
    message: error.message.split("\n")[0].replaceAll(ROOT, ""),
    ms,
  };
}

const share = ({ fails, runs }) => `${fails}/${runs}`;

const rows = [];
const columns = ["program", "found by", "after", "dev", "grade", "ms", ...Object.keys(peers)];
const widths = [26, 18, 6, 4, 6, 7, 12, 14, 12];
const print = (cells) =>
  console.log(
    cells
      .map((cell, at) => String(cell).padEnd(widths[at]))
      .join(" ")
      .trimEnd(),
  );
print(columns);
for (const program of programs) {
  const ours = await explored(program);
  const row = { name: program.name, kind: program.kind, expected: program.grade, ours, peers: {} };
  for (const [name, run] of Object.entries(peers)) row.peers[name] = await run(program);
  rows.push(row);
  const { by, after, deviations, grade, ms } = ours;
  const own = ours.isFound
    ? [by, after, deviations, grade, ms.toFixed(0)]
    : ["NOT FOUND", "-", "-", "-", ms.toFixed(0)];
  print([program.name, ...own, ...Object.values(row.peers).map(share)]);
}

const found = rows.filter(({ ours }) => ours.isFound);
const foundBy = (name) => rows.filter(({ peers: { [name]: peer } }) => peer.fails > 0).length;
const tooFew = (name) => rows.filter(({ peers: { [name]: peer } }) => peer.fails === 0 && peer.runs < FEW).length;
console.log(`\nfailing runs / runs for the peers, at most ${RUNS} runs or ${MS} ms a program, as for the explorer`);
console.log(
  `found: explorer ${found.length} of ${rows.length}; ${Object.keys(peers)
    .map((name) => `${name} ${foundBy(name)} (and ${tooFew(name)} with too few runs to say)`)
    .join("; ")}`,
);
const verdicts = [
  verdict("programs not found", rows.length - found.length, 0),
  verdict(
    "programs with another grade than stated",
    found.filter(({ ours, expected }) => ours.grade !== expected).length,
    0,
  ),
  verdict("schedules until found, the most", Math.max(...found.map(({ ours }) => ours.after)), 2000),
];
printVerdicts(verdicts);
keep("explore-zoo", [], { "fast-check": fc.__version, peerRuns: RUNS, peerMs: MS, rows, verdicts });
process.exit(verdicts.every(({ isMet }) => isMet) ? 0 : 1);
