/**
 * A binary heap of (time, id) whose stale entries are dropped when they surface.
 *
 * A renewal pushes a new entry and leaves the old one behind; the owner's own record says which is true. When stale
 * entries outnumber live ones the heap is rebuilt, so that its size stays within a factor of the live count.
 */
interface Entry {
  readonly id: string;
  readonly at: number;
}

const SLACK = 64;

export class ExpiryHeap {
  #entries: Entry[] = [];
  /** What the owner holds to be an id's time; undefined when the id is gone. */
  readonly #timeOf: (id: string) => number | undefined;

  constructor(timeOf: (id: string) => number | undefined) {
    this.#timeOf = timeOf;
  }

  /** Adds a time for `id`; `live`: how many ids the owner has, for knowing when to rebuild. */
  push(id: string, at: number, live: number): void {
    if (this.#entries.length > 4 * live + SLACK) this.#compact();
    this.#entries.push({ id, at });
    this.#up(this.#entries.length - 1);
  }

  /** The ids whose time is `now` or earlier; they stay in. */
  due(now: number): string[] {
    this.#skim();
    const ids = new Set<string>();
    this.#collect(0, now, ids);
    return [...ids];
  }

  /** The earliest time of any live id. */
  soonest(): number | undefined {
    this.#skim();
    return this.#entries[0]?.at;
  }

  /** Walks the part of the heap that is due: a subtree whose root is later holds nothing earlier. */
  #collect(index: number, now: number, ids: Set<string>): void {
    const entry = this.#entries[index];
    if (entry === undefined || entry.at > now) return;
    if (this.#isTrue(entry)) ids.add(entry.id);
    this.#collect(2 * index + 1, now, ids);
    this.#collect(2 * index + 2, now, ids);
  }

  #isTrue(entry: Entry): boolean {
    return this.#timeOf(entry.id) === entry.at;
  }

  #skim(): void {
    for (let top = this.#entries[0]; top !== undefined && !this.#isTrue(top); top = this.#entries[0]) this.#pop();
  }

  #compact(): void {
    // A sorted array is a heap.
    this.#entries = this.#entries.filter((entry) => this.#isTrue(entry)).sort((a, b) => a.at - b.at);
  }

  #pop(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    const entries = this.#entries;
    let index = start;
    const entry = entries[index] as Entry;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = entries[parent] as Entry;
      if (above.at <= entry.at) break;
      entries[index] = above;
      index = parent;
    }
    entries[index] = entry;
  }

  #down(start: number): void {
    const entries = this.#entries;
    let index = start;
    const entry = entries[index] as Entry;
    for (let child = 2 * index + 1; child < entries.length; child = 2 * index + 1) {
      if (child + 1 < entries.length && (entries[child + 1] as Entry).at < (entries[child] as Entry).at) child += 1;
      const below = entries[child] as Entry;
      if (below.at >= entry.at) break;
      entries[index] = below;
      index = child;
    }
    entries[index] = entry;
  }
}
