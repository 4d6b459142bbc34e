/** The command `lockwright run`. */
import { checkLabel, checkName, MAX_LABEL_BYTES } from "../leases/names.js";
import { choice, type Context, count, defineCommand, duration, flag, text } from "./command.js";
import type { Command, OptionTable } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { openSpace } from "./open-space.js";
import { findExecutable } from "./run-executable.js";
import { RunReport } from "./run-report.js";
import { type RunOptions, runWrapped } from "./run-wrapper.js";
import { asUsage, UsageError } from "./usage-error.js";

const DEFAULT_TTL = 30_000;

const options = {
  ttl: duration("how long the lease lasts without a renewal (default 30s)", { least: 1 }),
  wait: duration("wait at most this long (default: as long as it takes)"),
  "no-wait": flag("do not wait"),
  "on-busy": choice(
    ["fail", "skip"],
    "when it is busy: exit 75 (fail, the default) or 0 (skip); without --wait implies --no-wait",
  ),
  "max-hold": duration("end the command after this long: SIGTERM, and SIGKILL 10s later", { least: 1 }),
  label: text("<text>", "say who holds it (default: the command and the pid)"),
  permits: count("<n>", "a semaphore: up to n commands at once", 1, 999_999),
  shared: flag("a reader: shares the lock with other readers, not with a plain run"),
  foreground: flag("keep the command in this terminal's process group; see below"),
} as const satisfies OptionTable;

const details = `Runs any command under a lease, from cron, a pod or a shell: one at a time, in order of arrival.

The command gets our stdin, stdout and stderr, no shell, and in its environment
  LOCKWRIGHT_LOCK     the name of the lock
  LOCKWRIGHT_TOKEN    the fencing token: it grows with every grant; show it to what you write to
  LOCKWRIGHT_EXPIRES  when the lease ends unless renewed (milliseconds since the epoch); it is renewed
  LOCKWRIGHT_RUN      an id of this run

It leads a session and process group of its own, and signals sent to us are passed on to that group, so Ctrl-C works;
but it has no controlling terminal (/dev/tty). With --foreground it stays in our group and terminal (for ssh, sudo and
other prompts): then only the command itself, not what it started, is ended when the lease is lost or we are killed.

If we are killed by -9 the command's group is killed too, before the next in line starts. If the lease cannot be
renewed the command gets SIGTERM, and SIGKILL before the lease can go to anybody else.`;

export const runCommand: Command = defineCommand({
  name: "run",
  summary: "run a command under a lock",
  usage: "[options] <name> -- <command> [args…]",
  positionals: [{ name: "name", kind: "lock" }],
  options,
  takesRest: true,
  ownsSignals: true,
  details,
  exits: [
    ["n", "the command's own exit code; 128+n if signal n ended it"],
    [EXIT.busy, "not acquired: busy, or the wait is over (0 with --on-busy skip)"],
    [EXIT.lost, "the lease was lost while the command ran"],
    [EXIT.notExecutable, "the command is not executable"],
    [EXIT.notFound, "the command was not found"],
  ],
  run,
});

async function run(context: Context<typeof options>): Promise<number> {
  const { positionals, rest, talk, json, env } = context;
  const [name = ""] = positionals;
  const settings = runOptions(name, context);
  const [command = ""] = rest;
  const obstacle = findExecutable(command, env["PATH"]);
  if (obstacle !== undefined) {
    talk.line(
      json
        ? JSON.stringify({ event: "not-started", lock: name, error: obstacle })
        : `lockwright: ${command}: ${obstacle}`,
    );
    return obstacle === "not found" ? EXIT.notFound : EXIT.notExecutable;
  }
  const label = labelOf(context);
  const space = await openSpace(context, { label, ttl: settings.ttl });
  try {
    const onBusy = context.options["on-busy"] ?? "fail";
    const report = new RunReport({ name, json, onBusy, talk: (line) => talk.line(line) });
    return await runWrapped(space, settings, report);
  } finally {
    await space.close();
  }
}

function runOptions(name: string, { options: given, rest, env }: Context<typeof options>): RunOptions {
  asUsage(() => checkName(name));
  const [command, ...args] = rest;
  if (command === undefined || command === "") {
    throw new UsageError("run needs a command after --", `for example: lockwright run ${name} -- echo mine`);
  }
  if (given.wait !== undefined && given["no-wait"])
    throw new UsageError("--wait and --no-wait contradict each other: give one");
  if (given.permits !== undefined && given.shared)
    throw new UsageError("--permits and --shared are two kinds of lock: give one");
  const isPatient = given["no-wait"] !== true && (given.wait !== undefined || given["on-busy"] === undefined);
  return {
    name,
    command,
    args,
    env,
    ttl: given.ttl ?? DEFAULT_TTL,
    wait: isPatient ? given.wait : 0,
    maxHold: given["max-hold"],
    permits: given.permits,
    shared: given.shared === true,
    foreground: given.foreground === true,
  };
}

function labelOf({ options: given, rest }: Context<typeof options>): string {
  if (given.label !== undefined) {
    const { label } = given;
    asUsage(() => checkLabel(label));
    return label;
  }
  // Control characters of a script on the command line would lie on a terminal.
  const line = rest
    .join(" ")
    .replaceAll(/\p{Cc}+/gu, " ")
    .toWellFormed();
  const suffix = ` (pid ${process.pid})`;
  return cut(line, MAX_LABEL_BYTES / 2 - suffix.length) + suffix;
}

/** The beginning of a text, at most so many bytes long. */
function cut(line: string, bytes: number): string {
  if (Buffer.byteLength(line) <= bytes) return line;
  let end = bytes;
  while (Buffer.byteLength(line.slice(0, end)) > bytes - 3) end -= 1;
  return `${line.slice(0, end).toWellFormed()}…`;
}
