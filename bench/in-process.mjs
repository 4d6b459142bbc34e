/**
 * In-process locks beside their peers and the physical limit: `node bench/in-process.mjs [--quick]`.
 *
 * Each case runs in a process of its own (in-process-cases.mjs), the processes in random order, five rounds of them; a
 * figure is the median of the rounds. Absolute values move with the machine, so targets are ratios inside one run.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { lockRows } from "./in-process-locks-cases.mjs";
import { limitRows } from "./in-process-limits-cases.mjs";

const isQuick = process.argv.includes("--quick");
const rounds = isQuick ? 1 : 5;
const budget = isQuick ? 120 : 400;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const major = Number(process.versions.node.split(".")[0]);

/** A row: our case, what it is measured against, and the largest ratio we accept for each. */
const rows = [
  {
    name: "tryAcquire() ?? await acquire(), release",
    ours: "try lockwright",
    against: { "raw await": 0.35, "acquire async-sema": 0.2, "acquire async-mutex": 0.01 },
  },
  {
    name: "the same on a Semaphore(4)",
    ours: "try lockwright Semaphore",
    against: { "raw await": 0.35, "acquire async-sema": 0.2 },
  },
  {
    name: "await acquire(), release",
    ours: "acquire lockwright",
    against: { "raw await": 2.2, "acquire async-sema": 1.15, "acquire async-mutex": undefined },
  },
  {
    name: "run(async fn), uncontended",
    ours: "run lockwright",
    against: { "raw await": 5, "run async-lock": 0.7, "run async-mutex": 0.15 },
  },
  { name: "runSync(fn)", ours: "runSync lockwright", against: { "raw await": 0.35, "raw call": undefined } },
  {
    name: "queue and wake, 100 waiters",
    ours: "queue 100 lockwright",
    against: { "queue 100 bare": 1.3, "queue 100 async-sema": 1, "queue 100 async-mutex": undefined },
  },
  {
    name: "queue and wake, 10k waiters",
    ours: "queue 10k lockwright",
    against: { "queue 10k bare": 1.3, "queue 10k async-sema": 1, "queue 10k async-mutex": undefined },
  },
  {
    name: "queue and wake, 100k waiters",
    ours: "queue 100k lockwright",
    against: { "queue 100k bare": 2, "queue 100k async-sema": 0.85, "queue 10k lockwright": 12 },
  },
  {
    name: "bytes per waiter",
    unit: "B",
    ours: "bytes lockwright",
    against: { "bytes bare": 1.12, "bytes async-sema": undefined, "bytes async-mutex": undefined },
  },
  { name: "abort 100k waiters by one signal", ours: "abort lockwright", against: { "abort async-mutex": 0.6 } },
  { name: "enqueue with a shared signal, 100k", ours: "enqueue 100k", against: { "enqueue 1k": 12 } },
  { name: "cancel one by one, 1k own signals", ours: "cancel 1k lockwright", against: { "cancel 1k bare": 1.3 } },
  { name: "cancel one by one, 10k own signals", ours: "cancel 10k lockwright", against: { "cancel 10k bare": 1.3 } },
  {
    name: "cancel one by one, 100k own signals",
    ours: "cancel 100k lockwright",
    against: { "cancel 100k bare": 1.3, "cancel 1k lockwright": 12 },
  },
  { name: "timeout armed and cleared", ours: "timeout lockwright", against: { "timeout pair": 0.3 } },
  ...lockRows,
  ...limitRows,
  {
    name: "pass an item through a queue of 64, try first (fastq: unbounded, a worker and a promise for each)",
    ours: "pass lockwright, try first",
    against: { "pass fastq.promise, drained": 0.6, "pass fastq.promise": undefined, "pass array": undefined },
  },
  {
    name: "the same, awaited (a generator holds one item, and keeps step)",
    ours: "pass lockwright, awaited",
    against: {
      // An await costs twice as much on Node 20, and a generator has one per item where a queue has two.
      "pass async generator": major < 22 ? undefined : 0.8,
      "pass fastq.promise, drained": major < 22 ? 1.5 : undefined,
      "pass two awaits": undefined,
      "pass web stream": undefined,
    },
  },
  {
    name: "the same, for await",
    ours: "pass lockwright, for await",
    against: { "pass async generator": undefined, "pass web stream": undefined },
  },
  { name: "SingleFlight, alone", ours: "flight lockwright", against: { "flight limit": 3.5 } },
];

const names = [...new Set(rows.flatMap((row) => [row.ours, ...Object.keys(row.against)]))];

function shuffle(list) {
  const copy = [...list];
  for (let at = copy.length - 1; at > 0; at -= 1) {
    const other = Math.floor(Math.random() * (at + 1));
    [copy[at], copy[other]] = [copy[other], copy[at]];
  }
  return copy;
}

function measure(name) {
  const output = execFileSync(process.execPath, ["--expose-gc", here("./in-process-cases.mjs"), name, String(budget)], {
    encoding: "utf8",
  });
  return JSON.parse(output);
}

function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

function figures() {
  const found = new Map(names.map((name) => [name, { p50: [], min: [] }]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of shuffle(names)) {
      const { p50, min } = measure(name);
      found.get(name).p50.push(p50);
      found.get(name).min.push(min);
    }
    process.stderr.write(`round ${round} of ${rounds}\n`);
  }
  return new Map([...found].map(([name, { p50, min }]) => [name, { p50: median(p50), min: median(min) }]));
}

function judge(row, found) {
  const ours = found.get(row.ours);
  const against = Object.entries(row.against).map(([name, target]) => {
    const theirs = found.get(name);
    const ratio = ours.p50 / theirs.p50;
    return {
      name,
      p50: theirs.p50,
      min: theirs.min,
      ratio,
      target: target ?? null,
      isMet: target === undefined ? null : ratio <= target,
    };
  });
  const bound = row.atMost === undefined ? {} : { atMost: row.atMost, isMet: ours.p50 <= row.atMost };
  return { name: row.name, unit: row.unit ?? "ns", p50: ours.p50, min: ours.min, ...bound, against };
}

function print(judged) {
  for (const row of judged) {
    console.log(`\n${row.name}: ${row.p50.toFixed(1)} ${row.unit} (min ${row.min.toFixed(1)})`);
    if (row.atMost !== undefined) console.log(`  at most ${row.atMost} ${row.unit}  ${row.isMet ? "met" : "MISSED"}`);
    for (const { name, p50, ratio, target, isMet } of row.against) {
      const verdict = target === null ? "" : `target ${target}  ${isMet ? "met" : "MISSED"}`;
      console.log(
        `  ${name.padEnd(26)} ${p50.toFixed(1).padStart(9)} ${row.unit}   ours is ${ratio.toFixed(3).padStart(7)} of it   ${verdict}`,
      );
    }
  }
  const bounded = judged.filter((row) => row.atMost !== undefined);
  const all = [...bounded, ...judged.flatMap((row) => row.against).filter((each) => each.target !== null)];
  console.log(
    `\n${all.filter((each) => each.isMet).length} of ${all.length} targets met on Node ${process.versions.node}${isQuick ? " (quick: one round, short samples)" : ""}`,
  );
}

function versionOf(name) {
  return JSON.parse(readFileSync(here(`./node_modules/${name}/package.json`), "utf8")).version;
}

const judged = rows.map(
  (
    (found) => (row) =>
      judge(row, found)
  )(figures()),
);
print(judged);

const cpu = cpus()[0];
mkdirSync(here("./results"), { recursive: true });
writeFileSync(
  here("./results/in-process.json"),
  `${JSON.stringify(
    {
      machine: { cpu: cpu?.model ?? "unknown", cores: cpus().length, platform: process.platform, arch: process.arch },
      node: process.versions.node,
      packages: {
        lockwright: JSON.parse(readFileSync(here("../packages/lockwright/package.json"), "utf8")).version,
        "async-mutex": versionOf("async-mutex"),
        "async-sema": versionOf("async-sema"),
        "async-lock": versionOf("async-lock"),
        rwlock: versionOf("rwlock"),
        fastq: versionOf("fastq"),
        "p-limit": versionOf("p-limit"),
        "p-queue": versionOf("p-queue"),
        "rate-limiter-flexible": versionOf("rate-limiter-flexible"),
      },
      date: new Date().toISOString(),
      isQuick,
      rows: judged,
    },
    null,
    2,
  )}\n`,
);
