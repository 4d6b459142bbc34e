/** Runs the built `lockwright` in a room of its own: private state folder, sockets and environment. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../bin/lockwright.js", import.meta.url));
const HOLDER = fileURLToPath(new URL("holder.mjs", import.meta.url));

/** What a finished command left. */
export interface Outcome {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is still running. */
export interface Running {
  readonly child: ChildProcess;
  /** What it has printed on stdout so far. */
  readonly stdout: () => string;
  /** Resolves when stdout or stderr matches; rejects if the command ends first. */
  seen(pattern: RegExp): Promise<void>;
  readonly done: Promise<Outcome>;
}

/** A folder under /tmp, short enough for unix sockets, in which commands and holders live. Dispose of it at the end. */
export class Room implements AsyncDisposable {
  readonly folder: string = realpathSync(mkdtempSync("/tmp/lw-"));
  readonly #running: Set<ChildProcess> = new Set();

  /** The URL of the embedded default store of this room. */
  get url(): string {
    return `sqlite:${join(this.folder, "lockwright/locks.db")}`;
  }

  get env(): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    return { PATH, HOME: this.folder, XDG_STATE_HOME: this.folder, TMPDIR: this.folder, TZ: "UTC" };
  }

  /** Starts `lockwright` with these words. */
  start(
    words: readonly string[],
    { env = {}, cwd = this.folder }: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {},
  ): Running {
    return this.#spawn([BIN, ...words], { ...this.env, ...env }, cwd);
  }

  /** Runs `lockwright` with these words to its end. */
  async run(...words: readonly string[]): Promise<Outcome> {
    return await this.start(words).done;
  }

  /** Starts a process that holds `locks` ("mutex|name", "read|name", "semaphore|name|weight") and waits until it does. */
  async hold(label: string, ...locks: readonly string[]): Promise<Running> {
    const holder = this.queue(label, ...locks);
    await holder.seen(/held/);
    return holder;
  }

  /** Like `hold`, without waiting for the locks. */
  queue(label: string, ...locks: readonly string[]): Running {
    mkdirSync(join(this.folder, "lockwright"), { recursive: true });
    return this.#spawn([HOLDER, this.url, label, ...locks], this.env, this.folder);
  }

  #spawn(words: readonly string[], env: NodeJS.ProcessEnv, cwd: string): Running {
    const child = spawn(process.execPath, words, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
    this.#running.add(child);
    return follow(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Collects what a child prints. */
export function follow(child: ChildProcess): Running {
  let stdout = "";
  let stderr = "";
  const checks = new Set<() => void>();
  const add = (kind: "stdout" | "stderr") => (chunk: string) => {
    if (kind === "stdout") stdout += chunk;
    else stderr += chunk;
    for (const check of checks) check();
  };
  child.stdout?.setEncoding("utf8").on("data", add("stdout"));
  child.stderr?.setEncoding("utf8").on("data", add("stderr"));
  const done = once(child, "close").then(([code, signal]): Outcome => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  const seen = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        if (!pattern.test(stdout) && !pattern.test(stderr)) return;
        checks.delete(check);
        resolve();
      };
      checks.add(check);
      check();
      void done.then(() => reject(new Error(`ended without ${pattern}: ${stdout}${stderr}`)));
    });
  return { child, stdout: () => stdout, seen, done };
}

/** Parses one JSON document that is alone on stdout. */
export function documentIn({ stdout }: Pick<Outcome, "stdout">): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** Waits until `isTrue` gives true; the test's own timeout ends it. */
export async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20));
}
