/** What each entry costs a bundle: minified and gzipped, with what it imports statically and without what it loads later. */
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

async function sizeOf(consumer, code) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: code, resolveDir: consumer },
    bundle: true,
    splitting: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "node20",
    outdir: "/out",
    absWorkingDir: "/",
    logLevel: "silent",
    external: ["better-sqlite3", "libsql", "oxc-parser", "magic-string", "amaro", "undici", "vitest"],
  });
  const wanted = new Set(["out/stdin.js"]);
  for (const path of wanted)
    for (const { path: next, kind, external } of metafile.outputs[path].imports)
      if (kind === "import-statement" && !external) wanted.add(next);
  const parts = outputFiles.filter(({ path }) => wanted.has(path.slice(1))).map(({ contents }) => contents);
  return {
    minified: parts.reduce((sum, { length }) => sum + length, 0),
    gzip: parts.reduce((sum, part) => sum + gzipSync(part, { level: 9 }).length, 0),
  };
}

/** Sizes in bytes: each entry whole, and the smallest useful import. */
export async function measureSizes(consumer, surface) {
  const sizes = {};
  for (const [specifier, names] of Object.entries(surface)) {
    sizes[specifier] = await sizeOf(consumer, `export * from "${specifier}";`);
    if (specifier === "lockwright" && names.includes("Mutex"))
      sizes["lockwright, Mutex alone"] = await sizeOf(consumer, `export { Mutex } from "lockwright";`);
  }
  return sizes;
}
