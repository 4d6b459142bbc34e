/**
 * What every store must do, as data: any runner can run it over any store.
 *
 * A case says what it `needs` of a store; a store that lacks it is excused from the case and from no other. `run` throws on
 * failure. Each case begins with a world of its own: nothing in it but what the case puts there. Times are real, since a
 * server's clock is; a case waits only for a time that must be over, never for a race to happen.
 *
 * The cases work on two levels: commands straight to the store, where the grant table's rules show one by one, and lock
 * spaces, where the loops above the store show what callers get.
 */
import assert from "node:assert/strict";
import { LockwrightError, type LockwrightErrorCode } from "../errors.js";
import {
  type Command,
  LockSpace,
  type LockSpaceOptions,
  type LockStore,
  type ResourceState,
  type Result,
} from "../leases/index.js";
import { platform } from "../platform.js";

/**
 * What a store can do beyond the rules: `fencing:tokens`, `fifo` and `persistentTokens` as in its capabilities;
 * `two-connections`: several connections to one world see the same locks; `reopen`: a world outlives its connections.
 */
export type StoreNeed = "fencing:tokens" | "fifo" | "persistentTokens" | "two-connections" | "reopen";

/** A place where locks are kept, empty at first. */
export interface StoreWorld {
  /** A new connection. */
  open(): Promise<LockStore>;
  /** Removes what the world left behind; its connections are closed by then. */
  destroy(): Promise<void>;
}

/** A store to be tried: how to make a world of it, and which needs it meets. */
export interface StoreSubject {
  readonly name: string;
  readonly has: readonly StoreNeed[];
  make(): Promise<StoreWorld>;
}

/** One thing a store must do. */
export interface StoreCase {
  /** Subject, verb, consequence; the rule of the leases or the invariant of the grant table in brackets. */
  readonly name: string;
  readonly needs: readonly StoreNeed[];
  run(subject: StoreSubject): Promise<void>;
}

/** The capacity of a mutex, by which a store tells it from a semaphore. */
export const EXCLUSIVE = 1_000_000;

/** One run of a case: hands out connections and spaces, and closes them all. */
export class Trial {
  readonly #world: StoreWorld;
  readonly #isShared: boolean;
  #stores: LockStore[] = [];
  #spaces: LockSpace[] = [];
  #ids = 0;

  constructor(world: StoreWorld, subject: StoreSubject) {
    this.#world = world;
    this.#isShared = !subject.has.includes("two-connections");
  }

  /** A connection of its own, where the store can have several. */
  async store(): Promise<LockStore> {
    const [first] = this.#stores;
    if (this.#isShared && first !== undefined) return first;
    const store = await this.#world.open();
    this.#stores.push(store);
    return store;
  }

  /** A space over a connection of its own. */
  async space(options: LockSpaceOptions = {}): Promise<LockSpace> {
    const space = new LockSpace({ ttl: 5000, renewal: "loop", ...options, store: await this.store() });
    this.#spaces.push(space);
    return space;
  }

  spaces(count: number, options?: LockSpaceOptions): Promise<LockSpace[]> {
    return Promise.all(Array.from({ length: count }, () => this.space(options)));
  }

  /** A lock of the store itself, by commands. */
  async raw(capacity: number = EXCLUSIVE): Promise<RawLock> {
    return new RawLock(await this.store(), capacity, () => `case${(this.#ids += 1)}`);
  }

  /** Closes everything; the world stays. */
  async closeAll(): Promise<void> {
    for (const space of this.#spaces.splice(0)) await space.close();
    for (const store of this.#stores.splice(0)) await store.close();
  }

  async end(): Promise<void> {
    await this.closeAll();
    await this.#world.destroy();
  }
}

/** How {@link RawLock} asks. */
export interface RawOptions {
  readonly id?: string;
  readonly process?: string;
  readonly weight?: number;
  readonly ttl?: number;
  readonly patience?: number;
  readonly queue?: boolean;
  readonly barging?: boolean;
  readonly capacity?: number;
}

/** A holder or a waiter by commands: its id, and its token once it has one. */
export interface RawAnswer {
  readonly id: string;
  readonly result: Result;
  /** Throws unless it was granted. */
  readonly token: bigint;
}

/** Sends commands for one resource. */
export class RawLock {
  readonly store: LockStore;
  readonly resource = "raw";
  readonly #capacity: number;
  readonly #newId: () => string;

  constructor(store: LockStore, capacity: number, newId: () => string) {
    this.store = store;
    this.#capacity = capacity;
    this.#newId = newId;
  }

  async send(command: Command): Promise<Result> {
    const [result] = await this.store.execute([command]);
    assert.ok(result, "execute answers every command");
    return result;
  }

  acquireCommand({ id = this.#newId(), ...more }: RawOptions = {}): Command & { readonly id: string } {
    const weight = this.#capacity === EXCLUSIVE ? EXCLUSIVE : 1;
    const base = {
      process: this.store.process,
      capacity: this.#capacity,
      weight,
      ttl: 5000,
      patience: 5000,
      queue: true,
      barging: false,
    };
    return { ...base, ...more, type: "acquire", resource: this.resource, id };
  }

  async acquire(options?: RawOptions): Promise<RawAnswer> {
    const command = this.acquireCommand(options);
    return answer(command.id, await this.send(command));
  }

  async heartbeat(id: string): Promise<RawAnswer> {
    return answer(id, await this.send({ type: "heartbeat", resource: this.resource, id }));
  }

  cancel(id: string): Promise<Result> {
    return this.send({ type: "cancel", resource: this.resource, id });
  }

  release(id: string, token: bigint): Promise<Result> {
    return this.send({ type: "release", resource: this.resource, id, token });
  }

  renew(id: string, token: bigint, ttl = 5000): Promise<Result> {
    return this.send({ type: "renew", resource: this.resource, id, token, ttl });
  }

  async upgrade(of: RawAnswer, options: { readonly n?: number; readonly queue?: boolean } = {}): Promise<RawAnswer> {
    const id = `${of.id}^${options.n ?? 1}`;
    const queue = options.queue ?? true;
    return answer(
      id,
      await this.send({
        type: "upgrade",
        resource: this.resource,
        id,
        holder: of.id,
        token: of.token,
        patience: 5000,
        queue,
      }),
    );
  }

  /** Ids of holders and waiters now. */
  async now(): Promise<{ readonly holders: string[]; readonly waiters: string[] }> {
    const { holders, waiters } = await this.store.inspect(this.resource);
    return { holders: holders.map(({ id }) => id).toSorted(), waiters: waiters.map(({ id }) => id) };
  }
}

function answer(id: string, result: Result): RawAnswer {
  return {
    id,
    result,
    get token() {
      assert.ok(result.type === "granted", `expected a grant, got ${result.type}`);
      return result.token;
    },
  };
}

/** Makes a case of a body. */
export function storeCase(name: string, needs: readonly StoreNeed[], body: (trial: Trial) => Promise<void>): StoreCase {
  return {
    name,
    needs,
    async run(subject) {
      const trial = new Trial(await subject.make(), subject);
      try {
        await body(trial);
      } finally {
        await trial.end();
      }
    },
  };
}

/** Waits until `milliseconds` are over. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    platform.setTimer(resolve, milliseconds);
  });
}

/** Looks until the state is as wanted; fails after two seconds. */
export async function until(
  space: LockSpace,
  name: string,
  wanted: (state: ResourceState) => boolean,
): Promise<ResourceState> {
  const startedAt = platform.now();
  for (;;) {
    const state = await space.inspect(name);
    if (wanted(state)) return state;
    assert.ok(
      platform.now() - startedAt < 2000,
      `"${name}" stays at ${state.holders.length} holders, ${state.waiters.length} waiters`,
    );
    await pause(1);
  }
}

/** Looks until so many wait. */
export function untilWaiting(space: LockSpace, name: string, count: number): Promise<ResourceState> {
  return until(space, name, ({ waiters }) => waiters.length === count);
}

/** What a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => assert.fail("expected a rejection"),
    (error: unknown) => error,
  );
}

/** Fails unless the promise rejects with this code. */
export async function rejectsWith(promise: Promise<unknown>, code: LockwrightErrorCode): Promise<LockwrightError> {
  const error = await rejection(promise);
  assert.ok(error instanceof LockwrightError, `expected ${code}, got ${String(error)}`);
  assert.equal(error.code, code);
  return error;
}

/** Fails unless nobody holds and nobody waits. */
export async function assertFree(space: LockSpace, name: string): Promise<void> {
  const { used, holders, waiters } = await until(
    space,
    name,
    (state) => state.holders.length === 0 && state.waiters.length === 0,
  );
  assert.deepEqual({ used, holders, waiters }, { used: 0, holders: [], waiters: [] });
}
