/** The Vitest plugin. */
import { fileURLToPath, pathToFileURL } from "node:url";
import { show } from "../errors.js";
import { transform } from "../transform/index.js";
import { isInstrumented } from "./instrument.js";

/** What the plugin instruments. */
export interface ExplorePluginOptions {
  /** Files to instrument: tested against the path. Default: every source file outside node_modules. */
  readonly include?: RegExp | readonly RegExp[];
  /** Files to leave alone all the same. */
  readonly exclude?: RegExp | readonly RegExp[];
  /** Packages in node_modules to instrument too. */
  readonly inline?: readonly string[];
  /** Note property accesses, for `detect: ["lost-update"]`; slower. Default: `LOCKWRIGHT_EXPLORE_TRACK=1`. */
  readonly track?: boolean;
}

/** A Vite plugin, as far as this is one; the package does not load Vite. */
export interface ExplorePlugin {
  readonly name: string;
  readonly enforce: "pre";
  config(): object;
  transform(code: string, id: string): { code: string; map: unknown } | undefined;
}

const KNOWN: ReadonlySet<string> = new Set(["include", "exclude", "inline", "track"]);

function patterns(name: string, value: RegExp | readonly RegExp[] | undefined): readonly RegExp[] | undefined {
  if (value === undefined) return undefined;
  const list = Array.isArray(value) ? (value as readonly RegExp[]) : [value as RegExp];
  for (const each of list)
    if (!(each instanceof RegExp))
      throw new TypeError(`${name} must be a RegExp or an array of them, got ${show(each)}`);
  return list;
}

/**
 * Puts points into the files that Vitest loads, so that `explore` in a test controls their awaits.
 *
 * **Errors** A TypeError for an option that is unknown or of the wrong type.
 *
 * **Example**
 * ```ts no-run
 * import { explorePlugin } from "@lockwright/explore/vitest";
 * import { defineConfig } from "vitest/config";
 *
 * export default defineConfig({ plugins: [explorePlugin({ inline: ["my-dep"] })] });
 * ```
 */
export function explorePlugin(options: ExplorePluginOptions = {}): ExplorePlugin {
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw new TypeError(`options must not have ${JSON.stringify(unknown)}`);
  const include = patterns("include", options.include);
  const exclude = patterns("exclude", options.exclude) ?? [];
  const { inline = [] } = options;
  if (!Array.isArray(inline)) throw new TypeError(`inline must be an array of package names, got ${show(inline)}`);
  const track = options.track ?? process.env["LOCKWRIGHT_EXPLORE_TRACK"] === "1";
  const isWanted = (file: string): boolean =>
    isInstrumented(pathToFileURL(file).href, inline) &&
    (include === undefined || include.some((pattern) => pattern.test(file))) &&
    !exclude.some((pattern) => pattern.test(file));
  return {
    name: "lockwright-explore",
    enforce: "pre", // the TypeScript as written: later plugins have moved and renamed
    config: () => ({
      test: {
        setupFiles: [fileURLToPath(new URL("./setup.js", import.meta.url))],
        server: { deps: { inline: [...inline] } },
      },
    }),
    transform(code, id) {
      const file = id.replace(/[?#].*$/, "");
      // Virtual modules of other plugins begin with NUL or are no path.
      if (!file.startsWith("/") && !/^[A-Za-z]:[\\/]/.test(file)) return undefined;
      if (!isWanted(file)) return undefined;
      const made = transform(code, file, { strip: false, map: true, track });
      return made.isChanged ? { code: made.code, map: made.map } : undefined;
    },
  };
}
