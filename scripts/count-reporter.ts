/**
 * Ends `npm test` with what did not run and, as its very last line, the count: `123 passed, 0 failed`.
 *
 * A suite that failed to load and an error outside any test count as failures, or a run with a broken import could
 * print "0 failed". With `CI=true` a cell that did not run fails the run.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Reporter, SerializedError, TestModule, Vitest } from "vitest/node";

export class CountReporter implements Reporter {
  #vitest: Vitest | undefined;
  #folder = "";
  #lines: string[] = [];

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
    this.#folder = mkdtempSync(join(tmpdir(), "lockwright-not-run-"));
    process.env["LOCKWRIGHT_NOT_RUN"] = join(this.#folder, "register");
    // On exit, so that nothing vitest prints while it closes can follow the count.
    process.once("exit", () => {
      rmSync(this.#folder, { recursive: true, force: true });
      if (this.#lines.length > 0) writeSync(1, `${this.#lines.join("\n")}\n`);
    });
  }

  onTestRunStart(): void {
    writeFileSync(join(this.#folder, "register"), "");
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    let passed = 0;
    let failed = errors.length;
    const notRun = new Set(readFileSync(join(this.#folder, "register"), "utf8").split("\n").filter(Boolean));
    // A name filter (`-t`) skips on purpose; without one a skip is a hole.
    const isFiltered = this.#vitest?.getGlobalTestNamePattern() !== undefined;
    for (const module of modules) {
      failed += module.errors().length;
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") passed++;
        else if (state === "failed") failed++;
        else if (!isFiltered) notRun.add(`${test.fullName} (${test.options.mode === "todo" ? "todo" : "skipped"})`);
      }
    }
    this.#lines = [...notRun].toSorted().map((line) => `NOT RUN: ${line}`);
    if (this.#lines.length > 0 && process.env["CI"] === "true") {
      failed++;
      this.#lines.push("With CI=true every cell must run.");
    }
    if (failed > 0) process.exitCode = 1;
    this.#lines.push(`${passed} passed, ${failed} failed`);
  }
}
