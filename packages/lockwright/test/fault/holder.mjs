/**
 * A process that takes locks on command, to be killed, stopped and starved: `node holder.mjs <url> <JSON space options>`.
 *
 * One JSON command a line on stdin, `{ id, do, … }`; one JSON answer a line on stdout, `{ id, at, … }`, `at` being monotonic
 * time. An error is an answer too: `{ code, message }`. Everything is written with one synchronous call, so an answer
 * that was printed was true before the kill or stop that followed.
 */
import { writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import workerThreads from "node:worker_threads";

// The keeper thread is nobody's business but the library's; to see it crash, it is caught as it is made.
const threads = [];
workerThreads.Worker = class extends workerThreads.Worker {
  constructor(...args) {
    super(...args);
    threads.push(this);
  }
};
syncBuiltinESMExports();
const { fence, openLockSpace } = await import("../../dist/leases/index.js");
const { loadDriver } = await import("../../dist/stores/sqlite/driver.js");

const [url, options] = process.argv.slice(2);
const now = () => Number(process.hrtime.bigint() / 1000n) / 1000;
const leases = new Map();
const ends = new Map();
const warnings = [];
process.on("warning", (warning) => warnings.push(warning.code ?? warning.name));
process.on("uncaughtException", (error) => answer({ event: "uncaught", ...told(error) }));

function answer(data) {
  writeSync(
    1,
    `${JSON.stringify({ at: now(), ...data }, (_, value) => (typeof value === "bigint" ? Number(value) : value))}\n`,
  );
}

function told(error) {
  return { code: error?.code ?? "none", message: String(error?.message ?? error), cause: error?.cause?.code };
}

/** What a lease says of itself, all in one synchronous turn. */
function look(lease) {
  const found = { aborted: lease.signal.aborted, state: lease.state, check: "passed", token: lease.token };
  try {
    lease.check();
  } catch (error) {
    found.check = error.code;
  }
  return found;
}

function busyFor(ms) {
  for (const end = now() + ms; now() < end;);
}

/** Blocks the loop until the process was stood still for `gap` milliseconds, then goes on without letting the loop turn. */
function spinOverGap(gap) {
  let last = now(); // before the line is out: the stop may come before the write that prints it returns
  answer({ event: "spinning" });
  for (;;) {
    const next = now();
    if (next - last > gap) return;
    last = next;
  }
}

/** One fenced insert into the table `note` of the database `path`; begins at once, in the caller's turn. */
async function fencedNote(path, lease) {
  const database = (await loadDriver()).open(path);
  return {
    async write() {
      database.exec("BEGIN IMMEDIATE");
      try {
        await fence(database, lease);
        database.exec("CREATE TABLE IF NOT EXISTS note (token INTEGER)");
        database.prepare("INSERT INTO note VALUES (?)").run(Number(lease.token));
        database.exec("COMMIT");
        return { wrote: true };
      } catch (error) {
        database.exec("ROLLBACK");
        return { wrote: false, ...told(error) };
      } finally {
        database.close();
      }
    },
  };
}

const space = await openLockSpace(url, JSON.parse(options ?? "{}")).catch((error) => {
  answer({ event: "refused", ...told(error) });
  process.exit(0);
});

const commands = {
  async acquire({ name, ...rest }) {
    const lease = await space.mutex(name).acquire(rest);
    leases.set(name, lease);
    return { token: lease.token };
  },
  /** The block begins in the microtask after the grant: no timer and no message of ours has had a turn. */
  async acquireAndBlock({ name, ms }) {
    const lease = await space.mutex(name).acquire();
    const at = now();
    busyFor(ms);
    leases.set(name, lease);
    return { granted: at, ...look(lease) };
  },
  /** Runs a body that ends with the command `end`; answers when it is entered and, as event `ran`, when run() settles. */
  run({ name, id }) {
    const body = (lease) => {
      leases.set(name, lease);
      answer({ id, token: lease.token });
      return new Promise((resolve) => ends.set(name, resolve));
    };
    const running = space.mutex(name).run(body);
    running.then(
      () => answer({ event: "ran", outcome: "resolved" }),
      (error) => answer({ event: "ran", outcome: error.code }),
    );
  },
  end: ({ name }) => ends.get(name)() ?? {},
  look: ({ name }) => look(leases.get(name)),
  lookAfterGap({ name, gap }) {
    void leases.get(name).signal; // stored or not, it must tell
    spinOverGap(gap);
    return look(leases.get(name));
  },
  async fenceAfterGap({ name, gap, path }) {
    const note = await fencedNote(path, leases.get(name));
    if (gap > 0) spinOverGap(gap);
    const before = look(leases.get(name));
    return { before, ...(await note.write()) };
  },
  block({ name, ms }) {
    answer({ event: "blocking" });
    busyFor(ms);
    return look(leases.get(name));
  },
  async release({ name }) {
    await leases.get(name).release();
    return {};
  },
  async renew({ name }) {
    await leases.get(name).renew();
    return look(leases.get(name));
  },
  async force({ name, token }) {
    await space.forceRelease(name, { token: BigInt(token) });
    return {};
  },
  async cell({ name, size }) {
    await space.cell(name).update(() => "x".repeat(size));
    return {};
  },
  /** Begins a transaction on the lock database itself and leaves it open. */
  async begin({ path }) {
    const database = (await loadDriver()).open(path);
    database.exec("BEGIN IMMEDIATE");
    ends.set("begin", () => database.exec("COMMIT"));
    return {};
  },
  async endKeeper() {
    await threads.at(-1).terminate();
    await sleep(1);
    return { ...space.stats(), warnings };
  },
  stats: () => ({ ...space.stats(), warnings, wall: Date.now() }),
};

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const command = JSON.parse(line);
    Promise.resolve()
      .then(() => commands[command.do](command))
      .then(
        (result) => result !== undefined && answer({ id: command.id, ...result }),
        (error) => answer({ id: command.id, ...told(error) }),
      );
  })
  .on("close", () => process.exit(0));
answer({ event: "ready" });
