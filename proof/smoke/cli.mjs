/** The installed command starts on this Node and explains itself. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const folder = dirname(createRequire(import.meta.url).resolve("lockwright/package.json"));
const help = execFileSync(process.execPath, [join(folder, "bin/lockwright.js"), "--help"], { encoding: "utf8" });
assert.match(help, /run a command under a lock/);
