/**
 * The transform: source in, source and map out. It puts a scheduling point at every await, keeping every line, and
 * touches nothing else: the result, run outside a schedule, is the program that came in.
 *
 * Pure: no file is read, no global written. What the result calls is in runtime-contract.ts; each kind of syntax has its
 * own file here, whose head says what becomes of it. What it does not prove: code in files that do not pass through
 * here has no points, and runs inside the segment that called it.
 */
import { inject } from "./inject.js";
import { MODULE_OWNER } from "./owners.js";
import { extensionOf, parse } from "./parse.js";
import { Rewrite } from "./rewrite.js";
import { innerScope } from "./scope.js";
import type { PackedSite } from "../sites.js";
import { chain, type SourceMapLike } from "./source-map.js";
import { blank, printAnew, type Printed } from "./strip.js";
import { TransformError } from "./transform-error.js";
import { decode, encode, type Segments } from "./vlq.js";
import { walk } from "./walk.js";

export type { AccessKind, Activation, DisposeScope, TransformRuntime } from "./runtime-contract.js";
export type { SourceMapLike } from "./source-map.js";
export { TransformError } from "./transform-error.js";

/** What is to be done besides placing points. */
export interface TransformOptions {
  /** Note property accesses too, for the detectors; slower. Default false. */
  readonly track?: boolean;
  /** Take TypeScript's types out. Default: true for `.ts`, `.mts` and `.cts`. */
  readonly strip?: boolean;
  /** Make a source map. Default false. */
  readonly map?: boolean;
  /** Rewrite `using` and `await using` for a Node that cannot parse them. Default: when the running one cannot. */
  readonly lowerUsing?: boolean;
  /** Specifier to load the runtime from, for builds made beforehand. Default: it is loaded already. */
  readonly runtime?: string;
}

/** A transformed file. */
export interface Transformed {
  readonly code: string;
  /** From `code` to the source; undefined unless asked for, or when every place is where it was. */
  readonly map: SourceMapLike | undefined;
  /** The table on the first line; empty when the file has no code of ours in it. */
  readonly sites: readonly PackedSite[];
  /** Whether `code` differs from the source. */
  readonly isChanged: boolean;
}

const STRIPPED: ReadonlySet<string> = new Set(["ts", "mts", "cts"]);

/**
 * Puts scheduling points into a file.
 *
 * **Errors** A {@link TransformError} (`LW_TRANSFORM`) naming file, line, column and the way out: a syntax error, syntax no
 * Node runs when `strip` is on (decorators, JSX), types that cannot be stripped.
 *
 * **Example**
 * ```ts
 * import { transform } from "@lockwright/explore/transform";
 *
 * const { code, sites } = transform("export async function f(x: Promise<number>) { return await x; }", "f.ts");
 * console.log(code.includes("await "), sites.map(([line, column, kind]) => `${line}:${column} ${kind}`));
 * ```
 */
export function transform(code: string, file: string, options: TransformOptions = {}): Transformed {
  const extension = extensionOf(file);
  const isStripped = options.strip ?? STRIPPED.has(extension);
  if (isStripped && /^[jt]sx$/.test(extension))
    throw new TransformError(file, 1, 1, "JSX cannot be stripped: use @lockwright/explore/vitest, or compile it first");
  const blanked = isStripped ? blank(code) : code;
  const rewrite = mayNeedWork(code, options.track === true)
    ? rewritten({ code, text: blanked ?? code, file, isLast: isStripped }, options)
    : undefined;
  const text = rewrite?.text.toString() ?? blanked ?? code;
  const printed = blanked === undefined ? printAnew(text, code, file) : undefined;
  const result = printed?.code ?? text;
  return {
    code: result,
    map: options.map ? mapOf(rewrite, printed, file, code) : undefined,
    sites: rewrite?.sites.packed ?? [],
    isChanged: result !== code,
  };
}

/** Most files have nothing for us, which a search tells in a hundredth of the time of a parse. */
function mayNeedWork(code: string, isTracked: boolean): boolean {
  return isTracked || /async|using|\bimport\s*[(/.]|@/.test(code);
}

interface Input {
  readonly code: string;
  /** `code` with its types blanked, where they can be. */
  readonly text: string;
  readonly file: string;
  /** Nothing compiles the file later. */
  readonly isLast: boolean;
}

/** Gives the edits, or undefined when there are none. */
function rewritten({ code, text, file, isLast }: Input, options: TransformOptions): Rewrite | undefined {
  const parsed = parse(code, file);
  const rewrite = new Rewrite(code, text, file, parsed, {
    isTracked: options.track === true,
    isUsingLowered: options.lowerUsing ?? !canParseUsing(),
    isLast,
    isBlanked: isLast && text !== code,
  });
  walk(rewrite, parsed.program, innerScope(MODULE_OWNER, parsed.goal === "module"));
  if (!rewrite.hasEdits) return undefined;
  inject(rewrite, file, code, parsed, options.runtime);
  return rewrite;
}

function mapOf(
  rewrite: Rewrite | undefined,
  printed: Printed | undefined,
  file: string,
  code: string,
): SourceMapLike | undefined {
  const content = { sources: [file], sourcesContent: [code] };
  if (!rewrite) return printed && { ...(JSON.parse(printed.map) as SourceMapLike), ...content };
  // Word by word: V8 names the start of a word as the place of an error.
  const earlier = rewrite.text.generateDecodedMap({ hires: "boundary", source: file }).mappings as Segments;
  const mappings = printed ? chain(decode(mappingsOf(printed)), earlier) : earlier;
  return { version: 3, ...content, names: [], mappings: encode(mappings) };
}

function mappingsOf(printed: Printed): string {
  return (JSON.parse(printed.map) as SourceMapLike).mappings;
}

let isUsingKnown: boolean | undefined;

/** Asks the engine, once; nothing is run. */
function canParseUsing(): boolean {
  isUsingKnown ??= parses("async()=>{await using x=null}");
  return isUsingKnown;
}

function parses(code: string): boolean {
  try {
    // The text is ours, and it is never run. Where making functions of text is forbidden, lowering is right too.
    // oxlint-disable-next-line typescript/no-implied-eval
    return typeof new Function(code) === "function";
  } catch {
    return false;
  }
}
