/**
 * Listens to the `lockwright:*` channels while a run records: which strand waits for which lock, and who holds it. The
 * channels are the contract between the two packages; neither imports the other.
 */
import { modules } from "../natives.js";
import { running } from "./activation.js";
import type { Strand } from "./strand.js";

type LockEvent = "queued" | "granted" | "released" | "left";

interface Message {
  readonly lock: { readonly id: number; readonly name: string };
  readonly key?: string;
}

interface Known {
  readonly name: string;
  readonly holders: Strand[];
  readonly waiters: Strand[];
}

const EVENTS: readonly LockEvent[] = ["queued", "granted", "released", "left"];

/** Follows the locks of one run. */
export class LockWatch {
  readonly #tell: (lock: string, event: LockEvent) => void;
  readonly #locks = new Map<string, Known>();
  readonly #listeners: readonly (readonly [event: LockEvent, listener: (message: Message) => void])[];

  constructor(tell: (lock: string, event: LockEvent) => void) {
    this.#tell = tell;
    this.#listeners = EVENTS.map((event) => [event, (message) => this.#heard(event, message)] as const);
  }

  begin(): void {
    for (const [event, listener] of this.#listeners)
      modules.diagnosticsChannel?.channel(`lockwright:${event}`).subscribe(listener);
  }

  end(): void {
    for (const [event, listener] of this.#listeners)
      modules.diagnosticsChannel?.channel(`lockwright:${event}`).unsubscribe(listener);
  }

  #heard(event: LockEvent, { lock, key }: Message): void {
    const strand = running()?.strand.self;
    const id = `${lock.id}/${key ?? ""}`;
    const name = key === undefined ? lock.name : `${lock.name}[${key}]`;
    let known = this.#locks.get(id);
    if (known === undefined) this.#locks.set(id, (known = { name, holders: [], waiters: [] }));
    this.#tell(name, event);
    follow(known, event, strand);
  }

  /** The lock that a strand waits for, if it does. */
  waitedForBy(strand: Strand): { readonly name: string; readonly holders: readonly Strand[] } | undefined {
    for (const { name, waiters, holders } of this.#locks.values())
      if (waiters.some((waiter) => waiter.self === strand)) return { name, holders };
    return undefined;
  }

  /** The locks that somebody holds. */
  held(): readonly { readonly name: string; readonly holders: readonly Strand[] }[] {
    return [...this.#locks.values()].filter(({ holders }) => holders.length > 0);
  }
}

/**
 * A grant to a waiter is told by the one who releases, so it goes to the oldest waiter (the channels name no owner); a
 * grant with nobody waiting is the caller's own.
 */
function follow({ holders, waiters }: Known, event: LockEvent, strand: Strand | undefined): void {
  if (event === "queued" && strand !== undefined) waiters.push(strand);
  else if (event === "left") waiters.shift();
  else if (event === "granted") {
    const holder = waiters.shift() ?? strand;
    if (holder !== undefined) holders.push(holder);
  } else if (event === "released") {
    const at = holders.findIndex((holder) => holder.self === strand);
    holders.splice(Math.max(at, 0), 1);
  }
}
