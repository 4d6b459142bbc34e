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
  readonly #timers: Set<Timer> = new Set();
  #toldDeadline = 0;
  #isLost = false;
  #isWarned = false;
  readonly ended: Promise<ChildEnd>;

  constructor(options: ChildOptions, guardian: Guardian) {
    this.#options = options;
    this.#guardian = guardian;
    guardian.spawning(options.kind);
    this.#process = spawn(options.command, options.args, {
      detached: options.kind === "group",
      stdio: ["inherit", "inherit", "inherit", options.descriptor ?? "ignore"],
      env: options.env,
    });
    if (this.#process.pid !== undefined) guardian.started(this.#process.pid);
    this.ended = new Promise((resolve, reject) => {
      this.#process.once("error", (error) => {
        this.#clear();
        reject(error);
      });
      this.#process.once("exit", (code, signal) => {
        this.#clear();
        resolve({ code: code ?? 128 + (constants.signals[signal as NodeJS.Signals] ?? 0), isLost: this.#isLost });
      });
    });
    this.#watchLease();
    if (options.maxHold !== undefined) this.#limit(options.maxHold);
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
    const { pid } = this.#process;
    if (pid === undefined || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    try {
      process.kill(this.#options.kind === "group" ? -pid : pid, signal);
    } catch {
      // it ended just now
    }
  }

  /** Looks at the deadline when it would end; tells the guardian of every new one. */
  #watchLease(): void {
    const now = platform.now();
    const deadline = this.#options.deadline() - this.#options.ttl * MARGIN_SHARE;
    const grace = Math.min(this.#options.ttl * GRACE_SHARE, MAX_GRACE_MS);
    if (now >= deadline) return this.lost();
    if (deadline > this.#toldDeadline) {
      this.#toldDeadline = deadline;
      this.#guardian.safeFor(deadline - now);
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
