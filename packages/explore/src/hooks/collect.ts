/**
 * Stands in for a test runner under `lockwright explore --from-test`: notes the tests of a file instead of running them, so
 * that one of them becomes a body. The modules `collect-node-test` and `collect-vitest` put their runner's names on it.
 */
import { format } from "node:util";

type Hook = (context?: object) => unknown;
type HookKind = "before" | "after" | "beforeEach" | "afterEach";
/** A test or suite as its file gave it. */
type Callback = (...args: readonly unknown[]) => unknown;

class Suite {
  readonly hooks: Readonly<Record<HookKind, Hook[]>> = { before: [], after: [], beforeEach: [], afterEach: [] };

  readonly name: string;
  readonly parent: Suite | undefined;

  constructor(name: string, parent: Suite | undefined) {
    this.name = name;
    this.parent = parent;
  }

  /** From the file down to this suite. */
  get path(): readonly Suite[] {
    return this.parent === undefined ? [this] : [...this.parent.path, this];
  }

  get names(): readonly string[] {
    return this.path.slice(1).map(({ name }) => name);
  }
}

interface CollectedTest {
  readonly name: string;
  readonly suite: Suite;
  readonly run: Callback;
}

/** What the tests of a runner find in their context beside the common part. */
let extras: object = {};
let suite: Suite = new Suite("", undefined);
const tests: CollectedTest[] = [];
/** Suites with an async callback. */
let opening: Promise<unknown> = Promise.resolve();
/** Runs when the test that is running is done. */
let finished: Hook[] = [];

/** Adds to the context that tests are given. */
export function addToContext(more: object): void {
  extras = more;
}

/** Runners take (name, options, callback) in nearly any mix. */
function parts(args: readonly unknown[]): { readonly name: string; readonly run: Callback | undefined } {
  const run = args.find((each) => typeof each === "function") as Callback | undefined;
  const [first] = args;
  return { name: typeof first === "string" ? first : (run?.name ?? ""), run };
}

function addTest(...args: readonly unknown[]): void {
  const { name, run } = parts(args);
  if (run !== undefined) tests.push({ name, suite, run });
}

function addSuite(...args: readonly unknown[]): void {
  const { name, run } = parts(args);
  if (run === undefined) return;
  const outer = suite;
  suite = new Suite(name, outer);
  const done = run();
  // What an async suite adds after its first await lands outside of it: the name is found all the same.
  if (done instanceof Promise) opening = Promise.all([opening, done]);
  suite = outer;
}

/** `test` or `describe` with the forms that only say how to run it: all of them add it. */
export interface Adder {
  (...args: readonly unknown[]): void;
  readonly [form: string]: unknown;
}

const FORMS = ["only", "skip", "todo", "concurrent", "sequential", "shuffle", "fails"];

function adder(add: (...args: readonly unknown[]) => void): Adder {
  const each =
    (cases: readonly unknown[]) =>
    (name: string, run: Callback): void => {
      for (const given of cases) {
        const args = Array.isArray(given) ? (given as readonly unknown[]) : [given];
        add(format(name, ...args.slice(0, name.match(/%[sdifjoO]/g)?.length ?? 0)), () => run(...args));
      }
    };
  const condition = (): Adder => made;
  const made = ((...args: readonly unknown[]) => add(...args)) as Adder;
  const forms = Object.fromEntries(FORMS.map((form) => [form, made]));
  return Object.assign(made, forms, { each, skipIf: condition, runIf: condition });
}

function hook(kind: HookKind): (run: Hook) => void {
  return (run) => void suite.hooks[kind].push(run);
}

/** `test`, `it`. */
export const collectTest: Adder = adder(addTest);
/** `describe`, `suite`. */
export const collectSuite: Adder = adder(addSuite);
/** `before`, `beforeAll`. */
export const collectBefore: (run: Hook) => void = hook("before");
/** `after`, `afterAll`. */
export const collectAfter: (run: Hook) => void = hook("after");
export const collectBeforeEach: (run: Hook) => void = hook("beforeEach");
export const collectAfterEach: (run: Hook) => void = hook("afterEach");

/** Has `run` called when the test that is running is done. */
export function onFinished(run: Hook): void {
  finished.push(run);
}

/** A test that was found: `prepare` and `clean` once, `body` for each schedule. */
export interface FoundTest {
  readonly name: string;
  prepare(): Promise<void>;
  body(): Promise<void>;
  clean(): Promise<void>;
}

function fullName({ name, suite: { names } }: CollectedTest): string {
  return [...names, name].join(" > ");
}

async function call(hooks: readonly Hook[], context?: object): Promise<void> {
  for (const each of hooks) await each(context);
}

function contextOf({ name }: CollectedTest): object {
  return {
    name,
    task: { name },
    signal: new AbortController().signal,
    diagnostic: () => {},
    after: onFinished,
    onTestFinished: onFinished,
    ...extras,
  };
}

/**
 * Gives the test called `name`, alone or with its suites (`suite > test`).
 *
 * **Errors** A TypeError when there is none, when there are several, or when the test takes a callback.
 */
export async function collectedTest(file: string, name: string): Promise<FoundTest> {
  await opening;
  const found = tests.filter((test) => test.name === name || fullName(test) === name);
  const [test] = found;
  if (test === undefined) {
    const known = tests.slice(0, 10).map((each) => JSON.stringify(fullName(each)));
    const rest = tests.length > 10 ? ` and ${tests.length - 10} more` : "";
    const has = known.length === 0 ? "no tests of node:test or Vitest" : `${known.join(", ")}${rest}`;
    throw new TypeError(`--test must name a test of ${file}, got ${JSON.stringify(name)}; it has ${has}`);
  }
  if (found.length > 1) {
    const names = found.map((each) => JSON.stringify(fullName(each))).join(", ");
    throw new TypeError(`--test must name one test, got ${JSON.stringify(name)}: ${names}`);
  }
  if (test.run.length > 1)
    throw new TypeError(`${fullName(test)} takes a callback: only tests with promises are explored`);
  const { path } = test.suite;
  const inner = path.toReversed();
  return {
    name: fullName(test),
    prepare: () => call(path.flatMap(({ hooks }) => hooks.before)),
    async body() {
      finished = [];
      const context = contextOf(test);
      try {
        await call(
          path.flatMap(({ hooks }) => hooks.beforeEach),
          context,
        );
        await test.run(context);
      } finally {
        await call([...finished.toReversed(), ...inner.flatMap(({ hooks }) => hooks.afterEach)], context);
      }
    },
    clean: () => call(inner.flatMap(({ hooks }) => hooks.after)),
  };
}
