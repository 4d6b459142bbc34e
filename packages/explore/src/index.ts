/** The schedule explorer: finds, shrinks and replays the order that breaks async code. */
export { ScheduleError, type ScheduleErrorCode } from "./errors.js";
export { explore, exploreReport } from "./explore.js";
export type { InputArbitrary, InputRandom, InputValue } from "./inputs.js";
export type { Model } from "./linear/checker.js";
export { linearizable, type LinearOptions } from "./linearizable.js";
export type { Detector, ExploreOptions, InputOptions } from "./options.js";
export type { Coverage, Failure, Report } from "./report/report.js";
export type { Body, Explorer } from "./runtime/explorer.js";
export type { Fidelity, Grade, Option, Point, RunPlan, Strategy, StrandView } from "./schedule.js";
export type { Site, SiteKind } from "./sites.js";
export type {
  Trace,
  TraceEvent,
  TraceHappening,
  TraceHeldLock,
  TraceOption,
  TraceParked,
  TraceStep,
  TraceStrand,
} from "./trace.js";
export { issueIo as io, type IoOptions } from "./world/io.js";
