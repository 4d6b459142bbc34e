/** Help, made from the table of commands. */
import type { Command, OptionSpec, PositionalSpec } from "./command.js";
import { commonExits, type ExitNote } from "./exit-codes.js";
import { optionsOf } from "./parse-arguments.js";
import type { Writer } from "./writer.js";

type Row = readonly [left: string, right: string];

/** The overview: every command with its line. */
export function overview(commands: readonly Command[], out: Writer): string {
  const rows = commands.map(({ name, summary }): Row => [name, summary]);
  return [
    "Usage: lockwright <command> [options] [arguments]",
    "",
    "Runs commands under a lock that processes or machines share, and shows who holds what.",
    "",
    out.style("bold", "Commands:"),
    ...aligned(rows),
    "",
    'The locks are where --store says, else LOCKWRIGHT_STORE, else "lockwright": { "store": … } in the',
    "nearest package.json that has one, else in a file of your own user: nothing to install or to start.",
    "",
    '"lockwright <command> --help" says more; "lockwright --version" prints the version.',
    "",
  ].join("\n");
}

/** The whole help of one command. */
export function commandHelp(command: Command, out: Writer): string {
  const { summary, details, exits = [] } = command;
  const options = Object.entries(optionsOf(command)).map(([key, spec]): Row => [optionName(key, spec), spec.summary]);
  const sections = [
    usageOf(command),
    "",
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    ...(details === undefined ? [] : ["", details.trim()]),
    "",
    out.style("bold", "Options:"),
    ...aligned(options),
    "",
    out.style("bold", "Exit codes:"),
    ...aligned(exitRows(exits)),
    "",
  ];
  return sections.join("\n");
}

function usageOf({ name, usage, positionals, takesRest }: Command): string {
  const made = [
    "[options]",
    ...positionals.map(positionalName),
    ...(takesRest === true ? ["-- <command> [args…]"] : []),
  ];
  return `Usage: lockwright ${name} ${usage ?? made.join(" ")}`;
}

function positionalName({ name, optional, choices }: PositionalSpec): string {
  const shown = choices === undefined ? `<${name}>` : choices.join("|");
  return optional === true ? `[${shown.replace(/^<(.*)>$/, "$1")}]` : shown;
}

function optionName(name: string, { short, value }: OptionSpec): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? `    ${long}` : `-${short}, ${long}`;
}

/** The common codes with the command's own merged in, by number; 128+n last. */
function exitRows(own: readonly ExitNote[]): Row[] {
  const merged = new Map(commonExits.map(([code, meaning]) => [String(code), meaning]));
  for (const [code, meaning] of own) merged.set(String(code), meaning);
  const order = (code: string): number => (/^\d+$/.test(code) ? Number(code) : Number.POSITIVE_INFINITY);
  return [...merged].sort(([a], [b]) => (order(a) === order(b) ? 0 : order(a) - order(b)));
}

function aligned(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`.trimEnd());
}
