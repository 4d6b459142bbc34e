/**
 * Strands: what a person calls a task. Each call of a transformed async function begins one; a call that is awaited
 * directly becomes one with its caller, since the two can never run side by side (union-find without ranks: chains are
 * as short as the nesting of calls).
 */
import type { StrandView } from "../schedule.js";

/** Id of the strand of all timers. */
export const TIMERS = -1;

/** One strand of a run. */
export class Strand implements StrandView {
  readonly id: number;
  readonly parent: Strand | undefined;
  /** Rank among the strands its parent began. */
  readonly rank: number;
  #name: string;
  /** The strand this one has become one with. */
  #mergedInto: Strand | undefined = undefined;
  /** Strands begun so far. */
  #children = 0;

  constructor(id: number, name: string, parent: Strand | undefined) {
    this.id = id;
    this.#name = name;
    this.parent = parent;
    this.rank = parent === undefined ? id : parent.#children++;
  }

  /** The strand it is now. */
  get self(): Strand {
    // oxlint-disable-next-line typescript/no-this-alias -- walking a chain
    let strand: Strand = this;
    while (strand.#mergedInto !== undefined) strand = strand.#mergedInto;
    return strand;
  }

  get name(): string {
    return this.self.#name;
  }

  set name(name: string) {
    this.self.#name = name;
  }

  /** Its place in the tree of strands; the same in every run that began the same strands in the same order. */
  get path(): string {
    const { parent, rank } = this.self;
    if (rank === TIMERS) return "t";
    return parent === undefined ? String(rank) : `${parent.path}.${rank}`;
  }

  /** Makes this one a part of `other`. */
  mergeInto(other: Strand): void {
    const self = this.self;
    const into = other.self;
    if (self !== into) self.#mergedInto = into;
  }
}
