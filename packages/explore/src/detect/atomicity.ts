/**
 * Atomicity violations (AVIO: Lu, Tucek, Qin, Zhou, ASPLOS 2006) in the accesses of one recorded run: a strand reads,
 * another one writes, the first writes back what it had computed from its read, with an await in between. The other's
 * write is lost.
 *
 * The verdict is about one run in which it happened, so the order need not be guessed. A read after the await makes it
 * silent: then the strand knows what it overwrites. That is the case which rules over the source text get wrong.
 *
 * What it does not see: variables of closures; single keys of a collection, which is one location ({@link
 * AtomicityFinding.isWhole}); a guard whose act is `-=`, which reads anew; code that was not transformed with `track`.
 */
import type { Site } from "../sites.js";
import { oneLine, TraceNames } from "../trace-names.js";
import type { Trace } from "../trace.js";

/** Who accessed the location where. */
export interface AtomicityAccess {
  readonly strand: number;
  readonly site: Site;
  readonly step: number;
}

/** One finding: three accesses of one location. */
export interface AtomicityFinding {
  /** Three letters, read or write: the strand, the other, the strand again. Only R-W-W is a violation, others are hints. */
  readonly pattern: "R-W-W" | "R-W-R" | "W-W-R" | "W-R-W";
  readonly isHint: boolean;
  /** `Account#1.balance`. */
  readonly location: string;
  /** The location is a whole collection; the two may mean different keys of it. */
  readonly isWhole: boolean;
  readonly first: AtomicityAccess;
  readonly between: AtomicityAccess;
  readonly last: AtomicityAccess;
}

interface Access extends AtomicityAccess {
  readonly at: number;
  /** Rank of the segment among those of its strand: it grows at each of its awaits. */
  readonly segment: number;
  readonly reads: boolean;
  readonly writes: boolean;
}

const PATTERNS: ReadonlySet<string> = new Set(["R-W-W", "R-W-R", "W-W-R", "W-R-W"]);
const MAX_FINDINGS = 50;

function accessesByLocation({ steps }: Trace): ReadonlyMap<string, Access[]> {
  const segments = new Map<number, number>();
  const all = new Map<string, Access[]>();
  let at = 0;
  for (const { step, events } of steps)
    for (const event of events) {
      const { strand } = event;
      at += 1;
      const segment = segments.get(strand) ?? 0;
      if (event.kind === "parks") segments.set(strand, segment + 1);
      if (event.kind !== "access") continue;
      const { site, location, access } = event;
      const mine = all.get(location);
      const entry = { strand, site, step, at, segment, reads: access !== "w", writes: access !== "r" };
      if (mine === undefined) all.set(location, [entry]);
      else mine.push(entry);
    }
  return all;
}

/**
 * The accesses of each strand, segment by segment, in the order in which they take effect. Where the object of a plain
 * assignment is no name, the write is noted before its right-hand side is evaluated, so a read noted right after it on its
 * line came first.
 */
function segmentsOf(accesses: readonly Access[]): ReadonlyMap<number, Access[][]> {
  const strands = new Map<number, Access[][]>();
  for (const access of accesses) {
    if (access.strand < 0) continue;
    let segments = strands.get(access.strand);
    if (segments === undefined) strands.set(access.strand, (segments = []));
    const current = segments.at(-1);
    if (current === undefined || current[0]!.segment !== access.segment) segments.push([access]);
    else if (isRightHandSide(current.at(-1)!, access)) current.splice(-1, 0, access);
    else current.push(access);
  }
  return strands;
}

function isRightHandSide(before: Access, access: Access): boolean {
  const isAssignment = before.writes && !before.reads;
  return (
    isAssignment && !access.writes && before.site.line === access.site.line && before.site.file === access.site.file
  );
}

/** The three letters; undefined where the second access of the strand reads and writes at once, and so knows. */
function patternOf(first: Access, between: Access, last: Access): AtomicityFinding["pattern"] | undefined {
  if (last.reads && last.writes) return undefined;
  const letter = ({ writes }: Access): string => (writes ? "W" : "R");
  const pattern = [first, between, last].map(letter).join("-");
  return PATTERNS.has(pattern) ? (pattern as AtomicityFinding["pattern"]) : undefined;
}

/** What another strand did between two accesses of one, a write before a read. */
function between(accesses: readonly Access[], first: Access, last: Access): readonly Access[] {
  const [from, to] = [Math.min(first.at, last.at), Math.max(first.at, last.at)];
  const others = accesses.filter(({ at, strand }) => at > from && at < to && strand !== first.strand);
  return others.toSorted((a, b) => Number(b.writes) - Number(a.writes));
}

function findingsAt(location: string, accesses: readonly Access[]): AtomicityFinding[] {
  const found: AtomicityFinding[] = [];
  for (const segments of segmentsOf(accesses).values())
    for (let index = 1; index < segments.length; index += 1) {
      const first = segments[index - 1]!.at(-1)!;
      const last = segments[index]![0]!;
      for (const other of between(accesses, first, last)) {
        const pattern = patternOf(first, other, last);
        if (pattern === undefined) continue;
        // Code that belongs to no strand may be a callback of the very strand: no more than a hint.
        const isHint = pattern !== "R-W-W" || other.strand < 0;
        found.push({ pattern, isHint, location, isWhole: location.endsWith(".*"), first, between: other, last });
        break;
      }
    }
  return found;
}

/** Finds the atomicity violations of a run recorded with tracking, and hints; each trio of places once. */
export function findAtomicityViolations(trace: Trace): readonly AtomicityFinding[] {
  const found = new Map<string, AtomicityFinding>();
  const placeOf = ({ site: { file, line, column } }: AtomicityAccess): string => `${file}:${line}:${column}`;
  for (const [location, accesses] of accessesByLocation(trace))
    for (const finding of findingsAt(location, accesses)) {
      const key = [finding.pattern, finding.first, finding.between, finding.last]
        .map((each) => (typeof each === "string" ? each : placeOf(each)))
        .join(" ");
      if (found.size < MAX_FINDINGS && !found.has(key)) found.set(key, finding);
    }
  return [...found.values()].toSorted((a, b) => Number(a.isHint) - Number(b.isHint));
}

const SAYINGS: Readonly<Record<AtomicityFinding["pattern"], string>> = {
  "R-W-W": "is written back after an await, over what another strand wrote in between",
  "R-W-R": "is read twice with an await between, and another strand wrote it in between",
  "W-W-R": "is read back after an await, and another strand wrote it in between",
  "W-R-W": "is written twice with an await between, and another strand read it in between",
};

/** Tells a finding: a headline and three lines, one for each access. */
export function describeAtomicity(finding: AtomicityFinding, trace: Trace): readonly string[] {
  const names = new TraceNames(trace);
  const { pattern, location, isWhole, first, between: other, last } = finding;
  const acts = pattern.split("-").map((letter) => (letter === "R" ? "reads" : "writes"));
  const line = ({ strand, site }: AtomicityAccess, at: number): string =>
    `  ${names.strand(strand)} ${acts[at]} it at ${names.await(site)}`;
  const what = isWhole ? `${oneLine(location.slice(0, -2))} (keys are not told apart)` : oneLine(location);
  return [`${what} ${SAYINGS[pattern]}:`, line(first, 0), line(other, 1), line(last, 2)];
}
