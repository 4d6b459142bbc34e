/**
 * The wrapped command while it runs: its lease, its guardian, its signals, its end.
 *
 * Invariant: **no command runs under a lease that another may get.** The lease is watched from here: SIGTERM when it
 * could not be renewed for most of its ttl, SIGKILL a tenth of the ttl before it can go to anybody else. Should this process
 * be stopped or killed, the guardian does it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { platform, type Timer } from "../platform.js";
import type { ChildKind, Guardian } from "./run-guardian.js";
import type { CommandStub } from "./run-stub.js";

/** Signals passed on to the command. */
export const forwarded: readonly NodeJS.Signals[] = [
  "SIGINT",
  "SIGTERM",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGCONT",
  "SIGWINCH",
];
/** In the caller's own group the terminal has already told the command of these. */
const fromTerminal: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT", "SIGWINCH"]);

/** The part of the ttl kept back from the command, since killing it and seeing it gone takes time too. */
const MARGIN_SHARE = 0.1;
/** The part of the ttl that must be left for the command to end by itself: SIGTERM comes when less is left. */
const GRACE_SHARE = 0.25;
const MAX_GRACE_MS = 10_000;

/** What a command is run with. Times in milliseconds. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly kind: ChildKind;
  readonly ttl: number;
  readonly maxHold: number | undefined;
  /** The socket that makes us count as alive; inherited as descriptor 3, so that a command whose wrapper and guardian were both killed still counts as alive. */
  readonly descriptor: number | undefined;
  /** Monotonic time until which the lease is surely held. */
  deadline(): number;
  /** Told of what happens to the command, for people. */
  say(event: "renewal-failing" | "lost" | "max-hold"): void;
}

/** A command that was started. */
export interface StartedCommand {
  /** The command, or the shell that is its parent and ends as it ends. */
  readonly process: ChildProcess;
  readonly pid: number | undefined;
  /** Monotonic time until which the guardian lets it run; 0: it was not told. */
  readonly toldDeadline: number;
}

/** Starts the command: by a word to its stub if there is one, since each step here is one that whoever waited waits on. */
export function startCommand(
  options: ChildOptions,
  guardian: Guardian,
  stub: CommandStub | undefined,
  token: string,
  expires: string,
): StartedCommand {
  if (stub?.isReady !== true) return spawnCommand(options, guardian, token, expires);
  const toldDeadline = safeUntil(options);
  const left = toldDeadline - platform.now();
  if (left > 0) {
    guardian.safeFor(left); // before there is a command
    stub.go(token, expires);
  }
  return { process: stub.process, pid: stub.pid, toldDeadline };
}

function spawnCommand(options: ChildOptions, guardian: Guardian, token: string, expires: string): StartedCommand {
  const { command, args, env, kind, descriptor } = options;
  guardian.spawning(kind);
  const child = spawn(command, args, {
    detached: kind === "group",
    stdio: ["inherit", "inherit", "inherit", descriptor ?? "ignore"],
    env: { ...env, LOCKWRIGHT_TOKEN: token, LOCKWRIGHT_EXPIRES: expires },
  });
  if (child.pid !== undefined) guardian.started(child.pid);
  return { process: child, pid: child.pid, toldDeadline: 0 };
}

/** Monotonic time until which the command may run. */
function safeUntil(options: ChildOptions): number {
  return options.deadline() - options.ttl * MARGIN_SHARE;
}

/** How a command ended. */
export interface ChildEnd {
  readonly code: number;
  readonly isLost: boolean;
}

/** A running command. */
export class WrappedChild {
  readonly #options: ChildOptions;
  readonly #guardian: Guardian;
  readonly #process: ChildProcess;
  readonly #pid: number | undefined;
  readonly #timers: Set<Timer> = new Set();
  #toldDeadline: number;
  #isLost = false;
  #isWarned = false;
  readonly ended: Promise<ChildEnd>;

  constructor(options: ChildOptions, guardian: Guardian, started: StartedCommand) {
    this.#options = options;
    this.#guardian = guardian;
    this.#process = started.process;
    this.#pid = started.pid;
    this.#toldDeadline = started.toldDeadline;
    this.ended = this.#untilEnd();
    this.#watchLease();
    if (options.maxHold !== undefined) this.#limit(options.maxHold);
  }

  #untilEnd(): Promise<ChildEnd> {
    return new Promise((resolve, reject) => {
      this.#process.once("error", (error) => {
        this.#clear();
        reject(error);
      });
      this.#process.once("exit", (code, signal) => {
        if (signal !== null && this.#process.pid !== this.#pid) this.#killGroup("SIGKILL"); // somebody killed the shell, and only that
        this.#clear();
        resolve({ code: code ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0), isLost: this.#isLost });
      });
    });
  }

  /** Passes a signal on. */
  forward(signal: NodeJS.Signals): void {
    if (this.#options.kind === "single" && fromTerminal.has(signal)) return;
    this.#kill(signal);
  }

  /** The lease is known to be gone: nothing may be written any more. */
  lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#options.say("lost");
    this.#kill("SIGTERM");
    this.#kill("SIGKILL");
  }

  #kill(signal: NodeJS.Signals): void {
    const pid = this.#pid;
    if (pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#killGroup(signal);
  }

  #killGroup(signal: NodeJS.Signals): void {
    const pid = this.#pid as number;
    try {
      process.kill(this.#options.kind === "group" ? -pid : pid, signal);
    } catch {
      // it ended just now
    }
  }

  /** Looks at the deadline when it would end; tells the guardian of every new one. */
  #watchLease(): void {
    const now = platform.now();
    const deadline = safeUntil(this.#options);
    const grace = Math.min(this.#options.ttl * GRACE_SHARE, MAX_GRACE_MS);
    if (now >= deadline) return this.lost();
    if (this.#tellGuardian()) {
      this.#isWarned = false;
    } else if (now >= deadline - grace && !this.#isWarned) {
      this.#isWarned = true;
      this.#options.say("renewal-failing");
      this.#kill("SIGTERM");
    }
    // Renewals come every third of the ttl: the guardian is to know of each soon after.
    const next = this.#isWarned ? deadline : Math.min(deadline - grace, now + this.#options.ttl / 6);
    this.#after(Math.max(1, next - now), () => this.#watchLease());
  }

  /** Tells the guardian of a later deadline; false: it knows. */
  #tellGuardian(): boolean {
    const deadline = safeUntil(this.#options);
    if (deadline <= this.#toldDeadline) return false;
    this.#toldDeadline = deadline;
    this.#guardian.safeFor(deadline - platform.now());
    return true;
  }

  #limit(maxHold: number): void {
    this.#after(maxHold, () => {
      this.#options.say("max-hold");
      this.#kill("SIGTERM");
      this.#after(MAX_GRACE_MS, () => this.#kill("SIGKILL"));
    });
  }

  #after(milliseconds: number, act: () => void): void {
    const timer = platform.setTimer(() => {
      this.#timers.delete(timer);
      act();
    }, milliseconds);
    this.#timers.add(timer);
  }

  #clear(): void {
    for (const timer of this.#timers) timer.clear();
    this.#guardian.done();
  }
}
