/**
 * What a command is: one value from which its parser, its help and its completions are made.
 *
 * **Example**
 * ```text
 * export const lsCommand: Command = defineCommand({
 *   name: "ls",
 *   summary: "list the locks in use",
 *   positionals: [{ name: "prefix", kind: "prefix", optional: true }],
 *   options: { all: flag("also idle locks"), for: duration("how long to look") },
 *   async run({ options, positionals: [prefix = ""], out }) {
 *     if (options.all) out.line(prefix);
 *     return 0;
 *   },
 * });
 * ```
 */
import { parseDuration } from "./duration.js";
import type { ExitNote } from "./exit-codes.js";
import { UsageError } from "./usage-error.js";
import type { Writer } from "./writer.js";

/** One option. Made by {@link flag}, {@link text}, {@link duration}, {@link count}, {@link choice} and {@link token}. */
export interface OptionSpec<T = unknown> {
  readonly summary: string;
  readonly short?: string | undefined;
  /** What stands for the value in help, e.g. `<duration>`; undefined: the option is a flag. */
  readonly value?: string | undefined;
  /** The only values there are. */
  readonly choices?: readonly string[] | undefined;
  /** Reads the value or throws a {@link UsageError}; `option` is as the user knows it, e.g. `--ttl`. */
  readonly parse: (text: string, option: string) => T;
}

/** Options by name. */
export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What the options came to: undefined where an option was not given. */
export type OptionValues<O extends OptionTable> = {
  readonly [K in keyof O]: (O[K] extends OptionSpec<infer T> ? T : never) | undefined;
};

/** One positional argument. */
export interface PositionalSpec {
  readonly name: string;
  /** "lock": a name, checked as such; "prefix": the beginning of names. Completions offer locks for both. */
  readonly kind: "lock" | "prefix" | "command" | "word";
  readonly optional?: boolean;
  /** For a word: the only values there are. */
  readonly choices?: readonly string[];
}

/** The table of commands, for those that tell about the others. */
export interface Commands {
  /** In the order of the help. */
  readonly names: readonly string[];
  load(name: string): Promise<Command | undefined>;
  loadAll(): Promise<readonly Command[]>;
}

/** What a command gets to work with. */
export interface Context<O extends OptionTable = OptionTable> {
  readonly options: OptionValues<O>;
  readonly positionals: readonly string[];
  /** What came after `--`, for a command that takes it. */
  readonly rest: readonly string[];
  /** Data: stdout. */
  readonly out: Writer;
  /** Everything else: stderr, silent under `--quiet`. */
  readonly talk: Writer;
  readonly json: boolean;
  readonly quiet: boolean;
  /** `--store`, if given. */
  readonly store: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly commands: Commands;
  /**
   * Aborts on the first SIGINT, SIGTERM or SIGHUP, with an `Interrupted` as its reason: rethrow it (`signal.throwIfAborted()`)
   * to exit with 128+n. Aborts with a `BrokenPipe` when nobody reads stdout any more, unless the command owns its signals.
   */
  readonly signal: AbortSignal;
}

/** How a command is written; see {@link defineCommand}. */
export interface CommandSpec<O extends OptionTable> {
  readonly name: string;
  /** One line, lower case, no full stop. */
  readonly summary: string;
  /** What follows the name in the usage line; default: made from options and positionals. */
  readonly usage?: string;
  readonly positionals: readonly PositionalSpec[];
  readonly options: O;
  /** True: what follows `--` is the command's `rest`. Else it is more positionals. */
  readonly takesRest?: boolean;
  /** True: the command answers each signal itself. Else a second signal ends the process at once. */
  readonly ownsSignals?: boolean;
  /** Paragraphs for its help, as printed. */
  readonly details?: string;
  readonly exits?: readonly ExitNote[];
  /** Resolves to the exit code. */
  run(context: Context<O>): Promise<number>;
}

/** A command with the types of its options forgotten. */
export type Command = CommandSpec<OptionTable>;

/** Gives `run` the types of the command's options. */
export function defineCommand<const O extends OptionTable>(spec: CommandSpec<O>): Command {
  return spec as unknown as Command; // the parser fills `options` from this very table
}

/** An option without a value: true when given. */
export function flag(summary: string, short?: string): OptionSpec<boolean> {
  return { summary, short, parse: () => true };
}

/** An option with any text as its value. */
export function text(value: string, summary: string): OptionSpec<string> {
  return { summary, value, parse: (given) => given };
}

/** An option with a duration such as `30s`; milliseconds. */
export function duration(
  summary: string,
  bounds: { readonly least?: number; readonly most?: number } = {},
): OptionSpec<number> {
  return { summary, value: "<duration>", parse: (given, option) => parseDuration(given, { what: option, ...bounds }) };
}

/** An option with a whole number from `least` to `most`. */
export function count(value: string, summary: string, least: number, most: number): OptionSpec<number> {
  const parse = (given: string, option: string): number => {
    const number = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new UsageError(`${option} must be a whole number from ${least} to ${most}, got ${JSON.stringify(given)}`);
  };
  return { summary, value, parse };
}

/** An option with one of a few words as its value. */
export function choice<const T extends string>(choices: readonly T[], summary: string): OptionSpec<T> {
  const parse = (given: string, option: string): T => {
    const found = choices.find((candidate) => candidate === given);
    if (found !== undefined) return found;
    throw new UsageError(`${option} must be ${choices.join(" or ")}, got ${JSON.stringify(given)}`);
  };
  return { summary, value: choices.join("|"), choices, parse };
}

/** An option with a fencing token as its value. */
export function token(summary: string): OptionSpec<bigint> {
  const parse = (given: string, option: string): bigint => {
    if (/^\d{1,30}$/.test(given)) return BigInt(given);
    throw new UsageError(`${option} must be a token, a whole number such as 42, got ${JSON.stringify(given)}`);
  };
  return { summary, value: "<token>", parse };
}
