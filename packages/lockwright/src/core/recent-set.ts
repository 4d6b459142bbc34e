/**
 * A set that knows its newest member.
 *
 * A task may have a hundred thousand waits that end one after the other, and after each one of the rest is looked at. The
 * first member of a `Set` is no good for that: where members leave from the front, finding it steps over all that have
 * left. The newest leaves last in a queue, and where it does not, the next newest is below it on the stack.
 *
 * Invariants:
 * - R1 The top of the stack is a member, or the stack is empty.
 * - R2 The stack is at most 32 longer than twice the set.
 */

const TOLERATED = 32;

/** Members in the order of their adding; each is added once. */
export class RecentSet<T> {
  /** The one member of most: a task that waits for one thing pays for no containers. */
  #only: T | undefined = undefined;
  #members: Set<T> | undefined = undefined;
  #stack: T[] = [];

  get size(): number {
    if (this.#members !== undefined) return this.#members.size;
    return this.#only === undefined ? 0 : 1;
  }

  get newest(): T | undefined {
    return this.#members === undefined ? this.#only : this.#stack.at(-1);
  }

  /** Entries kept, those of members that left included. */
  get span(): number {
    return Math.max(this.size, this.#stack.length);
  }

  add(member: T): void {
    if (this.#members === undefined && this.#only === undefined) {
      this.#only = member;
      return;
    }
    if (this.#members === undefined) {
      this.#members = new Set([this.#only!]);
      this.#stack = [this.#only!];
      this.#only = undefined;
    }
    this.#members.add(member);
    this.#stack.push(member);
  }

  /** Answers whether it was a member. */
  delete(member: T): boolean {
    const members = this.#members;
    if (members === undefined) {
      if (this.#only !== member) return false;
      this.#only = undefined;
      return true;
    }
    if (!members.delete(member)) return false;
    while (this.#stack.length > 0 && !members.has(this.#stack.at(-1)!)) this.#stack.pop();
    if (this.#stack.length > 2 * members.size + TOLERATED) this.#stack = [...members];
    return true;
  }

  clear(): void {
    this.#only = undefined;
    this.#members = undefined;
    this.#stack = [];
  }

  /** Not a snapshot: no member may be added or deleted meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return (this.#members ?? (this.#only === undefined ? [] : [this.#only])).values();
  }
}
