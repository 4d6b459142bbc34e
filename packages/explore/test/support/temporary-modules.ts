/**
 * Files on disk that Node itself loads: module syntax, cycles and stacks cannot be shown with a function made of text.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { compileFunction, constants } from "node:vm";

/** `import()` of Node, not of the test runner, which would transform the file. */
export const nativeImport = compileFunction("return import(specifier)", ["specifier"], {
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
}) as (specifier: string) => Promise<Record<string, unknown>>;

/** Writes files into a fresh folder, hands it over, and removes it. */
export async function withFiles<T>(
  files: Readonly<Record<string, string>>,
  use: (urlOf: (name: string) => string, folder: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "lockwright-transform-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    return await use((name) => pathToFileURL(join(folder, name)).href, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
