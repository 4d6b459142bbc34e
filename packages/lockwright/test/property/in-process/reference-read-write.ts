/** The obvious read-write lock: an array of asks and a list of holds, scanned from the start each time. */
import type { ReadWritePolicy } from "../../../src/index.js";
import type { Ask, ReferenceWaits } from "./asks.js";

export type Kind = "read" | "upgradeable" | "write";

export interface SideAsk extends Ask {
  readonly kind: Kind;
}

interface Upgrade extends Ask {
  readonly base: number;
  isHeld: boolean;
  endsBase: boolean;
}

export class ReferenceReadWrite implements ReferenceWaits {
  queue: SideAsk[] = [];
  readonly held: Map<number, Kind> = new Map();
  readonly outcomes: Map<number, string> = new Map();
  upgrade: Upgrade | undefined;
  readonly #policy: ReadWritePolicy;

  constructor(policy: ReadWritePolicy) {
    this.#policy = policy;
  }

  count(kind: Kind): number {
    return [...this.held.values()].filter((each) => each === kind).length;
  }

  #rank(kind: Kind): number {
    if (this.#policy === "fair") return 0;
    if (this.#policy === "prefer-writers") return kind === "write" ? 1 : 0;
    return { read: 2, upgradeable: 1, write: 0 }[kind];
  }

  fits(kind: Kind): boolean {
    if (this.upgrade !== undefined || this.count("write") > 0) return false;
    if (kind === "write") return this.held.size === 0;
    return kind === "read" || this.count("upgradeable") === 0;
  }

  /** Grants, queues or refuses; `isImpatient` never queues. */
  ask(ask: SideAsk, isImpatient: boolean): boolean {
    const place = this.queue.findIndex((other) => this.#rank(other.kind) < this.#rank(ask.kind));
    const at = place === -1 ? this.queue.length : place;
    if (at === 0 && this.fits(ask.kind)) this.#grant(ask);
    else if (isImpatient) return false;
    else this.queue.splice(at, 0, ask);
    return true;
  }

  startUpgrade(upgrade: Omit<Upgrade, "isHeld" | "endsBase">): void {
    this.upgrade = { ...upgrade, isHeld: false, endsBase: false };
    this.drain();
  }

  isLent(id: number): boolean {
    return this.upgrade?.base === id && this.upgrade.isHeld;
  }

  release(id: number): void {
    const { upgrade } = this;
    if (upgrade?.id === id) {
      this.upgrade = undefined;
      if (upgrade.endsBase) this.held.delete(upgrade.base);
    } else {
      if (upgrade?.base === id) this.end((ask) => ask.id === upgrade.id, "LW_NOT_HELD");
      this.held.delete(id);
    }
    this.drain();
  }

  dues(): readonly number[] {
    const upgrade = this.upgrade === undefined || this.upgrade.isHeld ? [] : [this.upgrade];
    return [...this.queue, ...upgrade].map((ask) => ask.due ?? Infinity);
  }

  end(which: (ask: Ask & { readonly kind?: Kind }) => boolean, outcome: string): void {
    for (const ask of this.queue.filter(which)) this.outcomes.set(ask.id, outcome);
    this.queue = this.queue.filter((ask) => !which(ask));
    if (this.upgrade !== undefined && !this.upgrade.isHeld && which(this.upgrade)) {
      this.outcomes.set(this.upgrade.id, outcome);
      this.upgrade = undefined;
    }
    this.drain();
  }

  drain(): void {
    const { upgrade } = this;
    if (upgrade !== undefined && !upgrade.isHeld && this.held.size === 1) {
      upgrade.isHeld = true;
      this.outcomes.set(upgrade.id, "held");
    }
    while (this.queue[0] !== undefined && this.fits(this.queue[0].kind)) this.#grant(this.queue.shift()!);
  }

  #grant(ask: SideAsk): void {
    this.held.set(ask.id, ask.kind);
    this.outcomes.set(ask.id, "held");
  }
}
