/** `lockwright watch [prefix]`: a line per change, as it happens. */
import type { LockSpace } from "../leases/lock-space.js";
import type { ResourceState } from "../leases/lock-store.js";
import { platform } from "../platform.js";
import { type Command, type Context, defineCommand, flag, type OptionTable } from "./command.js";
import { formatDuration } from "./duration.js";
import { EXIT } from "./exit-codes.js";
import { BrokenPipe, Interrupted } from "./interrupts.js";
import { listLocks } from "./list-locks.js";
import { changesOf, type LockChange } from "./lock-changes.js";
import { hasPermits, holderDocument, labelOf, shareWords, visible, waiterDocument } from "./lock-view.js";
import { withSpace } from "./open-space.js";
import { UsageError } from "./usage-error.js";

/** Milliseconds between two looks at all locks without a hint, and at least between two looks with one. */
const PACE = 250;
const LEAST_PACE = 20;

const options = { exact: flag("only the lock of exactly this name") } as const satisfies OptionTable;

export const watchCommand: Command = defineCommand({
  name: "watch",
  summary: "print each change of the locks as it happens",
  positionals: [{ name: "name|prefix", kind: "lock", optional: true }],
  options,
  details: `Follows every lock whose name begins with what is given, all of them without, until Ctrl-C. First come the holders
(held) and waiters (waiting) of the moment, then: granted, released (also by death), queued, left (a waiter gave up or
died), resized, and missed: grants came and went between two looks.

--json prints one document per line; the first says { schema, event: "watching", store }. "at" is in milliseconds since
the epoch, tokens are decimal strings, other times are milliseconds.`,
  exits: [[EXIT.done, "ended by Ctrl-C, or nobody reads stdout any more"]],
  run,
});

async function run(context: Context<typeof options>): Promise<number> {
  const {
    positionals: [name],
    signal,
    out,
    talk,
    json,
  } = context;
  if (context.options.exact === true && name === undefined) throw new UsageError("--exact needs the name of a lock");
  return await withSpace(context, async (space) => {
    const { location } = space.store;
    if (json) out.document({ schema: 1, event: "watching", at: platform.wallNow(), store: location });
    else talk.line(`watching ${location}; Ctrl-C ends it`);
    if (context.options.exact === true) await watchOne(space, name ?? "", context);
    else await watchAll(space, name ?? "", context);
    return endOf(signal);
  });
}

/** A user's Ctrl-C is how a watch ends; any other signal is told. */
function endOf({ reason }: AbortSignal): number {
  if (reason instanceof BrokenPipe || (reason instanceof Interrupted && reason.signal === "SIGINT")) return EXIT.done;
  throw reason;
}

async function watchOne(space: LockSpace, name: string, context: Context): Promise<void> {
  let before: ResourceState | undefined;
  let lookedAt = platform.now();
  for await (const state of space.watch(name, { signal: context.signal })) {
    const now = platform.now();
    print(context, state, changesOf(before, state, now - lookedAt));
    before = state;
    lookedAt = now;
  }
}

async function watchAll(space: LockSpace, prefix: string, context: Context): Promise<void> {
  const known = new Map<string, ResourceState>();
  const bell = new Bell(context.signal);
  using _hint = space.store.observe(prefix, () => bell.ring());
  let lookedAt: number | undefined;
  while (!context.signal.aborted) {
    const states = await listLocks(space, prefix);
    const now = platform.now();
    for (const state of states) {
      const before = known.get(state.name) ?? (lookedAt === undefined ? undefined : unused(state));
      print(context, state, changesOf(before, state, now - (lookedAt ?? now)));
      known.set(state.name, state);
    }
    lookedAt = now;
    await bell.next();
  }
}

/** A lock that was first used since the last look. */
function unused({ name, capacity }: ResourceState): ResourceState {
  return { name, capacity, used: 0, token: 0n, holders: [], waiters: [] };
}

/** Paces the looks: at a ring, but not at once after the last look; without one, at the pace; never after the signal. */
class Bell {
  readonly #signal: AbortSignal;
  #rung = false;
  #wake: (() => void) | undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake?.());
  }

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    await this.#pause(LEAST_PACE, () => this.#signal.aborted);
    await this.#pause(PACE - LEAST_PACE, () => this.#signal.aborted || this.#rung);
    this.#rung = false;
  }

  async #pause(ms: number, isOver: () => boolean): Promise<void> {
    if (isOver()) return;
    await new Promise<void>((resolve) => {
      const timer = platform.setTimer(resolve, ms);
      this.#wake = () => {
        if (!isOver()) return;
        timer.clear();
        resolve();
      };
    });
  }
}

function print({ out, json }: Context, state: ResourceState, changes: readonly LockChange[]): void {
  const at = platform.wallNow();
  for (const change of changes) {
    if (json) out.document({ at, name: state.name, ...documentOf(change, hasPermits(state)) });
    else
      out.line(`${out.style("dim", clock.format(at))}  ${visible(state.name)}  ${wordsOf(change, hasPermits(state))}`);
  }
}

const clock = new Intl.DateTimeFormat("en", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});

function documentOf(change: LockChange, permits: boolean): Readonly<Record<string, unknown>> {
  if ("holder" in change) {
    const { event, holder, waited } = change;
    return {
      event,
      ...holderDocument(holder, permits),
      ...(waited === undefined ? {} : { waited: Math.round(waited) }),
    };
  }
  if ("waiter" in change)
    return { event: change.event, position: change.position, ...waiterDocument(change.waiter, permits) };
  return change;
}

function wordsOf(change: LockChange, permits: boolean): string {
  if ("holder" in change) {
    const { event, holder, waited } = change;
    const since =
      event === "granted"
        ? waited === undefined
          ? ""
          : `, waited ${formatDuration(waited)}`
        : `, held for ${formatDuration(holder.heldFor)}`;
    return `${event}  ${labelOf(holder)}  ${shareWords(holder.weight, permits)}, token ${holder.token}${since}`;
  }
  if ("waiter" in change)
    return `${change.event}  ${labelOf(change.waiter)}  ${shareWords(change.waiter.weight, permits)}, place ${change.position}`;
  return change.event === "missed"
    ? `missed  was granted and released unseen, up to token ${change.token}`
    : `resized  ${change.permits} permits`;
}
