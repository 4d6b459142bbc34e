/**
 * The body of the keeper thread: renews the armed slots of every store of this process, off the main loop.
 *
 * It looks at the slots by its own timer, at a third of the shortest ttl it saw. With nothing armed it goes on looking for
 * a while and then sleeps until told; `clock.nextLook` says when it will look, and is written before it looks, so a slot
 * armed too late for this look finds a truthful time there and sends a message.
 */
import { parentPort } from "node:worker_threads";
import { platform, type Timer } from "../platform.js";
import { KeeperClock, SLOTS_IN_SEGMENT, type SlotContent, SlotSegment } from "./keeper-slots.js";
import type { KeeperConnection, KeeperModule, KeeperSource } from "./lock-store.js";
import { type Renewable, type RenewalAnswer, RenewalLoop } from "./renewal-loop.js";

/** What the main thread says. */
export type ToKeeper =
  | { readonly type: "clock"; readonly buffer: SharedArrayBuffer }
  | { readonly type: "segment"; readonly buffer: SharedArrayBuffer }
  | { readonly type: "open"; readonly store: number; readonly source: KeeperSource }
  | { readonly type: "close"; readonly store: number }
  | { readonly type: "end" }
  | { readonly type: "look" };

/** What the keeper says. `failed`: a store could not be opened here; its leases must be renewed on the main loop. */
export type FromKeeper =
  | { readonly type: "answer"; readonly slot: number; readonly generation: number; readonly answer: RenewalAnswer }
  | { readonly type: "opened"; readonly store: number }
  | { readonly type: "failed"; readonly store: number; readonly message: string };

/** How long an idle keeper goes on looking before it waits to be told. */
const IDLE_MS = 10_000;

const segments: SlotSegment[] = [];
const stores = new Map<number, { loop: RenewalLoop; connection: KeeperConnection }>();
let clock = new KeeperClock();
let timer: Timer | undefined;
let lastArmed = Number.NEGATIVE_INFINITY;
let shortest = Number.POSITIVE_INFINITY;

function say(message: FromKeeper): void {
  parentPort?.postMessage(message);
}

/** One armed slot, read once for a round. */
class SlotEntry implements Renewable {
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
  readonly ttl: number;
  readonly deadline: number;
  readonly #content: SlotContent & { readonly generation: number };
  readonly #segment: SlotSegment;
  readonly #slot: number;
  readonly #number: number;

  constructor(segment: SlotSegment, slot: number, number: number, content: SlotContent & { generation: number }) {
    this.#segment = segment;
    this.#slot = slot;
    this.#number = number;
    this.#content = content;
    this.resource = content.resource;
    this.id = content.id;
    this.token = content.token;
    this.ttl = content.ttl;
    this.deadline = content.deadline;
  }

  mayRenew(now: number): boolean {
    return now - clock.alive <= this.#content.maxStall && this.deadline > now;
  }

  settle(answer: RenewalAnswer, deadline: number): void {
    const { generation } = this.#content;
    const current =
      answer === "unknown" || this.#segment.settle(this.#slot, generation, answer === "renewed" ? deadline : 0);
    if (current && (answer !== "renewed" || clock.isTelling))
      say({ type: "answer", slot: this.#number, generation, answer });
  }
}

function* armed(store: number): Iterable<SlotEntry> {
  for (let index = 0; index < segments.length; index += 1) {
    const segment = segments[index] as SlotSegment;
    for (let slot = 0; slot < SLOTS_IN_SEGMENT; slot += 1) {
      if (!segment.isArmed(slot)) continue;
      const content = segment.read(slot);
      if (content?.store === store) yield new SlotEntry(segment, slot, index * SLOTS_IN_SEGMENT + slot, content);
    }
  }
}

/** Plans every store's next round from what is armed now, and its own next look. */
function look(): void {
  const now = platform.now();
  timer?.clear();
  shortest = shortestTtl();
  if (shortest !== Number.POSITIVE_INFINITY) lastArmed = now;
  const idle = now - lastArmed > IDLE_MS;
  const period = Math.min(shortest, IDLE_MS) / 3;
  clock.nextLook = idle ? Number.POSITIVE_INFINITY : now + period; // before the slots are read, or a new one is missed
  for (const { loop } of stores.values()) loop.plan();
  if (idle) return;
  timer = platform.setTimer(look, Math.max(1, period));
}

function shortestTtl(): number {
  let ttl = Number.POSITIVE_INFINITY;
  for (const segment of segments) {
    for (let slot = 0; slot < SLOTS_IN_SEGMENT; slot += 1)
      if (segment.isArmed(slot)) ttl = Math.min(ttl, segment.ttl(slot));
  }
  return ttl;
}

async function open(store: number, source: KeeperSource): Promise<void> {
  if (!clock.mayUseDriver()) return;
  try {
    const module = (await import(source.module)) as KeeperModule;
    const connection = await module.openForKeeper(source.options);
    stores.set(store, { connection, loop: new RenewalLoop(connection, () => armed(store)) });
    say({ type: "opened", store });
    look();
  } catch (error) {
    say({ type: "failed", store, message: error instanceof Error ? error.message : String(error) });
  }
}

async function close(store: number): Promise<void> {
  const entry = stores.get(store);
  stores.delete(store);
  entry?.loop.close();
  await entry?.connection.close();
}

/** Ends the thread from within: see `KeeperThread.close`. */
function end(): void {
  timer?.clear();
  parentPort?.close();
}

/** Stores open, close and end one after the other. */
let work: Promise<void> = Promise.resolve();

function after(step: () => void | Promise<void>): void {
  // A connection that cannot be closed goes with the thread.
  work = work.then(step).catch(() => {});
}

// The thread is ours: a driver's warning about itself was already shown by the main thread.
process.removeAllListeners("warning");
process.on("warning", () => {});

parentPort?.on("message", (message: ToKeeper) => {
  switch (message.type) {
    case "clock":
      clock = new KeeperClock(message.buffer);
      return;
    case "segment":
      segments.push(new SlotSegment(message.buffer));
      return;
    case "open":
      after(() => open(message.store, message.source));
      return;
    case "close":
      after(() => close(message.store));
      return;
    case "end":
      after(end);
      return;
    case "look":
      look();
  }
});
