/**
 * What a deadlock is about: each parked strand with its awaits, and of lockwright's own locks who holds them, who waits,
 * and the cycle. A strand waits for one lock at a time here, so a cycle is found by following the holders.
 */
import { oneLine, TraceNames } from "../trace-names.js";
import type { Trace, TraceParked } from "../trace.js";

/** One link of a cycle: a strand, and the lock it waits for, which the next one holds. */
export interface CycleLink {
  readonly strand: number;
  readonly lock: string;
}

/** Finds a cycle of strands that wait for each other's locks; undefined where there is none. */
export function findLockCycle({ parked }: Trace): readonly CycleLink[] | undefined {
  const waits = new Map<number, NonNullable<TraceParked["lock"]>>();
  for (const { strand, lock } of parked) if (lock !== undefined) waits.set(strand, lock);
  const finished = new Set<number>();
  const follow = (strand: number, path: readonly CycleLink[]): readonly CycleLink[] | undefined => {
    const start = path.findIndex((link) => link.strand === strand);
    if (start >= 0) return path.slice(start);
    const lock = waits.get(strand);
    if (lock === undefined || finished.has(strand)) return undefined;
    for (const holder of lock.holders) {
      const cycle = follow(holder, [...path, { strand, lock: lock.name }]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(strand);
    return undefined;
  };
  for (const strand of waits.keys()) {
    const cycle = follow(strand, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

function cycleLine(cycle: readonly CycleLink[], names: TraceNames): string {
  const [first] = cycle;
  if (cycle.length === 1) return `${names.strand(first!.strand)} holds ${oneLine(first!.lock)} itself and waits for it`;
  const links = cycle.map(({ strand, lock }) => `${names.strand(strand)} waits for ${oneLine(lock)}`);
  return `cycle: ${links.join(", held by ")}, held by ${names.strand(first!.strand)}`;
}

/** Says which strands wait for each other's locks in a circle; undefined where none do. */
export function cycleText(trace: Trace): string | undefined {
  const cycle = findLockCycle(trace);
  return cycle === undefined ? undefined : cycleLine(cycle, new TraceNames(trace));
}

/** Says who waits for what: those who wait for locks first, then the cycle, then timers that will wake nobody. */
export function deadlockLines(trace: Trace): readonly string[] {
  const names = new TraceNames(trace);
  const order = trace.parked.toSorted((a, b) => Number(a.lock === undefined) - Number(b.lock === undefined));
  const cycle = findLockCycle(trace);
  const timers = trace.timers.map((timer) => `${names.option(timer)} is set and wakes nobody`);
  return [
    ...(cycle === undefined ? [] : [cycleLine(cycle, names)]),
    ...order.map((parked) => names.parked(parked)),
    ...timers,
  ];
}
