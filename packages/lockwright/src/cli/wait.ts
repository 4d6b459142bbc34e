/** `lockwright wait <name>`: comes back when a lock is free, and takes nothing. */
import type { LockSpace } from "../leases/lock-space.js";
import type { ResourceState } from "../leases/lock-store.js";
import { platform, MAX_TIMER_MS, type Timer } from "../platform.js";
import { type Command, type Context, defineCommand, duration, type OptionTable } from "./command.js";
import { formatDuration } from "./duration.js";
import { EXIT } from "./exit-codes.js";
import { isFree, labelOf, lockDocument } from "./lock-view.js";
import { withSpace } from "./open-space.js";

const options = {
  timeout: duration("wait at most this long; 0s: only look (default: as long as it takes)"),
} as const satisfies OptionTable;

export const waitCommand: Command = defineCommand({
  name: "wait",
  summary: "wait until a lock is free, without taking it",
  positionals: [{ name: "name", kind: "lock" }],
  options,
  details: `Free means that nobody holds it and nobody waits for it; for a semaphore, that a permit is left. Nothing is reserved:
somebody else may take it at once. To do something while it is held, use "lockwright run".`,
  exits: [
    [EXIT.done, "it is free"],
    [EXIT.busy, "still not free when the time was over"],
  ],
  run,
});

async function run(context: Context<typeof options>): Promise<number> {
  const [name = ""] = context.positionals;
  const startedAt = platform.now();
  return await withSpace(context, async (space) => {
    const last = await follow(space, name, context);
    context.talk.status("");
    context.signal.throwIfAborted();
    const waited = platform.now() - startedAt;
    const free = isFree(last);
    if (context.json) context.out.document({ schema: 1, free, waited: Math.round(waited), lock: lockDocument(last) });
    else
      context.talk.line(
        `"${name}" is ${free ? "free" : `not free: ${busyWords(last)}`}, after ${formatDuration(waited)}`,
      );
    return free ? EXIT.done : EXIT.busy;
  });
}

/** Looks until it is free, the time is over or a signal came; gives the last state seen. */
async function follow(
  space: LockSpace,
  name: string,
  { options: { timeout }, signal, talk }: Context<typeof options>,
): Promise<ResourceState> {
  const first = await space.inspect(name);
  if (isFree(first) || timeout === 0) return first;
  if (!talk.isTerminal) talk.line(`waiting for "${name}": ${busyWords(first)}`);
  const time = new AbortController();
  const timer = timeout === undefined ? undefined : after(timeout, () => time.abort());
  try {
    let last = first;
    for await (const state of space.watch(name, { signal: AbortSignal.any([signal, time.signal]) })) {
      last = state;
      if (isFree(state)) break;
      talk.status(`waiting for "${name}": ${busyWords(state)}`);
    }
    return last;
  } finally {
    timer?.clear();
  }
}

/** A timer of any length; the platform's ends at 24 days. */
function after(ms: number, fn: () => void): Pick<Timer, "clear"> {
  let timer: Timer;
  const arm = (left: number): void => {
    timer = platform.setTimer(
      () => (left > MAX_TIMER_MS ? arm(left - MAX_TIMER_MS) : fn()),
      Math.min(left, MAX_TIMER_MS),
    );
  };
  arm(ms);
  return { clear: () => timer.clear() };
}

function busyWords({ holders, waiters }: ResourceState): string {
  const [first, ...others] = holders;
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const held =
    first === undefined ? "held by nobody" : `held by ${labelOf(first)}${more} for ${formatDuration(first.heldFor)}`;
  return waiters.length === 0 ? held : `${held}, ${waiters.length} waiting`;
}
