/**
 * Keeps leases alive: in one thread per process, or on the caller's loop where a store has no keeper.
 *
 * Renewal is off the main loop because the main loop is what stalls: with a ttl of 500 ms and a loop blocked for 2.5 s a
 * timer-renewed lock was stolen after 454 ms while its holder was inside. The opposite danger, a hung process that holds
 * for ever, is met by a word that the main loop writes: past `maxStall` of silence the keeper lets the lease end.
 * Nothing here keeps the process alive, and a keeper that dies takes no lease with it: renewal moves to the loop.
 */
import { Worker } from "node:worker_threads";
import { channels } from "../events.js";
import { platform, type Timer } from "../platform.js";
import { KeeperClock, SLOTS_IN_SEGMENT, SlotSegment } from "./keeper-slots.js";
import type { FromKeeper, ToKeeper } from "./keeper-thread.js";
import type { KeeperConnection, KeeperSource, LockStore } from "./lock-store.js";
import { type Renewable, type RenewalAnswer, RenewalLoop } from "./renewal-loop.js";

/** How long a keeper may take to end by itself. */
const END_MS = 2000;

/** A lease to be kept. Times in milliseconds. */
export interface KeptLease {
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
  readonly ttl: number;
  readonly maxStall: number;
  readonly deadline: number;
  /** Hears of each answer; of "renewed" only where somebody listens. */
  answered(answer: RenewalAnswer): void;
}

/** The handle of a lease that is being kept. */
export interface Keeping {
  /** Monotonic milliseconds; moves with every renewal, whichever thread made it. */
  readonly deadline: number;
  /** After a renewal by the caller: renews by this ttl from now on, and before this deadline. */
  extend(ttl: number, deadline: number): void;
  stop(): void;
}

/** Renews the leases of one store. */
export interface Keeper {
  readonly renewal: "thread" | "loop";
  keep(lease: KeptLease): Keeping;
  close(): void;
}

/** Makes the keeper for a store: the process's thread if the store can be opened there, else the loop. */
export function keeperFor(store: LockStore, renewal: "thread" | "loop"): Keeper {
  if (renewal === "loop" || store.keeper === undefined) return new LoopKeeper(store);
  return new ThreadKeeper(store, store.keeper);
}

/** Renews on the caller's loop. */
export class LoopKeeper implements Keeper {
  readonly renewal = "loop";
  readonly #entries: Set<LoopEntry> = new Set();
  readonly #loop: RenewalLoop;

  constructor(connection: KeeperConnection) {
    this.#loop = new RenewalLoop(connection, () => this.#entries);
  }

  keep(lease: KeptLease): Keeping {
    const changed = { stopped: () => this.#entries.delete(entry), extended: () => this.#loop.plan() };
    const entry = new LoopEntry(lease, changed);
    this.#entries.add(entry);
    this.#loop.plan();
    return entry;
  }

  close(): void {
    this.#loop.close();
    this.#entries.clear();
  }
}

class LoopEntry implements Renewable, Keeping {
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
  ttl: number;
  deadline: number;
  readonly #lease: KeptLease;
  readonly #tell: { stopped(): void; extended(): void };
  #isStopped = false;

  constructor(lease: KeptLease, tell: { stopped(): void; extended(): void }) {
    this.resource = lease.resource;
    this.id = lease.id;
    this.token = lease.token;
    this.ttl = lease.ttl;
    this.deadline = lease.deadline;
    this.#lease = lease;
    this.#tell = tell;
  }

  extend(ttl: number, deadline: number): void {
    this.ttl = ttl;
    this.deadline = deadline;
    this.#tell.extended();
  }

  mayRenew(now: number): boolean {
    return this.deadline > now;
  }

  settle(answer: RenewalAnswer, deadline: number): void {
    if (this.#isStopped) return;
    if (answer === "renewed") this.deadline = Math.max(this.deadline, deadline); // a store never shortens a hold [G7]
    if (answer === "lost") this.deadline = 0;
    this.#lease.answered(answer);
  }

  stop(): void {
    this.#isStopped = true;
    this.#tell.stopped();
  }
}

/** The stores of this process's keeper thread; the thread lives while there is one. */
class KeeperThread {
  readonly clock: KeeperClock = new KeeperClock();
  readonly segments: SlotSegment[] = [];
  readonly #worker: Worker;
  readonly #free: number[] = [];
  readonly #kept: Map<number, { readonly generation: number; readonly lease: KeptLease }> = new Map();
  readonly #stores: Map<number, ThreadKeeper> = new Map();
  #nextStore = 1;
  #pulse: Timer | undefined;
  #period = Number.POSITIVE_INFINITY;

  constructor() {
    this.clock.alive = platform.now();
    this.clock.nextLook = Number.POSITIVE_INFINITY;
    this.#worker = new Worker(new URL("./keeper-thread.js", import.meta.url), { name: "lockwright keeper" });
    this.#worker.on("message", (message: FromKeeper) => this.#heard(message));
    this.#worker.on("error", (error) => this.#died(error.message));
    this.#worker.on("exit", () => this.#died("it ended"));
    this.#worker.unref();
    this.#tell({ type: "clock", buffer: this.clock.buffer });
  }

  #tell(message: ToKeeper): void {
    this.#worker.postMessage(message);
  }

  open(keeper: ThreadKeeper, source: KeeperSource): number {
    const store = this.#nextStore++;
    this.#stores.set(store, keeper);
    this.#tell({ type: "open", store, source });
    return store;
  }

  close(store: number): void {
    this.#stores.delete(store);
    this.#tell({ type: "close", store });
    if (this.#stores.size > 0) return;
    this.#pulse?.clear();
    if (thread === this) thread = undefined;
    this.#end();
  }

  /**
   * A thread that is terminated inside a native driver can take the process with it: libsql panics when it finds the
   * termination pending. So it ends by itself once it has touched one, and the process waits for that.
   */
  #end(): void {
    if (this.clock.endUntouched()) return void this.#worker.terminate();
    this.#tell({ type: "end" });
    this.#worker.ref();
    const last = platform.setTimer(() => void this.#worker.terminate(), END_MS);
    this.#worker.once("exit", () => last.clear());
  }

  arm(store: number, lease: KeptLease): SlotPlace {
    const slot = this.#free.pop() ?? this.#grow();
    const segment = this.segments[Math.floor(slot / SLOTS_IN_SEGMENT)] as SlotSegment;
    const index = slot % SLOTS_IN_SEGMENT;
    this.clock.alive = platform.now();
    this.clock.isTelling = channels.lease.hasSubscribers;
    const generation = segment.arm(index, { ...contentOf(lease), store });
    this.#kept.set(slot, { generation, lease });
    if (this.clock.nextLook > this.clock.alive + lease.ttl / 3) this.#tell({ type: "look" }); // after arming: see keeper-thread
    this.#beat(lease.maxStall);
    return { slot, segment, index };
  }

  disarm(slot: number): void {
    const segment = this.segments[Math.floor(slot / SLOTS_IN_SEGMENT)] as SlotSegment;
    segment.free(slot % SLOTS_IN_SEGMENT);
    this.#kept.delete(slot);
    this.#free.push(slot);
  }

  #grow(): number {
    const first = this.segments.length * SLOTS_IN_SEGMENT;
    const segment = new SlotSegment();
    this.segments.push(segment);
    this.#tell({ type: "segment", buffer: segment.buffer });
    for (let slot = first + SLOTS_IN_SEGMENT - 1; slot > first; slot -= 1) this.#free.push(slot);
    return first;
  }

  /** Shows the keeper, every eighth of the shortest `maxStall`, that the main loop runs. */
  #beat(maxStall: number): void {
    const period = Math.min(1000, Math.max(10, maxStall / 8));
    if (period >= this.#period) return;
    this.#period = period;
    this.#pulse?.clear();
    const pulse = (): void => {
      this.clock.alive = platform.now();
      this.clock.isTelling = channels.lease.hasSubscribers;
      if (this.#kept.size === 0) {
        this.#period = Number.POSITIVE_INFINITY;
        this.#pulse = undefined;
        return;
      }
      this.#pulse = platform.setTimer(pulse, period);
      this.#pulse.keepAlive(false);
    };
    this.#pulse = platform.setTimer(pulse, period);
    this.#pulse.keepAlive(false);
  }

  #heard(message: FromKeeper): void {
    if (message.type === "answer") {
      const kept = this.#kept.get(message.slot);
      if (kept?.generation === message.generation) kept.lease.answered(message.answer);
    } else if (message.type === "failed") {
      this.#stores.get(message.store)?.fallBack(message.message);
    }
  }

  #died(why: string): void {
    if (thread === this) thread = undefined;
    for (const keeper of this.#stores.values()) keeper.fallBack(why);
    this.#stores.clear();
  }
}

let thread: KeeperThread | undefined;

/** Where a lease is: a slot by its number, and the segment and index it has there. */
interface SlotPlace {
  readonly slot: number;
  readonly segment: SlotSegment;
  readonly index: number;
}

function contentOf({ resource, id, token, ttl, maxStall, deadline }: KeptLease): Omit<KeptLease, "answered"> {
  return { resource, id, token, ttl, maxStall, deadline };
}

/** Renews in the keeper thread; on the loop should the thread fail. */
class ThreadKeeper implements Keeper {
  readonly #connection: KeeperConnection;
  readonly #thread: KeeperThread;
  readonly #store: number;
  readonly #keepings: Set<ThreadKeeping> = new Set();
  #loop: LoopKeeper | undefined;

  constructor(connection: KeeperConnection, source: KeeperSource) {
    this.#connection = connection;
    thread ??= new KeeperThread();
    this.#thread = thread;
    this.#store = thread.open(this, source);
  }

  get renewal(): "thread" | "loop" {
    return this.#loop === undefined ? "thread" : "loop";
  }

  keep(lease: KeptLease): Keeping {
    if (this.#loop !== undefined) return this.#loop.keep(lease);
    const keeping = new ThreadKeeping(this.#thread, this.#store, lease, () => this.#keepings.delete(keeping));
    this.#keepings.add(keeping);
    return keeping;
  }

  /** Moves every lease to the caller's loop, once. */
  fallBack(why: string): void {
    if (this.#loop !== undefined) return;
    this.#loop = new LoopKeeper(this.#connection);
    process.emitWarning(`the lease keeper thread is gone (${why}); leases are renewed on the main loop`, {
      code: "LW_KEEPER",
    });
    for (const keeping of this.#keepings) keeping.moveTo(this.#loop);
    this.#keepings.clear();
  }

  close(): void {
    this.#loop?.close();
    this.#thread.close(this.#store);
  }
}

/** A slot of the thread, and the lease that is in it. */
class ThreadKeeping implements Keeping {
  readonly #thread: KeeperThread;
  readonly #store: number;
  readonly #onStop: () => void;
  #lease: KeptLease;
  /** Undefined once it was given back: the slot may have another tenant. */
  #place: SlotPlace | undefined;
  #moved: Keeping | undefined;

  constructor(thread: KeeperThread, store: number, lease: KeptLease, onStop: () => void) {
    this.#thread = thread;
    this.#store = store;
    this.#lease = lease;
    this.#onStop = onStop;
    this.#place = thread.arm(store, lease);
  }

  get deadline(): number {
    if (this.#moved !== undefined) return this.#moved.deadline;
    return this.#place === undefined ? this.#lease.deadline : this.#place.segment.deadline(this.#place.index);
  }

  extend(ttl: number, deadline: number): void {
    if (this.#moved !== undefined) return this.#moved.extend(ttl, deadline);
    if (this.#place === undefined) return;
    if (ttl === this.#lease.ttl) return this.#place.segment.setDeadline(this.#place.index, deadline);
    this.#vacate();
    this.#lease = { ...this.#lease, ttl, deadline };
    this.#place = this.#thread.arm(this.#store, this.#lease); // anew, so that the keeper sees the new pace at once
  }

  moveTo(keeper: Keeper): void {
    this.#vacate();
    this.#moved = keeper.keep(this.#lease);
  }

  stop(): void {
    this.#moved?.stop();
    this.#vacate();
    this.#onStop();
  }

  /** Gives the slot back, once: a second time it would be another tenant's. */
  #vacate(): void {
    if (this.#place === undefined) return;
    this.#lease = { ...this.#lease, deadline: this.deadline };
    this.#thread.disarm(this.#place.slot);
    this.#place = undefined;
  }
}
