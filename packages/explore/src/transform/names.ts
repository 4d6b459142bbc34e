/**
 * The names injected code uses. They share a prefix that occurs nowhere in the file, so no name of the user's can clash,
 * be shadowed or be captured: not a variable, not a label, not even a word in a string or a comment.
 */

/** The injected names of one file. */
export interface InjectedNames {
  /** The runtime; undefined until {@link init} ran. */
  readonly runtime: string;
  /** The id of the module's first site. */
  readonly base: string;
  /** Finds the runtime and enters the sites: a hoisted function, see inject.ts. */
  readonly init: string;
  /** The activation of the nearest async function. One name for all: each function has its own. */
  readonly activation: string;
  /** The dispose scope of the nearest lowered block. */
  readonly disposal: string;
  /** An error caught by injected code. */
  readonly error: string;
  /** What a native `await using` disposes; numbered, since a block may have several. */
  readonly resource: string;
}

/** Picks the names for a file. */
export function injectedNames(code: string): InjectedNames {
  const seen = code.includes("\\u") ? code + unescaped(code) : code;
  let prefix = "$lw";
  while (seen.includes(prefix)) prefix += "_";
  return {
    runtime: prefix,
    base: `${prefix}B`,
    init: `${prefix}I`,
    activation: `${prefix}A`,
    disposal: `${prefix}D`,
    error: `${prefix}E`,
    resource: `${prefix}U`,
  };
}

/** An identifier may be written with escapes: `\u0024lw` is `$lw`. */
function unescaped(code: string): string {
  return code.replace(/\\u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))/g, (text, braced, plain) => {
    const point = Number.parseInt(braced ?? plain, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : text;
  });
}
