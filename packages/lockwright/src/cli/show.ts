/** `lockwright show <name>`: everything about one lock. */
import type { HolderState, ResourceState, WaiterState } from "../leases/lock-store.js";
import { type Command, defineCommand } from "./command.js";
import { formatDuration } from "./duration.js";
import { EXIT } from "./exit-codes.js";
import { hasPermits, labelOf, lockDocument, shareWords, stateWords, visible } from "./lock-view.js";
import { withSpace } from "./open-space.js";
import type { Writer } from "./writer.js";

export const showCommand: Command = defineCommand({
  name: "show",
  summary: "show who holds a lock and who waits for it",
  positionals: [{ name: "name", kind: "lock" }],
  options: {},
  details: `Waiters are listed in the order they will be served. A dead holder is let go of first. "expires" is when the lease
ends unless its holder renews it, which a living one does. The token is what "lockwright release" asks for.`,
  async run({ positionals: [name = ""], out, json, ...where }) {
    return await withSpace(where, async (space) => {
      const state = await space.inspect(name);
      if (json) out.document({ schema: 1, store: space.store.location, lock: lockDocument(state) });
      else printState(state, out);
      return EXIT.done;
    });
  },
});

function printState(state: ResourceState, out: Writer): void {
  const permits = hasPermits(state);
  const token = state.token === 0n ? "never used" : `last token ${state.token}`;
  out.line(`${out.style("bold", visible(state.name))}  ${stateWords(state)}, ${token}`);
  if (state.holders.length > 0) out.line("held by");
  for (const holder of state.holders) printHolder(holder, permits, out);
  if (state.waiters.length > 0) out.line(`waiting (${state.waiters.length})`);
  for (const [index, waiter] of state.waiters.entries()) out.line(waiterLine(waiter, index, permits));
}

function printHolder(holder: HolderState, permits: boolean, out: Writer): void {
  const { weight, token, heldFor, expiresIn, process } = holder;
  const times = `held for ${formatDuration(heldFor)}, expires in ${formatDuration(expiresIn)}`;
  out.line(`  ${labelOf(holder)}  ${shareWords(weight, permits)}, token ${token}, ${times}`);
  out.line(out.style("dim", `    process ${visible(process)}`));
}

function waiterLine(waiter: WaiterState, index: number, permits: boolean): string {
  return `  ${index + 1}. ${labelOf(waiter)}  ${shareWords(waiter.weight, permits)}, for ${formatDuration(waiter.waitingFor)}`;
}
