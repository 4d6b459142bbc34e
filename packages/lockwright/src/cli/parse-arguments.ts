/**
 * From words to a command's options and positionals, by `util.parseArgs`, whose config is made from the command's table.
 *
 * It runs non-strict and we read its tokens: its own messages differ between Node versions, name no near miss, and end
 * in a stack.
 */
import { parseArgs } from "node:util";
import { checkName, checkPrefix } from "../leases/names.js";
import { type Command, flag, type OptionSpec, type OptionTable, type PositionalSpec, text } from "./command.js";
import { didYouMean } from "./did-you-mean.js";
import { asUsage, UsageError } from "./usage-error.js";

/** The options that every command takes. */
export const commonOptions: OptionTable = {
  store: text("<url>", "where the locks are, e.g. sqlite:/var/lib/app/locks.db"),
  json: flag("print JSON on stdout"),
  quiet: flag("print nothing on stderr but errors", "q"),
  help: flag("print this help", "h"),
};

/** What a command line came to. */
export interface Parsed {
  readonly options: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
  readonly rest: readonly string[];
}

/** The options of a command, its own first. */
export function optionsOf(command: Command): OptionTable {
  return { ...command.options, ...commonOptions };
}

/** Reads the words after the command's name. Throws a {@link UsageError}; with `--help` the positionals may be missing. */
export function parseArguments(command: Command, words: readonly string[]): Parsed {
  const end = words.indexOf("--");
  const before = end === -1 ? words : words.slice(0, end);
  const after = end === -1 ? [] : words.slice(end + 1);
  const table = optionsOf(command);
  const { tokens } = parseArgs({
    args: [...before],
    options: configOf(table),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const options: Record<string, unknown> = {};
  const given: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") given.push(token.value);
    if (token.kind === "option") options[token.name] = valueOf(command, table, token);
  }
  const takesRest = command.takesRest === true;
  const positionals = takesRest ? given : [...given, ...after];
  if (options["help"] === undefined) checkPositionals(command, positionals);
  return { options, positionals, rest: takesRest ? after : [] };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function configOf(table: OptionTable): Record<string, { type: "string" | "boolean"; short?: string }> {
  const entries = Object.entries(table).map(([name, { value, short }]) => {
    const type = value === undefined ? ("boolean" as const) : ("string" as const);
    return [name, short === undefined ? { type } : { type, short }] as const;
  });
  return Object.fromEntries(entries);
}

function valueOf(command: Command, table: OptionTable, { name, rawName, value, inlineValue }: OptionToken): unknown {
  const spec: OptionSpec | undefined = Object.hasOwn(table, name) ? table[name] : undefined;
  if (spec === undefined) throw unknownOption(command, table, rawName);
  if (spec.value === undefined) {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`);
    return spec.parse("", rawName);
  }
  if (value === undefined || value === "") throw new UsageError(`${rawName} needs a value: ${rawName} ${spec.value}`);
  if (inlineValue !== true && /^-./.test(value)) {
    throw new UsageError(
      `${rawName} needs a value, got the option ${printable(value)}`,
      `a value that begins with "-" is written ${rawName}=${printable(value)}`,
    );
  }
  return spec.parse(value, rawName);
}

function unknownOption(command: Command, table: OptionTable, rawName: string): UsageError {
  const near = didYouMean(rawName.replace(/^-+/, ""), Object.keys(table));
  const message = `${command.name} has no option ${printable(rawName)}`;
  if (near !== undefined) return new UsageError(message, `did you mean --${near}?`);
  return new UsageError(
    message,
    command.takesRest === true ? 'the options of the command to run come after "--"' : undefined,
  );
}

function checkPositionals(command: Command, given: readonly string[]): void {
  for (const [index, spec] of command.positionals.entries()) {
    const value = given[index];
    if (value !== undefined) checkPositional(spec, value);
    else if (spec.optional !== true) throw new UsageError(`${command.name} needs a <${spec.name}>`);
  }
  const extra = given[command.positionals.length];
  if (extra === undefined) return;
  const hint = command.takesRest === true ? 'put "--" before the command to run' : undefined;
  throw new UsageError(`${command.name} does not take the argument ${printable(extra)}`, hint);
}

function checkPositional({ name, kind, choices }: PositionalSpec, value: string): void {
  if (kind === "lock") asUsage(() => checkName(value));
  else if (kind === "prefix") asUsage(() => checkPrefix(value));
  else if (choices !== undefined && !choices.includes(value)) {
    const near = didYouMean(value, choices);
    const hint = near === undefined ? undefined : `did you mean ${near}?`;
    throw new UsageError(`${name} must be one of ${choices.join(", ")}, got ${printable(value)}`, hint);
  }
}

/** What the user typed, short and without control characters. */
export function printable(typed: string): string {
  return JSON.stringify(typed.length > 60 ? `${typed.slice(0, 60)}…` : typed);
}
