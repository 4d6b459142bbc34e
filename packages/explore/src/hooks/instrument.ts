/**
 * Which files get points, and the transform of one. Own code does, packages do not unless asked for: their awaits run
 * inside the segments of whoever called them, which is native order and nearly always what a test is about.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transform } from "../transform/index.js";

/** What is instrumented and how. */
export interface InstrumentOptions {
  /** Packages in node_modules to instrument too. */
  readonly inline: readonly string[];
  /** Note property accesses, for `detect: ["lost-update"]`. */
  readonly track: boolean;
  /** Note the tests of a file instead of running them: `--from-test`. */
  readonly collect: boolean;
}

/** This package's own files, which must stay as they are. */
const OWN: string = new URL("..", import.meta.url).href;
const SOURCE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const PACKAGE = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;

/** The package in node_modules that a file belongs to. */
export function packageOf(url: string): string | undefined {
  return PACKAGE.exec(url)?.[1];
}

/** Answers whether a file gets points. */
export function isInstrumented(url: string, inline: readonly string[]): boolean {
  if (!url.startsWith("file:") || url.startsWith(OWN) || !SOURCE.test(url.replace(/[?#].*$/, ""))) return false;
  const name = packageOf(url);
  return name === undefined || inline.includes(name);
}

const COLLECTORS: ReadonlyMap<string, string> = new Map([
  ["node:test", new URL("./collect-node-test.js", import.meta.url).href],
  ["vitest", new URL("./collect-vitest.js", import.meta.url).href],
]);

/** The stand-in for a test runner that an own file imports. */
export function collectorFor(
  specifier: string,
  parent: string | undefined,
  { collect, inline }: InstrumentOptions,
): string | undefined {
  if (!collect || parent === undefined || !isInstrumented(parent, inline)) return undefined;
  return COLLECTORS.get(specifier);
}

/** What the settings in the environment say; hooks in other processes see the same. */
export function optionsFromEnvironment(env: NodeJS.ProcessEnv = process.env): InstrumentOptions {
  const inline = (env["LOCKWRIGHT_EXPLORE_INLINE"] ?? "").split(",").filter(Boolean);
  return { inline, track: env["LOCKWRIGHT_EXPLORE_TRACK"] === "1", collect: env["LOCKWRIGHT_EXPLORE_COLLECT"] === "1" };
}

/** A module as Node's loader takes it. */
export interface Instrumented {
  readonly format: "module" | "commonjs";
  readonly source: string;
}

/** Reads and transforms a file. */
export function instrumentFile(url: string, options: InstrumentOptions): Instrumented {
  const file = fileURLToPath(url);
  const source = readFileSync(file, "utf8");
  // Nothing compiles it after this: what Node cannot run is refused here, with the way out.
  const strip = /\.(?:[cm]?ts|[jt]sx)$/.test(file);
  const { code, map } = transform(source, file, { track: options.track, map: true, strip });
  const suffix = map === undefined ? "" : `\n//# sourceMappingURL=data:application/json;base64,${encode(map)}`;
  return { format: formatOf(file, source), source: code + suffix };
}

function encode(map: object): string {
  return Buffer.from(JSON.stringify(map)).toString("base64");
}

/** By extension, else by the nearest package.json, else by its syntax: as Node decides. */
function formatOf(file: string, source: string): Instrumented["format"] {
  if (/\.m[jt]s$/.test(file)) return "module";
  if (/\.c[jt]s$/.test(file)) return "commonjs";
  const type = typeOf(dirname(file));
  if (type !== undefined) return type === "module" ? "module" : "commonjs";
  return /^\s*(?:import|export)\b/m.test(source) ? "module" : "commonjs";
}

const types = new Map<string, string | undefined>();

/** The `type` that the package.json above a folder gives. */
function typeOf(folder: string): string | undefined {
  if (!types.has(folder)) types.set(folder, readType(folder));
  return types.get(folder);
}

function readType(folder: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { type?: string }).type;
  } catch {
    const parent = dirname(folder);
    return parent === folder ? undefined : typeOf(parent);
  }
}

/** A TypeScript file that a specifier for its compiled twin means: `./x.js` for `./x.ts`. */
export function sourceTwin(specifier: string, parent: string | undefined): string | undefined {
  const found = /^(\.{1,2}\/.*|file:.*|\/.*)\.([cm]?)js$/.exec(specifier);
  if (found === null || parent === undefined) return undefined;
  const base = specifier.startsWith("/") ? pathToFileURL(specifier).href : new URL(specifier, parent).href;
  return base.replace(/\.([cm]?)js$/, ".$1ts");
}
