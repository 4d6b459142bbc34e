/**
 * The exit codes of `lockwright`, after sysexits.h where that has one. `run` passes its child's code through besides.
 */
export const EXIT = {
  done: 0,
  /** The answer is no: a token that is no longer the holder's. */
  failed: 1,
  usage: 64,
  /** No such store, or it cannot be reached, or a newer lockwright wrote it. */
  unavailable: 69,
  /** Our bug. */
  internal: 70,
  /** Not acquired or not free in time: try again later. */
  busy: 75,
  /** The lease was lost while the child ran. */
  lost: 76,
  notExecutable: 126,
  notFound: 127,
  /** Plus the number of the signal that ended it. */
  signal: 128,
} as const;

/** What codes mean, for help; commands add or replace their own. */
export const commonExits: readonly ExitNote[] = [
  [EXIT.done, "done"],
  [EXIT.usage, "wrong usage"],
  [EXIT.unavailable, "the store cannot be opened or reached, or was written by a newer lockwright"],
  [EXIT.internal, "a bug in lockwright; LOCKWRIGHT_DEBUG=1 prints the stack"],
  ["128+n", "ended by signal n"],
];

/** A code and what it means. */
export type ExitNote = readonly [code: number | string, meaning: string];
