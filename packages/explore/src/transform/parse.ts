/**
 * Reads a file with oxc: which language, which goal (module or script), and errors as {@link TransformError}.
 *
 * The goal decides whether `await` is a keyword outside async functions, and the name of a file does not always tell it.
 * So an undecided file is tried as what its syntax says, then as a module, then as CommonJS; the first that parses wins.
 */
import { type Comment, type OxcError, type ParserOptions, type ParseResult, type Program, parseSync } from "oxc-parser";
import { Positions } from "./positions.js";
import { TransformError } from "./transform-error.js";

/** A file, read. */
export interface ParsedFile {
  readonly program: Program;
  readonly comments: readonly Comment[];
  /** How the file loads: undecided when neither its name nor its syntax says. */
  readonly goal: "module" | "commonjs" | "undecided";
  readonly positions: Positions;
}

type Lang = NonNullable<ParserOptions["lang"]>;
type Goal = NonNullable<ParserOptions["sourceType"]>;

/** Gives the extension, without what a bundler appends to a file's name. */
export function extensionOf(file: string): string {
  return /\.(\w+)$/.exec(file.replace(/[?#].*$/, ""))?.[1]?.toLowerCase() ?? "";
}

const LANGS: Readonly<Record<string, Lang>> = { ts: "ts", mts: "ts", cts: "ts", tsx: "tsx", jsx: "jsx" };
const GOALS: Readonly<Record<string, readonly Goal[]>> = {
  mjs: ["module"],
  mts: ["module"],
  cjs: ["commonjs"],
  cts: ["commonjs", "module"],
};
const UNDECIDED: readonly Goal[] = ["unambiguous", "module", "commonjs"];

/** Parses; throws {@link TransformError} at the first error of the likeliest goal. */
export function parse(code: string, file: string): ParsedFile {
  const extension = extensionOf(file);
  const lang = LANGS[extension] ?? "js";
  const positions = new Positions(code);
  let first: OxcError | undefined;
  for (const sourceType of GOALS[extension] ?? UNDECIDED) {
    const result = parseSync(file, code, { lang, sourceType, astType: "ts" });
    const error = result.errors.find((each) => each.severity === "Error");
    if (error === undefined)
      return { program: result.program, comments: result.comments, goal: goalOf(result, sourceType), positions };
    first ??= error;
  }
  throw syntaxError(file, positions, first);
}

function goalOf(result: ParseResult, tried: Goal): ParsedFile["goal"] {
  if (result.module.hasModuleSyntax || tried === "module") return "module";
  return tried === "commonjs" ? "commonjs" : "undecided";
}

function syntaxError(file: string, positions: Positions, error: OxcError | undefined): TransformError {
  const { line, column } = positions.at(error?.labels[0]?.start ?? 0);
  const help = error?.helpMessage ? ` (${error.helpMessage})` : "";
  return new TransformError(
    file,
    line,
    column,
    `syntax error: ${error?.message ?? "unreadable"}${help}; mend it first`,
  );
}
