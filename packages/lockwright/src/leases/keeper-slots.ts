/**
 * The leases a keeper thread renews, as fixed slots in shared memory.
 *
 * Why shared memory and not messages: a lease must be known to the keeper before `acquire` resolves, since the very next
 * thing its holder does may be to block the loop; and a message each way costs more than the whole grant. A slot is
 * written in under a microsecond, and the deadline is readable from both threads without either one's loop.
 *
 * A slot's state word is its lock: FREE -> (main fills it) -> ARMED -> FREE by main; ARMED -> BUSY -> ARMED by the keeper
 * while it reads the texts or writes the deadline. Main spins on BUSY, which lasts microseconds and never spans I/O.
 * A generation tells a late answer that its slot has a new tenant.
 */

const SLOT_BYTES = 1024;
const TEXT_AT = 64;
export const SLOTS_IN_SEGMENT = 128;

/** How often main looks at a busy slot, some tenths of a second: the keeper needs it for microseconds. */
const PATIENT_TRIES = 10_000_000;

const FREE = 0;
const ARMED = 1;
const BUSY = 2;

// 32-bit words of a slot
const STATE = 0;
const GENERATION = 1;
const STORE = 2;
const ID_LENGTH = 3;
const RESOURCE_LENGTH = 4;
// 64-bit words of a slot
const DEADLINE = 3;
const TOKEN = 4;
const TTL = 5;
const MAX_STALL = 6;

/** What the main thread puts into a slot. Times in milliseconds. */
export interface SlotContent {
  readonly store: number;
  readonly resource: string;
  readonly id: string;
  readonly token: bigint;
  readonly ttl: number;
  readonly maxStall: number;
  readonly deadline: number;
}

/** 128 slots over one SharedArrayBuffer; each thread makes its own view of it. */
export class SlotSegment {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #longs: BigInt64Array;
  readonly #doubles: Float64Array;
  readonly #bytes: Buffer;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SLOTS_IN_SEGMENT * SLOT_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#longs = new BigInt64Array(buffer);
    this.#doubles = new Float64Array(buffer);
    this.#bytes = Buffer.from(buffer);
  }

  /** Main: fills a free slot and arms it; returns its generation. */
  arm(slot: number, content: SlotContent): number {
    const word = wordOf(slot);
    const long = longOf(slot);
    const at = slot * SLOT_BYTES + TEXT_AT;
    const idLength = this.#bytes.write(content.id, at, "utf8");
    const resourceLength = this.#bytes.write(content.resource, at + idLength, "utf8");
    this.#words[word + STORE] = content.store;
    this.#words[word + ID_LENGTH] = idLength;
    this.#words[word + RESOURCE_LENGTH] = resourceLength;
    this.#longs[long + TOKEN] = content.token;
    this.#doubles[long + TTL] = content.ttl;
    this.#doubles[long + MAX_STALL] = content.maxStall;
    Atomics.store(this.#longs, long + DEADLINE, toMicros(content.deadline));
    const generation = Atomics.add(this.#words, word + GENERATION, 1) + 1;
    Atomics.store(this.#words, word + STATE, ARMED); // last: the keeper reads a slot only once it is armed
    return generation;
  }

  /** Main: gives the slot back; afterwards no late answer can touch it. */
  free(slot: number): void {
    const state = wordOf(slot) + STATE;
    for (let tries = 0; Atomics.compareExchange(this.#words, state, ARMED, FREE) === BUSY; tries += 1) {
      if (tries > PATIENT_TRIES) return void Atomics.store(this.#words, state, FREE); // the thread ended in there
    }
  }

  deadline(slot: number): number {
    return Number(Atomics.load(this.#longs, longOf(slot) + DEADLINE)) / 1000;
  }

  /** Main: moves the deadline itself, after a renewal the caller asked for. */
  setDeadline(slot: number, deadline: number): void {
    Atomics.store(this.#longs, longOf(slot) + DEADLINE, toMicros(deadline));
  }

  isArmed(slot: number): boolean {
    return Atomics.load(this.#words, wordOf(slot) + STATE) === ARMED;
  }

  generation(slot: number): number {
    return Atomics.load(this.#words, wordOf(slot) + GENERATION);
  }

  ttl(slot: number): number {
    return this.#doubles[longOf(slot) + TTL] as number;
  }

  /** Keeper: copies the slot out, or undefined when it is not armed. */
  read(slot: number): (SlotContent & { readonly generation: number }) | undefined {
    return this.#locked(slot, () => {
      const word = wordOf(slot);
      const long = longOf(slot);
      const at = slot * SLOT_BYTES + TEXT_AT;
      const idLength = this.#words[word + ID_LENGTH] as number;
      const resourceLength = this.#words[word + RESOURCE_LENGTH] as number;
      return {
        store: this.#words[word + STORE] as number,
        id: this.#bytes.toString("utf8", at, at + idLength),
        resource: this.#bytes.toString("utf8", at + idLength, at + idLength + resourceLength),
        token: this.#longs[long + TOKEN] as bigint,
        ttl: this.#doubles[long + TTL] as number,
        maxStall: this.#doubles[long + MAX_STALL] as number,
        deadline: this.deadline(slot),
        generation: this.generation(slot),
      };
    });
  }

  /** Keeper: moves the deadline, unless the slot has a new tenant. */
  settle(slot: number, generation: number, deadline: number): boolean {
    return (
      this.#locked(slot, () => {
        if (this.generation(slot) !== generation) return false;
        this.setDeadline(slot, deadline);
        return true;
      }) ?? false
    );
  }

  #locked<T>(slot: number, read: () => T): T | undefined {
    const state = wordOf(slot) + STATE;
    if (Atomics.compareExchange(this.#words, state, ARMED, BUSY) !== ARMED) return undefined;
    try {
      return read();
    } finally {
      Atomics.store(this.#words, state, ARMED);
    }
  }
}

const DRIVER = 3;
const UNTOUCHED = 0n;
const IN_USE = 1n;
const ENDED = 2n;

/** What the threads share beside the slots; times in monotonic milliseconds. */
export class KeeperClock {
  readonly buffer: SharedArrayBuffer;
  readonly #longs: BigInt64Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(32)) {
    this.buffer = buffer;
    this.#longs = new BigInt64Array(buffer);
  }

  /** When the main loop last showed that it runs. */
  get alive(): number {
    return Number(Atomics.load(this.#longs, 0)) / 1000;
  }

  set alive(now: number) {
    Atomics.store(this.#longs, 0, toMicros(now));
  }

  /** When the keeper will look at the slots again without being told. */
  get nextLook(): number {
    return Number(Atomics.load(this.#longs, 1)) / 1000;
  }

  set nextLook(at: number) {
    Atomics.store(this.#longs, 1, at === Number.POSITIVE_INFINITY ? 2n ** 62n : toMicros(at));
  }

  /** Whether the main thread wants to hear of every renewal. */
  get isTelling(): boolean {
    return Atomics.load(this.#longs, 2) === 1n;
  }

  set isTelling(on: boolean) {
    Atomics.store(this.#longs, 2, on ? 1n : 0n);
  }

  /** The keeper asks before it first touches a driver; false when the thread is to end instead. */
  mayUseDriver(): boolean {
    return Atomics.compareExchange(this.#longs, DRIVER, UNTOUCHED, IN_USE) !== ENDED;
  }

  /** Ends a keeper that has not touched a driver, and keeps it from doing so; false when it has. */
  endUntouched(): boolean {
    return Atomics.compareExchange(this.#longs, DRIVER, UNTOUCHED, ENDED) === UNTOUCHED;
  }
}

function toMicros(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 1000));
}

function wordOf(slot: number): number {
  return (slot * SLOT_BYTES) / 4;
}

function longOf(slot: number): number {
  return (slot * SLOT_BYTES) / 8;
}
