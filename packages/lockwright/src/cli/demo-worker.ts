/**
 * The other processes of `lockwright demo`. Usage: node demo-worker.js <role> <folder> <ttl>
 *
 * Each says what it does in lines on stdout: a word, the machine's monotonic time in ms, and a rest.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fencedWriteFile } from "../leases/index.js";
import { LockSpace } from "../leases/lock-space.js";
import { platform, type Timer } from "../platform.js";
import { sqliteStore } from "../stores/sqlite.js";
import { dropSqliteWarning } from "./quiet-warnings.js";

const [role = "", folder = "", ttlText = ""] = process.argv.slice(2);
const ttl = Number(ttlText);

function say(word: string, rest = ""): void {
  process.stdout.write(`${word} ${platform.now()} ${rest}\n`);
}

/** Blocks this process's event loop, as a long computation does. */
function compute(milliseconds: number): void {
  const until = platform.now() + milliseconds;
  while (platform.now() < until);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void platform.setTimer(resolve, milliseconds));
}

/** A lock of the usual kind: a file that expires, kept fresh by a timer on its holder's own loop. */
class TimerLock {
  readonly #file: string = join(folder, "usual.lock");
  #timer: Timer | undefined;

  tryAcquire(): boolean {
    try {
      const { until } = JSON.parse(readFileSync(this.#file, "utf8")) as { until: number };
      if (until > platform.now()) return false;
    } catch {
      // nobody has it
    }
    this.#write();
    return true;
  }

  keepFresh(): void {
    this.#timer = platform.setTimer(() => {
      this.#write();
      this.keepFresh();
    }, ttl / 3);
  }

  #write(): void {
    const next = `${this.#file}.${process.pid}`;
    writeFileSync(next, JSON.stringify({ until: platform.now() + ttl }));
    renameSync(next, this.#file);
  }

  release(): void {
    this.#timer?.clear();
    rmSync(this.#file, { force: true });
  }
}

async function openSpace(): Promise<LockSpace> {
  return new LockSpace({ store: await sqliteStore({ path: join(folder, "demo.db") }), ownsStore: true, ttl });
}

const roles: Record<string, () => Promise<void>> = {
  /** Holds the usual lock through a computation of three ttls. */
  async "timer-holder"() {
    const lock = new TimerLock();
    lock.tryAcquire();
    lock.keepFresh();
    say("in");
    await pause(ttl / 2);
    compute(3 * ttl);
    say("out");
    lock.release();
  },
  async "timer-contender"() {
    const lock = new TimerLock();
    while (!lock.tryAcquire()) await pause(10);
    say("in");
    lock.release();
  },
  async "lease-holder"() {
    const space = await openSpace();
    await space.mutex("report").run(async (lease) => {
      say("in", String(lease.token));
      await pause(ttl / 2);
      compute(3 * ttl);
      say(lease.state === "held" ? "held" : "lost");
      say("out");
    });
    await space.close();
  },
  async "lease-contender"() {
    const space = await openSpace();
    say("ready");
    await space.mutex("report").run(async (lease) => say("in", String(lease.token)));
    await space.close();
  },
  /** Reads, is frozen, and writes late what it had read. */
  async "frozen-writer"() {
    const space = await openSpace();
    const file = join(folder, "stock.json");
    const lease = await space.mutex("stock").acquire();
    const { sold } = JSON.parse(readFileSync(file, "utf8")) as { sold: number };
    say("read", String(lease.token));
    process.kill(process.pid, "SIGSTOP");
    try {
      await fencedWriteFile(file, JSON.stringify({ sold: sold + 1, by: `token ${lease.token}` }), lease);
      say("wrote");
    } catch (error) {
      say("refused", `${(error as Error).name}: ${(error as Error).message}`);
    }
    await space.close();
  },
  async "next-writer"() {
    const space = await openSpace();
    const file = join(folder, "stock.json");
    await space.mutex("stock").run(async (lease) => {
      const { sold } = JSON.parse(readFileSync(file, "utf8")) as { sold: number };
      await fencedWriteFile(file, JSON.stringify({ sold: sold + 1, by: `token ${lease.token}` }), lease);
      say("wrote", String(lease.token));
    });
    await space.close();
  },
};

dropSqliteWarning();
await roles[role]?.();
