/**
 * Broken copies of the explorer, one line each, which the killers must notice: else a killer checks nothing. A mutant whose
 * text does not stand in its file exactly once fails loudly.
 */

/** One change. */
export interface Mutant {
  /** Title of the killer that must fail. */
  readonly killedBy: string;
  /** Below `src`. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** Mutants by name. */
export const mutants: Readonly<Record<string, Mutant>> = {
  "the ready list is a stack": {
    killedBy: "native order is the order of issue",
    file: "runtime/run.ts",
    find: "this.ready.push(ready);",
    replace: "this.ready.unshift(ready);",
  },
  "timers due at one time fire last first": {
    killedBy: "timers due at one time fire in order of creation",
    file: "world/timers.ts",
    find: "sorted[at - 1]!.at > timer.at",
    replace: "sorted[at - 1]!.at >= timer.at",
  },
  "looking at the clock moves it": {
    killedBy: "time stands still within a segment",
    file: "world/clock.ts",
    find: "  return run.now;",
    replace: "  return (run.timers.now += 1);",
  },
  "an external is ready before its window opens": {
    killedBy: "an external waits for its window",
    file: "world/externals.ts",
    find: "if (external.earliest <= now) this.#onReady(external);",
    replace: "if (external.earliest <= Infinity) this.#onReady(external);",
  },
  "the clock passes the end of a window": {
    killedBy: "the clock does not pass the end of a window",
    file: "runtime/run.ts",
    find: "if (timer === undefined || timer.at > this.externals.bound()) return undefined;",
    replace: "if (timer === undefined) return undefined;",
  },
  "an ordered channel is as good as none": {
    killedBy: "a channel keeps its order",
    file: "world/io.ts",
    find: 'channel: order === "fifo" ? `io:${channel}` : undefined',
    replace: "channel: undefined",
  },
  "a catch goes on as nobody": {
    killedBy: "a catch goes on as the strand it belongs to",
    file: "runtime/point.ts",
    find: "if (activation !== null) goOn(activation, unwindTo);",
    replace: "void unwindTo;",
  },
  "a call inside Promise.all becomes one with its caller": {
    killedBy: "calls that are not awaited directly are strands of their own",
    file: "runtime/point.ts",
    find: "isDirect && child !== null && !child.isDone ? child : null",
    replace: "child !== null && !child.isDone ? child : null",
  },
  "a hold changes nothing": {
    killedBy: "a held await takes longer",
    file: "runtime/run.ts",
    find: "    this.lastDeviationStep = this.step;\n    return true;",
    replace: "    this.lastDeviationStep = this.step;\n    return false;",
  },
  "a run that is over goes on writing": {
    killedBy: "strands of a failed run are parked for good",
    file: "runtime/point.ts",
    find: "  if (run !== activeRun() || run.outcome !== undefined) return parkForGood();\n",
    replace: "",
  },
  "settled does not wait for timers": {
    killedBy: "settled is the last thing to happen",
    file: "runtime/run.ts",
    find: "this.timers.foreground > 0 || this.externals.size > 0;",
    replace: "this.externals.size > 0;",
  },
  "invariants do not see the last step": {
    killedBy: "invariants hold after the last step too",
    file: "runtime/run.ts",
    find: "if (this.outcome === undefined && !this.invariants.isEmpty)",
    replace: "if (this.outcome === undefined && !this.isBodyDone && !this.invariants.isEmpty)",
  },
  "an interval cleared by its callback is set anew": {
    killedBy: "an interval fires at its pace until it is cleared",
    file: "world/timers.ts",
    find: "if (this.isInterval && !this.#isCleared) this.#setAnew();",
    replace: "if (this.isInterval) this.#setAnew();",
  },
  "an interval is set anew for the next millisecond": {
    killedBy: "an interval fires at its pace until it is cleared",
    file: "world/timers.ts",
    find: "this.at = this.#queue.now + this.delay;",
    replace: "this.at = this.#queue.now + 1;",
  },
  "an unreferenced timer keeps a run alive": {
    killedBy: "an unreferenced timer keeps nothing alive",
    file: "world/timers.ts",
    find: "return this.isInterval || !this.#isRef;",
    replace: "return this.isInterval;",
  },
  "background timers go on for ever": {
    killedBy: "an interval alone does not hide a deadlock",
    file: "runtime/run.ts",
    find: "return timer.at <= this.#lastForeground + BACKGROUND_MS;",
    replace: "return true;",
  },
  "the init hook watches nothing": {
    killedBy: "real I/O is named with its line",
    file: "world/requests.ts",
    find: "    if (kind !== undefined) this.#watch(",
    replace: "    if (kind === null) this.#watch(",
  },
  "the fast engine runs microtasks before ticks": {
    killedBy: "ticks run before microtasks on the fast engine",
    file: "runtime/engine-fast.ts",
    find: "      run.ticks.runAll(fail);\n      drain();",
    replace: "      drain();\n      run.ticks.runAll(fail);",
  },
  "the reference engine runs microtasks before ticks": {
    killedBy: "ticks run before microtasks on the reference engine",
    file: "runtime/engine-async.ts",
    find: "    this.#run.ticks.runAll(this.#fail);\n    thenOf(resolved, this.#afterMicrotasks);",
    replace: "    thenOf(resolved, () => (this.#run.ticks.runAll(this.#fail), this.#afterMicrotasks()));",
  },
  "the hash is taken over lines": {
    killedBy: "moved lines leave the hash as it is",
    file: "runtime/recorder.ts",
    find: "site?.ordinal ?? -1",
    replace: "site?.line ?? -1",
  },
  "the bound is one short": {
    killedBy: "bounded search runs each schedule within the bound once",
    file: "search/bounded.ts",
    find: "external <= bound.external;",
    replace: "external < bound.external;",
  },
  "the last alternative is skipped": {
    killedBy: "bounded search runs each schedule within the bound once",
    file: "search/bounded.ts",
    find: "choice < width;",
    replace: "choice < width - 1;",
  },
  "departures are added before the last one too": {
    killedBy: "bounded search runs each schedule within the bound once",
    file: "search/bounded.ts",
    find: 'if (at >= from && kind === "pick")',
    replace: 'if (kind === "pick")',
  },
  "shrinking keeps any failure": {
    killedBy: "shrinking keeps the failure it began with",
    file: "search/shrink.ts",
    find: "if (signatureOf(run) !== signature) return undefined;",
    replace: "if (signatureOf(run) === undefined) return undefined;",
  },
  "the grade is that of the schedule as found": {
    killedBy: "what is graded and printed is the shrunk schedule",
    file: "exploration.ts",
    find: "await grade(this.#executor, small, signature",
    replace: "await grade(this.#executor, schedule, signature",
  },
  "a fair suffix starves": {
    killedBy: "a fair suffix passes nobody over for long",
    file: "strategies/fair.ts",
    find: "        choice = at;",
    replace: "        choice = 0;",
  },
  "all samplers share one seed": {
    killedBy: "each sample has a seed of its own",
    file: "search/sampling.ts",
    find: "seed: this.#seed + round",
    replace: "seed: this.#seed",
  },
  "PCT never drops a priority": {
    killedBy: "PCT changes its mind",
    file: "strategies/pct.ts",
    find: "      priorities.set(options[best]!.strand.id, (lowest -= 1));\n",
    replace: "",
  },
  "a token counts gaps from one too far": {
    killedBy: "a token reads as it was written",
    file: "token.ts",
    find: "last[deviation.kind] = deviation.at;",
    replace: "last[deviation.kind] = deviation.at + 1;",
  },
  "a choice that is not there is taken in silence": {
    killedBy: "a token of another program is refused",
    file: "strategies/replay.ts",
    find: "      mismatch(decision - 1);\n",
    replace: "",
  },
  "a rejection nobody handled is nobody's": {
    killedBy: "a rejection that nobody handles fails its run",
    file: "search/executor.ts",
    find: '    run.outcome = { kind: "failed", error: first.reason, isUnhandled: true };',
    replace: "",
  },
  "a program that differs from run to run is explored": {
    killedBy: "a program that never repeats is refused",
    file: "search/determinism.ts",
    find: "if (isSame(trace, secondTrace, first.run, second.run))",
    replace: "if (trace !== secondTrace)",
  },
};
