/**
 * HTTP without a network: undici's MockAgent for one run, its answers in the hands of the explorer.
 *
 * A request is an external until it arrives, the interceptor answers at one moment, and the answer is an external again,
 * as with `t.io`. With `fail` each of the two may be lost; with `duplicate` a request may arrive twice. What goes wrong is
 * one deviation: native order loses and doubles nothing.
 *
 * The global `fetch` is answered too: it asks the global dispatcher, under a symbol that Node's own copy of undici and this
 * one share. Nothing reaches a real network: what no interceptor matches is refused.
 */
import { type Dispatcher, MockAgent } from "undici";
import { ScheduleError, show } from "./errors.js";
import { type Explorer, RunExplorer } from "./runtime/explorer.js";
import type { External } from "./runtime/ready.js";
import { activeRun, type Run, type Who } from "./runtime/run.js";
import { checkIoOptions, type IoOptions, issueExternal } from "./world/io.js";

/** How the network behaves. */
export interface NetOptions extends IoOptions {
  /** A request or its answer may be lost: an error with the code `ECONNRESET`. Default false. */
  readonly fail?: boolean;
  /** A request may arrive twice, as when somebody on the way repeats it; the second answer is dropped. Default false. */
  readonly duplicate?: boolean;
}

/** Where undici's copies keep the dispatcher of the global `fetch`. */
const DISPATCHERS = [Symbol.for("undici.globalDispatcher.1"), Symbol.for("undici.globalDispatcher.2")] as const;

/** Something that may come of a request. */
interface Turn {
  readonly label: string;
  readonly isRejection?: boolean;
  readonly act: () => void;
}

type Handler = Dispatcher.DispatchHandler;
/** A handler of either interface of undici, by method. */
type Methods = Record<string, ((...args: unknown[]) => unknown) | undefined>;

/** Answers in the order of the schedule. */
class RunAgent extends MockAgent {
  readonly #run: Run;
  readonly #options: NetOptions;

  constructor(run: Run, options: NetOptions) {
    super();
    this.#run = run;
    this.#options = options;
    this.disableNetConnect();
  }

  override dispatch(request: Dispatcher.DispatchOptions, handler: Handler): boolean {
    const run = this.#run;
    // Under "all" each await is a choice already. A run that is over answers nobody.
    if (run.fidelity === "all") return super.dispatch(request, handler);
    if (activeRun() !== run) return true;
    const label = labelOf(request);
    const who = run.who();
    const { points = "both", fail = false, duplicate = false } = this.#options;
    const answer = new Answer(handler, (turns) => this.#race(turns(label, fail), who), points === "before");
    const deliver = (): void => answer.during(() => super.dispatch(request, answer.handler));
    const repeat = (): void => void super.dispatch({ ...request }, IGNORED);
    if (points === "after") {
      deliver();
      return true;
    }
    const turns: Turn[] = [{ label, act: deliver }];
    if (fail) turns.push({ label: `${label}: lost`, isRejection: true, act: () => answer.fail() });
    if (duplicate && isRepeatable(request))
      turns.push({
        label: `${label}: twice`,
        act: () => {
          deliver();
          this.#race([{ label: `${label}: again`, act: repeat }], who);
        },
      });
    answer.whenAborted(this.#race(turns, who));
    return true;
  }

  /** Offers all; the first that is chosen takes the place of the others. Gives how to take them back. */
  #race(turns: readonly Turn[], who: Who): () => void {
    const externals: External[] = [];
    const withdraw = (): void => {
      for (const external of externals) this.#run.withdraw(external);
    };
    for (const { label, act, isRejection = false } of turns) {
      // Resolved, not called: so what it does runs in the async context of the request.
      let choose = (): void => {};
      void new Promise<void>((resolve) => (choose = resolve)).then(act);
      const external = issueExternal(this.#run, label, this.#options, () => (withdraw(), choose()), who);
      external.isRejection = isRejection;
      externals.push(external);
    }
    return withdraw;
  }
}

/** Who waits for nothing: the second copy of a request. */
const IGNORED: Handler = {
  onConnect: () => {},
  onHeaders: () => true,
  onData: () => true,
  onComplete: () => {},
  onError: () => {},
};

function labelOf({ method, origin, path }: Dispatcher.DispatchOptions): string {
  return `${method} ${String(origin ?? "")}${path}`.slice(0, 80);
}

/** A stream can be read once. */
function isRepeatable({ body }: Dispatcher.DispatchOptions): boolean {
  return body === undefined || body === null || typeof body === "string" || body instanceof Uint8Array;
}

function lost(): Error {
  return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET", errno: -104, syscall: "read" });
}

/** What begins a request and what an abort calls: told at once, whatever becomes of the answer. */
const AT_ONCE = /^on(?:Connect|RequestStart|BodySent|RequestSent)$/;
const ERROR = /^on(?:Error|ResponseError)$/;
const LAST = /^on(?:Complete|ResponseEnd|Error|ResponseError)$/;

/** The answer to one request, kept back until it is chosen. */
class Answer {
  readonly handler: Handler;
  readonly #methods: Methods;
  readonly #offer: (turns: (label: string, mayFail: boolean) => readonly Turn[]) => () => void;
  readonly #kept: (() => void)[] = [];
  #isOver = false;
  /** The mock runs: an error is its answer, not an abort. */
  #isAnswering = false;
  #withdraw: () => void = () => {};

  constructor(
    handler: Handler,
    offer: (turns: (label: string, mayFail: boolean) => readonly Turn[]) => () => void,
    isAtOnce: boolean,
  ) {
    this.#methods = handler as unknown as Methods;
    this.#offer = offer;
    this.handler = isAtOnce ? handler : new Proxy(handler, { get: (_, key) => this.#method(String(key)) });
  }

  /** Runs the mock. */
  during(act: () => void): void {
    if (this.#isOver) return;
    this.#isAnswering = true;
    try {
      act();
    } finally {
      this.#isAnswering = false;
    }
  }

  /** Sets how to take back what was offered. */
  whenAborted(withdraw: () => void): void {
    this.#withdraw = withdraw;
  }

  /** The request, or its answer, is lost. */
  fail(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { onResponseError, onError } = this.#methods;
    if (onResponseError === undefined) onError?.call(this.#methods, lost());
    else onResponseError.call(this.#methods, null, lost());
  }

  #method(key: string): unknown {
    const method = this.#methods[key];
    if (typeof method !== "function" || !/^on[A-Z]/.test(key)) return method;
    return (...args: unknown[]): unknown => {
      const tell = (): unknown => Reflect.apply(method, this.#methods, args);
      if (this.#isOver) return true;
      if (AT_ONCE.test(key)) return this.#begin(tell);
      if (ERROR.test(key) && !this.#isAnswering) return this.#abort(tell);
      this.#kept.push(() => void tell());
      if (LAST.test(key)) this.#complete();
      return true;
    };
  }

  /** The handler may find here that it was aborted before the request arrived. */
  #begin(tell: () => unknown): unknown {
    const was = this.#isAnswering;
    this.#isAnswering = false;
    try {
      return tell();
    } finally {
      this.#isAnswering = was;
    }
  }

  #abort(tell: () => unknown): unknown {
    this.#isOver = true;
    this.#withdraw();
    return tell();
  }

  /** All of it is there. */
  #complete(): void {
    const act = (): void => {
      if (this.#isOver) return;
      this.#isOver = true;
      for (const tell of this.#kept) tell();
    };
    this.#withdraw = this.#offer((label, mayFail) => {
      const arrives: Turn = { label: `${label}: answer`, act };
      return mayFail
        ? [arrives, { label: `${label}: answer lost`, isRejection: true, act: () => this.fail() }]
        : [arrives];
    });
  }
}

/**
 * Answers HTTP requests of one run: undici's own and those of the global `fetch`. Everything is as before when the run is
 * over, however it ends.
 *
 * **When to use** The code under test talks HTTP through `fetch` or undici. For a client that you can replace, `t.io(fake)`
 * is less to write.
 *
 * **Cancellation** An aborted request fails at once, as it does with a network; its answer is not offered any more.
 *
 * **Errors** TypeError or RangeError for bad options, `LW_SCHEDULE` outside a body. A request that no interceptor matches
 * fails with undici's `MockNotMatchedError`.
 *
 * **Example**
 * ```ts
 * import { explore } from "@lockwright/explore";
 * import { mockNet } from "@lockwright/explore/mock-net";
 *
 * await explore(async (t) => {
 *   const api = mockNet(t, { fail: true }).get("https://stock.example");
 *   let stock = 2;
 *   const take = (): object => ({ left: (stock -= 1) });
 *   api.intercept({ path: "/take", method: "POST" }).reply(200, take).times(2);
 *   const order = async (): Promise<void> => {
 *     const response = await fetch("https://stock.example/take", { method: "POST" });
 *     await response.json();
 *   };
 *   await Promise.allSettled([order(), order()]);
 *   await t.settled();
 *   if (stock < 0) throw new Error("sold what was not there");
 * });
 * ```
 */
export function mockNet(t: Explorer, options: NetOptions = {}): MockAgent {
  checkIoOptions(options);
  for (const name of ["fail", "duplicate"] as const)
    if (options[name] !== undefined && typeof options[name] !== "boolean")
      throw new TypeError(`${name} must be a boolean, got ${show(options[name])}`);
  const run = RunExplorer.runOf(t);
  if (run === undefined) throw new TypeError(`t must be what the body is called with, got ${show(t)}`);
  if (run !== activeRun()) throw new ScheduleError("LW_SCHEDULE", "mockNet() outside its body: that run is over");
  const before = DISPATCHERS.map((key) => Reflect.get(globalThis, key) as unknown);
  const agent = new RunAgent(run, options);
  for (const key of DISPATCHERS) setDispatcher(key, agent);
  run.whenOver(() => DISPATCHERS.forEach((key, at) => setDispatcher(key, before[at])));
  return agent;
}

/** As undici defines it, which neither of its copies may find otherwise. */
function setDispatcher(key: symbol, value: unknown): void {
  Object.defineProperty(globalThis, key, { value, writable: true, enumerable: false, configurable: false });
}
