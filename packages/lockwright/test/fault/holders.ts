/** A room for processes that hold locks (holder.mjs) and are killed, stopped and starved; all are gone when it is disposed of. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openLockStore } from "../../src/leases/open-lock-space.ts";
import type { LockSpaceOptions } from "../../src/leases/lock-space.ts";
import type { ResourceState } from "../../src/leases/lock-store.ts";

const HOLDER = fileURLToPath(new URL("./holder.mjs", import.meta.url));
/** Milliseconds after which what a test waits for is taken never to come. */
const PATIENCE = 15_000;

/** What a holder printed: see holder.mjs. */
export interface Answer {
  readonly id?: number;
  readonly event?: string;
  /** Monotonic milliseconds of the machine. */
  readonly at: number;
  readonly [key: string]: unknown;
}

/** CLOCK_MONOTONIC, in milliseconds: the clock of `Answer.at` and of the store. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}

/** Rejects, saying what was waited for, rather than let a test hang. */
export async function within<T>(promise: Promise<T>, what: string, ms: number = PATIENCE): Promise<T> {
  const late = new AbortController();
  const deadline = sleep(ms, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(`${what} did not come within ${ms} ms`)),
    () => promise,
  );
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    late.abort();
  }
}

/** Asks over and over until it is so. */
export async function until(
  what: string,
  isSo: () => Promise<boolean> | boolean,
  ms: number = PATIENCE,
): Promise<void> {
  for (const end = monotonicNow() + ms; !(await isSo()); await sleep(5)) {
    if (monotonicNow() > end) throw new Error(`${what} did not come within ${ms} ms`);
  }
}

/** One process that holds locks. */
export class Holder {
  readonly child: ChildProcess;
  readonly #answers: Answer[] = [];
  readonly #checks: Set<() => void> = new Set();
  #rest = "";
  #nextId = 1;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdin?.on("error", () => {}); // it was killed
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#heard(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#add({ at: 0, event: "stderr", text }));
    child.once("close", (code, signal) => this.#add({ at: monotonicNow(), event: "closed", code, signal }));
  }

  #heard(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#add(JSON.parse(line) as Answer);
  }

  #add(answer: Answer): void {
    this.#answers.push(answer);
    for (const check of this.#checks) check();
  }

  /** The first answer, past or to come, that fits. */
  async #found(fits: (answer: Answer) => boolean, what: string): Promise<Answer> {
    const found = new Promise<Answer>((resolve, reject) => {
      const check = (): void => {
        const answer = this.#answers.find(fits);
        const isClosed = this.#answers.some(({ event }) => event === "closed");
        if (answer === undefined && !isClosed) return;
        this.#checks.delete(check);
        if (answer === undefined)
          reject(new Error(`the holder ended before ${what}: ${JSON.stringify(this.#answers.slice(-3))}`));
        else resolve(answer);
      };
      this.#checks.add(check);
      check();
    });
    return await within(found, what);
  }

  event(name: string): Promise<Answer> {
    return this.#found(({ event }) => event === name, `event ${name}`);
  }

  /** Sends a command; resolves to its answer. */
  ask(action: string, options: object = {}): Promise<Answer> {
    const id = this.#nextId++;
    this.child.stdin?.write(`${JSON.stringify({ id, do: action, ...options })}\n`);
    const answer = this.#found((found) => found.id === id, `the answer to ${action}`);
    answer.catch(() => {}); // a test may kill it before it answers
    return answer;
  }

  /** Sends a signal; SIGSTOP returns only when every thread stands still, SIGKILL when the process is gone. */
  async signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void> {
    const gone =
      signal === "SIGKILL" && this.child.exitCode === null && this.child.signalCode === null
        ? once(this.child, "exit")
        : undefined;
    this.child.kill(signal);
    await gone;
  }
}

export interface HolderOptions extends Omit<LockSpaceOptions, "prefix"> {
  readonly env?: NodeJS.ProcessEnv;
  readonly url?: string;
  /** The user to run as; needs root. */
  readonly uid?: number;
}

/** A folder, its lock database and its processes. */
export class FaultRoom implements AsyncDisposable {
  readonly folder: string = realpathSync(mkdtempSync("/tmp/lwf-"));
  readonly holders: Set<Holder> = new Set();

  /** Where the lock database is. */
  get path(): string {
    return join(this.folder, "locks.db");
  }

  get url(): string {
    return `sqlite:${this.path}`;
  }

  /** Starts a holder and waits until its space is open. */
  async start(options: HolderOptions = {}): Promise<Holder> {
    const holder = this.launch(options);
    await holder.event("ready");
    return holder;
  }

  /** Starts a holder, whatever becomes of it. */
  launch({ env = {}, url = this.url, uid, ...options }: HolderOptions = {}): Holder {
    const { XDG_RUNTIME_DIR: _, ...inherited } = process.env;
    const args = ["--no-warnings", HOLDER, url, JSON.stringify(options)];
    const user = uid === undefined ? {} : { uid, gid: uid };
    const child = spawn(process.execPath, args, {
      env: { ...inherited, TMPDIR: this.folder, ...env },
      cwd: this.folder,
      ...user,
    });
    const holder = new Holder(child);
    this.holders.add(holder);
    return holder;
  }

  /** The state of a lock as the store has it; unlike a space's `inspect` it lets go of nobody. */
  async state(name: string): Promise<ResourceState> {
    const store = await openLockStore(this.url);
    try {
      return await store.inspect(name);
    } finally {
      await store.close();
    }
  }

  /** Waits until so many stand in line. */
  async queued(name: string, count: number): Promise<void> {
    const store = await openLockStore(this.url);
    try {
      await until(`${count} waiters`, async () => (await store.inspect(name)).waiters.length === count);
    } finally {
      await store.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const holder of this.holders) await holder.signal("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
