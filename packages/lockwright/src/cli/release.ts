/** `lockwright release <name> --token N`: takes a lock from a holder that will not give it back. */
import { StaleTokenError } from "../errors.js";
import type { LockSpace } from "../leases/lock-space.js";
import type { HolderState, ResourceState } from "../leases/lock-store.js";
import { type Command, type Context, defineCommand, type OptionTable, token } from "./command.js";
import { formatDuration } from "./duration.js";
import { EXIT } from "./exit-codes.js";
import { hasPermits, holderDocument, labelOf, lockDocument } from "./lock-view.js";
import { withSpace } from "./open-space.js";
import { UsageError } from "./usage-error.js";

const options = {
  token: token('the token of the holder to break, as "lockwright show" prints it'),
} as const satisfies OptionTable;

export const releaseCommand: Command = defineCommand({
  name: "release",
  summary: "take a lock from its holder, by token",
  usage: "[options] <name> --token <token>",
  positionals: [{ name: "name", kind: "lock" }],
  options,
  details: `The token says which grant you mean to break: if the lock went to somebody else since you looked, nothing happens.

It does not stop the holder: that one keeps running until it notices (its lease's signal aborts, "lockwright run" ends
its command), and the next in line starts meanwhile. Writes fenced with the old token are refused once a newer token
has been used. Prefer to end the holder's process: its lock is then free by itself.`,
  exits: [[EXIT.failed, "that token is not the holder's (any more); nothing was changed"]],
  run,
});

async function run(context: Context<typeof options>): Promise<number> {
  const [name = ""] = context.positionals;
  const typed = context.options.token;
  if (typed === undefined) {
    throw new UsageError(
      `release needs --token: the token of the holder you mean to break`,
      `find it by: lockwright show ${JSON.stringify(name)}`,
    );
  }
  return await withSpace(context, async (space) => {
    const before = await space.inspect(name);
    const holder = before.holders.find((candidate) => candidate.token === typed);
    if (holder === undefined || !(await force(space, name, typed)))
      return refuse(context, await space.inspect(name), typed);
    tell(context, before, holder, await space.inspect(name));
    return EXIT.done;
  });
}

/** False: the token was the holder's a moment ago and is not any more. */
async function force(space: LockSpace, name: string, typed: bigint): Promise<boolean> {
  try {
    await space.forceRelease(name, { token: typed });
    return true;
  } catch (error) {
    if (error instanceof StaleTokenError) return false;
    throw error;
  }
}

function refuse({ out, json }: Context, state: ResourceState, typed: bigint): never {
  const { name, token: current } = state;
  if (json) out.document({ schema: 1, released: false, token: String(typed), lock: lockDocument(state) });
  const holders = state.holders.map(
    (holder) => `${labelOf(holder)} (token ${holder.token}, held for ${formatDuration(holder.heldFor)})`,
  );
  const now = holders.length === 0 ? "nobody holds it" : `it is held by ${holders.join(", ")}`;
  throw new StaleTokenError(`"${name}" is not held with token ${typed}: ${now}; nothing was changed`, {
    lock: name,
    token: typed,
    current,
  });
}

function tell({ out, talk, json }: Context, before: ResourceState, holder: HolderState, after: ResourceState): void {
  const { token: broken, heldFor } = holder;
  const permits = hasPermits(before);
  if (json)
    out.document({ schema: 1, released: true, from: holderDocument(holder, permits), lock: lockDocument(after) });
  else
    out.line(
      `released "${before.name}" from ${labelOf(holder)} (token ${broken}, held for ${formatDuration(heldFor)})`,
    );
  const others = before.holders.map((candidate) => candidate.token);
  const next = after.holders.find((candidate) => !others.includes(candidate.token));
  if (next !== undefined) talk.line(`now held by ${labelOf(next)} (token ${next.token})`);
  talk.line(
    `${labelOf(holder)} keeps running until it notices; fenced writes with token ${broken} are refused once a newer token has been used`,
  );
}
