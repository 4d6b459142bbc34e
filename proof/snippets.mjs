/**
 * Finds every ```ts fence a reader can copy: README.md, docs, and the TSDoc of src.
 *
 * Each is a whole program: it imports what it uses, and is compiled and run on its own. A fence opened with `ts no-run`
 * is compiled only (it needs a server, or shows a shape). Any other word after `ts` is refused, so no snippet can slip
 * out of the proof by a typo.
 *
 * A comment at the end of a console.log line is what that line prints, all of it where the line runs more than once, and
 * nothing else: an explanation stands elsewhere. Spaces, commas and quotes do not matter; `…` is any text.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const OPEN = /^\s*(?:\* ?)?\s*```(?:ts|typescript)\b[ \t]*(.*?)\s*$/;
const CLOSE = /^\s*(?:\* ?)?\s*```\s*$/;

const LOG = /\bconsole\.log\(.*?(?:\s\/\/ (.*))?$/;
const plain = (text) => text.replaceAll(/[\s,'"`]+/g, " ").trim();

function filesUnder(root, folder, ending) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true })
    .map((file) => join(folder, file).replaceAll("\\", "/"))
    .filter((file) => file.endsWith(ending) && !file.includes("/node_modules/"))
    .toSorted();
}

/** Blank lines stand where the document's lines were, so a compiler error names the document's own line. */
function program(lines, start, isDoc) {
  const body = lines.map((line) => (isDoc ? line.replace(/^\s*\* ?/, "") : line)).join("\n");
  const isModule = /^\s*(import|export)\b/m.test(body);
  return `${"\n".repeat(start)}${body}\n${isModule ? "" : "export {};\n"}`;
}

/** What the console.log lines say they print, one after the other; undefined where none says so. */
function announced(lines) {
  const logs = lines.map((line) => LOG.exec(line)).filter(Boolean);
  return logs.some((log) => log[1]) ? plain(logs.map((log) => log[1] ?? "…").join(" ")) : undefined;
}

/** Compares the whole output of a run with what the snippet says it prints. Returns how they differ. */
export function misprint(prints, stdout) {
  const texts = prints.split(/ ?… ?/).map((text) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&"));
  const isSo = new RegExp(`^${texts.join(".*")}$`).test(plain(stdout));
  return isSo ? undefined : `the comments say\n${prints}\nand it prints\n${plain(stdout)}`;
}

function inFile(root, file) {
  const isDoc = file.endsWith(".ts");
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const found = [];
  for (let at = 0; at < lines.length; at++) {
    const open = OPEN.exec(lines[at]);
    // In a source file a fence is a snippet only inside a comment; a template string may hold one too.
    if (open === null || (isDoc && !/^\s*\*/.test(lines[at]))) continue;
    const start = at + 1;
    while (++at < lines.length && !CLOSE.test(lines[at]));
    if (at >= lines.length) throw new Error(`${file}:${start}: a fence is never closed`);
    if (open[1] !== "" && open[1] !== "no-run")
      throw new Error(`${file}:${start}: write "ts" or "ts no-run", not "ts ${open[1]}"`);
    found.push({
      where: `${file}:${start}`,
      name: `${file.replace(/\W+/g, "-")}-${start}`,
      code: program(lines.slice(start, at), start, isDoc),
      isRun: open[1] === "",
      prints: announced(lines.slice(start, at)),
      needsDriver: lines.slice(start, at).some((line) => /from "libsql"/.test(line)),
      isExplored: lines.slice(start, at).some((line) => /from "@lockwright\/explore"/.test(line)),
    });
  }
  return found;
}

/** Every snippet of the repository at `root`, in the order of files and lines. */
export function collectSnippets(root) {
  const files = [
    "README.md",
    ...filesUnder(root, "docs", ".md"),
    ...filesUnder(root, "packages/lockwright/src", ".ts"),
    ...filesUnder(root, "packages/explore/src", ".ts"),
  ];
  return files.filter((file) => existsSync(join(root, file))).flatMap((file) => inFile(root, file));
}
