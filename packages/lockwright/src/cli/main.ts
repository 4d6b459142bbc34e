/**
 * The command line: finds the command, parses its words, runs it, and turns whatever happens into one exit code.
 *
 * stdout carries data only. Nothing here or below sets the exit code but what `main` resolves to.
 */
import { readFileSync } from "node:fs";
import { platform } from "../platform.js";
import type { Command, Context } from "./command.js";
import { commands } from "./commands.js";
import { didYouMean } from "./did-you-mean.js";
import { EXIT } from "./exit-codes.js";
import { commandHelp, overview } from "./help.js";
import { BrokenPipe, Interrupted, Interrupts } from "./interrupts.js";
import { parseArguments, printable } from "./parse-arguments.js";
import { dropSqliteWarning } from "./quiet-warnings.js";
import { reportOf } from "./report-error.js";
import { UsageError } from "./usage-error.js";
import { StreamWriter, type Writer } from "./writer.js";

/** Runs the command line `argv` (without node and script) and resolves to the exit code; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  dropSqliteWarning();
  const [name, ...words] = argv;
  using interrupts = new Interrupts();
  const fail = (error: unknown): number => report(error, name);
  process.once("uncaughtException", (error) => process.exit(fail(error)));
  try {
    if (name === undefined || name.startsWith("-")) return await withoutCommand(name);
    const command = await commands.load(name);
    if (command === undefined) throw unknownCommand(name);
    return await runCommand(command, words, interrupts);
  } catch (error) {
    return fail(error);
  }
}

function report(error: unknown, name: string | undefined): number {
  const known = name !== undefined && commands.names.includes(name) ? name : undefined;
  const { code, message } = reportOf(error, known, process.env["LOCKWRIGHT_DEBUG"] === "1");
  if (message === undefined) return code;
  const talk = new StreamWriter(process.stderr, process.env);
  talk.line(talk.style("red", message));
  return code;
}

async function withoutCommand(option: string | undefined): Promise<number> {
  const out = new StreamWriter(process.stdout, process.env);
  if (option === "--version" || option === "-V" || option === "-v") {
    out.line(version());
    return EXIT.done;
  }
  if (option === "--help" || option === "-h") {
    await printOverview(out);
    return EXIT.done;
  }
  if (option !== undefined) throw new UsageError(`options come after the command, got ${printable(option)} first`);
  await printOverview(new StreamWriter(process.stderr, process.env));
  return EXIT.usage;
}

async function printOverview(out: Writer): Promise<void> {
  out.write(overview(await commands.loadAll(), out));
}

function unknownCommand(name: string): UsageError {
  const near = didYouMean(name, commands.names);
  const hint = near === undefined ? `the commands are ${commands.names.join(", ")}` : `did you mean ${near}?`;
  return new UsageError(`there is no command ${printable(name)}`, hint);
}

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  return manifest.version;
}

async function runCommand(command: Command, words: readonly string[], interrupts: Interrupts): Promise<number> {
  const { options, positionals, rest } = parseArguments(command, words);
  const out = new StreamWriter(process.stdout, process.env);
  if (options["help"] === true) {
    out.write(commandHelp(command, out));
    return EXIT.done;
  }
  const quiet = options["quiet"] === true;
  interrupts.listen(command.ownsSignals === true);
  const context: Context = {
    options,
    positionals,
    rest,
    out,
    talk: new StreamWriter(process.stderr, process.env, quiet),
    json: options["json"] === true,
    quiet,
    store: options["store"] as string | undefined,
    env: process.env,
    cwd: process.cwd(),
    commands,
    signal: interrupts.signal,
  };
  const code = await command.run(context);
  if (command.ownsSignals === true) return code;
  await new Promise<void>((resolve) => void platform.setTimer(resolve, 0)); // a write that failed is told a tick later
  const { aborted, reason } = interrupts.signal;
  // Data that nobody got: a full disk is a failure, a reader that had enough is not. A signal was the command's to answer.
  if (aborted && !(reason instanceof Interrupted) && !(reason instanceof BrokenPipe)) throw reason;
  return code;
}
