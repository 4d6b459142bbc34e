/**
 * The cases of the uncontended lease bench, in one process: `node leases-uncontended-cases.mjs <rounds> <ms>` prints JSON.
 *
 * Turn by turn, a slice of time each, so that what the machine does meanwhile falls on all alike; every operation is timed
 * by itself, and the median over all slices is what counts.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import lockfile from "proper-lockfile";
import { fence, openLockSpace } from "../packages/lockwright/dist/leases/index.js";
import { median, openBare, quantile } from "./leases-support.mjs";

const rounds = Number(process.env.ROUNDS ?? 10);
const slice = Number(process.env.SLICE ?? 200);
const folder = mkdtempSync(join(tmpdir(), "lockwright-bench-"));
const { name: driver, db } = await openBare(join(folder, "bare.db"));

// As long as the document of a held mutex: so that both write as many bytes.
const document = JSON.stringify({
  p: 1,
  c: 1e6,
  t: 12345,
  u: 1e6,
  h: [
    [
      "x".repeat(16),
      `${folder}/socket-of-holder`,
      1e6,
      12345,
      10000,
      123456789.123,
      123456789.123,
      1,
      null,
      null,
      "host:12345",
    ],
  ],
});
db.exec("CREATE TABLE resource (name TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID");
db.exec("CREATE TABLE bill (id INTEGER PRIMARY KEY, text TEXT)");
db.prepare("INSERT INTO resource VALUES ('m', 1, ?)").run(document);
db.prepare("INSERT INTO bill VALUES (1, 'x')").run();
const begin = db.prepare("BEGIN IMMEDIATE");
const commit = db.prepare("COMMIT");
const update = db.prepare("UPDATE resource SET version = version + 1, state = ? WHERE name = ?");
const pay = db.prepare("UPDATE bill SET text = ? WHERE id = 1");

const space = await openLockSpace(`sqlite:${folder}/locks.db`);
const onLoop = await openLockSpace(`sqlite:${folder}/locks2.db`, { renewal: "loop" });
const memory = await openLockSpace("memory:");
const mutex = space.mutex("m");
const loopMutex = onLoop.mutex("m");
const memoryMutex = memory.mutex("m");
const fenced = await memory.mutex("fenced").acquire();
const file = join(folder, "file");
writeFileSync(file, "");

let bills = 0; // a new value each time: SQLite writes nothing where nothing changes

const cases = {
  "lockwright sqlite": async () => {
    const lease = await mutex.acquire();
    await lease.release();
  },
  "two bare write transactions": async () => {
    begin.run();
    update.run(document, "m");
    commit.run();
    begin.run();
    update.run(document, "m");
    commit.run();
  },
  "proper-lockfile": async () => {
    const release = await lockfile.lock(file);
    await release();
  },
  "lockwright sqlite, renewal on the loop": async () => {
    const lease = await loopMutex.acquire();
    await lease.release();
  },
  "lockwright memory": async () => {
    const lease = await memoryMutex.acquire();
    await lease.release();
  },
  "one user transaction": async () => {
    begin.run();
    pay.run(String(bills++));
    commit.run();
  },
  "one user transaction with fence()": async () => {
    begin.run();
    await fence(db, fenced);
    pay.run(String(bills++));
    commit.run();
  },
};

const times = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round <= rounds; round += 1) {
  const order = Object.keys(cases);
  for (const name of round % 2 === 0 ? order : order.reverse()) {
    const run = cases[name];
    const found = [];
    const until = performance.now() + slice;
    for (let start = performance.now(); start < until;) {
      await run();
      const end = performance.now();
      found.push((end - start) * 1000);
      start = end;
    }
    if (round > 0) times[name].push(...found); // the first round warms up
  }
}

const rows = Object.entries(times).map(([name, found]) => ({
  name,
  p50: median(found),
  p99: quantile(found, 0.99),
  count: found.length,
}));
await Promise.all([space.close(), onLoop.close(), memory.close()]);
db.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ node: process.versions.node, driver, rows }));
