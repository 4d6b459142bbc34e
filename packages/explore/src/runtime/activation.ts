/**
 * Who is running, without AsyncLocalStorage (which halves the speed of every await, on Node 20 by two thirds).
 *
 * Each transformed async function has one variable, its activation. One synchronous stack says whose code runs now:
 * `enter` pushes, an await pops, the value that returns pushes again, catch and finally push first since control may get
 * there without passing the await, and leaving pops for good.
 *
 * Invariant: between two points, `running()` is the activation whose code runs, or null in code that was not transformed
 * and was called by nobody who was (a plain `then` callback, a timer).
 */
import type { Strand } from "./strand.js";

/** One call of one transformed async function. */
export class Activation {
  /** Site of the function. */
  readonly fn: number;
  readonly parent: Activation | null;
  readonly strand: Strand;
  /** The run it belongs to; it is parked for good once that is not the present one. */
  readonly run: object;
  /** Site of the await it stands at, or stood at last; -1 before the first. */
  site = -1;
  isDone = false;
  /** It is a generator and stands at a yield. */
  isYielding = false;
  /** The last activation begun by a call from here since the last await: the one that a direct await waits for. */
  lastCall: Activation | null = null;
  /** While it awaits a call directly: whom. Kept for the chain of awaits in a report. */
  awaits: Activation | null = null;

  constructor(fn: number, parent: Activation | null, strand: Strand, run: object) {
    this.fn = fn;
    this.parent = parent;
    this.strand = strand;
    this.run = run;
  }
}

/** The stack is `stack[0 … depth - 1]`; what lies above is left over and will be overwritten: cutting an array costs more. */
const stack: Activation[] = [];
let depth = 0;
let top: Activation | null = null;

/** Gives the activation whose code runs now. */
export function running(): Activation | null {
  return top;
}

/** Site where the code that runs now stands: its last await, else its function; -1 where it has none. */
export function place(): number {
  if (top === null) return -1;
  return top.site === -1 ? top.fn : top.site;
}

function cutTo(next: number): void {
  depth = next;
  top = next === 0 ? null : stack[next - 1]!;
}

/** Place of `activation` on the stack, or -1. */
function find(activation: Activation): number {
  let at = depth - 1;
  while (at >= 0 && stack[at] !== activation) at -= 1;
  return at;
}

/** Enters the code of `activation`, called from what ran until now. */
export function push(activation: Activation): void {
  stack[depth++] = activation;
  top = activation;
}

/** Leaves the code of `activation`, and with it whatever was called from it and never said that it left. */
export function pop(activation: Activation): void {
  const at = find(activation);
  if (at >= 0) cutTo(at);
}

/** Goes on with `activation` from the microtask queue: nothing else is on the stack then. */
export function resume(activation: Activation): void {
  stack[0] = top = activation;
  depth = 1;
}

/** Goes on with `activation` after a throw: what it had called is gone, what called it may still be there. */
export function unwindTo(activation: Activation): void {
  if (top === activation) return;
  const at = find(activation);
  if (at < 0) resume(activation);
  else cutTo(at + 1);
}

/** Forgets everyone: no code of the program runs. */
export function clearStack(): void {
  depth = 0;
  top = null;
}

/** Lets go of what is left over. */
export function emptyStack(): void {
  clearStack();
  stack.length = 0;
}
