// Copies the files that tsc does not: node copy-assets.mjs <from> <to>
import { cpSync } from "node:fs";
import { extname } from "node:path";

const [from, to] = process.argv.slice(2);
cpSync(from, to, { recursive: true, filter: (path) => extname(path) === "" || /\.(sql|lua|sh)$/.test(path) });
