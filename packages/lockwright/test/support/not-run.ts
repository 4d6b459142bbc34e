/**
 * The register of cells that could not run here: no server binary, no kernel feature, the wrong platform.
 *
 * A skipped cell that nobody sees is a hole in the proof, so each is printed as a `NOT RUN:` line at the end of
 * `npm test`, and with `CI=true` one line is enough to fail the run. The reporter (scripts/count-reporter.ts) reads the file.
 */
import { appendFileSync } from "node:fs";

/** Records that `what` did not run and `why`; call it where the cell would have been, then return. */
export function notRun(what: string, why: string): void {
  const line = `${what} (${why})`.replaceAll("\n", " ");
  const register = process.env["LOCKWRIGHT_NOT_RUN"];
  if (register === undefined) console.warn(`NOT RUN: ${line}`);
  else appendFileSync(register, `${line}\n`);
}
