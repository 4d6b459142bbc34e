/**
 * Every file with an `await` below the repository's own node_modules transforms, keeps its lines, and parses again, also
 * for what only shows when scopes are looked at (a name declared twice).
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "oxc-parser";
import { expect, test } from "vitest";
import { transform, type TransformOptions } from "../../src/transform/index.ts";

const ROOT = fileURLToPath(new URL("../../../../node_modules", import.meta.url));
/** Files above this are transformed in one way, not in two. */
const LARGE = 100_000;

function corpus(): readonly string[] {
  return (readdirSync(ROOT, { recursive: true }) as string[])
    .filter((file) => /\.([mc]?[jt]s|[jt]sx)$/.test(file) && !/\.d\.[mc]?ts$/.test(file))
    .map((file) => join(ROOT, file))
    .filter((file) => statSync(file).isFile() && /\bawait\b/.test(readFileSync(file, "utf8")));
}

const GOALS = ["module", "commonjs", "unambiguous"] as const;

/** The errors of the goal that likes the file best. */
function errorsOf(file: string, code: string): readonly string[] {
  let best: readonly string[] | undefined;
  for (const sourceType of GOALS) {
    const errors = parseSync(file, code, { sourceType, showSemanticErrors: true }).errors.map(({ message }) => message);
    if (errors.length === 0) return errors;
    if (best === undefined || errors.length < best.length) best = errors;
  }
  return best ?? [];
}

const builds: readonly TransformOptions[] = [{}, { track: true, lowerUsing: true }];

test("every file with an await below node_modules transforms and parses again", { timeout: 300_000 }, () => {
  const problems: string[] = [];
  let files = 0;
  let bytes = 0;
  for (const file of corpus()) {
    const source = readFileSync(file, "utf8");
    files += 1;
    bytes += source.length;
    for (const build of source.length > LARGE ? builds.slice(0, 1) : builds) {
      const { code } = transform(source, file, { ...build, strip: false });
      const after = errorsOf(file, code);
      if (after.length > 0 && after.length > errorsOf(file, source).length)
        problems.push(`${file} ${JSON.stringify(build)}: ${after.join("; ")}`);
      const { code: stripped } = /\.[mc]?ts$/.test(file) ? transform(source, file, build) : { code: "" };
      const broken = errorsOf(file.replace(/ts$/, "js"), stripped);
      if (broken.length > 0) problems.push(`${file}, stripped: ${broken.join("; ")}`);
      if (code.split("\n").length !== source.split("\n").length) problems.push(`${file}: its lines moved`);
    }
  }
  console.log(`${files} files, ${(bytes / 1e6).toFixed(1)} MB`);
  expect(problems).toEqual([]);
  expect(files).toBeGreaterThan(100);
});
