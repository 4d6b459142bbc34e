/**
 * The first line. It stands behind `#!` and directives, on the line that is there, so no line moves.
 *
 * Why a hoisted function and `var`, not `const`: a module in an import cycle may have its function declarations called
 * before its first line has run, and a `const` would throw there where the source does not.
 */
import type { Program } from "oxc-parser";
import type { ParsedFile } from "./parse.js";
import type { Rewrite } from "./rewrite.js";

const MISSING =
  "this file was transformed by @lockwright/explore, whose runtime is not loaded: import @lockwright/explore/runtime before it";

/** Injects what finds the runtime and enters the sites of `file`. */
export function inject(rewrite: Rewrite, file: string, code: string, parsed: ParsedFile, runtime?: string): void {
  const { names, sites } = rewrite;
  const { offset, before } = firstPlace(parsed.program, code);
  const find =
    `if(${names.runtime})return ${names.runtime};${names.runtime}=globalThis[Symbol.for("lockwright.explore")];` +
    `if(!${names.runtime})throw new Error(${JSON.stringify(MISSING)});` +
    `${names.base}=${names.runtime}.mod(${JSON.stringify(file)},${JSON.stringify(sites.packed)});return ${names.runtime}`;
  // Prepended to what is there: a rewritten form may open at this very offset.
  rewrite.text.prependRight(
    offset,
    `${before}${loading(parsed, runtime)}var ${names.runtime},${names.base};` +
      `function ${names.init}(){${find}}${names.init}();`,
  );
}

function firstPlace(program: Program, code: string): { readonly offset: number; readonly before: string } {
  const directive = program.body.findLast((statement) => "directive" in statement && statement.directive);
  if (directive) return { offset: directive.end, before: ";" };
  if (program.hashbang) return { offset: code.indexOf("\n", program.hashbang.end) + 1, before: "" };
  return { offset: code.startsWith("\uFEFF") ? 1 : 0, before: "" };
}

/** A file that may be either must not be made one by us; where `require` is missing, some other file loads the runtime. */
function loading(parsed: ParsedFile, runtime: string | undefined): string {
  if (runtime === undefined) return "";
  const specifier = JSON.stringify(runtime);
  if (parsed.goal === "module") return `import ${specifier};`;
  return parsed.goal === "commonjs" ? `require(${specifier});` : `typeof require==="function"&&require(${specifier});`;
}
