/**
 * The zoo: every known bug, found by the explorer and, in the same run, looked for by what people do without it: plain
 * repetition, random delays, and fast-check's scheduler with the I/O wrapped by hand. `node bench/explore-zoo.mjs [--quick]`.
 *
 * The programs are transformed, so they run in a process that loads the hooks; peers run them outside of any schedule,
 * where a point costs one comparison.
 */
import { runExplored } from "./explore-support.mjs";

runExplored("./explore-zoo-cases.mjs");
