/**
 * Whole libraries, transformed file by file, do what they do untouched: also with their real timers, files and streams,
 * and with the identity stack checked at every step [T1].
 */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { transform } from "../../src/transform/index.ts";
import { subjects } from "../support/subjects.ts";
import { nativeImport } from "../support/temporary-modules.ts";
import { libraries, type Library, type Load } from "./libraries.ts";

const MODULES = fileURLToPath(new URL("../../../../node_modules", import.meta.url));
/** Inside node_modules, so that what a library imports is found from there too. */
const COPIES = join(MODULES, `.cache/lockwright-explore-${process.pid}`);

afterAll(() => rmSync(COPIES, { recursive: true, force: true }));

/** Copies a library, transforms every file of it that has something for us, and gives where it lies. */
function transformedCopy({ name }: Library): { readonly folder: string; readonly sites: number } {
  const folder = join(COPIES, name);
  mkdirSync(folder, { recursive: true });
  cpSync(join(MODULES, name), folder, {
    recursive: true,
    dereference: true,
    filter: (path) => !/\/(test|src)$/.test(path),
  });
  let sites = 0;
  for (const file of readdirSync(folder, { recursive: true }) as string[]) {
    if (!/\.[mc]?js$/.test(file)) continue;
    const path = join(folder, file);
    const result = transform(readFileSync(path, "utf8"), path, { strip: false });
    sites += result.sites.length;
    if (result.isChanged) writeFileSync(path, result.code);
  }
  return { folder, sites };
}

const loaderOf =
  (folder: string): Load =>
  (path) =>
    nativeImport(pathToFileURL(join(folder, path)).href);

describe.each(libraries)("$name", (library) => {
  const native = library.use(loaderOf(join(MODULES, library.name))).then(text);

  test.each([...subjects])("does the same $name", { timeout: 60_000 }, async (subject) => {
    const expected = await native;
    subject.install();
    const { folder, sites } = transformedCopy(library);
    expect(sites).toBeGreaterThan(3);
    let given: unknown;
    await subject.run(async () => {
      given = await library.use(loaderOf(folder));
    });
    expect(text(given)).toBe(expected);
  });
});

function text(value: unknown): string {
  return inspect(value, { depth: 8, maxStringLength: null, maxArrayLength: null });
}
