/** Starts real `lockwright` processes on a private store, and reads what their commands recorded. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BIN = fileURLToPath(new URL("../../bin/lockwright.js", import.meta.url));

/** How a started process ended. */
export interface Ending {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A started `lockwright`. */
export interface Started {
  readonly process: ChildProcess;
  readonly ended: Promise<Ending>;
}

/** A private folder and store for one test; disposing kills what still runs. */
export class RunBench implements Disposable {
  /** Under /tmp, since unix socket paths must be short. */
  readonly folder: string = mkdtempSync("/tmp/lw-run-");
  readonly url: string = `sqlite:${join(this.folder, "locks.db")}`;
  readonly log: string = join(this.folder, "log");
  readonly env: NodeJS.ProcessEnv = { ...process.env, LOCKWRIGHT_STORE: this.url, LOG: this.log, NO_COLOR: "1" };
  readonly #started: Set<ChildProcess> = new Set();

  start(...args: readonly string[]): Started {
    const child = spawn(process.execPath, [BIN, ...args], { env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    this.#started.add(child);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const ended = new Promise<Ending>((resolve) => {
      // "exit" and not "close": a killed wrapper's command may still have the pipes for a moment.
      child.once("exit", (code) => {
        this.#started.delete(child);
        setImmediate(() => resolve({ code, stdout, stderr }));
      });
    });
    return { process: child, ended };
  }

  async run(...args: readonly string[]): Promise<Ending> {
    return await this.start(...args).ended;
  }

  /** What `lockwright show <name> --json` says. */
  async show(name: string): Promise<{ holders: { label: string; token: string }[]; waiters: { label: string }[] }> {
    const { code, stdout, stderr } = await this.run("show", name, "--json");
    if (code !== 0) throw new Error(`show ended with ${code}: ${stderr}`);
    return (JSON.parse(stdout) as { lock: Awaited<ReturnType<RunBench["show"]>> }).lock;
  }

  /** The lines that commands appended so far. */
  lines(): string[] {
    if (!existsSync(this.log)) return [];
    return readFileSync(this.log, "utf8").split("\n").filter(Boolean);
  }

  /** Waits until the log has a line that begins with `start`; the line. */
  async line(start: string): Promise<string> {
    return await until(() => this.lines().find((line) => line.startsWith(start)), `a line "${start}…" in the log`);
  }

  [Symbol.dispose](): void {
    for (const child of this.#started) child.kill("SIGKILL");
    spawnSync("pkill", ["-KILL", "-f", this.folder]);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Polls until `look` gives something; fails after 20 s. */
export async function until<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`waited 20 s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !/^\d+ \(.*\) [ZX]/s.test(stat);
  } catch {
    return false;
  }
}

/** A command that records its token and process, does nothing for `seconds`, and records its end. */
export function recorder(seconds: number): readonly string[] {
  return [
    "sh",
    "-c",
    `echo "enter $LOCKWRIGHT_TOKEN $$" >> "$LOG"; sleep ${seconds}; echo "leave $LOCKWRIGHT_TOKEN $$" >> "$LOG"`,
  ];
}

/** Throws unless each enter is followed by its own leave (or by its killing, for tokens in `killed`), tokens rising by one. */
export function tokensInOrder(lines: readonly string[], killed: ReadonlySet<number> = new Set()): number[] {
  const tokens: number[] = [];
  let inside: number | undefined;
  for (const line of lines) {
    const [word = "", text = ""] = line.split(" ");
    const token = Number(text);
    if (word === "enter") {
      if (inside !== undefined && !killed.has(inside))
        throw new Error(`token ${token} entered while ${inside} was inside`);
      if (tokens.length > 0 && token <= (tokens.at(-1) as number))
        throw new Error(`token ${token} came after ${tokens.at(-1)}`);
      inside = token;
      tokens.push(token);
    } else if (word === "leave") {
      if (inside !== token) throw new Error(`token ${token} left while ${inside ?? "nobody"} was inside`);
      inside = undefined;
    }
  }
  return tokens;
}
