/**
 * The chaos run: `node chaos.mjs [--seconds 60] [--processes 16] [--seed N] [--control none] [--locks 3] [--ttl 500]
 * [--permits 3] [--long HOURS] [--json] [--keep]`.
 *
 * Processes take mutexes, a semaphore and a read-write lock of one sqlite store and do fenced work under them, while
 * they are killed, stopped and stalled; a checker then looks for a broken promise in what they wrote down. All faults and
 * choices come from the printed seed; the operating system's schedule does not.
 *
 * `--control` runs a lock that is broken on purpose (chaos-controls.mjs); the run then succeeds only if it is reported.
 * `--long` repeats runs of `--seconds` with new seeds for hours. `--keep` leaves the histories where they are.
 * Split as etcd's robustness tests: chaos-worker (traffic), chaos-conductor (faults), checker (model), this file (report).
 */
import { mkdtempSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { check } from "./checker.mjs";
import { Conductor } from "./chaos-conductor.mjs";
import { controls } from "./chaos-controls.mjs";
import { seedOf } from "./chaos-random.mjs";

const text = (value) => ({ type: "string", default: String(value) });
const flag = { type: "boolean", default: false };
const { values } = parseArgs({
  options: {
    seconds: text(60),
    processes: text(16),
    seed: text(Math.floor(Math.random() * 2 ** 31)),
    control: text("none"),
    locks: text(3),
    ttl: text(500),
    permits: text(3),
    long: text(0),
    bound: text(15_000),
    json: flag,
    keep: flag,
  },
});
const control = controls[values.control];
if (control === undefined)
  throw new RangeError(`--control must be one of ${Object.keys(controls).join(", ")}, got ${values.control}`);

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130)); // "exit" reaps the workers

async function runOnce(seed) {
  const folder = mkdtempSync("/tmp/lwc-");
  const permits = Number(values.permits);
  const conductor = new Conductor({
    folder,
    seed,
    permits,
    control: values.control,
    seconds: Number(values.seconds),
    processes: Number(values.processes),
    ttl: Number(values.ttl),
    bound: Number(values.bound),
    locks: Array.from({ length: Number(values.locks) }, (_, index) => `job-${index}`),
    killEvery: 500,
    stopEvery: 250,
    selfStop: control.reports.length === 0 ? 0.4 : 6, // a control's run is short: its bad moment must come
  });
  try {
    const judge = (run) => check({ ...run, capacities: { gate: permits } });
    // On a busy machine the bad moment of a broken lock takes longer to come. What shows only at the end is not waited for.
    const shown = control.reports.filter((property) => property !== "progress");
    const run = await conductor.run((soFar) => shown.length === 0 || isReported(judge(soFar), shown));
    const violations = judge(run);
    return { ...summary(run, conductor), seed, control: values.control, folder, violations };
  } finally {
    conductor.reap();
    if (!values.keep) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }
}

function summary({ events, resource, drained }, { kills, stops }) {
  const count = (wanted) => events.filter(({ event }) => event === wanted).length;
  const ended = (...codes) =>
    events.filter(({ event, outcome }) => event === "ended" && codes.includes(outcome)).length;
  const waits = events.filter(({ event }) => event === "granted").map(({ at, sent }) => at - sent);
  return {
    acquisitions: count("granted"),
    writes: resource.records.length,
    kills,
    stops,
    stalls: count("stalled"),
    lost: ended("LW_LEASE_LOST"),
    refused: ended("LW_STALE_TOKEN"),
    gaveUp: ended("LW_TIMEOUT", "aborted"),
    longestWait: Math.round(waits.reduce((longest, wait) => Math.max(longest, wait), 0)),
    drained: Math.round(drained),
  };
}

function isReported(violations, properties) {
  return properties.some((wanted) => violations.some(({ property }) => property === wanted));
}

/** Whether the run came out as it must. */
function isGood({ violations }) {
  return control.reports.length === 0 ? violations.length === 0 : isReported(violations, control.reports);
}

function print(result) {
  const { violations, folder, seed, ...figures } = result;
  if (values.json)
    return console.log(
      JSON.stringify({ ...result, ok: isGood(result), total: violations.length, violations: violations.slice(0, 20) }),
    );
  const counts =
    Map.groupBy === undefined
      ? violations.length
      : JSON.stringify(
          Object.fromEntries(
            [...Map.groupBy(violations, ({ property }) => property)].map(([name, list]) => [name, list.length]),
          ),
        );
  console.log(
    Object.entries(figures)
      .map(([name, figure]) => `${name} ${figure}`)
      .join(", "),
  );
  for (const { property, lock, text: what } of violations.slice(0, 20)) console.log(`  ${property} (${lock}): ${what}`);
  console.log(
    `violations ${violations.length}${violations.length > 0 ? ` ${counts}` : ""}, seed ${seed}${values.keep ? `, histories in ${folder}` : ""}`,
  );
}

const until = performance.now() + Number(values.long) * 3_600_000;
const isOver = (good) => control.reports.length > 0 || !good || performance.now() >= until;
for (let round = 1, seed = Number(values.seed); ; round += 1) {
  if (!values.json) {
    console.log(`chaos: control ${values.control}, ${values.processes} processes, ${values.seconds} s, seed ${seed}`);
  }
  const result = await runOnce(seed);
  print(result);
  process.exitCode = isGood(result) ? 0 : 1;
  if (isOver(isGood(result))) break;
  seed = Math.abs(seedOf(Number(values.seed), round));
}
process.exit();
