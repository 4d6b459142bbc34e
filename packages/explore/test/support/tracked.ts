/** Bodies from source text, transformed with tracking as a user's file would be. */
import { compileFunction } from "node:vm";
import type { Body } from "../../src/runtime/explorer.js";
import { transform } from "../../src/transform/index.js";
import { issueIo as io } from "../../src/world/io.js";
import "./scripted.js";

/** The statements of an async body, with `t` and `io` in scope. Lines are those of `source`. */
export function trackedBody(source: string, file = "/shop/account.cjs"): Body {
  const { code } = transform(`module.exports = async function body(t, io) {${source}\n};`, file, { track: true });
  const module = { exports: undefined as unknown };
  (compileFunction(code, ["module"]) as (module: object) => void)(module);
  const body = module.exports as (t: unknown, call: typeof io) => Promise<void>;
  return (t) => body(t, io);
}
