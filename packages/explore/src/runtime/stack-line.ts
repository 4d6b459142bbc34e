/** Reads from a stack who did something, as `file:line`. Lines of transformed files are those of the source. */
import { instrumentedFiles } from "../sites.js";

/** Frames looked at; the runtime's own come first. */
const DEPTH = 40;
const FRAME = /(?:\(|\s|^)((?:file:\/\/|\/|[A-Za-z]:\\)[^\s()]+?):(\d+):\d+\)?$/;
const RUNTIME: string = new URL("..", import.meta.url).href;
/** Below these nobody of the program is on the stack: only who started the run. */
const ENGINE = /\/runtime\/(?:begin|engine-\w+)\.[jt]s$/;

/** Captures a stack, whatever limit is in force. */
export function captureOrigin(): Error {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const origin = new Error("origin");
  Error.stackTraceLimit = before;
  return origin;
}

/** A frame of a program's stack. */
export interface Frame {
  readonly file: string;
  readonly line: number;
}

/** The path that a URL or a path in a stack names. */
function pathOf(url: string): string {
  const bare = url.replace(/[?#].*$/, "");
  return bare.startsWith("file://") ? decodeURIComponent(bare.slice("file://".length)) : bare;
}

/** Lists the frames of a stack that are neither Node's nor this package's, innermost first. */
export function framesOf(error: Error): readonly Frame[] {
  const own = pathOf(RUNTIME);
  const frames: Frame[] = [];
  for (const text of (error.stack ?? "").split("\n")) {
    const found = FRAME.exec(text.trim());
    if (found === null) continue;
    const file = pathOf(found[1]!);
    if (!file.startsWith(own)) frames.push({ file, line: Number(found[2]) });
    else if (ENGINE.test(file)) break;
  }
  return frames;
}

let paths: ReadonlySet<string> = new Set();

function instrumentedPaths(): ReadonlySet<string> {
  const files = instrumentedFiles();
  // Files are only ever added, and a file has one path.
  if (files.length !== paths.size) paths = new Set(files.map(pathOf));
  return paths;
}

/** Gives `file:line` of the innermost frame in an instrumented file, else of the innermost of all. */
export function lineOf(error: Error | undefined): string | undefined {
  if (error === undefined) return undefined;
  const frames = framesOf(error);
  const known = instrumentedPaths();
  const frame = frames.find(({ file }) => known.has(file)) ?? frames[0];
  return frame === undefined ? undefined : `${frame.file}:${frame.line}`;
}
