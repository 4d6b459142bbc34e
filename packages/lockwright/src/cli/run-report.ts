/** What `lockwright run` tells people and programs: lines on stderr, since stdout is the command's own. */
import { LockwrightError } from "../errors.js";
import type { HolderState, Lease, ResourceState } from "../leases/index.js";
import { platform, type Timer } from "../platform.js";
import { formatDuration } from "./duration.js";
import { EXIT } from "./exit-codes.js";

/** Milliseconds of waiting before anything is said: a short wait is not worth a line. */
const NOTICE_AFTER = 500;

export interface RunReportOptions {
  readonly name: string;
  readonly json: boolean;
  readonly onBusy: "fail" | "skip";
  /** Writes one line to people; silenced by `--quiet`. */
  talk(line: string): void;
}

/** Reports a run; with `json`, one document a line, each with `event` and `lock`. */
export class RunReport {
  readonly #options: RunReportOptions;
  readonly #startedAt: number = platform.now();

  constructor(options: RunReportOptions) {
    this.#options = options;
  }

  get busyExit(): number {
    return this.#options.onBusy === "skip" ? 0 : EXIT.busy;
  }

  /** Says who is in the way, if the wait lasts. */
  waiting(look: () => Promise<ResourceState>): Timer {
    return platform.setTimer(() => {
      look().then(
        (state) =>
          this.#say("waiting", `waiting for "${this.#name}": ${describe(state)}`, {
            holders: state.holders.map(plain),
          }),
        () => {}, // the wait itself will tell
      );
    }, NOTICE_AFTER);
  }

  busy(state: ResourceState): void {
    const what = this.#options.onBusy === "skip" ? "skipped" : "not run";
    this.#say("busy", `${what}: "${this.#name}" is busy: ${describe(state)}`, {
      holders: state.holders.map(plain),
      waiting: state.waiters.length,
    });
  }

  acquired(lease: Lease): void {
    if (this.#options.json) this.#say("acquired", "", { token: String(lease.token), waited: this.#elapsed() });
  }

  child(event: "renewal-failing" | "lost" | "max-hold"): void {
    const texts = {
      "renewal-failing": `the lease on "${this.#name}" cannot be renewed: the command was told to end`,
      lost: `the lease on "${this.#name}" is lost: the command was killed`,
      "max-hold": `"${this.#name}" was held for its --max-hold: the command was told to end`,
    };
    this.#say(event, texts[event], {});
  }

  releaseFailed(error: unknown): void {
    this.#say(
      "release-failed",
      `"${this.#name}" could not be released and is free when its ttl ends: ${messageOf(error)}`,
      {},
    );
  }

  /** The exit code of a program that could not be started. */
  notStarted(command: string, error: unknown): number {
    const { code } = error as NodeJS.ErrnoException;
    this.#say("not-started", `${command}: ${code === "ENOENT" ? "not found" : messageOf(error)}`, {});
    return code === "ENOENT" ? EXIT.notFound : EXIT.notExecutable;
  }

  ended(exit: number, code: number): number {
    if (this.#options.json) this.#say("ended", "", { code, exit, elapsed: this.#elapsed() });
    return exit;
  }

  get #name(): string {
    return this.#options.name;
  }

  #elapsed(): number {
    return Math.round(platform.now() - this.#startedAt);
  }

  #say(event: string, text: string, data: object): void {
    const { json, name } = this.#options;
    this.#options.talk(json ? JSON.stringify({ event, lock: name, ...data }) : `lockwright: ${text}`);
  }
}

function describe({ holders, waiters }: ResourceState): string {
  const [first, ...others] = holders;
  if (first === undefined) return "it was free again a moment later";
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const queue = waiters.length === 0 ? "" : `; ${waiters.length} waiting`;
  const held = formatDuration(first.heldFor);
  return `held by ${first.label ?? first.process}${more} for ${held}, token ${first.token}${queue}`;
}

function plain({ label, process, token, heldFor }: HolderState): object {
  return { label, process, token: String(token), heldFor: Math.round(heldFor) };
}

function messageOf(error: unknown): string {
  return error instanceof LockwrightError || error instanceof Error ? error.message : String(error);
}
