/**
 * Real I/O inside a run: seen by an init hook of async_hooks, never called a deadlock, never overtaken by virtual time.
 *
 * - R1 When nothing is ready and something real is open, the loop turns once and the run looks again.
 * - R2 `"error"`: when that moved the run, or the thing is still open, the verdict is uncontrolled, with what was open
 *   and the line of the call. A run that is stuck with nothing open waits up to 50 real ms, once; then it is a deadlock.
 * - R3 The clock does not move while something real is open.
 * - R4 `"allow"`: what arrives is taken as it comes. After 2 real seconds in which nothing arrives a request is given up
 *   (uncontrolled: a hang never) and a handle counts as idle until it stirs.
 *
 * What counts as open: `request-kinds.ts`. The hook sees what was made during the run. A connection from before it counts
 * when it was unreferenced and is referenced now (how pools mark one that is in use); one that always is referenced shows
 * by its arrival alone, within the 50 ms of R2, so clients that keep one are best made inside the body.
 *
 * Why not `process.getActiveResourcesInfo()` for all: it does not see cryptography and compression, nor lines. Why no
 * destroy hook: it makes the collector report every promise.
 */
import { modules, natives, performanceNow, thenOf } from "../natives.js";
import type { OutsideWorld } from "../runtime/engine-async.js";
import type { OpenRequest, Outcome } from "../runtime/outcome.js";
import { activeRun, currentRun, type Run } from "../runtime/run.js";
import { captureOrigin, lineOf } from "../runtime/stack-line.js";
import { activeHandles, nameOfCaller, pause, quiescence, sum, turn } from "./real-loop.js";
import { isAwaited, kindOf, type NativeResource, type RequestKind } from "./request-kinds.js";
import { SCOPE_TYPE } from "./scope.js";

/** What a run may do with real I/O: end with a verdict, or take it as it comes. */
export type Externals = "error" | "allow";

/** Real milliseconds that a stuck run waits before it is a deadlock. */
const GRACE_MS = 50;
/** Real milliseconds of silence after which what works in bursts is through. */
const BURST_MS = 100;
/** Real milliseconds without any arrival after which nothing more is expected. */
const SILENCE_MS = 2000;
/** Real milliseconds that all waiting of one run may take. */
const PATIENCE_MS = 60_000;
/** Real milliseconds that a run with an outcome waits for what is under way, to park what it wakes. */
const DRAIN_MS = 500;
/** Turns of the loop before waiting by timer: most things arrive within these. */
const EAGER_TURNS = 30;

/** Where something began, and the id of what caused it. */
interface Cause {
  readonly origin: Error;
  readonly trigger: number;
}

/** Something real that was begun in the run. */
interface Watched extends Cause {
  readonly type: string;
  readonly kind: RequestKind | "promise";
  readonly resource: NativeResource;
  /** Real time of its making or its last callback. */
  lastSeen: number;
  isClosed: boolean;
  /** A handle that was silent for too long: it does not hold the clock until it stirs. */
  isIdle: boolean;
}

/** The world that watches now. */
let watching: RealWorld | undefined;

/** What a run may meet of the real world, watched and waited for. */
class RealWorld implements OutsideWorld {
  readonly #isAllowed: boolean;
  readonly #watched = new Map<number, Watched>();
  /** Ticks, timers and immediates of the run: what they begin was asked for where they were. */
  readonly #causes = new Map<number, Cause>();
  readonly #hook = modules.asyncHooks?.createHook({
    init: (id, type, trigger, resource) => this.#init(id, type, trigger, resource),
    before: (id) => this.#before(id),
    // Newer versions can leave promises out, which makes the hook all but free; older ones ignore it.
    ...({ trackPromises: false } as object),
  });
  #extraIds = 0;
  #lastArrival = 0;
  #waited = 0;
  #hasGivenGrace = false;
  /** While a stuck run waits: the type of a native thing from before the run that called back in this turn of the loop. */
  #stranger: string | undefined = undefined;
  #isListening = false;
  /** Referenced handles that are not the run's business, by type. */
  #others: ReadonlyMap<string, number> = new Map();

  constructor(isAllowed: boolean) {
    this.#isAllowed = isAllowed;
  }

  begin(): void {
    // Made on first use, they would look like I/O of the program.
    void natives.process?.stdout;
    void natives.process?.stderr;
    this.#forget();
    this.#waited = 0;
    this.#hasGivenGrace = this.#isListening = false;
    // oxlint-disable-next-line typescript/no-this-alias -- one run at a time: the hook of the present one
    watching = this;
    this.#others = activeHandles();
    this.#hook?.enable();
  }

  end(): void {
    this.#hook?.disable();
    if (watching === this) watching = undefined;
    this.#forget();
  }

  #forget(): void {
    this.#watched.clear();
    this.#causes.clear();
  }

  #init(id: number, type: string, trigger: number, resource: NativeResource): void {
    if (type === SCOPE_TYPE) return void this.#causes.set(id, { trigger, origin: captureOrigin() });
    const kind = kindOf(type, resource);
    if (kind !== undefined) this.#watch(id, { type, kind, trigger, resource, origin: captureOrigin() });
  }

  #watch(id: number, thing: Pick<Watched, "type" | "kind" | "trigger" | "resource" | "origin">): Watched {
    const watched = { ...thing, lastSeen: performanceNow(), isClosed: false, isIdle: false };
    this.#lastArrival = watched.lastSeen;
    this.#watched.set(id, watched);
    return watched;
  }

  #before(id: number): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) {
      if (this.#isListening) this.#stranger ??= nameOfCaller();
      return;
    }
    this.#lastArrival = watched.lastSeen = performanceNow();
    watched.isIdle = false;
    if (watched.kind === "request") watched.isClosed = true;
  }

  /** Counts a promise that only the real world settles, such as that of `import()`. */
  watchPromise(type: string, promise: Promise<unknown>): void {
    this.#extraIds -= 1;
    const watched = this.#watch(this.#extraIds, {
      type,
      kind: "promise",
      trigger: 0,
      resource: {},
      origin: captureOrigin(),
    });
    const close = (): void => {
      watched.isClosed = true;
      this.#lastArrival = performanceNow();
    };
    thenOf(Promise.resolve(promise), close, close);
  }

  #isOpen(watched: Watched): boolean {
    if (watched.isClosed) return false;
    const { kind, type, resource } = watched;
    if (kind === "promise") return true;
    if (kind === "request") watched.isClosed = !isAwaited(type, resource, watched.origin);
    else if (kind === "burst") {
      // Node's compression keeps its input here for as long as it works.
      if (type === "ZLIB") return resource.buffer !== null && resource.buffer !== undefined;
      return performanceNow() - watched.lastSeen < BURST_MS;
    } else return resource.hasRef?.() === true;
    return !watched.isClosed;
  }

  /** What is open and may complete by itself. */
  #underWay(): Watched[] {
    const open =
      this.#watched.size === 0
        ? []
        : [...this.#watched.values()].filter(
            (watched) => watched.kind !== "listener" && !watched.isIdle && this.#isOpen(watched),
          );
    return open.length > 0 ? open : this.#strangersInUse();
  }

  /** Handles from before the run that are referenced now and were not when it began. */
  #strangersInUse(): Watched[] {
    const active = activeHandles();
    const own = [...this.#watched.values()].filter(({ resource }) => resource.hasRef?.() === true).length;
    if (sum(active) - sum(this.#others) <= own) return [];
    const type = [...active].find(([name, count]) => count > (this.#others.get(name) ?? 0))?.[0] ?? "a handle";
    return [
      { type, kind: "handle", resource: {}, origin: NOWHERE, trigger: 0, lastSeen: 0, isClosed: false, isIdle: false },
    ];
  }

  #describe(things: readonly Watched[]): OpenRequest[] {
    const seen = new Map<string, OpenRequest>();
    for (const watched of things) {
      const request = { type: watched.type, line: this.#lineOf(watched) };
      seen.set(`${request.type} ${String(request.line)}`, request);
    }
    return [...seen.values()];
  }

  /** The line of the call; where Node itself went on with it, that of what came before. */
  #lineOf(watched: Watched): string | undefined {
    let at: Cause | undefined = watched;
    for (let hops = 0; at !== undefined && hops < 20; hops += 1) {
      const line = lineOf(at.origin);
      if (line !== undefined) return line;
      at = this.#watched.get(at.trigger) ?? this.#causes.get(at.trigger);
    }
    return undefined;
  }

  beforeChoice(run: Run): Promise<void> | undefined {
    const open = this.#underWay();
    run.isClockHeld = open.length > 0;
    if (open.length === 0) return undefined;
    run.hasRealIo = true;
    if (run.ready.length > 0) return undefined;
    return this.#isAllowed ? this.#takeWhatComes(run) : this.#lookOnce(run, open);
  }

  /** R1 and R2: one turn. What works in bursts may be through with its work, and gets the grace. */
  async #lookOnce(run: Run, open: readonly Watched[]): Promise<void> {
    const pulse = run.pulse;
    const verdict = uncontrolled(run, this.#describe(open));
    const isBurst = open.every(({ kind }) => kind === "burst");
    await this.#wait(run, isBurst ? BURST_MS : 0, () => run.pulse !== pulse || this.#underWay().length === 0);
    if (run.pulse !== pulse || this.#underWay().length > 0) run.end(verdict);
  }

  /** R4: until something moved the run, or nothing is under way any more. */
  async #takeWhatComes(run: Run): Promise<void> {
    const pulse = run.pulse;
    this.#lastArrival = performanceNow();
    await this.#wait(run, PATIENCE_MS - this.#waited, () => {
      if (run.pulse !== pulse || this.#underWay().length === 0) return true;
      if (performanceNow() - this.#lastArrival >= SILENCE_MS) this.#giveUp(run);
      return run.outcome !== undefined;
    });
    if (this.#waited >= PATIENCE_MS) this.#endUncontrolled(run, this.#underWay());
  }

  /** Nothing has come for long: handles are idle, a request will not be answered. */
  #giveUp(run: Run): void {
    const open = this.#underWay();
    if (open.some(({ kind }) => kind === "request" || kind === "promise")) return this.#endUncontrolled(run, open);
    for (const watched of open) watched.isIdle = true;
    this.#others = activeHandles();
  }

  #endUncontrolled(run: Run, things: readonly Watched[]): void {
    run.end(uncontrolled(run, this.#describe(things)));
  }

  async unstick(run: Run): Promise<boolean> {
    if (!this.#hasGivenGrace || this.#isAllowed) {
      this.#hasGivenGrace = true;
      if (await this.#somethingCame(run)) return true;
    }
    const open = [...this.#watched.values()].filter((watched) => this.#isOpen(watched));
    if (open.length > 0) this.#endUncontrolled(run, open);
    return open.length > 0;
  }

  /** Waits the grace for what the hook cannot have seen coming. */
  async #somethingCame(run: Run): Promise<boolean> {
    const pulse = run.pulse;
    this.#isListening = true;
    await this.#wait(run, GRACE_MS, () => run.pulse !== pulse || this.#underWay().length > 0);
    this.#isListening = false;
    if (this.#waited >= PATIENCE_MS) this.#endUncontrolled(run, []);
    if (run.pulse === pulse) return this.#underWay().length > 0;
    // What the run began itself may have moved it as well: closing a server takes a turn.
    if (this.#stranger === undefined || this.#watched.size > 0) return true;
    run.hasRealIo = true;
    if (!this.#isAllowed) run.end(uncontrolled(run, [{ type: this.#stranger, line: undefined }]));
    return true;
  }

  drain(run: Run): Promise<void> | undefined {
    if (this.#watched.size === 0 || this.#waited >= PATIENCE_MS || this.#underWay().length === 0) return undefined;
    this.#waited = PATIENCE_MS; // once
    return this.#wait(run, DRAIN_MS, () => this.#underWay().length === 0);
  }

  /** Lets the loop turn, at least once, until `isEnough`, for at most `ms`. Ticks run on: what arrives often goes through some. */
  async #wait(run: Run, ms: number, isEnough: () => boolean): Promise<void> {
    const start = performanceNow();
    let elapsed = 0;
    for (let turns = 0; turns === 0 || elapsed < ms; turns += 1) {
      this.#stranger = undefined;
      await (turns < EAGER_TURNS ? turn() : pause());
      await quiescence(run);
      elapsed = performanceNow() - start;
      if (isEnough()) break;
    }
    this.#waited += elapsed;
  }
}

/** The verdict, with the awaits that stand now: a moment later the answer may be there. */
function uncontrolled(run: Run, requests: readonly OpenRequest[]): Outcome {
  return { kind: "uncontrolled", requests, parked: run.recorder?.standing() ?? [] };
}

const NOWHERE = new Error("begun before the run");
NOWHERE.stack = "";

/** Makes the watch over the real world for runs of one kind; `runAsync` takes it. */
export function outsideWorld(externals: Externals): OutsideWorld {
  return new RealWorld(externals === "allow");
}

/** Wraps the promise of a dynamic `import()`: which module is loaded already is not the schedule's to know. */
export function im<T>(promise: Promise<T>): Promise<T> {
  watchPromise("import()", promise);
  return promise;
}

/** Counts `promise` as something real that is open, for as long as the present run goes on. */
export function watchPromise(type: string, promise: Promise<unknown>): void {
  const run = activeRun();
  if (run !== null && run === currentRun()) watching?.watchPromise(type, promise);
}
