/**
 * One annotation line for GitHub Actions, which shows it beside the line of code. The workflow reads commands from plain
 * output, so text of a program must not be able to begin another one: line breaks and separators are escaped as its own
 * toolkit does it.
 */
import { fileLineOf } from "../trace-names.js";
import type { Trace } from "../trace.js";
import { departurePlace, departuresOf } from "./explanation.js";
import type { FailureView } from "./failure-view.js";

/** The variables of the environment that matter. */
export type Environment = Readonly<Record<string, string | undefined>>;

const MAX_MESSAGE = 4000;

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

/** The place to point at: what must take longer; of a deadlock in native order, where the innermost strand waits. */
function placeToShow(trace: Trace): { readonly file: string; readonly line: number } | undefined {
  const [departure] = departuresOf(trace);
  const place =
    (departure === undefined ? undefined : departurePlace(departure)) ??
    trace.parked.findLast(({ chain }) => chain.length > 0)?.chain[0] ??
    trace.steps.findLast(({ taken }) => taken?.site !== undefined)?.taken?.site;
  return place === undefined ? undefined : fileLineOf(place);
}

/** A path as GitHub wants it: relative to the checkout. */
function relative(file: string, workspace: string | undefined): string {
  const path = (file.startsWith("file://") ? decode(file.slice("file://".length)) : file).replaceAll("\\", "/");
  const root = workspace === undefined ? "" : `${workspace.replaceAll("\\", "/").replace(/\/$/, "")}/`;
  return root !== "" && path.startsWith(root) ? path.slice(root.length) : path;
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Gives the line to print; undefined outside GitHub Actions. */
export function githubAnnotation(view: FailureView, trace: Trace, environment: Environment): string | undefined {
  if (environment["GITHUB_ACTIONS"] !== "true") return undefined;
  const place = placeToShow(trace);
  const where =
    place === undefined
      ? []
      : [
          `file=${escapeProperty(relative(place.file, environment["GITHUB_WORKSPACE"]))}`,
          ...(place.line > 0 ? [`line=${place.line}`] : []),
        ];
  const title = `title=${escapeProperty(`${view.test}: ${view.error.code ?? view.error.name}`.slice(0, 200))}`;
  const message = `${view.error.message.slice(0, MAX_MESSAGE)}\n${view.explanation.slice(0, MAX_MESSAGE)}\nreplay: ${view.token}`;
  return `::error ${[...where, title].join(",")}::${escapeData(message)}`;
}
