/** What happened in one run, as data: made by a run that records, read by detectors and reports. All of it is JSON. */
import type { Site } from "./sites.js";

/** A strand as a report shows it. */
export interface TraceStrand {
  /** Index in {@link Trace.strands}. */
  readonly index: number;
  readonly name: string;
  /** Its place in the tree of strands: "0" is the body, "0.2" the third strand it began, "t" the timers. */
  readonly path: string;
}

/** Something that happened inside a segment. */
export type TraceHappening =
  | { readonly kind: "begins"; readonly site: Site }
  /** It awaits; with `isHeld` the schedule lets it take longer than native. */
  | { readonly kind: "parks"; readonly site: Site; readonly isHeld: boolean }
  | { readonly kind: "returns" }
  /** It starts an external or sets a timer; `line` is `file:line` of the call. */
  | { readonly kind: "issues"; readonly label: string; readonly line: string | undefined }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "lock"; readonly lock: string; readonly event: "queued" | "granted" | "released" | "left" }
  | { readonly kind: "access"; readonly site: Site; readonly location: string; readonly access: "r" | "w" | "rw" };

/** A happening and whose it is: an index in {@link Trace.strands}; -1 where no strand is known. */
export type TraceEvent = TraceHappening & { readonly strand: number };

/** Something that could come next at a decision. */
export interface TraceOption {
  readonly kind: "external" | "held" | "timer" | "settle";
  readonly strand: number;
  /** What completes: a label, `setTimeout 50`, or the text of the await that goes on. */
  readonly label: string;
  /** Where the strand stands that goes on; of a timer, where it was set, as far as known. */
  readonly site: Site | undefined;
  /** `file:line` of who issued it, where the site does not say. */
  readonly line: string | undefined;
}

/** One step of a run: what was chosen, and all that followed until nothing moved by itself. */
export interface TraceStep {
  /** From 0; step 0 is the start of the body. */
  readonly step: number;
  /** Virtual milliseconds since the start. */
  readonly time: number;
  /** What was chosen; undefined for the start. */
  readonly taken: TraceOption | undefined;
  /** Number of options; 1 is no decision. */
  readonly width: number;
  readonly choice: number;
  /** What native order would have taken, at a departure. */
  readonly native: TraceOption | undefined;
  /** True when the awaited thing rejected. */
  readonly isRejection: boolean;
  readonly events: readonly TraceEvent[];
  /** Four hex digits over everything up to this step. */
  readonly hash: string;
}

/** A strand that waited when the run ended. */
export interface TraceParked {
  readonly strand: number;
  /** Its awaits, innermost first. */
  readonly chain: readonly Site[];
  /** The lock it waits for and who holds it, where it is one of lockwright's. */
  readonly lock?: { readonly name: string; readonly holders: readonly number[] };
}

/** A lock that was still held when the run ended. */
export interface TraceHeldLock {
  readonly name: string;
  readonly holders: readonly number[];
}

/** A whole run. */
export interface Trace {
  readonly version: 1;
  readonly strands: readonly TraceStrand[];
  readonly steps: readonly TraceStep[];
  /** Step in which the body returned; undefined if it never did. */
  readonly bodyEnd: number | undefined;
  readonly parked: readonly TraceParked[];
  /** Locks of lockwright that were held when the run ended, and by which strands. */
  readonly held: readonly TraceHeldLock[];
  /** Timers and intervals that were still set. */
  readonly timers: readonly TraceOption[];
  /** Externals that were still in flight when the body returned. */
  readonly inFlight: readonly TraceOption[];
}
