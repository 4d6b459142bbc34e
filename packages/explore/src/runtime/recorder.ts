/**
 * Records a run as a {@link Trace}. Only replays and first runs are recorded: a search runs without.
 *
 * Strands become one while a run goes on, so events keep the strand itself and are given their column at the end. The
 * hash of a step covers strand path, function name and rank of the await (not its line: an edit elsewhere in the file
 * does not void a token), the number of options and the virtual time, of this step and all before it.
 */
import { siteAt, type Site } from "../sites.js";
import type { Trace, TraceEvent, TraceHappening, TraceOption, TraceParked, TraceStep, TraceStrand } from "../trace.js";
import type { VirtualTimer } from "../world/timers.js";
import { type Activation, running } from "./activation.js";
import { LockWatch } from "./lock-watch.js";
import type { External, Ready } from "./ready.js";
import { captureOrigin, lineOf } from "./stack-line.js";
import { type Strand } from "./strand.js";
import { Fingerprint } from "./fingerprint.js";

/** Anything that stands in the list of options, as the recorder sees it. */
type Choosable = Ready | VirtualTimer;

/** An event whose strand is not numbered yet, and whose line is not read from the stack yet. */
type Draft = TraceHappening & { readonly strand: Strand | null; readonly origin?: Error };

interface OptionDraft extends Omit<TraceOption, "strand" | "line"> {
  readonly strand: Strand | null;
  readonly origin: Error | undefined;
}

/** A part of a trace whose line is still to be read. */
interface Lined {
  line: string | undefined;
}

interface StepDraft extends Omit<TraceStep, "events" | "taken" | "native"> {
  readonly taken: OptionDraft | undefined;
  readonly native: OptionDraft | undefined;
  readonly events: Draft[];
}

/** What the recorder asks of its run when it ends. */
export interface Recorded {
  readonly now: number;
  readonly timers: { all(): readonly VirtualTimer[] };
  readonly inFlightAtReturn: readonly External[];
}

/** Records one run. */
export class Recorder {
  readonly #steps: StepDraft[] = [];
  readonly #live = new Set<Activation>();
  readonly #print = new Fingerprint();
  readonly #locks: LockWatch;
  /** Asked when an access is recorded, else undefined. */
  readonly isTracking: boolean;
  #now: () => number = () => 0;
  #bodyEnd: number | undefined = undefined;
  #trace: Trace | undefined = undefined;
  /** Lines still to be read: a stack is formatted only for a trace that somebody wants, since that is most of its price. */
  #lines: (readonly [part: Lined, origin: Error])[] = [];

  constructor(isTracking = false) {
    this.isTracking = isTracking;
    this.#locks = new LockWatch((lock, event) => this.#note({ kind: "lock", lock, event }));
  }

  /** Begins; `now` reads the run's clock. */
  begin(now: () => number): void {
    this.#now = now;
    this.#locks.begin();
    this.#push(undefined, undefined, 1, 0, false);
  }

  began(activation: Activation): void {
    this.#live.add(activation);
    const site = siteAt(activation.fn);
    if (site !== undefined) this.#note({ kind: "begins", site }, activation.strand);
  }

  parked(activation: Activation, isHeld: boolean): void {
    const site = siteAt(activation.site);
    if (site !== undefined) this.#note({ kind: "parks", site, isHeld }, activation.strand);
  }

  ended(activation: Activation): void {
    this.#live.delete(activation);
    this.#note({ kind: "returns" }, activation.strand);
  }

  note(text: string): void {
    this.#note({ kind: "note", text });
  }

  access(site: Site, location: string, access: "r" | "w" | "rw"): void {
    this.#note({ kind: "access", site, location, access });
  }

  issued(external: External): void {
    external.origin = captureOrigin();
    this.#note({ kind: "issues", label: external.label, line: undefined }, external.strand, external.origin);
  }

  timerSet(timer: VirtualTimer): void {
    timer.origin = captureOrigin();
    this.#note({ kind: "issues", label: timer.label, line: undefined }, undefined, timer.origin);
  }

  step(taken: Choosable, options: readonly Choosable[], choice: number): void {
    const native = choice === 0 ? undefined : draftOf(options[0]!);
    const isRejection = "isRejection" in taken && taken.isRejection;
    // A timer, or an external whose window opens, is chosen before the clock moves to it; its step shows when it comes.
    const due = "at" in taken ? taken.at : "earliest" in taken ? (taken as External).earliest : 0;
    const time = Math.max(this.#now(), due);
    this.#push(draftOf(taken), native, options.length, choice, isRejection, time);
  }

  settled(): void {
    const taken = { kind: "settle", strand: null, label: "settled", site: undefined, origin: undefined } as const;
    this.#push(taken, undefined, 1, 0, false);
  }

  /** The body has returned, in the present step. */
  bodyReturned(): void {
    this.#bodyEnd = this.#steps.length - 1;
  }

  /** Hash of the last step. */
  get hash(): string {
    return this.#steps.at(-1)?.hash ?? "0000";
  }

  /** Hash of each step so far. */
  hashes(): readonly string[] {
    return this.#steps.map((step) => step.hash);
  }

  #push(
    taken: OptionDraft | undefined,
    native: OptionDraft | undefined,
    width: number,
    choice: number,
    isRejection: boolean,
    time: number = this.#now(),
  ): void {
    const { site, strand } = taken ?? {};
    this.#print.mix(strand?.path ?? "", site?.owner ?? "", site?.ordinal ?? -1, width, time);
    this.#steps.push({
      step: this.#steps.length,
      time,
      taken,
      width,
      choice,
      native,
      isRejection,
      events: [],
      hash: this.#print.hex(),
    });
  }

  #note(event: TraceHappening, strand: Strand | null = running()?.strand ?? null, origin?: Error): void {
    this.#steps.at(-1)?.events.push({ ...event, strand, ...(origin === undefined ? {} : { origin }) });
  }

  /** Ends recording: what happens after the first call is in no trace. */
  end(run: Recorded): void {
    this.#trace ??= this.#end(run);
  }

  /** Ends recording and gives the trace. */
  finish(run: Recorded): Trace {
    this.end(run);
    for (const [part, origin] of this.#lines) part.line = lineOf(origin);
    this.#lines = [];
    return this.#trace!;
  }

  /** Notes a part whose line is to be read from `origin`. */
  #lined<T extends { readonly line: string | undefined }>(part: T, origin: Error | undefined): T {
    if (origin !== undefined) this.#lines.push([part as Lined, origin]);
    return part;
  }

  #end(run: Recorded): Trace {
    this.#locks.end();
    const columns = new Columns();
    const option = ({ strand, origin, ...rest }: OptionDraft): TraceOption =>
      this.#lined({ ...rest, strand: columns.indexOf(strand), line: undefined }, origin);
    const happened = ({ origin, ...event }: Draft): TraceEvent => {
      const told = { ...event, strand: columns.indexOf(event.strand) } as TraceEvent;
      return told.kind === "issues" ? this.#lined(told, origin) : told;
    };
    const steps = this.#steps.map((step): TraceStep => ({
      ...step,
      taken: step.taken === undefined ? undefined : option(step.taken),
      native: step.native === undefined ? undefined : option(step.native),
      events: step.events.map(happened),
    }));
    const parked = this.#parked(columns);
    const timers = run.timers.all().map((timer) => option(draftOf(timer)));
    const inFlight = run.inFlightAtReturn.map((external) => option(draftOf(external)));
    const held = this.#locks.held().map(({ name, holders }) => ({
      name,
      holders: holders.map((holder) => columns.indexOf(holder)),
    }));
    return { version: 1, strands: columns.list, steps, bodyEnd: this.#bodyEnd, parked, held, timers, inFlight };
  }

  /** The innermost await of each strand that stands now. */
  standing(): readonly Site[] {
    return this.#parked(new Columns()).flatMap(({ chain }) => chain.slice(-1));
  }

  /** Who still waits: for each chain of direct awaits one entry. */
  #parked(columns: Columns): TraceParked[] {
    const awaited = new Set([...this.#live].map((activation) => activation.awaits));
    const parked: TraceParked[] = [];
    for (const activation of this.#live) {
      if (awaited.has(activation)) continue;
      const chain: Site[] = [];
      for (let at: Activation | null = activation; at !== null; at = at.awaits) {
        const site = siteAt(at.site);
        if (site !== undefined) chain.unshift(site);
      }
      const lock = this.#locks.waitedForBy(activation.strand.self);
      const base = { strand: columns.indexOf(activation.strand), chain };
      if (lock === undefined) parked.push(base);
      else {
        const holders = lock.holders.map((holder) => columns.indexOf(holder));
        parked.push({ ...base, lock: { name: lock.name, holders } });
      }
    }
    return parked;
  }
}

/** Numbers strands in order of appearance, once it is known which of them are one. */
class Columns {
  readonly list: TraceStrand[] = [];
  readonly #index = new Map<Strand, number>();

  indexOf(strand: Strand | null): number {
    if (strand === null) return -1;
    const self = strand.self;
    let index = this.#index.get(self);
    if (index === undefined) {
      index = this.list.length;
      this.#index.set(self, index);
      this.list.push({ index, name: self.name, path: self.path });
    }
    return index;
  }
}

function draftOf(option: Choosable): OptionDraft {
  const { kind, strand } = option;
  if (kind === "timer") {
    const { label, origin } = option as VirtualTimer;
    return { kind, strand, label, site: undefined, origin };
  }
  const activation = option.activation;
  const site = activation === null ? undefined : siteAt(activation.site);
  const origin = kind === "external" ? (option as External).origin : undefined;
  return { kind, strand, label: option.label ?? site?.text ?? "await", site, origin };
}
