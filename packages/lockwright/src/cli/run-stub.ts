/**
 * The command before its turn: a shell that leads the command's process group and waits for one line, to become the
 * command by `exec`; see `run-stub.sh`. Made while the wrapper waits for the lock, so that between the grant and the
 * command's first instruction there is no fork of the wrapper (60 MB of page tables), only a write to a socket.
 *
 * Invariants:
 * - **Nothing runs before the line.** If the line never comes (the wrapper was killed, or gave up) the shell ends.
 * - **The guardian knows the group before it runs anything**, so there is no moment in which it has to search for it.
 * - **The command gets what it would get without us.** A shell drops environment names that are no names to it, and may

 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { platform } from "../platform.js";

const SHELL = "/bin/sh";
const SCRIPT: string = fileURLToPath(new URL("./run-stub.sh", import.meta.url));
/** Milliseconds for the shell to introduce itself; then the command is started without it. */
const PATIENCE = 2000;
/** Longer introductions are not read to the end; no system passes on more. */
const MAX_INTRODUCTION = 8_000_000;

/** What the command is to be. */
export interface StubOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The socket that makes us count as alive, for the command to inherit. */
  readonly descriptor: number | undefined;
}

export class CommandStub {
  /** Ends as the command ends, 128+n for a signal. */
  readonly process: ChildProcess;
  /** The process, and group, that the command will be. */
  readonly pid: number;
  readonly #line: Duplex;
  #isStarted = false;

  private constructor(process: ChildProcess, pid: number, line: Duplex) {
    this.process = process;
    this.pid = pid;
    this.#line = line;
  }

  /** Resolves to undefined where it cannot be. */
  static async start({ command, args, env, descriptor }: StubOptions): Promise<CommandStub | undefined> {
    const child = spawn(SHELL, [SCRIPT, command, ...args], {
      detached: true, // the terminal's signals are for the wrapper, which passes them on
      stdio: ["inherit", "inherit", "inherit", descriptor ?? "ignore", "pipe"],
      env,
    });
    const introduction = await introductionOf(child);
    if (introduction !== undefined && isFaithful(introduction.environment, env))
      return new CommandStub(child, introduction.pid, child.stdio[4] as Duplex);
    endShells(child);
    return undefined;
  }

  /** Whether it still waits for its line. */
  get isReady(): boolean {
    const { exitCode, signalCode } = this.process;
    return !this.#isStarted && exitCode === null && signalCode === null;
  }

  /** Lets it become the command. */
  go(token: string, expires: string): void {
    this.#isStarted = true;
    this.#line.end(`${token} ${expires}\n`);
  }

  /** Ends it if it has not become the command. */
  discard(): void {
    if (!this.#isStarted) endShells(this.process);
  }
}

/** Ends what has not become a command: the inner shell by the end of its line, the outer one and what it may hang in by force. */
function endShells({ pid, stdio, exitCode, signalCode }: ChildProcess): void {
  (stdio[4] as Duplex | null | undefined)?.destroy();
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** What a stub says first: "<pid>\n", then "<name>=<value>\0" for each, then "\n". */
interface Introduction {
  readonly pid: number;
  readonly environment: readonly string[];
}

/** Undefined if it ends before. */
function introductionOf(child: ChildProcess): Promise<Introduction | undefined> {
  const line = child.stdio[4] as Duplex | null | undefined;
  let text = "";
  return new Promise((settle) => {
    const timer = platform.setTimer(() => settle(undefined), PATIENCE);
    const resolve = (introduction: Introduction | undefined): void => {
      timer.clear();
      settle(introduction);
    };
    child.on("error", () => resolve(undefined));
    child.once("exit", () => resolve(undefined));
    line?.on("error", () => {}); // it ended: its exit tells
    line?.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      const start = text.indexOf("\n") + 1;
      if (text.endsWith("\0\n"))
        resolve({ pid: Number(text.slice(0, start)), environment: text.slice(start, -2).split("\0") });
      else if (text.length > MAX_INTRODUCTION) resolve(undefined);
    });
  });
}

/** Whether the shell passes on this environment as it is. */
function isFaithful(passed: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const lines = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  const found = new Set(passed);
  return passed.length === lines.length && lines.every((line) => found.has(line));
}
