/**
 * How the command line runs a file: in a process of its own, which loads the hooks first. The command itself lives in the
 * main package; it finds this file in the user's project and needs nothing else of us.
 */
import { fileURLToPath } from "node:url";

/** What the command line asks for; crosses to the other process as JSON. */
export interface RunnerRequest {
  /** Absolute path of the file to explore. */
  readonly file: string;
  /** Options of `explore` that a command line can express. */
  readonly options: {
    readonly runs?: number;
    readonly ms?: number;
    readonly seed?: number;
    readonly fidelity?: "external" | "holds" | "all";
    readonly strategy?: "portfolio" | "bounded" | "random" | "pct" | "pos";
    readonly replay?: string;
    readonly externals?: "error" | "allow";
    readonly failOn?: "feasible" | "latent";
  };
  /** Print the report as JSON on stdout. */
  readonly json: boolean;
  readonly quiet: boolean;
  /** File for the HTML report of a failure. */
  readonly html?: string;
  /** Explore a test of this file, by its full name. */
  readonly test?: string;
}

/** Exit codes of a run. */
export const RUNNER_EXIT = {
  /** Clean, or only latent failures. */
  clean: 0,
  /** A schedule fails. */
  failing: 1,
  /** The program cannot be explored: real I/O, or it never runs the same way twice. */
  uncontrolled: 3,
  /** Wrong usage: no such file, no body in it, a bad option. */
  usage: 64,
} as const;

/** Gives the arguments for `node` that run `request`. */
export function nodeArguments(request: RunnerRequest): readonly string[] {
  const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  return [
    "--import",
    new URL("./hooks/register.js", import.meta.url).href,
    path("./hooks/run-file.js"),
    JSON.stringify(request),
  ];
}
