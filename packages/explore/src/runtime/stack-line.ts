/** Reads from a stack who did something, as `file:line`. Lines of transformed files are those of the source. */
import { instrumentedFiles } from "../sites.js";

/** Frames looked at; the runtime's own come first. */
const DEPTH = 40;
const FRAME = /(?:\(|\s|^)((?:file:\/\/|\/|[A-Za-z]:\\)[^\s()]+?):(\d+):\d+\)?$/;
const RUNTIME: string = new URL("..", import.meta.url).href;

/** Captures a stack, whatever limit is in force. */
export function captureOrigin(): Error {
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = DEPTH;
  const origin = new Error("origin");
  // A stack is formatted when it is first read; read it while the limit holds.
  void origin.stack;
  Error.stackTraceLimit = before;
  return origin;
}

/** A frame of a program's stack. */
export interface Frame {
  readonly file: string;
  readonly line: number;
}

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
  }
  return frames;
}

/** Gives `file:line` of the innermost frame in an instrumented file, else of the innermost of all. */
export function lineOf(error: Error | undefined): string | undefined {
  if (error === undefined) return undefined;
  const frames = framesOf(error);
  const known = new Set(instrumentedFiles().map(pathOf));
  const frame = frames.find(({ file }) => known.has(file)) ?? frames[0];
  return frame === undefined ? undefined : `${frame.file}:${frame.line}`;
}
