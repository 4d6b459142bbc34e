/** The acts of `lockwright demo`: each really runs, and returns what was measured. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LockSpace } from "../leases/lock-space.js";
import { platform } from "../platform.js";
import { Mutex } from "../primitives/mutex.js";

const WORKER = fileURLToPath(new URL("./demo-worker.js", import.meta.url));
const MAIN = fileURLToPath(new URL("../../bin/lockwright.js", import.meta.url));
/** Milliseconds: short enough to watch, long enough for a keeper thread on a crowded machine. */
const TTL = 600;
/** Milliseconds after which a play that does not go on is given up. */
const PATIENCE = 20_000;

/** What an act needs: a private folder, and the processes it started, to be ended whatever happens. */
export class Stage {
  readonly folder: string;
  readonly #children: Set<ChildProcess> = new Set();

  constructor(folder: string) {
    this.folder = folder;
  }

  worker(role: string): Actor {
    return this.#start([WORKER, role, this.folder, String(TTL)]);
  }

  lockwright(...args: readonly string[]): Actor {
    return this.#start([MAIN, ...args]);
  }

  #start(args: readonly string[]): Actor {
    const env = { ...process.env, LOCKWRIGHT_STORE: `sqlite:${join(this.folder, "demo.db")}` };
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "pipe", "ignore"] });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return new Actor(child);
  }

  /** Ends whatever still runs. */
  clear(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}

/** A started process and the lines it says. */
class Actor {
  readonly child: ChildProcess;
  readonly #heard: Map<string, { at: number; rest: string }> = new Map();
  readonly #waiting: Map<string, (line: { at: number; rest: string }) => void> = new Map();
  readonly ended: Promise<void>;

  constructor(child: ChildProcess) {
    this.child = child;
    this.ended = new Promise((resolve) => void child.once("exit", () => resolve()));
    if (child.stdout !== null) createInterface(child.stdout).on("line", (text) => this.#line(text));
  }

  #line(text: string): void {
    const [word = "", at = "", ...rest] = text.split(" ");
    const line = { at: Number(at), rest: rest.join(" ") };
    this.#heard.set(word, line);
    this.#waiting.get(word)?.(line);
  }

  /** Resolves to the line that begins with `word`. */
  async hear(word: string): Promise<{ at: number; rest: string }> {
    const heard = this.#heard.get(word);
    if (heard !== undefined) return heard;
    const line = new Promise<{ at: number; rest: string }>((resolve) => this.#waiting.set(word, resolve));
    const ended = this.ended.then(
      () => this.#heard.get(word) ?? Promise.reject(new Error(`a process of the demo ended before it said "${word}"`)),
    );
    const late = new Promise<never>((_, reject) => {
      deadline().addEventListener("abort", () => reject(new Error(`a process of the demo did not say "${word}"`)));
    });
    return await Promise.race([line, ended, late]);
  }
}

export interface LostUpdate {
  readonly deposits: number;
  readonly without: number;
  readonly withMutex: number;
}

/** A hundred deposits of 1 that read, wait and write. */
export async function lostUpdate(): Promise<LostUpdate> {
  const deposits = 100;
  const mutex = new Mutex();
  const run = async (guarded: boolean): Promise<number> => {
    let balance = 0;
    const deposit = async (): Promise<void> => {
      const read = balance;
      await pause(platform.random() * 2);
      balance = read + 1;
    };
    await Promise.all(Array.from({ length: deposits }, () => (guarded ? mutex.run(deposit) : deposit())));
    return balance;
  };
  return { deposits, without: await run(false), withMutex: await run(true) };
}

export interface BusyHolder {
  readonly ttl: number;
  readonly busy: number;
  /** Milliseconds during which both were inside; 0: never. */
  readonly timerOverlap: number;
  readonly leaseOverlap: number;
}

/** A holder that computes for three ttls: under a lock renewed by a timer, and under a lease. */
export async function busyHolder(stage: Stage): Promise<BusyHolder> {
  const [timerOverlap, leaseOverlap] = await Promise.all([overlap(stage, "timer"), overlap(stage, "lease")]);
  return { ttl: TTL, busy: 3 * TTL, timerOverlap, leaseOverlap };
}

async function overlap(stage: Stage, kind: "timer" | "lease"): Promise<number> {
  const holder = stage.worker(`${kind}-holder`);
  await holder.hear("in");
  const contender = stage.worker(`${kind}-contender`);
  const [out, entered] = await Promise.all([holder.hear("out"), contender.hear("in")]);
  return Math.max(0, Math.round(out.at - entered.at));
}

export interface FrozenHolder {
  readonly oldToken: string;
  readonly newToken: string;
  readonly refusal: string;
  readonly content: string;
}

/** A holder frozen between its read and its write, and woken when the lock has a new holder. */
export async function frozenHolder(stage: Stage): Promise<FrozenHolder> {
  const file = join(stage.folder, "stock.json");
  writeFileSync(file, JSON.stringify({ sold: 0 }));
  const frozen = stage.worker("frozen-writer");
  const { rest: oldToken } = await frozen.hear("read");
  const next = stage.worker("next-writer");
  const { rest: newToken } = await next.hear("wrote");
  frozen.child.kill("SIGCONT");
  const refused = await Promise.race([frozen.hear("refused"), frozen.hear("wrote")]);
  return { oldToken, newToken, refusal: refused.rest, content: readFileSync(file, "utf8") };
}

export interface KilledWrapper {
  readonly rounds: number;
  /** Milliseconds from the kill to the first line of the next command: median and longest. */
  readonly median: number;
  readonly longest: number;
  /** How many of the killed wrappers' commands still ran when the next one had started. */
  readonly survivors: number;
}

/** Wrapped commands killed by -9 one after the other, each with the next one waiting. */
export async function killedWrapper(stage: Stage, space: LockSpace, signal: AbortSignal): Promise<KilledWrapper> {
  const rounds = 5;
  const start = (): Actor => stage.lockwright("run", "nightly", "--", "sh", "-c", "echo started $$; exec sleep 30");
  let holder = start();
  let command = (await holder.hear("started")).at; // its second word is the process id
  const queue: Actor[] = [];
  for (const length of [1, 2]) {
    queue.push(start()); // one after the other: the queue is in order of arrival, not of starting
    await waiters(space, length, signal);
  }
  const taken: number[] = [];
  let survivors = 0;
  for (let round = 0; round < rounds; round += 1) {
    const next = queue.shift() as Actor;
    const killedAt = platform.now();
    holder.child.kill("SIGKILL");
    const { at } = await next.hear("started");
    taken.push(platform.now() - killedAt);
    if (isRunning(command)) survivors += 1;
    command = at;
    holder = next;
    queue.push(start());
    await waiters(space, 2, signal);
  }
  for (const { child } of [...queue, holder]) child.kill("SIGTERM");
  await Promise.all([...queue, holder].map(({ ended }) => ended));
  taken.sort((a, b) => a - b);
  return { rounds, median: taken[Math.floor(rounds / 2)] as number, longest: taken[rounds - 1] as number, survivors };
}

/** A zombie does not run; where nobody reaps, it stays in the table of processes. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function waiters(space: LockSpace, count: number, signal: AbortSignal): Promise<void> {
  const watched = AbortSignal.any([signal, deadline()]);
  for await (const state of space.watch("nightly", { signal: watched })) if (state.waiters.length === count) return;
  signal.throwIfAborted();
  throw new Error(`the demo waited ${PATIENCE / 1000} s for ${count} waiting commands`);
}

/** Aborts when nothing on this machine should have taken as long. */
function deadline(): AbortSignal {
  const controller = new AbortController();
  platform.setTimer(() => controller.abort(), PATIENCE).keepAlive(false);
  return controller.signal;
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void platform.setTimer(resolve, milliseconds));
}
