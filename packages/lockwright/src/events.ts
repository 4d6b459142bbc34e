/**
 * The only place that emits. Channel names stand in one table; with nobody listening an emit is two checks.
 *
 * Contract (public as `lockwright/events`): payloads carry a {@link LockRef}, never the lock or a guard, so a subscriber
 * cannot release anything; fields are only ever added; times are milliseconds on the platform clock. A throwing hook
 * uninstalls itself and says so once: telemetry never breaks locking.
 *
 * Each emit is `hook !== null` plus `channel.hasSubscribers`, and the payload is built inside that branch.
 * `traceSync`/`tracePromise` are never used: they cost 14 ns with nobody listening where two checks cost under 2.
 */
import { channel } from "node:diagnostics_channel";
import type { DeadlockEdge } from "./errors.js";

/** The class of a lock in kebab case: "mutex", "semaphore", "read-write-lock", … */
export type LockKind = string;

/** Names a lock to a listener. */
export interface LockRef {
  readonly id: number;
  readonly name: string;
  readonly kind: LockKind;
  readonly scope: "process" | "threads" | "lease";
  readonly permits: number;
}

/** A lock as the hook sees it; `probe` is the hook's own field. */
export interface Observed {
  readonly ref: LockRef;
  probe: unknown;
}

/** A wait or hold as the hook sees it; `probe` is the hook's own field. */
export interface Grant {
  probe: unknown;
  readonly weight: number;
  readonly mode: "exclusive" | "shared";
  readonly intent?: "read" | "write";
  readonly key?: string;
}

/** Why a waiter gave up; a waiter whose weight no longer fits after a resize is `"cancelled"`. */
export type LeftWhy = "timeout" | "abort" | "cancelled" | "closed" | "broken" | "deadlock";

/** The one internal listener: a profiler. Called synchronously, after the lock's own state is settled. */
export interface Hook {
  queued(lock: Observed, grant: Grant, depth: number): void;
  granted(lock: Observed, grant: Grant): void;
  /** Called after the next waiter was resolved; `value`: what a `run` body returned. */
  released(lock: Observed, grant: Grant, depth: number, value?: unknown): void;
  left(lock: Observed, grant: Grant, why: LeftWhy): void;
  /** `tryAcquire` found it taken. */
  missed(lock: Observed): void;
}

/** Payload of `lockwright:queued`. */
export interface QueuedEvent {
  readonly lock: LockRef;
  readonly key?: string;
  readonly depth: number;
  readonly owner?: string;
  readonly holders: readonly { readonly owner?: string; readonly since: number }[];
}
/** Payload of `lockwright:granted`; `waited` is 0 on the fast path. */
export interface GrantedEvent {
  readonly lock: LockRef;
  readonly key?: string;
  readonly waited: number;
  readonly depth: number;
  readonly owner?: string;
  readonly token?: bigint;
}
/** Payload of `lockwright:released`; `held` is known when `granted` or `queued` was listened to at the grant. */
export interface ReleasedEvent {
  readonly lock: LockRef;
  readonly key?: string;
  readonly held?: number;
  readonly waiters: number;
}
/** Payload of `lockwright:left`. */
export interface LeftEvent {
  readonly lock: LockRef;
  readonly key?: string;
  readonly why: LeftWhy;
  readonly waited: number;
}
/** Payload of `lockwright:lease`; `margin`: milliseconds left on the deadline when it happened. */
export interface LeaseEvent {
  readonly lock: LockRef;
  readonly event: "renewed" | "unknown" | "lost" | "released";
  readonly token: bigint;
  readonly margin: number;
}

/** Payload of `lockwright:nested`: a body of `within` must queue for `lock`, and as far as seen neither can go on. */
export interface NestedEvent {
  readonly lock: LockRef;
  readonly within: LockRef;
}
/** Payload of `lockwright:deadlock`: a verdict. */
export interface DeadlockReport {
  /**
   * `"proved"`: what callers said or declared leaves no way on, or what was seen stood for 25 ms; `"suspected"`: the same
   * on a lock whose guards were given back by others before; `"drained"`: the event loop is empty.
   */
  readonly kind: "proved" | "suspected" | "drained";
  /** What it rests on: guards passed as `holding`, task scopes, the body on the stack, the empty event loop. */
  readonly evidence: "holding" | "scope" | "nested" | "drained";
  /** True when waits were rejected with `LW_DEADLOCK`: the closing one, at the end of the loop all. */
  readonly rejected: boolean;
  /** Platform time of the verdict. */
  readonly at: number;
  /** The waits of the knot with their holders. The one that closed it comes first. */
  readonly edges: readonly DeadlockEdge[];
}

/** What every event of one traced acquire carries, the same object each time; an APM opens and closes a span on it. */
export interface AcquireTrace {
  readonly lock: LockRef;
  readonly key?: string;
  /** Milliseconds in the queue; there from `asyncStart` on. */
  waited?: number;
  /** Why it was not acquired; there from `error` on. */
  error?: unknown;
}

/** A diagnostics channel and the shape of what is published on it. */
export interface EventChannel<T> {
  readonly name: string | symbol;
  readonly hasSubscribers: boolean;
  publish(message: T): void;
  subscribe(listener: (message: T, name: string | symbol) => void): void;
  unsubscribe(listener: (message: T, name: string | symbol) => void): boolean;
}

function typed<T>(name: string): EventChannel<T> {
  return channel(name) as unknown as EventChannel<T>;
}

/** Every channel lockwright publishes on, by what happened. */
export const channels: {
  readonly created: EventChannel<LockRef>;
  readonly queued: EventChannel<QueuedEvent>;
  readonly granted: EventChannel<GrantedEvent>;
  readonly released: EventChannel<ReleasedEvent>;
  readonly left: EventChannel<LeftEvent>;
  readonly lease: EventChannel<LeaseEvent>;
  readonly nested: EventChannel<NestedEvent>;
  readonly deadlock: EventChannel<DeadlockReport>;
} = {
  created: typed<LockRef>("lockwright:created"),
  queued: typed<QueuedEvent>("lockwright:queued"),
  granted: typed<GrantedEvent>("lockwright:granted"),
  released: typed<ReleasedEvent>("lockwright:released"),
  left: typed<LeftEvent>("lockwright:left"),
  lease: typed<LeaseEvent>("lockwright:lease"),
  nested: typed<NestedEvent>("lockwright:nested"),
  deadlock: typed<DeadlockReport>("lockwright:deadlock"),
};

/**
 * The five channels of `tracingChannel("lockwright:acquire")`: acquires that have to wait, and those of `run`.
 *
 * `start` and `end` when it was asked for, `asyncStart` and `asyncEnd` when it was granted or given up, `error` before
 * them in the second case.
 */
export const acquireTracing: {
  readonly start: EventChannel<AcquireTrace>;
  readonly end: EventChannel<AcquireTrace>;
  readonly asyncStart: EventChannel<AcquireTrace>;
  readonly asyncEnd: EventChannel<AcquireTrace>;
  readonly error: EventChannel<AcquireTrace>;
} = {
  start: typed<AcquireTrace>("tracing:lockwright:acquire:start"),
  end: typed<AcquireTrace>("tracing:lockwright:acquire:end"),
  asyncStart: typed<AcquireTrace>("tracing:lockwright:acquire:asyncStart"),
  asyncEnd: typed<AcquireTrace>("tracing:lockwright:acquire:asyncEnd"),
  error: typed<AcquireTrace>("tracing:lockwright:acquire:error"),
};

/** The hook in force, or null. Read by the emit sites; set only by {@link installHook}. */
export let hook: Hook | null = null;

/**
 * Installs the one hook.
 *
 * **Errors** Throws an `Error` when a hook is already installed.
 */
export function installHook(next: Hook): Disposable {
  if (hook !== null) throw new Error("lockwright: a hook is already installed; dispose it first");
  hook = next;
  return {
    [Symbol.dispose]() {
      if (hook === next) hook = null;
    },
  };
}

/** Answers whether anyone wants to hear of grants, or of who holds what somebody queues for. Each check is 1 ns. */
export function isGrantWatched(): boolean {
  return hook !== null || granted.hasSubscribers || queued.hasSubscribers;
}

/** Answers whether a channel that reports times is listened to. */
export function isChannelWatched(): boolean {
  return granted.hasSubscribers || released.hasSubscribers || queued.hasSubscribers || left.hasSubscribers;
}

/** Answers whether anyone wants to hear of releases. */
export function isReleaseWatched(): boolean {
  return hook !== null || released.hasSubscribers;
}

/** Answers whether anyone wants to hear of waits or of how they end. */
export function isWaitWatched(): boolean {
  return hook !== null || granted.hasSubscribers || queued.hasSubscribers || left.hasSubscribers;
}

/** Answers whether anyone traces acquires. */
export function isAcquireTraced(): boolean {
  return (
    start.hasSubscribers ||
    asyncEnd.hasSubscribers ||
    error.hasSubscribers ||
    asyncStart.hasSubscribers ||
    end.hasSubscribers
  );
}

// One load less at each emit site than through the table.
const { queued, granted, released, left } = channels;
const { start, end, asyncStart, asyncEnd, error } = acquireTracing;

/** Tells that a named lock was built. */
export function emitCreated(lock: LockRef): void {
  if (channels.created.hasSubscribers) channels.created.publish(lock);
}

/** Tells that `grant` has to wait as the `depth`-th; `holders` is asked only when somebody listens. */
export function emitQueued(lock: Observed, grant: Grant, depth: number, holders: () => QueuedEvent["holders"]): void {
  if (hook !== null) callHook((to) => to.queued(lock, grant, depth));
  if (queued.hasSubscribers) queued.publish({ lock: lock.ref, ...keyOf(grant), depth, holders: holders() });
}

/** Tells that `grant` was handed out after `waited` milliseconds, with `depth` still waiting. */
export function emitGranted(lock: Observed, grant: Grant, waited: number, depth: number): void {
  if (hook !== null) callHook((to) => to.granted(lock, grant));
  if (granted.hasSubscribers) granted.publish({ lock: lock.ref, ...keyOf(grant), waited, depth });
}

/** Tells that `grant` came back; `held` in milliseconds where the start is known, `value`: what a `run` body returned. */
export function emitReleased(
  lock: Observed,
  grant: Grant,
  held: number | undefined,
  depth: number,
  value: unknown,
): void {
  if (hook !== null) callHook((to) => to.released(lock, grant, depth, value));
  if (!released.hasSubscribers) return;
  released.publish({ lock: lock.ref, ...keyOf(grant), ...(held === undefined ? {} : { held }), waiters: depth });
}

/** Tells that a waiter gave up after `waited` milliseconds. */
export function emitLeft(lock: Observed, grant: Grant, why: LeftWhy, waited: number): void {
  if (hook !== null) callHook((to) => to.left(lock, grant, why));
  if (left.hasSubscribers) left.publish({ lock: lock.ref, ...keyOf(grant), why, waited });
}

/** Tells the hook that a `tryAcquire` found the lock taken. */
export function emitMissed(lock: Observed): void {
  if (hook !== null) callHook((to) => to.missed(lock));
}

/** Tells that a body must queue and that a knot is seen, of which nothing is believed yet. */
export function emitNested(lock: LockRef, within: LockRef): void {
  if (channels.nested.hasSubscribers) channels.nested.publish({ lock, within });
}

/** Tells a verdict; the report is made only when somebody listens. */
export function emitDeadlock(report: () => DeadlockReport): void {
  if (channels.deadlock.hasSubscribers) channels.deadlock.publish(report());
}

/** Tells that an acquire was asked for; ask {@link isAcquireTraced} before. */
export function emitAcquireStart(lock: LockRef, key?: string): AcquireTrace {
  const trace: AcquireTrace = key === undefined ? { lock } : { lock, key };
  if (start.hasSubscribers) start.publish(trace);
  if (end.hasSubscribers) end.publish(trace);
  return trace;
}

/** Tells how a traced acquire ended, `waited` milliseconds after it was asked for; with `failure`, that it was given up. */
export function emitAcquireEnd(trace: AcquireTrace, waited: number, failure?: { readonly reason: unknown }): void {
  trace.waited = waited;
  if (failure !== undefined) {
    trace.error = failure.reason;
    if (error.hasSubscribers) error.publish(trace);
  }
  if (asyncStart.hasSubscribers) asyncStart.publish(trace);
  if (asyncEnd.hasSubscribers) asyncEnd.publish(trace);
}

function keyOf(grant: Grant): { readonly key?: string } {
  return grant.key === undefined ? {} : { key: grant.key };
}

function callHook(call: (to: Hook) => void): void {
  const asked = hook!;
  try {
    call(asked);
  } catch (error) {
    // Once: a hook that re-entered the lock may throw in several frames.
    if (hook !== asked) return;
    hook = null;
    process.emitWarning(`a lockwright hook threw and was uninstalled: ${String(error)}`, "LockwrightWarning");
  }
}
