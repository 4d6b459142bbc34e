import { expect, test, describe } from "vitest";
import { transform } from "../../../src/transform/index.ts";
import { installReferenceRuntime } from "../../support/reference-runtime.ts";
import { nativeImport, withFiles } from "../../support/temporary-modules.ts";

const BODY = "async function f() { await 0 }";
const registry = globalThis as unknown as Record<symbol, unknown>;
const KEY = Symbol.for("lockwright.explore");

describe("the first line", () => {
  test("stands behind #!, directives and a byte order mark, and adds no line", () => {
    const starts = (code: string, file = "a.mjs"): string =>
      transform(code, file).code.replace(/var \$lw,.*\$lwI\(\);/, "|");
    expect(starts(`#!/bin/node\n${BODY}`)).toMatch(/^#!\/bin\/node\n\|async/);
    expect(starts(`#!/bin/node\r\n'use strict'\r\n${BODY}`, "a.cjs")).toMatch(
      /^#!\/bin\/node\r\n'use strict';\|\r\nasync/,
    );
    expect(starts(`// c\n"use client"; 'use strict' ;${BODY}`)).toMatch(
      /^\/\/ c\n"use client"; 'use strict' ;;\|async/,
    );
    expect(starts(`\uFEFF${BODY}`)).toMatch(/^\uFEFF\|async/);
    expect(starts(`/* c */ import "x"; ${BODY}`)).toMatch(/^\|\/\* c \*\/ import/);
  });

  test("carries file and sites, whatever is in their text", () => {
    const tricky = 'async () => await f("\\"</script>`${\'\u2028\u0000\'}`\\\\")';
    const { code, sites } = transform(tricky, 'dir "quoted"\\😀.mjs');
    expect(code).toContain(`.mod(${JSON.stringify('dir "quoted"\\😀.mjs')},${JSON.stringify(sites)})`);
    expect(code.split("\n")).toHaveLength(1);
  });

  test("uses names that occur nowhere in the file", () => {
    for (const text of ["$lw", "const $lwA = 1", "`$lw`", "// $lw", "\\u0024lwB", "$\\u{6C}w"]) {
      const { code } = transform(
        `${BODY} ${text.startsWith("\\") || text.startsWith("$\\") ? `var ${text}` : text}`,
        "a.mjs",
      );
      expect(code).toContain("var $lw_,$lw_B;");
    }
    expect(transform(`${BODY} $lw; $lw_; $lw__`, "a.mjs").code).toContain("var $lw___,");
  });

  test("says how to load the runtime when it is missing", async () => {
    const before = registry[KEY];
    registry[KEY] = undefined;
    try {
      await withFiles({ "a.mjs": transform(BODY, "a.mjs").code }, async (urlOf) => {
        await expect(nativeImport(urlOf("a.mjs"))).rejects.toThrow(
          /runtime is not loaded: import @lockwright\/explore\/runtime/,
        );
      });
    } finally {
      registry[KEY] = before;
    }
  });

  test("loads the runtime from a given specifier, the way the file loads things", async () => {
    const at = (file: string, code = BODY): string => transform(code, file, { runtime: "./rt.cjs" }).code;
    expect(at("a.mjs")).toMatch(/^import "\.\/rt\.cjs";var/);
    expect(at("a.js", `${BODY} export {}`)).toMatch(/^import "\.\/rt\.cjs";var/);
    expect(at("a.cjs")).toMatch(/^require\("\.\/rt\.cjs"\);var/);
    expect(at("a.js")).toMatch(/^typeof require==="function"&&require\("\.\/rt\.cjs"\);var/);
    const rt = `globalThis[Symbol.for("lockwright.explore")] = { mod: () => 7, enter: (site) => { globalThis.entered = site; return null }, d: () => 1, p: (a, s, d, e) => e, r: (a, v) => v, exit() {} };`;
    const files = {
      "rt.cjs": rt,
      "m.mjs": at("m.mjs", `await f(); ${BODY}`),
      "c.cjs": at("c.cjs", `exports.done = f(); ${BODY}`),
    };
    for (const name of ["m.mjs", "c.cjs"]) {
      registry[KEY] = undefined;
      delete (globalThis as { entered?: number }).entered;
      await withFiles(files, async (urlOf) => void (await nativeImport(urlOf(name))));
      expect((globalThis as { entered?: number }).entered).toBe(7);
    }
    installReferenceRuntime();
  });
});
