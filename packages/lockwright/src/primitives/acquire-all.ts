/** Several locks taken together. */
import { acquireInOrder, type Acquirable, listOf } from "../core/guard-set.js";
import type { LockCore } from "../core/lock-core.js";
import { nextLockId } from "../core/lock-ids.js";
import { readRequest, show } from "../core/options.js";
import type { AcquireOptions, Guard, LocalLock } from "./lock.js";
import { CoreLock, coreOf } from "./permit-lock.js";

/** Numbers of locks that are not ours, given when they are first seen; they must not keep the locks alive. */
const numbers = new WeakMap<object, number>();

/** A lock and its place in the order. */
interface Place {
  readonly lock: Acquirable;
  readonly id: number;
  readonly core: LockCore | undefined;
}

/**
 * Waits for all of `locks` and resolves to one guard for them. A lock named twice is taken once.
 *
 * They are taken in the order in which they were built, whatever the order given, so callers with the same locks never
 * wait for each other in a ring. Of one keyed lock, several keys may be among them; those are taken in its own order.
 *
 * **When to use** For two or more locks that are needed at once. For keys of one {@link KeyedMutex} use its `acquireAll`.
 *
 * **Fairness** That of each lock, one after the other: what is taken first is held while the next is waited for.
 *
 * **Cancellation** One `signal` and one `timeout` bound all of it; what was taken is given back.
 *
 * **Errors** Those of `acquire`; a TypeError for anything but locks, for an option that one of them refuses, and for two
 * faces of one read-write lock, which would wait for each other.
 *
 * **Example**
 * ```ts
 * import { acquireAll, Mutex } from "lockwright";
 *
 * const [left, right] = [new Mutex({ name: "left fork" }), new Mutex({ name: "right fork" })];
 * const eat = async (name: string): Promise<void> => {
 *   const both = await acquireAll([right, left], { timeout: 1000 });
 *   try {
 *     console.log(name, "eats"); // Ann eats, Bob eats
 *   } finally {
 *     both.release();
 *   }
 * };
 * await Promise.all([eat("Ann"), eat("Bob")]);
 * console.log(left.locked, right.locked); // false false
 * ```
 */
export async function acquireAll(locks: Iterable<LocalLock>, options?: AcquireOptions): Promise<Guard> {
  const places = [...new Set(listOf("locks", locks))].map(placeOf);
  checkFor(places, options);
  const inOrder = places.toSorted(comparePlaces);
  const wanted = inOrder.filter((place, at) => at === 0 || comparePlaces(inOrder[at - 1]!, place) !== 0);
  return acquireInOrder(
    wanted.map(({ lock }) => lock),
    options,
    wanted.length === 1 ? "1 lock" : `${wanted.length} locks`,
  );
}

function placeOf(lock: LocalLock): Place {
  if (lock instanceof CoreLock) {
    const core = coreOf(lock);
    return { lock, id: core.id, core };
  }
  const given = lock as Partial<LocalLock> | null | undefined;
  // A keyed lock has an acquire too, which takes a key.
  if (typeof given !== "object" || typeof given?.acquire !== "function" || typeof given.stats !== "function") {
    throw new TypeError(`locks must hold locks, got ${show(lock)}`);
  }
  let id = numbers.get(given);
  if (id === undefined) numbers.set(given, (id = nextLockId()));
  return { lock, id, core: undefined };
}

/** Refuses options at the door: the last lock must not refuse what the first was already taken with. */
function checkFor(places: readonly Place[], options: AcquireOptions | undefined): void {
  if (options === undefined) return;
  const anyLock = { name: "acquireAll", isWeighted: true, order: "priority" } as const;
  for (const { core } of [...places, { core: undefined }]) readRequest(core ?? anyLock, options);
}

function comparePlaces(a: Place, b: Place): number {
  if (a.id !== b.id || a.core === undefined || b.core === undefined) return a.id - b.id;
  return a.core.compareTo?.(b.core) ?? 0;
}
