/**
 * The seam between leases and what keeps them: the smallest thing a backend does atomically.
 *
 * A store applies {@link Command}s, each to one resource, each atomically, by the rules of `grant-table.ts`. It pushes
 * hints to whoever was granted, and where it can it says that a process is dead. It runs no loop of its own over leases:
 * waiting, renewing and healing are written once above it (`acquire-loop.ts`, `lease-keeper.ts`).
 *
 * Every command is idempotent under retry: an answer that got lost is fetched by sending the same command again.
 * All durations are milliseconds. Absolute times are on the store's own clock and never leave it; what leaves is ages.
 */

/** The capacity of every mutex and read-write lock: a writer takes all of it, a reader one unit. */
export const EXCLUSIVE = 1_000_000;

const FINAL = Symbol.for("lockwright.final");

/** Marks an error of a store that no later try can mend: its waiters are told at once and do not wait for better times. */
export function finalError<E extends Error>(error: E): E {
  return Object.defineProperty(error, FINAL, { value: true });
}

/** Whether a store marked this error as one that no later try can mend. */
export function isFinalError(error: unknown): boolean {
  return typeof error === "object" && error !== null && FINAL in error;
}

/** One holder of a resource, as the grant table keeps it. */
export interface Holder {
  readonly id: string;
  /** The process that holds it, by the store's name for it. */
  readonly process: string;
  readonly weight: number;
  readonly token: bigint;
  readonly ttl: number;
  /** Store time of the grant. */
  readonly since: number;
  /** Store time at which the holder is gone, unless renewed. */
  readonly expiresAt: number;
  /** False from the hand-off of a queued grant until its waiter was heard of. */
  readonly claimed: boolean;
  /** For a writer that was a reader: the upgrade request that made it one, and the token it had as a reader. */
  readonly upgradedBy?: string | undefined;
  readonly upgradedFrom?: bigint | undefined;
  readonly label?: string | undefined;
}

/** One waiter of a resource, as the grant table keeps it. */
export interface Waiter {
  readonly id: string;
  readonly process: string;
  readonly weight: number;
  readonly ttl: number;
  /** Position: waiters are served by rising `seq`. */
  readonly seq: number;
  /** Store time of arrival. */
  readonly since: number;
  /** Store time at which the waiter is taken for dead, unless heard of; also the time it has to claim a grant. */
  readonly aliveUntil: number;
  readonly patience: number;
  readonly barging: boolean;
  /** The holder that waits to become the writer, for an upgrade. */
  readonly upgrade?: string | undefined;
  readonly label?: string | undefined;
}

/** Asks for `weight` units; with `queue` false it never waits. */
export interface AcquireCommand {
  readonly type: "acquire";
  readonly resource: string;
  readonly id: string;
  readonly process: string;
  /** What the caller takes the capacity to be; an idle resource adopts it. */
  readonly capacity: number;
  readonly weight: number;
  readonly ttl: number;
  readonly patience: number;
  readonly queue: boolean;
  readonly barging: boolean;
  readonly label?: string | undefined;
}
/** Says that a waiter is alive; claims its grant if it has one. */
export interface HeartbeatCommand {
  readonly type: "heartbeat";
  readonly resource: string;
  readonly id: string;
}
/** Takes a waiter out, and gives back a grant that crossed the cancel on its way. */
export interface CancelCommand {
  readonly type: "cancel";
  readonly resource: string;
  readonly id: string;
}
export interface ReleaseCommand {
  readonly type: "release";
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
}
export interface RenewCommand {
  readonly type: "renew";
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
  readonly ttl: number;
}
/** Drops everything a process holds or waits for here, because it is known to be dead. */
export interface DeadCommand {
  readonly type: "dead";
  readonly resource: string;
  readonly process: string;
}
/** Takes a resource from its holder by token. */
export interface ForceCommand {
  readonly type: "force";
  readonly resource: string;
  readonly token: bigint;
}
export interface ResizeCommand {
  readonly type: "resize";
  readonly resource: string;
  readonly capacity: number;
}
/** Asks to turn the reader `holder` into the writer, in place. */
export interface UpgradeCommand {
  readonly type: "upgrade";
  readonly resource: string;
  /** `<holder>^<anything>`: so that the holder is found from the request. */
  readonly id: string;
  readonly holder: string;
  readonly token: bigint;
  readonly patience: number;
  readonly queue: boolean;
}
export type Command =
  | AcquireCommand
  | HeartbeatCommand
  | CancelCommand
  | ReleaseCommand
  | RenewCommand
  | DeadCommand
  | ForceCommand
  | ResizeCommand
  | UpgradeCommand;

/** A holder as others may see it; ages in milliseconds. */
export interface HolderState {
  readonly id: string;
  readonly process: string;
  readonly token: bigint;
  readonly weight: number;
  readonly label: string | undefined;
  readonly heldFor: number;
  readonly expiresIn: number;
}

/** A waiter as others may see it; ages in milliseconds. */
export interface WaiterState {
  readonly id: string;
  readonly process: string;
  readonly weight: number;
  readonly label: string | undefined;
  readonly waitingFor: number;
}

/** A resource at one moment. */
export interface ResourceState {
  readonly name: string;
  readonly capacity: number;
  readonly used: number;
  /** The last token given out; 0 when it was never held. */
  readonly token: bigint;
  readonly holders: readonly HolderState[];
  /** In the order they will be served. */
  readonly waiters: readonly WaiterState[];
}

/** A resource in a list. */
export interface ResourceSummary {
  readonly name: string;
  readonly capacity: number;
  readonly used: number;
  readonly token: bigint;
  readonly holding: number;
  readonly waiting: number;
}

/** In the queue. */
export interface QueuedResult {
  readonly type: "queued";
  /** The processes whose death would matter to this waiter. */
  readonly ahead: readonly string[];
  /** For the head: milliseconds until the next holder's time is over. */
  readonly lapse: number | undefined;
  /** Some of the holders, for messages. */
  readonly holders: readonly HolderState[];
}
/** Not free, and asked not to queue. */
export interface BusyResult {
  readonly type: "busy";
  readonly ahead: readonly string[];
  readonly holders: readonly HolderState[];
  readonly waiting: number;
}

/** The answer to a command. */
export type Result =
  | { readonly type: "granted"; readonly token: bigint }
  | QueuedResult
  | BusyResult
  /** Can never be granted as asked: too heavy, of another kind than what is in use, or the second upgrader. */
  | { readonly type: "refused"; readonly why: "weight" | "kind" | "upgrade"; readonly capacity: number }
  /** Done: released, renewed, cancelled, dropped, forced or resized. */
  | { readonly type: "done" }
  /** Nothing by that id (and token) is here any more. */
  | { readonly type: "gone" };

/** What a store can promise; shown in the docs from here. */
export interface Capabilities {
  /** Tokens that only grow, so that a resource can refuse an old one; quorums have none. */
  readonly fencing: "tokens" | "none";
  readonly fifo: boolean;
  /** How a waiter learns of its grant. */
  readonly wake: "direct" | "push" | "heartbeat";
  /** How a dead holder is noticed: at once by the kernel, or when its time is over. */
  readonly liveness: "kernel" | "ttl";
  /** Tokens go on growing after a restart. */
  readonly persistentTokens: boolean;
}

/** How a keeper thread opens its own connection to the same store: `module` exports {@link KeeperModule}. */
export interface KeeperSource {
  /** The URL of an ES module. */
  readonly module: string;
  /** Passed to `openForKeeper`; structured-cloneable. */
  readonly options: unknown;
}
/** What the module of a {@link KeeperSource} exports. */
export interface KeeperModule {
  openForKeeper(options: unknown): KeeperConnection | Promise<KeeperConnection>;
}
/** The part of a store that a keeper needs. */
export interface KeeperConnection {
  execute(commands: readonly Command[]): Promise<readonly Result[]>;
  close(): Promise<void>;
}

/** Notices the death of other processes without waiting for a ttl. */
export interface Liveness {
  /** Resolves to true only if that process is known to be dead. */
  probe(process: string): Promise<boolean>;
  /**
   * Calls `onDead` once if that process is, or later becomes, known to be dead; `onUnsure` whenever it fell silent and is
   * being asked again: whatever it did last may be worth a look.
   */
  watch(process: string, onDead: () => void, onUnsure?: () => void): Disposable;
}

/** Versioned cells; version 0 means that there is none. */
export interface CellStore {
  read(name: string): Promise<{ readonly json: string | undefined; readonly version: number }>;
  /** Writes if the version is still `version`; resolves to the new version, or undefined when it is not. */
  write(name: string, version: number, json: string): Promise<number | undefined>;
}

/** A backend for leases. See the head of this file; run `lockwright/conformance` over a new one. */
export interface LockStore extends KeeperConnection {
  /** The store's kind: "memory", "sqlite", … */
  readonly name: string;
  /** Where it is, for people; never with credentials. */
  readonly location: string;
  readonly capabilities: Capabilities;
  /** This process by the store's name for it. */
  readonly process: string;
  readonly liveness: Liveness | undefined;
  /** Undefined: renewals run on the caller's loop. */
  readonly keeper: KeeperSource | undefined;
  readonly cells: CellStore;
  /** Applies each command atomically, in order. Rejects with `LW_STORE_UNAVAILABLE` when it cannot know the answer. */
  execute(commands: readonly Command[]): Promise<readonly Result[]>;
  inspect(resource: string): Promise<ResourceState>;
  list(prefix: string): Promise<readonly ResourceSummary[]>;
  /** Calls `wake` with ids of waiters of this process that should send a heartbeat now. A hint: it may be lost. */
  listen(wake: (id: string) => void): Disposable;
  /** Calls `changed` when the resource may have changed. A hint: it may be late, doubled or lost. */
  observe(resource: string, changed: () => void): Disposable;
  /**
   * Runs `act` while nothing can be granted, if `id` still holds the resource with `token`; else resolves to the
   * resource's last token. Undefined where a store cannot do that.
   */
  readonly commit:
    | ((
        holder: { readonly resource: string; readonly id: string; readonly token: bigint },
        act: () => void,
      ) => Promise<bigint | undefined>)
    | undefined;
}
