/**
 * `lockwright run` itself: take the lock, run the command under it, give it back; by the table of exit codes in `--help`.
 */
import { constants } from "node:os";
import { LockwrightError } from "../errors.js";
import type { Lease, LeaseLock, LockSpace, LockStore } from "../leases/index.js";
import type { HeldLease } from "../leases/lease.js";
import { platform } from "../platform.js";
import type { SqliteStore } from "../stores/sqlite.js";
import { EXIT } from "./exit-codes.js";
import { forwarded, startCommand, WrappedChild } from "./run-child.js";
import { type ChildKind, Guardian } from "./run-guardian.js";
import { Preparations } from "./run-preparations.js";
import type { RunReport } from "./run-report.js";

/** What to run and under which lock. Times in milliseconds. */
export interface RunOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly ttl: number;
  /** How long to wait; undefined: for as long as it takes; 0: not at all. */
  readonly wait: number | undefined;
  readonly maxHold: number | undefined;
  readonly permits: number | undefined;
  readonly shared: boolean;
  readonly foreground: boolean;
}

/** Runs the command under the lock and resolves to the exit code. */
export async function runWrapped(space: LockSpace, options: RunOptions, report: RunReport): Promise<number> {
  const signals = new SignalDesk();
  try {
    const backstage = new Backstage(options, await livenessDescriptor(space.store));
    try {
      const lease = await takeLock(space, options, report, signals, backstage);
      if (lease === undefined) return signals.exitCode ?? report.busyExit;
      return await holdAndRun(lease, options, report, signals, backstage);
    } finally {
      backstage.close();
    }
  } finally {
    signals.close();
  }
}

/** The processes around the command, each made when it is first needed, or before if there is time. */
class Backstage {
  readonly descriptor: number | undefined;
  /** What the command is to find in its environment; its token and the end of its lease come with the lock. */
  readonly env: NodeJS.ProcessEnv;
  readonly kind: ChildKind;
  readonly preparations: Preparations;
  #guardian: Guardian | undefined;

  constructor({ command, args, env, name, foreground }: RunOptions, descriptor: number | undefined) {
    this.env = { ...env, LOCKWRIGHT_LOCK: name, LOCKWRIGHT_RUN: platform.newId() };
    this.kind = foreground ? "single" : "group";
    this.descriptor = descriptor;
    const told = (pid: number): void => {
      this.guardian.spawning("group");
      this.guardian.started(pid);
    };
    this.preparations = new Preparations({ command, args, env: this.env, descriptor, kind: this.kind, told });
  }

  get guardian(): Guardian {
    return (this.#guardian ??= new Guardian(this.env["LOCKWRIGHT_RUN"] ?? "", this.descriptor));
  }

  close(): void {
    this.preparations.discard();
    this.#guardian?.done();
  }
}

/** Of the socket that makes us count as alive, where the store has one. */
async function livenessDescriptor(store: LockStore): Promise<number | undefined> {
  return "livenessDescriptor" in store ? await (store as SqliteStore).livenessDescriptor() : undefined;
}

function lockOf(space: LockSpace, { name, permits, shared }: RunOptions): LeaseLock {
  if (permits !== undefined) return space.semaphore(name, permits);
  return shared ? space.readWriteLock(name).read : space.mutex(name);
}

/** Resolves to the lease; to undefined when it is busy and we may not wait, or a signal ended the wait. */
async function takeLock(
  space: LockSpace,
  options: RunOptions,
  report: RunReport,
  signals: SignalDesk,
  backstage: Backstage,
): Promise<Lease | undefined> {
  const lock = lockOf(space, options);
  const { ttl, wait } = options;
  const free = await lock.tryAcquire({ ttl });
  if (signals.first !== undefined) {
    await free?.release();
    return undefined;
  }
  if (free !== undefined) return free;
  if (wait === 0) {
    report.busy(await lock.inspect());
    return undefined;
  }
  void backstage.guardian; // ready before it is needed
  void backstage.preparations.rehearse(space.store, options.name);
  const notice = report.waiting(() => lock.inspect());
  try {
    return await lock.acquire({ ttl, signal: signals.aborted, timeout: wait });
  } catch (error) {
    if (signals.first !== undefined) return undefined;
    if (!(error instanceof LockwrightError) || error.code !== "LW_TIMEOUT") throw error;
    report.busy(await lock.inspect());
    return undefined;
  } finally {
    notice.clear();
  }
}

async function holdAndRun(
  lease: Lease,
  options: RunOptions,
  report: RunReport,
  signals: SignalDesk,
  backstage: Backstage,
): Promise<number> {
  const { command, args, ttl, maxHold } = options;
  const { descriptor, kind, env, guardian } = backstage;
  report.acquired(lease);
  const deadline = (): number => (lease.state === "held" ? (lease as HeldLease).deadline : Number.NEGATIVE_INFINITY);
  const say = (event: "renewal-failing" | "lost" | "max-hold"): void => report.child(event);
  const settings = { command, args, env, ttl, maxHold, descriptor, kind, deadline, say };
  const stub = await backstage.preparations.stub();
  try {
    // A signal that came since the lock was ours and found no command to go to.
    if (signals.exitCode !== undefined) {
      await release(lease, report);
      return signals.exitCode;
    }
    const started = startCommand(settings, guardian, stub, String(lease.token), String(lease.expiresAt));
    const child = new WrappedChild(settings, guardian, started);
    signals.receiver = (signal) => child.forward(signal);
    lease.signal.addEventListener("abort", () => child.lost());
    const { code, isLost } = await child.ended;
    if (isLost || lease.state === "lost") return report.ended(EXIT.lost, code);
    await release(lease, report);
    return report.ended(code, code);
  } catch (error) {
    await release(lease, report);
    return report.notStarted(command, error);
  }
}

/** An unreachable store must not change how the command ended; the ttl frees the lock. */
async function release(lease: Lease, report: RunReport): Promise<void> {
  try {
    await lease.release();
  } catch (error) {
    report.releaseFailed(error);
  }
}

/** Takes this process's signals from the first moment: the first one ends a wait, all go to the command once it runs. */
class SignalDesk {
  readonly #controller: AbortController = new AbortController();
  readonly #handlers: ReadonlyMap<NodeJS.Signals, () => void> = new Map(
    forwarded.map((signal) => [signal, (): void => this.#received(signal)]),
  );
  /** The signal that ended the wait. */
  first: NodeJS.Signals | undefined;
  receiver: ((signal: NodeJS.Signals) => void) | undefined;

  constructor() {
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  get aborted(): AbortSignal {
    return this.#controller.signal;
  }

  get exitCode(): number | undefined {
    return this.first === undefined ? undefined : 128 + constants.signals[this.first];
  }

  #received(signal: NodeJS.Signals): void {
    if (this.receiver !== undefined) return this.receiver(signal);
    if (signal === "SIGCONT" || signal === "SIGWINCH") return; // they end nobody
    this.first ??= signal;
    this.#controller.abort(new Error(`ended by ${signal}`));
  }

  close(): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }
}
