/**
 * The wrapper's side of the guardian: see `guardian.sh` for what it does and why.
 *
 * Every word to it is one small write to a pipe, which the kernel takes at once; so the guardian knows what the wrapper
 * was about to do even if the wrapper is killed by the next instruction.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Which processes a wrapped command is: the group it leads, or itself alone in the caller's group. */
export type ChildKind = "group" | "single";

export class Guardian {
  readonly #process: ChildProcess;
  readonly #script: string = fileURLToPath(new URL("./guardian.sh", import.meta.url));

  /** `descriptor`: of the socket that makes the wrapper count as alive, if the store has such a thing. */
  constructor(run: string, descriptor: number | undefined) {
    const notes = openNotes(run);
    this.#process = spawn("/bin/sh", [this.#script, run], {
      detached: true, // its own session: the terminal's signals are not for it
      stdio: ["pipe", "ignore", "ignore", descriptor ?? "ignore", ...notes],
    });
    for (const note of notes) closeSync(note);
    this.#process.unref();
    this.#process.on("error", () => {}); // no /bin/sh: nothing guards; the liveness socket in the command and the ttl remain
    this.#process.stdin?.on("error", () => {}); // it was killed: likewise
    (this.#process.stdin as { unref?: () => void } | null)?.unref?.();
  }

  spawning(kind: ChildKind): void {
    this.#tell(`spawning ${kind}`);
  }

  started(pid: number): void {
    this.#tell(`child ${pid}`);
  }

  /** The lease is safe for `milliseconds` from now; after that the command dies unless told anew. */
  safeFor(milliseconds: number): void {
    this.#tell(`until ${(Math.max(1, milliseconds) / 1000).toFixed(3)}`);
  }

  done(): void {
    this.#tell("done");
    this.#process.stdin?.end();
  }

  #tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }
}

/** A file without a name, to write to and to read from: the one way for a shell to learn at once why a `kill` failed. */
function openNotes(run: string): number[] {
  const path = join(tmpdir(), `lockwright-${run}`);
  try {
    const opened = [openSync(path, "ax", 0o600)];
    try {
      opened.push(openSync(path, "r"));
    } finally {
      unlinkSync(path);
    }
    return opened;
  } catch {
    return []; // the guardian looks through all processes instead
  }
}
