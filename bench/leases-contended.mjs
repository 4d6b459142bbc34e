/**
 * 50 processes on one lock, 1 ms inside, each asking again at once: our sqlite store beside proper-lockfile and flock(1).
 *
 * A hand-off is the time from one holder's last word inside to the next one's first. Only the steady window counts: from
 * three seconds after all started at once (a burst of cold processes) until the stop, and only waits that began in it. No peer here is FIFO; the columns say what that means for those who wait.
 */
import { execFileSync, fork, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { flags, keep, median, printTable, printVerdicts, quantile, verdict } from "./leases-support.mjs";

const processes = Number(process.env.PROCESSES ?? (flags.quick ? 20 : 50));
const seconds = Number(process.env.SECONDS_EACH ?? (flags.quick ? 3 : 10));
const WARM_UP_MS = 3000;
const HOLD_MS = 1;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Runs Node workers; resolves to each one's [asked, entered, left] triples and the window that counts. */
async function nodeWorkers(peer, folder) {
  const workers = Array.from({ length: processes }, () =>
    fork(here("./leases-contended-worker.mjs"), [peer, folder, String(HOLD_MS)], {
      execArgv: ["--no-warnings"],
      serialization: "advanced",
    }),
  );
  const heard = (worker) =>
    new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("exit", (code, signal) => reject(new Error(`a worker of ${peer} ended with ${signal ?? code}`)));
    });
  await Promise.all(workers.map(heard));
  const finals = workers.map(heard);
  for (const worker of workers) worker.send("go");
  const from = Number(process.hrtime.bigint()) / 1e6 + WARM_UP_MS;
  await sleep(WARM_UP_MS + seconds * 1000);
  const until = Number(process.hrtime.bigint()) / 1e6;
  for (const worker of workers) worker.send("stop");
  return { from, until, logs: (await Promise.all(finals)).map(triples) };
}

async function flockWorkers(folder) {
  const stop = join(folder, "stop");
  const logs = Array.from({ length: processes }, (_, at) => join(folder, `flock-${at}.log`));
  for (const log of logs) writeFileSync(log, "");
  const script = here("./leases-contended-worker.sh");
  const ends = logs.map((log) => {
    const child = spawn("bash", [script, join(folder, "flock"), String(HOLD_MS / 1000), log, stop], {
      stdio: "ignore",
    });
    return new Promise((resolve) => void child.once("exit", resolve));
  });
  const from = Date.now() + WARM_UP_MS;
  await sleep(WARM_UP_MS + seconds * 1000);
  const until = Date.now();
  writeFileSync(stop, "");
  await Promise.all(ends);
  return {
    from,
    until,
    logs: logs.map((log) =>
      triples(
        readFileSync(log, "utf8")
          .split(/\s+/)
          .filter(Boolean)
          .map((word) => Number(word) / 1000),
      ),
    ),
  };
}

function triples(flat) {
  return Array.from({ length: flat.length / 3 }, (_, at) => ({
    asked: flat[3 * at],
    entered: flat[3 * at + 1],
    left: flat[3 * at + 2],
  }));
}

/** What the logs of all processes say about the lock. */
function judge(name, { from, until, logs }) {
  const all = logs
    .flatMap((log, owner) => log.map((grant) => ({ ...grant, owner })))
    .sort((a, b) => a.entered - b.entered);
  let violations = 0;
  let again = 0;
  const handOffs = [];
  for (let at = 1; at < all.length; at += 1) {
    const gap = all[at].entered - all[at - 1].left;
    if (gap < 0) violations += 1;
    if (all[at].entered < from || all[at].entered > until) continue;
    handOffs.push(gap);
    if (all[at].owner === all[at - 1].owner) again += 1;
  }
  const counts = logs.map((log) => log.filter(({ entered }) => entered >= from && entered <= until).length);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const meanCycle = ((until - from) * processes) / total;
  const waits = logs.flatMap((log) =>
    log.filter(({ asked, entered }) => asked >= from && entered <= until).map(({ asked, entered }) => entered - asked),
  );
  // Whoever never got in while it counted has waited for all of it.
  const longest = Math.max(...waits, ...counts.map((count) => (count === 0 ? until - from : 0)));
  return {
    name,
    "grants/s": total / ((until - from) / 1000),
    "hand-off p50 ms": median(handOffs),
    "p99 ms": quantile(handOffs, 0.99),
    Jain: total ** 2 / (processes * counts.reduce((sum, count) => sum + count ** 2, 0)),
    "longest wait / cycle": longest / meanCycle,
    "longest ms": longest,
    "same again": again / handOffs.length,
    violations,
  };
}

function hasFlock() {
  try {
    execFileSync("flock", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

async function contest(name) {
  const folder = mkdtempSync(join(tmpdir(), "lockwright-bench-"));
  writeFileSync(join(folder, "file"), "");
  try {
    return judge(name, name === "flock(1)" ? await flockWorkers(folder) : await nodeWorkers(name, folder));
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
}

const rows = [];
for (const name of (process.env.PEERS ?? "lockwright,proper-lockfile,flock(1)").split(",")) {
  if (name === "flock(1)" && !hasFlock()) console.log("NOT RUN: flock(1) is not installed");
  else rows.push(await contest(name));
}
console.log(`\n${processes} processes, ${HOLD_MS} ms inside, ${seconds} s`);
printTable(rows);
const [ours, ...peers] = rows;
const handOff = "hand-off p50 ms";
const fastest = peers.toSorted((a, b) => a[handOff] - b[handOff])[0];
const verdicts = [
  ...(fastest === undefined
    ? []
    : [
        verdict(
          `hand-off p50 of the fastest peer's (${fastest.name}, not FIFO)`,
          ours[handOff] / fastest[handOff],
          1.1,
        ),
      ]),
  verdict("Jain fairness of grants per process", ours.Jain, 0.99, { atLeast: true }),
  verdict("longest wait / mean cycle", ours["longest wait / cycle"], 1.5),
  verdict("violations of exclusion", ours.violations, 0),
];
printVerdicts(verdicts);
keep("leases-contended", ["proper-lockfile"], { processes, holdMs: HOLD_MS, seconds, rows, verdicts });
