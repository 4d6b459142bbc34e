/**
 * One worker of the chaos run: takes locks, works under them, is killed, stopped and stalled, and writes down what it was
 * promised. `node chaos-worker.mjs <JSON>`; lines on stdin: `calm` (no more faults of its own), `finish` (one last plain
 * acquire, then end); the end of stdin is the end of the conductor, and so of the worker. On stdout: `stop <ms>` before it
 * stops itself, `done` at the end.
 */
import { openSync, writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fence } from "../../dist/leases/index.js";
import { sqliteStore } from "../../dist/stores/sqlite.js";
import { controls, provedAt } from "./chaos-controls.mjs";
import { Dice, monotonicNow } from "./chaos-random.mjs";
import { Resource } from "./chaos-resource.mjs";

const {
  folder,
  worker,
  seed,
  ttl,
  maxStall,
  locks,
  permits,
  control: controlName,
  selfStop,
} = JSON.parse(process.argv[2]);
const control = controls[controlName];
const dice = new Dice(seed);
const history = openSync(`${folder}/${worker}.history`, "a");
let isCalm = false;
let isFinishing = false;
let ops = 0;

/** One line, one write: a kill cuts the history between lines, never within. */
function write(event, data) {
  const line = JSON.stringify({ event, worker, ...data }, (_, value) =>
    typeof value === "bigint" ? String(value) : value,
  );
  writeSync(history, `${line}\n`);
}

function isExpected(error, aborter) {
  return error === aborter.signal.reason || ["LW_TIMEOUT", "LW_LEASE_LOST", "LW_STALE_TOKEN"].includes(error?.code);
}

/** Sometimes: the loop is busy, or the whole process stands still, for longer than the lease may last. */
function fault(share) {
  if (isCalm) return;
  const long = dice.between(0.2, 3) * ttl;
  if (dice.hits(share * selfStop)) {
    writeSync(1, `stop ${Math.round(long)}\n`);
    process.kill(process.pid, "SIGSTOP");
  } else if (dice.hits(share)) {
    write("stalled", { at: monotonicNow() });
    for (const end = monotonicNow() + long; monotonicNow() < end;);
  }
}

/** Reads, is interrupted, and writes what it read plus one. */
async function work(op, lease, lock, resource) {
  const value = (await resource.read(lock)) + 1;
  prove(op, lease);
  await sleep(dice.between(0, 8));
  fault(0.05);
  const nonce = `${worker}/${op.op}`;
  const increment = { lock, token: lease.token, nonce, value };
  await resource.write(
    increment,
    (database) => control.fence(database, lease, fence),
    () => write("writing", increment),
  );
  write("wrote", { nonce });
}

function prove(op, lease) {
  write("held", { ...op, token: lease.token, at: provedAt(control, lease) });
}

/** What is done under a lease. */
async function body(op, attempt, lease, resource) {
  write("granted", { ...op, token: lease.token, sent: attempt.sent, at: monotonicNow() });
  try {
    prove(op, lease);
    fault(0.03);
    if (op.kind === "mutex" || op.kind === "write") await work(op, lease, op.lock, resource);
    else await sleep(dice.between(0, 15));
    prove(op, lease);
  } catch (error) {
    // Sometimes swallowed: run() must tell of the loss all the same.
    if (error.code !== "LW_LEASE_LOST" || attempt.style !== "run" || !dice.hits(0.5)) throw error;
  } finally {
    attempt.at = monotonicNow();
    attempt.token = lease.token;
    attempt.state = lease.state;
  }
}

function chooseLock(space) {
  const name = dice.pick(locks);
  if (dice.hits(0.2))
    return { lock: "gate", kind: "semaphore", of: space.semaphore("gate", permits), weight: dice.hits(0.3) ? 2 : 1 };
  if (!dice.hits(0.25)) return { lock: name, kind: "mutex", of: space.mutex(name), weight: 1 };
  const { read, write: writer } = space.readWriteLock("catalog");
  return dice.hits(0.7)
    ? { lock: "catalog", kind: "read", of: read, weight: 1 }
    : { lock: "catalog", kind: "write", of: writer, weight: 1 };
}

async function runUnder(op, lock, options, attempt, resource) {
  try {
    await control.run(lock, (lease) => body(op, attempt, lease, resource), options);
    write("held", { ...op, token: attempt.token, at: attempt.at }); // run() resolved: it was held when the body ended
    write("ran", { ...op, outcome: "resolved", state: attempt.state });
  } catch (error) {
    if (attempt.state !== undefined)
      write("ran", { ...op, outcome: error?.code ?? String(error), state: attempt.state });
    throw error;
  }
}

async function holdUnder(op, lock, options, attempt, resource) {
  const lease = attempt.style === "try" ? await lock.tryAcquire(options) : await lock.acquire(options);
  if (lease === undefined) return;
  try {
    await body(op, attempt, lease, resource);
  } finally {
    await lease.release();
  }
}

/** One attempt, of a random kind and patience; a plain one waits on the first mutex for as long as it takes. */
async function operate(space, resource, isPlain) {
  const { of: lock, ...chosen } = isPlain
    ? { lock: locks[0], kind: "mutex", of: space.mutex(locks[0]), weight: 1 }
    : chooseLock(space);
  const op = { op: (ops += 1), ...chosen };
  const aborter = new AbortController();
  const options = { ...(chosen.kind === "semaphore" ? { weight: chosen.weight } : undefined) };
  const attempt = {
    style: isPlain || dice.hits(0.5) ? "run" : dice.hits(0.2) ? "try" : "hold",
    sent: 0,
    state: undefined,
  };
  let abortion;
  if (!isPlain && dice.hits(0.2)) options.timeout = dice.between(1, 2 * ttl);
  else if (!isPlain && dice.hits(0.15)) {
    options.signal = aborter.signal;
    abortion = setTimeout(() => aborter.abort(new Error("changed my mind")), dice.between(0, ttl));
  }
  write("asked", { ...op, style: attempt.style });
  attempt.sent = monotonicNow();
  try {
    await (attempt.style === "run" ? runUnder : holdUnder)(op, lock, options, attempt, resource);
    write("ended", { op: op.op, outcome: "done" });
  } catch (error) {
    write("ended", { op: op.op, outcome: error?.code ?? "aborted" });
    if (!isExpected(error, aborter)) write("failed", { ...op, text: String(error?.stack ?? error) });
  } finally {
    clearTimeout(abortion);
  }
}

process.stdin.setEncoding("utf8").on("data", (text) => {
  isCalm ||= text.includes("calm");
  isFinishing ||= text.includes("finish");
});
process.stdin.on("end", () => process.exit(3));
process.on("uncaughtException", (error) => {
  write("failed", { text: `uncaught: ${error?.stack ?? error}` });
  process.exit(4);
});

const store = await sqliteStore({ path: `${folder}/locks.db` });
const space = control.openSpace({ store, ttl, maxStall, label: worker, dice });
const resource = await Resource.open(folder);
while (!isFinishing) {
  await operate(space, resource, false);
  await sleep(dice.between(5, 120));
}
await operate(space, resource, true);
await space.close();
await store.close();
resource.close();
write("finished", { at: monotonicNow() });
writeSync(1, "done\n");
process.exit(0);
