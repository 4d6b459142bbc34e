/**
 * An uncontended sqlite lease (acquire and release) beside two bare write transactions through the same driver, and beside
 * proper-lockfile; what fence() adds to a transaction. Microseconds, medians.
 *
 * BENCH_NODES: paths of further Node binaries, separated by colons, to run the same on.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { flags, keep, printTable, printVerdicts, verdict } from "./leases-support.mjs";

const CASES = fileURLToPath(new URL("./leases-uncontended-cases.mjs", import.meta.url));
const env = { ...process.env, ROUNDS: flags.quick ? "4" : "20", SLICE: flags.quick ? "80" : "250" };

function runOn(binary) {
  const said = execFileSync(binary, ["--no-warnings", CASES], { env, encoding: "utf8", maxBuffer: 1e8 });
  const { node, driver, rows } = JSON.parse(said);
  const p50 = (name) => rows.find((row) => row.name === name).p50;
  const ours = p50("lockwright sqlite");
  const bare = p50("two bare write transactions");
  console.log(`\nNode ${node}, ${driver}: microseconds per operation`);
  printTable(
    rows.map((row) => ({
      name: row.name,
      p50: row.p50,
      p99: row.p99,
      "ours is … of it": row.name.startsWith("one user") ? undefined : ours / row.p50,
    })),
  );
  const fencing = p50("one user transaction with fence()") / p50("one user transaction");
  const verdicts = [
    verdict(`Node ${node}: of two bare write transactions (${driver})`, ours / bare, 1.5),
    verdict(`Node ${node}: times faster than proper-lockfile`, p50("proper-lockfile") / ours, 10, { atLeast: true }),
  ];
  console.log(`  a transaction with fence() takes ${fencing.toFixed(2)} times one without`);
  return { name: `Node ${node}`, driver, rows, fencing, verdicts };
}

const further = (process.env.BENCH_NODES ?? "").split(":").filter(Boolean);
const runs = [process.execPath, ...further].map(runOn);
const verdicts = runs.flatMap((run) => run.verdicts);
printVerdicts(verdicts);
keep("leases-uncontended", ["proper-lockfile"], { unit: "microseconds", runs });
