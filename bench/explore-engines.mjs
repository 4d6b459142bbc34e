/**
 * Schedules per second: the reference engine and the fast one on every program of the zoo, beside plain repetition (the
 * same program with setImmediate as its I/O) and fast-check's scheduler with the I/O wrapped by hand, in one run.
 * `node bench/explore-engines.mjs [--quick]`. Both engines must give the same verdicts and the same number of steps.
 */
import { runExplored } from "./explore-support.mjs";

runExplored("./explore-engines-cases.mjs");
