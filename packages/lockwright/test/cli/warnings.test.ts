/** Warnings of Node: the one about `node:sqlite` is kept off stderr, all others are not. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MODULE = new URL("../../dist/cli/quiet-warnings.js", import.meta.url).href;
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

test("only the warning that SQLite is experimental is dropped", () => {
  const program = `
    import { dropSqliteWarning } from ${JSON.stringify(MODULE)};
    dropSqliteWarning();
    process.emitWarning("SQLite is an experimental feature and might change at any time", "ExperimentalWarning");
    process.emitWarning("another feature is experimental", "ExperimentalWarning");
    process.emitWarning("SQLite is old", "DeprecationWarning");
  `;
  const { stderr, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(status).toBe(0);
  expect(stderr).not.toContain("SQLite is an experimental");
  expect(stderr).toContain("ExperimentalWarning: another feature is experimental");
  expect(stderr).toContain("DeprecationWarning: SQLite is old");
});
