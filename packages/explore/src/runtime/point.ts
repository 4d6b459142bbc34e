/**
 * What transformed code calls. Names are short because they stand in the user's code; what each stands for is in
 * `transform/`. Outside a run an activation is null and every call gives back what it got.
 *
 * An await of a run that is over never settles: its strand is parked for good, so nothing it would have done next can
 * reach into a later run.
 */
import { Activation, pop, push, resume, running, unwindTo } from "./activation.js";
import { Held } from "./ready.js";
import { activeRun, currentRun, type Run } from "./run.js";
import { thenOf } from "../natives.js";
import { siteAt } from "../sites.js";

/** Points that one segment may pass before it counts as one without end. */
const MAX_SEGMENT_POINTS = 100_000;

/**
 * A mark on promises that an external, or the end of everything, settles: awaiting one is never a hold point. A private
 * name put on by the base class that returns the promise itself: nobody sees it, and it costs far less than a WeakSet.
 */
class Itself {
  constructor(promise: object) {
    return promise;
  }
}

class Controlled extends Itself {
  // oxlint-disable-next-line no-unused-private-class-members -- it is asked whether it is there
  readonly #mark = true;

  static has(value: object): boolean {
    return #mark in value;
  }
}

/** Marks a promise whose time is not the program's to decide. */
export function markControlled<T>(promise: Promise<T>): Promise<T> {
  return Controlled.has(promise) ? promise : (new Controlled(promise) as unknown as Promise<T>);
}

function parkForGood(): Promise<never> {
  return new Promise<never>(() => {});
}

/** Lets the await of `operand` take longer: its strand goes on when it is chosen. */
function hold(run: Run, activation: Activation, operand: unknown): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const held = new Held(activation, resolve, reject);
    const settle = (value: unknown, isRejection: boolean): void => {
      held.settle(value, isRejection);
      run.makeReady(held);
    };
    // What `await` itself does: a thenable is adopted, a native promise is not wrapped.
    thenOf(
      Promise.resolve(operand),
      (value) => settle(value, false),
      (reason) => settle(reason, true),
    );
  });
}

/** Begins a call of the function at site `fn`; null outside a run. */
export function enter(fn: number): Activation | null {
  const run = currentRun();
  if (run === null) return null;
  const parent = running();
  const strand = run.newStrand(siteAt(fn)?.text ?? "<anonymous>", parent?.strand.self);
  const activation = new Activation(fn, parent, strand, run);
  if (parent !== null) parent.lastCall = activation;
  run.live += 1;
  run.liveActivations?.add(activation);
  push(activation);
  run.recorder?.began(activation);
  return activation;
}

/** Ends a call. */
export function exit(activation: Activation | null): void {
  if (activation === null) return;
  activation.isDone = true;
  const run = activation.run as Run;
  run.live -= 1;
  run.liveActivations?.delete(activation);
  run.recorder?.ended(activation);
  pop(activation);
}

/** Wraps the operand of an await: the point. */
export function p(activation: Activation | null, site: number, isDirect: number | boolean, operand: unknown): unknown {
  if (activation === null) return operand;
  const child = activation.lastCall;
  activation.lastCall = null;
  activation.awaits = isDirect && child !== null && !child.isDone ? child : null;
  if (activation.awaits !== null) activation.awaits.strand.mergeInto(activation.strand);
  activation.site = site;
  pop(activation);
  const run = activation.run as Run;
  if (run !== activeRun() || run.outcome !== undefined) return parkForGood();
  if (++run.segmentPoints > MAX_SEGMENT_POINTS) {
    run.end({ kind: "spinning", site, what: "awaits" });
    return parkForGood();
  }
  const isHeld = isHoldPoint(run, operand) && (run.fidelity === "all" || run.isHeld(activation));
  // Under "all" every await is a choice; none of them departs by that alone.
  run.recorder?.parked(activation, isHeld && run.fidelity !== "all");
  return isHeld ? hold(run, activation, operand) : operand;
}

function isHoldPoint(run: Run, operand: unknown): boolean {
  return run.fidelity !== "external" && !(typeof operand === "object" && operand !== null && Controlled.has(operand));
}

/** Goes on after an await delivered `value`. */
export function r<T>(activation: Activation | null, value: T): T {
  if (activation !== null) goOn(activation, resume);
  return value;
}

/** First in every catch, finally and for-await body: control may get there without passing {@link r}. */
export function c(activation: Activation | null): void {
  if (activation !== null) goOn(activation, unwindTo);
}

/** A generator goes on inside the call of its `next`, so whoever called is still there; an await goes on from nowhere. */
function goOn(activation: Activation, back: (activation: Activation) => void): void {
  activation.awaits = null;
  if (!activation.isYielding) return back(activation);
  activation.isYielding = false;
  const caller = running();
  // To the strand that it belongs to already it is like a call; another one that shares it waits for it, no more.
  if (caller !== null && caller.strand.self === activation.strand.self) caller.lastCall = activation;
  push(activation);
}

/**
 * Stands before the operand of a direct await, in place of the 1 (arguments are evaluated in order): calls made before it
 * are none of that await's. Without it `void fork(); await cached()` would take the fork for what is awaited.
 */
export function d(activation: Activation | null): 1 {
  if (activation !== null) activation.lastCall = null;
  return 1;
}

/** Wraps the operand of a `yield` in an async generator: the caller goes on. */
export function y<T>(activation: Activation | null, value: T): T {
  if (activation !== null) {
    activation.isYielding = true;
    pop(activation);
  }
  return value;
}

type AnyIterator = Iterator<unknown> & AsyncIterator<unknown>;

/**
 * Wraps the iterable of a `for await`, so that each step is a point. A synchronous iterable stays one: how the language
 * adapts it differs between Node versions (Node 24 closes it when an element rejects, Node 20 does not).
 */
export function it(activation: Activation | null, site: number, iterable: unknown): unknown {
  if (activation === null || iterable === null || iterable === undefined) return iterable;
  const source = iterable as { [Symbol.asyncIterator]?: () => AnyIterator; [Symbol.iterator]?: () => AnyIterator };
  const makeAsync = source[Symbol.asyncIterator];
  const isAsync = makeAsync !== undefined && makeAsync !== null;
  const make = isAsync ? makeAsync : source[Symbol.iterator];
  // Not iterable: the loop itself is to say so, in the engine's own words.
  if (typeof make !== "function") return iterable;
  const inner = make.call(source);
  if (Object(inner) !== inner) return { [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => inner };
  // oxlint-disable-next-line typescript/unbound-method -- read once and called on the iterator, as the language does it
  const { next } = inner;
  const wrapped = {
    // Called with no argument, as the language does it.
    next: (): unknown => {
      let result = Reflect.apply(next, inner, []) as unknown;
      if (isAsync) return p(activation, site, 1, result);
      if (Object(result) === result) {
        const { done, value } = result as IteratorResult<unknown>;
        if (done !== true) return { done, value: p(activation, site, 0, value) };
        result = { done, value };
      }
      // Nothing more to wait for, yet the language awaits that too.
      pop(activation);
      return result;
    },
    // Looked up when the loop ends, as the language does.
    get return() {
      const close = inner.return;
      if (close === undefined || close === null) {
        // The language's adapter of a synchronous iterator awaits all the same.
        if (!isAsync) pop(activation);
        return close;
      }
      return (): unknown => {
        // What closes the iterator runs as the loop's own code, and is awaited by it.
        c(activation);
        const result = Reflect.apply(close, inner, []) as unknown;
        pop(activation);
        return result;
      };
    },
  };
  return { [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => wrapped };
}
