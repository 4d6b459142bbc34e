/**
 * Loads mutants: `src/index.ts?mutant=<name>` is the whole module graph below `src` once more, with one line changed.
 * Resolution carries the query on, so a mutant never shares a module with the library as it is.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** One change to one file. */
export interface Change {
  /** Path below `src`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const QUERY = /\?mutant=([^&]+)$/;

/** The Vite plugin; `src` is the absolute folder of the sources. */
export function mutantPlugin(src: string, mutants: Readonly<Record<string, Change>>): Plugin {
  return {
    name: "mutants",
    enforce: "pre",
    async resolveId(source, importer) {
      const name = QUERY.exec(source)?.[1] ?? QUERY.exec(importer ?? "")?.[1];
      if (name === undefined || importer === undefined) return undefined;
      const found = await this.resolve(source.replace(QUERY, ""), importer.replace(QUERY, ""), { skipSelf: true });
      return found?.id.startsWith(src) === true ? `${found.id}?mutant=${name}` : found;
    },
    load(id) {
      const name = QUERY.exec(id)?.[1];
      if (name === undefined) return undefined;
      const file = id.replace(QUERY, "");
      const change = mutants[decodeURIComponent(name)];
      if (change === undefined) throw new Error(`there is no mutant ${name}`);
      const code = readFileSync(file, "utf8");
      if (file !== `${src}/${change.file}`) return code;
      if (!code.includes(change.find)) throw new Error(`${change.file} has no ${JSON.stringify(change.find)} any more`);
      return code.replace(change.find, () => change.replace);
    },
  };
}
