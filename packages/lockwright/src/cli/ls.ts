/** `lockwright ls [prefix]`: the locks in use. */
import type { ResourceState } from "../leases/lock-store.js";
import { type Command, defineCommand, flag } from "./command.js";
import { formatDuration } from "./duration.js";
import { EXIT } from "./exit-codes.js";
import { isInUse, listLocks } from "./list-locks.js";
import { labelOf, lockDocument, stateWords, visible } from "./lock-view.js";
import { withSpace } from "./open-space.js";
import { type Column, tableLines } from "./table.js";
import type { Writer } from "./writer.js";

const COLUMNS: readonly Column[] = [
  { title: "NAME", cut: true },
  { title: "STATE" },
  { title: "HOLDER", cut: true },
  { title: "HELD", align: "right" },
  { title: "TOKEN", align: "right" },
  { title: "WAITING", align: "right" },
];

export const lsCommand: Command = defineCommand({
  name: "ls",
  summary: "list the locks in use",
  positionals: [{ name: "prefix", kind: "prefix", optional: true }],
  options: { all: flag("also locks that nobody holds or waits for", "a") },
  details: `STATE is free, exclusive, shared and the number of readers, or the permits in use of a semaphore. HELD is how long
the oldest holder has held it. A holder whose process is dead is let go of before it would be listed.

--json prints one document: { schema, store, locks: [{ name, state, token, holders, waiters, … }] }, tokens as decimal
strings, durations in milliseconds.`,
  async run({ options, positionals: [prefix = ""], out, talk, json, ...where }) {
    return await withSpace(where, async (space) => {
      const all = await listLocks(space, prefix);
      const shown = options.all === true ? all : all.filter(isInUse);
      if (json) out.document({ schema: 1, store: space.store.location, locks: shown.map(lockDocument) });
      else if (shown.length > 0) printTable(shown, out);
      else talk.line(nothing(prefix, all.length, space.store.location));
      return EXIT.done;
    });
  },
});

function printTable(states: readonly ResourceState[], out: Writer): void {
  const [head = "", ...lines] = tableLines(COLUMNS, states.map(rowOf), out.columns);
  out.line(out.style("bold", head));
  for (const line of lines) out.line(line);
}

function rowOf(state: ResourceState): readonly string[] {
  const [first, ...others] = state.holders;
  const holder = first === undefined ? "-" : `${labelOf(first)}${others.length === 0 ? "" : ` +${others.length}`}`;
  const oldest = Math.max(...state.holders.map(({ heldFor }) => heldFor));
  const held = first === undefined ? "-" : formatDuration(oldest);
  return [visible(state.name), stateWords(state), holder, held, String(state.token), String(state.waiters.length)];
}

function nothing(prefix: string, idle: number, store: string): string {
  const which = prefix === "" ? "no lock is in use" : `no lock that begins with ${JSON.stringify(prefix)} is in use`;
  return `${which} in ${store}${idle === 0 ? "" : ` (${idle} idle; --all lists them)`}`;
}
