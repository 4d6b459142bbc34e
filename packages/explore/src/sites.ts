/**
 * Where a scheduling point stands in the source, as a person knows it: the file as written, line and column before any
 * transform. The table of a module travels inside the module itself (its first line calls `mod`), since hooks may run in
 * another thread or process than the program.
 */

/** What stands at a site. */
export type SiteKind = "function" | "await" | "for-await" | "yield" | "dispose" | "access";

/** A place in the source. */
export interface Site {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly kind: SiteKind;
  /** The source text there, one line, at most 60 characters; of a function, its name. */
  readonly text: string;
  /** Name of the enclosing function, "<anonymous>" or "<module>". */
  readonly owner: string;
  /**
   * Rank among the sites of its kind within the enclosing function, from 0. With the name it says which await this is
   * when lines have moved.
   */
  readonly ordinal: number;
}

/** A site as it travels in a module: line, column, kind, text, owner, ordinal. */
export type PackedSite = readonly [
  line: number,
  column: number,
  kind: SiteKind,
  text: string,
  owner: string,
  ordinal: number,
];

const table: Site[] = [];
/** First id of each module, by file and content: a module that is loaded twice keeps its ids. */
const modules = new Map<string, number>();
const files = new Set<string>();

/** Enters the sites of one module; gives the id of its first. */
export function addSites(file: string, sites: readonly PackedSite[]): number {
  const key = `${file}\n${JSON.stringify(sites)}`;
  const known = modules.get(key);
  if (known !== undefined) return known;
  const first = table.length;
  files.add(file);
  modules.set(key, first);
  for (const [line, column, kind, text, owner, ordinal] of sites)
    table.push({ file, line, column, kind, text, owner, ordinal });
  return first;
}

/** Gives the site of an id; undefined for what has none (a timer, un-instrumented code). */
export function siteAt(id: number): Site | undefined {
  return table[id];
}

/** Answers whether any file notes property accesses. */
export function isAnyAccessTracked(): boolean {
  return table.some(({ kind }) => kind === "access");
}

/** Lists the files whose sites are known. */
export function instrumentedFiles(): readonly string[] {
  return [...files];
}

const uninstrumented = new Set<string>();

/** Notes a package that was loaded without points. */
export function noteUninstrumented(name: string): void {
  uninstrumented.add(name);
}

/** Lists the packages that were loaded without points, as far as the hooks saw them. */
export function uninstrumentedPackages(): readonly string[] {
  return [...uninstrumented].toSorted();
}
