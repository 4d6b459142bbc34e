/**
 * What clients asked of a system and what they got, in the order in which it happened.
 *
 * Calls and returns share one count. One thread runs at a time, so the count is a total order, finer than the steps of a
 * schedule. It is written before a call begins and after it has returned: intervals come out too wide, never too narrow,
 * and a history is never called wrong for that.
 */

/** One operation of a history. */
export interface Operation<O> {
  /** From 0. */
  readonly client: number;
  readonly op: O;
  readonly call: number;
  /** Infinity for an operation that did not return: it may have happened at any time after its call, or not at all. */
  readonly end: number;
  /** What it returned. */
  readonly result: unknown;
}

/** Answers whether an operation returned. */
export function hasReturned({ end }: Operation<unknown>): boolean {
  return end !== Infinity;
}

/** Writes a history down while it happens. */
export class History<O> {
  readonly #operations: { client: number; op: O; call: number; end: number; result: unknown }[] = [];
  #count = 0;

  /** An operation is about to be called; gives what tells its return. */
  called(client: number, op: O): (result: unknown) => void {
    const operation = { client, op, call: this.#count++, end: Infinity, result: undefined as unknown };
    this.#operations.push(operation);
    return (result) => {
      operation.end = this.#count++;
      operation.result = result;
    };
  }

  get operations(): readonly Operation<O>[] {
    return this.#operations;
  }
}
