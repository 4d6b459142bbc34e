/** The command `lockwright demo`: five things that go wrong without lockwright, each run now, each line from what ran. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LockSpace } from "../leases/lock-space.js";
import { sqliteStore } from "../stores/sqlite.js";
import { type Command, type Context, defineCommand, type OptionTable } from "./command.js";
import { busyHolder, frozenHolder, killedWrapper, lostUpdate, Stage } from "./demo-acts.js";
import { reportedDeadlock } from "./demo-deadlock.js";
import type { Style, Writer } from "./writer.js";

export const demoCommand: Command = defineCommand({
  name: "demo",
  summary: "see what goes wrong without it, in ten seconds",
  positionals: [],
  options: {},
  details: "Runs five short plays, with real processes, in a private folder: nothing to install, nothing left behind.",
  run: demo,
});

async function demo(context: Context<OptionTable>): Promise<number> {
  const { out, talk, json, signal } = context;
  // Under /tmp, since the paths of unix sockets must be short.
  const folder = mkdtempSync("/tmp/lockwright-demo-");
  const stage = new Stage(folder);
  const space = new LockSpace({
    store: await sqliteStore({ path: join(folder, "demo.db") }),
    ownsStore: true,
    renewal: "loop",
  });
  const end = (): void => stage.clear();
  signal.addEventListener("abort", end);
  try {
    const report = json ? undefined : new Play(out, talk);
    const results = {
      schema: 1,
      lostUpdate: await play(
        report,
        signal,
        "1. A lost update: 100 deposits of 1, each reads, waits and writes",
        lostUpdate,
        tellLostUpdate,
      ),
      busyHolder: await play(
        report,
        signal,
        "2. A holder too busy to renew its lock",
        () => busyHolder(stage),
        tellBusyHolder,
      ),
      frozenHolder: await play(
        report,
        signal,
        "3. A holder frozen between its read and its write",
        () => frozenHolder(stage),
        tellFrozenHolder,
      ),
      killedWrapper: await play(
        report,
        signal,
        "4. A wrapped command, killed by kill -9",
        () => killedWrapper(stage, space, signal),
        tellKilledWrapper,
      ),
      reportedDeadlock: await play(
        report,
        signal,
        "5. Two tasks, each waiting for the other's mutex",
        reportedDeadlock,
        tellReportedDeadlock,
      ),
    };
    if (json) out.document(results);
    return 0;
  } finally {
    signal.removeEventListener("abort", end);
    stage.clear();
    await space.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Writes the acts for people. */
class Play {
  readonly #out: Writer;
  readonly #talk: Writer;

  constructor(out: Writer, talk: Writer) {
    this.#out = out;
    this.#talk = talk;
  }

  title(text: string): void {
    this.#out.line(this.#out.style("bold", text));
    this.#talk.status("running…");
  }

  done(): void {
    this.#talk.status("");
  }

  fact(label: string, value: string, verdict: "good" | "bad" | "plain" = "plain"): void {
    const styles: Record<typeof verdict, Style> = { good: "green", bad: "red", plain: "dim" };
    this.#out.line(`   ${label.padEnd(34)} ${this.#out.style(styles[verdict], value)}`);
  }

  gap(): void {
    this.#out.line();
  }
}

async function play<T>(
  report: Play | undefined,
  signal: AbortSignal,
  title: string,
  act: () => Promise<T>,
  tell: (report: Play, result: T) => void,
): Promise<T> {
  signal.throwIfAborted();
  report?.title(title);
  let result: T;
  try {
    result = await act();
  } catch (error) {
    signal.throwIfAborted(); // Ctrl-C ended the processes; what failed for that is no news
    throw error;
  } finally {
    report?.done();
  }
  if (report !== undefined) tell(report, result);
  report?.gap();
  return result;
}

function tellLostUpdate(report: Play, { deposits, without, withMutex }: Awaited<ReturnType<typeof lostUpdate>>): void {
  report.fact(
    "without a lock, the balance is",
    `${without}: ${deposits - without} deposits lost`,
    without === deposits ? "plain" : "bad",
  );
  report.fact("under a Mutex it is", String(withMutex), withMutex === deposits ? "good" : "bad");
}

function tellBusyHolder(
  report: Play,
  { ttl, busy, timerOverlap, leaseOverlap }: Awaited<ReturnType<typeof busyHolder>>,
): void {
  report.fact("the holder computes for", `${busy} ms under a lock that lasts ${ttl} ms`);
  report.fact(
    "lock renewed by a timer",
    `two holders at once for ${timerOverlap} ms`,
    timerOverlap > 0 ? "bad" : "plain",
  );
  const lease =
    leaseOverlap === 0
      ? "one holder at a time: renewed off the main loop"
      : `two holders at once for ${leaseOverlap} ms`;
  report.fact("lockwright lease", lease, leaseOverlap === 0 ? "good" : "bad");
}

function tellFrozenHolder(
  report: Play,
  { oldToken, newToken, refusal, content }: Awaited<ReturnType<typeof frozenHolder>>,
): void {
  report.fact(`token ${oldToken} read, then was stopped`, "SIGSTOP, past its ttl");
  report.fact(`token ${newToken} got the lock and wrote`, content);
  report.fact(
    `token ${oldToken} woke up and wrote late`,
    refusal === "" ? "it went through" : `refused: ${refusal}`,
    refusal === "" ? "bad" : "good",
  );
}

function tellKilledWrapper(report: Play, result: Awaited<ReturnType<typeof killedWrapper>>): void {
  const { rounds, median, longest, survivors } = result;
  report.fact(
    "killed, the next in line starts",
    `after ${median.toFixed(1)} ms (median of ${rounds}, longest ${longest.toFixed(1)} ms)`,
    "good",
  );
  const orphans = survivors === 0 ? "had ended before that, every time" : `still ran ${survivors} times`;
  report.fact("the killed one's own command", orphans, survivors === 0 ? "good" : "bad");
}

function tellReportedDeadlock(report: Play, result: Awaited<ReturnType<typeof reportedDeadlock>>): void {
  for (const [at, edge] of result.edges.entries())
    report.fact(at === 0 ? "a deadlock, told by name" : "", edge, "plain");
  report.fact(`${result.victim}, which closed it, got`, `${result.code} after ${result.after.toFixed(1)} ms`, "good");
  report.fact(
    `${result.tasks.find((task) => task !== result.victim)}, which would have hung, is`,
    result.other,
    "good",
  );
}
