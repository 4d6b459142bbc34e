/**
 * `lockwright __complete [words…]`: what could stand in place of the last word. Called by the shells' functions.
 *
 * One candidate a line, with a tab and what it is. A line without a tab tells the shell to offer something of its own:
 * `:file` or `:command`. It asks the table of commands, so it is never behind the installed version; it never fails, and
 * it creates nothing.
 */
import { existsSync } from "node:fs";
import { type Command, type Commands, type Context, defineCommand } from "./command.js";
import { EXIT } from "./exit-codes.js";
import { withSpace } from "./open-space.js";
import { optionsOf } from "./parse-arguments.js";
import { storeUrl } from "./store-url.js";

type Candidate = readonly [value: string, about: string];
const FILE = ":file";
const COMMAND = ":command";

export const completeCommand: Command = defineCommand({
  name: "__complete",
  summary: "complete the last word",
  positionals: [],
  options: {},
  takesRest: true,
  async run(context) {
    const candidates = await complete(context).catch(() => []);
    for (const candidate of candidates)
      context.out.line(typeof candidate === "string" ? candidate : candidate.join("\t"));
    return EXIT.done;
  },
});

async function complete(context: Context): Promise<readonly (Candidate | string)[]> {
  const [name, ...words] = context.rest;
  if (words.length === 0) return starting(name ?? "", [...(await commandCandidates(context.commands)), ...topOptions]);
  const command = await context.commands.load(name ?? "");
  return command === undefined ? [] : await completeFor(command, words, context);
}

const topOptions: readonly Candidate[] = [
  ["--help", "print help"],
  ["--version", "print the version"],
];

async function commandCandidates(commands: Commands): Promise<readonly Candidate[]> {
  return (await commands.loadAll()).map(({ name, summary }) => [name, summary]);
}

async function completeFor(
  command: Command,
  words: readonly string[],
  context: Context,
): Promise<readonly (Candidate | string)[]> {
  const word = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const end = before.indexOf("--");
  if (command.takesRest === true && end !== -1) return [end === before.length - 1 ? COMMAND : FILE];
  const table = optionsOf(command);
  const [, inline] = /^--([^=]+)=/.exec(word) ?? [];
  if (end === -1 && inline !== undefined)
    return starting(
      word,
      valuesOf(command, inline).map(([value, about]) => [`--${inline}=${value}`, about]),
    );
  const pending = end === -1 ? /^--([^=]+)$/.exec(before.at(-1) ?? "")?.[1] : undefined;
  if (pending !== undefined && table[pending]?.value !== undefined) return starting(word, valuesOf(command, pending));
  if (end === -1 && word.startsWith("-")) return starting(word, optionCandidates(command));
  return await positionalCandidates(command, before, word, context);
}

function optionCandidates(command: Command): readonly Candidate[] {
  return Object.entries(optionsOf(command)).map(([name, { summary }]): Candidate => [`--${name}`, summary]);
}

function valuesOf(command: Command, option: string): readonly Candidate[] {
  if (option === "store") return [["sqlite:", "a file that processes of this machine share"]];
  return (optionsOf(command)[option]?.choices ?? []).map((value) => [value, ""]);
}

async function positionalCandidates(
  command: Command,
  before: readonly string[],
  word: string,
  context: Context,
): Promise<readonly Candidate[]> {
  const { index, store } = positionOf(command, before);
  const spec = command.positionals[index];
  if (spec?.choices !== undefined)
    return starting(
      word,
      spec.choices.map((value) => [value, ""]),
    );
  if (spec?.kind === "command") return starting(word, await commandCandidates(context.commands));
  return spec?.kind === "lock" || spec?.kind === "prefix" ? await lockCandidates({ ...context, store }, word) : [];
}

/** Which positional the last word is, and the store named so far. */
function positionOf(
  command: Command,
  before: readonly string[],
): { readonly index: number; readonly store: string | undefined } {
  const table = optionsOf(command);
  let index = 0;
  let store: string | undefined;
  for (let at = 0; at < before.length; at += 1) {
    const [, name, inline] = /^--([^=]+)(?:=(.*))?$/.exec(before[at] ?? "") ?? [];
    if (name === undefined) index += /^-./.test(before[at] ?? "") ? 0 : 1;
    const takesNext = name !== undefined && inline === undefined && table[name]?.value !== undefined;
    if (takesNext) at += 1;
    if (name === "store") store = inline ?? before[at];
  }
  return { index, store };
}

async function lockCandidates(
  context: Pick<Context, "store" | "env" | "cwd">,
  word: string,
): Promise<readonly Candidate[]> {
  const { url } = storeUrl({ option: context.store, env: context.env, cwd: context.cwd });
  if (/^sqlite:/i.test(url) && !existsSync(url.replace(/^sqlite:(\/\/)?/i, ""))) return [];
  const found: Candidate[] = [];
  await withSpace(context, async (space) => {
    for (const { name, holding } of await space.list(word)) found.push([name, holding === 0 ? "free" : "held"]);
    return EXIT.done;
  });
  return found;
}

function starting(word: string, candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(([value]) => value.startsWith(word));
}
