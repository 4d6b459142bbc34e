/** From whatever a command threw to one line on stderr and an exit code. */
import { LockwrightError, type LockwrightErrorCode } from "../errors.js";
import { EXIT } from "./exit-codes.js";
import { BrokenPipe, Interrupted } from "./interrupts.js";
import { visible } from "./lock-view.js";
import { maskCredentials } from "./store-url.js";
import { UsageError } from "./usage-error.js";

const CODES: Partial<Record<LockwrightErrorCode, number>> = {
  LW_STORE_UNAVAILABLE: EXIT.unavailable,
  LW_PROTOCOL: EXIT.unavailable,
  LW_TIMEOUT: EXIT.busy,
  LW_BUSY: EXIT.busy,
  LW_LEASE_LOST: EXIT.lost,
  LW_STALE_TOKEN: EXIT.failed,
  LW_CONFLICT: EXIT.usage,
  LW_WEIGHT: EXIT.usage,
};

/** What to print (undefined: nothing) and how to exit. */
export interface Report {
  readonly code: number;
  readonly message: string | undefined;
}

/** Reads an error; `command` is for the hint, `debug` adds the stack. */
export function reportOf(error: unknown, command: string | undefined, debug: boolean): Report {
  if (error instanceof Interrupted) return { code: error.exitCode, message: undefined };
  if (error instanceof BrokenPipe) return { code: EXIT.done, message: undefined };
  const code = codeOf(error);
  const lines = [visible(messageOf(error, code))]; // it may quote what somebody wrote, and is one line
  if (code === EXIT.usage) lines.push(hintOf(error, command));
  if (debug && error instanceof Error) lines.push(stackOf(error));
  else if (code === EXIT.internal) lines.push("this is a bug in lockwright; LOCKWRIGHT_DEBUG=1 prints its stack");
  return { code, message: maskCredentials(lines.join("\n")) };
}

function codeOf(error: unknown): number {
  if (error instanceof UsageError || isArgumentError(error)) return EXIT.usage;
  if (error instanceof LockwrightError) return CODES[error.code] ?? EXIT.internal;
  return isStreamError(error) ? EXIT.failed : EXIT.internal;
}

/** What the engine and Node's own modules throw on a bug of ours; our checks of arguments carry no code and begin otherwise. */
const ENGINE =
  /^(Cannot |Class |Invalid |Maximum |Reduce |Assignment |undefined |null )| is not (a function|iterable|a constructor|defined|extensible)|out of memory|BigInt/;

/** Tells a refused argument (ours: a TypeError or RangeError that names it) from a mistake in our own code. */
function isArgumentError(error: unknown): boolean {
  if (!(error instanceof TypeError || error instanceof RangeError)) return false;
  return (error as NodeJS.ErrnoException).code === undefined && !ENGINE.test(error.message);
}

/** A write to stdout that failed: a full disk. */
function isStreamError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.syscall === "write";
}

function messageOf(error: unknown, code: number): string {
  const message = error instanceof Error ? error.message : String(error);
  return `lockwright: ${code === EXIT.internal ? "unexpected: " : ""}${message}`;
}

function hintOf(error: unknown, command: string | undefined): string {
  const help = command === undefined ? "lockwright --help" : `lockwright ${command} --help`;
  const hint = error instanceof UsageError ? error.hint : undefined;
  return `${hint === undefined ? "" : `${hint}  `}("${help}" says more)`;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : "";
  return `${error.stack}${cause}`;
}
