/**
 * The grant table once more, slow and obvious: two plain arrays, every rule a loop over them. Written from the invariants
 * G1 to G8 and not from the code; what `step` answers must be what this answers.
 */
import type { Command } from "../../../src/leases/lock-store.js";

const WRITER = 1_000_000;

export interface RefHolder {
  readonly id: string;
  readonly process: string;
  weight: number;
  token: bigint;
  ttl: number;
  expiresAt: number;
  claimed: boolean;
  upgradedBy?: string | undefined;
  upgradedFrom?: bigint | undefined;
}
export type RefWaiter = Omit<RefHolder, "token" | "expiresAt" | "claimed"> & {
  aliveUntil: number;
  readonly patience: number;
  readonly barging: boolean;
  readonly upgrade?: string | undefined;
};
export type RefResult = { type: string; token?: bigint; why?: string };

export class ReferenceTable {
  capacity = 1;
  pinned = false;
  token = 0n;
  holders: RefHolder[] = [];
  queue: RefWaiter[] = [];
  /** Who was granted by the last step without asking in it: each must be told. */
  handed: string[] = [];

  get used(): number {
    return this.holders.reduce((sum, holder) => sum + holder.weight, 0);
  }

  step(command: Command, now: number): RefResult {
    this.handed = [];
    this.queue = this.queue.filter((waiter) => waiter.aliveUntil > now); // [G7]
    this.#keep((holder) => holder.expiresAt > now);
    this.#serve(now);
    const result = this.#apply(command, now);
    this.#serve(now); // [G4]
    return result;
  }

  #keep(wanted: (holder: RefHolder) => boolean): boolean {
    const before = this.holders.length + this.queue.length;
    this.holders = this.holders.filter(wanted);
    const stays = (id: string): boolean => this.holders.some((holder) => holder.id === id);
    this.queue = this.queue.filter((waiter) => waiter.upgrade === undefined || stays(waiter.upgrade));
    return this.holders.length + this.queue.length < before;
  }

  #fits(waiter: RefWaiter): boolean {
    if (waiter.upgrade !== undefined) return this.holders.length === 1 && this.holders[0]?.id === waiter.upgrade;
    return this.used + waiter.weight <= this.capacity; // [G1]
  }

  /** [G3]: strictly from the head, which a barging one is only told about. */
  #serve(now: number): void {
    for (let head = this.queue[0]; head !== undefined && !head.barging && this.#fits(head); head = this.queue[0]) {
      this.queue.shift();
      this.#grant(head, now, false);
      this.handed.push(head.id);
    }
  }

  #grant(waiter: RefWaiter, now: number, claimed: boolean): RefResult {
    this.token += 1n; // [G2]
    const { token } = this;
    const reader = this.holders.find((holder) => holder.id === waiter.upgrade);
    if (reader !== undefined) {
      reader.upgradedFrom ??= reader.token;
      Object.assign(reader, { weight: this.capacity, token, upgradedBy: waiter.id });
    } else {
      const { id, process, weight, ttl } = waiter;
      const expiresAt = now + (claimed ? ttl : waiter.patience); // [G8]
      this.holders.push({ id, process, weight, token, ttl, expiresAt, claimed });
    }
    return { type: "granted", token };
  }

  #enter(waiter: RefWaiter, queue: boolean, now: number): RefResult {
    const [head] = this.queue;
    const mayPass = waiter.upgrade !== undefined || head === undefined || (waiter.barging && head.barging);
    if (mayPass && this.#fits(waiter)) return this.#grant(waiter, now, true);
    if (!queue) return { type: "busy" };
    if (waiter.upgrade === undefined) this.queue.push(waiter);
    else this.queue.unshift(waiter);
    return { type: "queued" };
  }

  #hear(id: string, now: number): RefResult {
    const holder = this.holders.find((each) => each.id === id || each.upgradedBy === id);
    if (holder !== undefined) {
      if (!holder.claimed) Object.assign(holder, { claimed: true, expiresAt: now + holder.ttl }); // [G8]
      return { type: "granted", token: holder.token };
    }
    const waiter = this.queue.find((each) => each.id === id);
    if (waiter === undefined) return { type: "gone" };
    if (waiter.barging && this.queue[0]?.barging === true && this.#fits(waiter)) {
      this.queue = this.queue.filter((each) => each !== waiter);
      return this.#grant(waiter, now, true);
    }
    waiter.aliveUntil = now + waiter.patience;
    return { type: "queued" };
  }

  #apply(command: Command, now: number): RefResult {
    const matching = (id: string, token: bigint): RefHolder | undefined =>
      this.holders.find((each) => each.id === id && (each.token === token || each.upgradedFrom === token)); // [G5]
    const isKnown = (id: string): boolean =>
      this.queue.some((each) => each.id === id) ||
      this.holders.some((each) => each.id === id || each.upgradedBy === id);
    const gone = { type: "gone" };
    const done = { type: "done" };
    switch (command.type) {
      case "acquire": {
        if (isKnown(command.id)) return this.#hear(command.id, now); // [G6]
        const isIdle = this.holders.length + this.queue.length === 0;
        const isSameKind = (this.capacity === WRITER) === (command.capacity === WRITER);
        if (!isIdle && !isSameKind) return { type: "refused", why: "kind" };
        if (isIdle && !(this.pinned && isSameKind)) {
          if (this.capacity !== command.capacity) this.pinned = false;
          this.capacity = command.capacity;
        }
        if (this.capacity >= 1 && command.weight > this.capacity) return { type: "refused", why: "weight" };
        return this.#enter({ ...command, aliveUntil: now + command.patience }, command.queue, now);
      }
      case "heartbeat":
        return this.#hear(command.id, now);
      case "cancel": {
        const upgraded = this.holders.find((each) => each.upgradedBy === command.id);
        if (upgraded !== undefined) {
          Object.assign(upgraded, {
            weight: 1,
            token: upgraded.upgradedFrom,
            upgradedBy: undefined,
            upgradedFrom: undefined,
          });
          return done;
        }
        if (!isKnown(command.id)) return gone;
        this.queue = this.queue.filter((each) => each.id !== command.id);
        this.#keep((each) => each.id !== command.id);
        return done;
      }
      case "release":
        return matching(command.id, command.token) && this.#keep((each) => each.id !== command.id) ? done : gone;
      case "renew": {
        const holder = matching(command.id, command.token);
        if (holder === undefined) return gone;
        const expiresAt = Math.max(holder.expiresAt, now + command.ttl);
        Object.assign(holder, { ttl: command.ttl, claimed: true, expiresAt });
        return done;
      }
      case "dead": {
        const before = this.queue.length;
        this.queue = this.queue.filter((each) => each.process !== command.process);
        const waited = this.queue.length < before;
        return this.#keep((each) => each.process !== command.process) || waited ? done : gone;
      }
      case "force":
        return this.#keep((each) => each.token !== command.token) ? done : gone;
      case "resize":
        if (this.capacity === WRITER && this.holders.length + this.queue.length > 0)
          return { type: "refused", why: "kind" };
        Object.assign(this, { capacity: command.capacity, pinned: true });
        return done;
      case "upgrade": {
        if (isKnown(command.id)) return this.#hear(command.id, now); // [G6]
        const holder = matching(command.holder, command.token);
        if (holder === undefined) return gone;
        if (this.capacity !== WRITER || this.queue[0]?.upgrade !== undefined)
          return { type: "refused", why: "upgrade" };
        const { process, ttl } = holder;
        const { id, patience, queue } = command;
        const wish = {
          id,
          process,
          weight: WRITER,
          ttl,
          aliveUntil: now + patience,
          patience,
          barging: false,
          upgrade: holder.id,
        };
        return this.#enter(wish, queue, now);
      }
    }
  }
}
