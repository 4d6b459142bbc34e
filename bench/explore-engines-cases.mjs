/**
 * Speed of the engines, program by program: a run each, without search and recording. Runs in a process that loads the
 * hooks. A fast engine that comes to another end than the reference, on bug or twin, fails the benchmark.
 */
import { runAsync } from "../packages/explore/dist/runtime/engine-async.js";
import { runFast } from "../packages/explore/dist/runtime/engine-fast.js";
import { Run } from "../packages/explore/dist/runtime/run.js";
import { uniform } from "../packages/explore/dist/strategies/random.js";
import { programs } from "../packages/explore/test/zoo/all.ts";
import { useIo } from "../packages/explore/test/zoo/zoo.ts";
import { fc, PlainWorld } from "./explore-support.mjs";
import { flags, keep, median, printTable, printVerdicts, verdict } from "./leases-support.mjs";

const ROUNDS = flags.quick ? 3 : 5;
const RUNS = flags.quick ? 200 : 1000;
const PEER_RUNS = flags.quick ? 50 : 200;

/** Programs whose runs are short and end by themselves; a livelock measures the step limit, a timer the wall clock. */
const subjects = programs.filter(
  ({ isTimed, grade, message }) => isTimed !== true && !message.test("livelock") && grade !== "A",
);

process.on("unhandledRejection", () => {});
Error.stackTraceLimit = 0;

function makeRun(seed) {
  const strategy = uniform();
  strategy.begin({ seed, steps: 1 });
  return new Run({ fidelity: "external", strategy, maxSteps: 2000, ioMax: 1000, seed: 1 });
}

/** Adds a run to a tally that both engines must agree on, run by run. */
function count(tally, { outcome, step }) {
  tally.steps += step;
  tally.ends.push(`${outcome.kind}:${step}`);
}

const macrotask = () => new Promise((resolve) => setImmediate(resolve));

function fast(body, first) {
  const tally = { steps: 0, ends: [] };
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        const began = performance.now();
        for (let at = 0; at < RUNS; at += 1) {
          const run = makeRun(first + at);
          runFast(run, body);
          count(tally, run);
        }
        resolve({ ...tally, perSecond: (RUNS / (performance.now() - began)) * 1000 });
      } catch (error) {
        reject(error);
      }
    });
  });
}

async function reference(body, first) {
  const tally = { steps: 0, ends: [] };
  const began = performance.now();
  for (let at = 0; at < RUNS; at += 1) {
    const run = makeRun(first + at);
    await runAsync(run, body);
    count(tally, run);
  }
  return { ...tally, perSecond: (RUNS / (performance.now() - began)) * 1000 };
}

async function repetition({ fixed }) {
  const began = performance.now();
  for (let at = 0; at < PEER_RUNS; at += 1) {
    const world = new PlainWorld();
    useIo(world.looking(() => new Promise((go) => setImmediate(go))));
    await world.run(fixed, { isBrief: true });
  }
  useIo(undefined);
  return (PEER_RUNS / (performance.now() - began)) * 1000;
}

async function fastCheck({ fixed }) {
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    const world = new PlainWorld();
    useIo(world.looking(() => scheduler.schedule(Promise.resolve())));
    await scheduler.waitFor(world.run(fixed, { isBrief: true }));
  });
  const began = performance.now();
  await fc.assert(property, { numRuns: PEER_RUNS, seed: 1 });
  useIo(undefined);
  return (PEER_RUNS / (performance.now() - began)) * 1000;
}

const isSame = (one, other) => one.ends.join() === other.ends.join();

/** The twin runs, since it never hangs: every contender does the same work. */
async function measure(program) {
  const speeds = { async: [], fast: [], repetition: [], "fast-check": [] };
  const bug = [await reference(program.bug, 1), await fast(program.bug, 1)];
  let isEqual = isSame(...bug);
  let steps = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    await macrotask();
    const slow = await reference(program.fixed, 1 + round * RUNS);
    const quick = await fast(program.fixed, 1 + round * RUNS);
    isEqual &&= isSame(slow, quick);
    steps = slow.steps / RUNS;
    speeds.async.push(slow.perSecond);
    speeds.fast.push(quick.perSecond);
    speeds.repetition.push(await repetition(program));
    speeds["fast-check"].push(await fastCheck(program));
  }
  const perSecond = Object.fromEntries(Object.entries(speeds).map(([name, list]) => [name, median(list)]));
  return { name: program.name, steps, isEqual, perSecond };
}

const rows = [];
for (const program of subjects) {
  process.stderr.write(`\r\u001b[K${program.name}`);
  rows.push(await measure(program));
}
process.stderr.write("\r\u001b[K");
const ratio = ({ perSecond }, a, b) => perSecond[a] / perSecond[b];
printTable(
  rows.map((row) => ({
    program: row.name,
    steps: row.steps,
    "async/s": row.perSecond.async,
    "fast/s": row.perSecond.fast,
    "repetition/s": row.perSecond.repetition,
    "fast-check/s": row.perSecond["fast-check"],
    "fast : async": ratio(row, "fast", "async"),
    "async : rep.": ratio(row, "async", "repetition"),
    "fast : f-c": ratio(row, "fast", "fast-check"),
    equal: row.isEqual ? "yes" : "NO",
  })),
);
const all = (a, b) => rows.map((row) => ratio(row, a, b));
const verdicts = [
  verdict("programs on which the engines differ", rows.filter(({ isEqual }) => !isEqual).length, 0),
  verdict("fast : async, the least", Math.min(...all("fast", "async")), 1.2, { atLeast: true }),
  verdict("async : repetition, the least", Math.min(...all("async", "repetition")), 0.5, { atLeast: true }),
  verdict("async : repetition, median", median(all("async", "repetition")), 1, { atLeast: true }),
  verdict("fast : fast-check, the least", Math.min(...all("fast", "fast-check")), 5, { atLeast: true }),
];
printVerdicts(verdicts);
keep("explore-engines", [], { "fast-check": fc.__version, rounds: ROUNDS, runs: RUNS, rows, verdicts });
if (rows.some(({ isEqual }) => !isEqual)) process.exitCode = 1;
