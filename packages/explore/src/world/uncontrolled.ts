/** What a person reads when a run met real I/O: what it was, where it was asked for, who waits for it, what to do. */
import { ScheduleError } from "../errors.js";
import type { OpenRequest, Outcome } from "../runtime/outcome.js";
import type { Site } from "../sites.js";

/** Lines of each list that are printed. */
const SHOWN = 5;

const WAYS_OUT = `Three ways out:
  1. t.io(fake): let the body use a fake whose answers the explorer orders
  2. an interceptor for the protocol, such as mockNet(t) from @lockwright/explore/mock-net for HTTP
  3. externals: "allow": take real answers as they come; then no token can bring the order back`;

/** A few words for a name that only Node's own developers know. */
const MEANINGS: readonly (readonly [type: RegExp, meaning: string])[] = [
  [/^FS|^FILEHANDLE/, "file system"],
  [/^GETADDRINFO|^GETNAMEINFO|^QUERYWRAP/, "name lookup"],
  [/^(?:TCP|PIPECONNECT|UDP|QUIC)/, "network"],
  [/^PIPE/, "pipe"],
  [/^PROCESS/, "child process"],
  [/^WORKER/, "worker thread"],
  [/^MESSAGEPORT|^MessagePort/, "message port"],
  [/^ZLIB/, "compression"],
  [/^BLOBREADER/, "Blob"],
  [/REQUEST$/, "cryptography"],
];

function describe({ type, line }: OpenRequest): string {
  const meaning = MEANINGS.find(([pattern]) => pattern.test(type))?.[1];
  const what = meaning === undefined ? type : `${type} (${meaning})`;
  return `  ${what}, ${line === undefined ? "begun before the run or by un-instrumented code" : `asked for at ${line}`}`;
}

function list(lines: readonly string[]): string {
  const rest = lines.length - SHOWN;
  return [...lines.slice(0, SHOWN), ...(rest > 0 ? [`  and ${rest} more`] : [])].join("\n");
}

/** Writes the message of `LW_UNCONTROLLED`. `parked` are the awaits that stood, innermost of each strand. */
export function uncontrolledMessage(requests: readonly OpenRequest[], parked: readonly Site[]): string {
  const waiting = parked.map(({ file, line, text }) => `  ${file}:${line}  await ${text.replace(/^await\s+/, "")}`);
  return [
    "the body waits for real I/O, which the explorer does not decide:",
    list(requests.map(describe)),
    ...(waiting.length === 0 ? [] : ["while these awaits stood:", list(waiting)]),
    WAYS_OUT,
  ].join("\n");
}

/** The error of a run that ended as uncontrolled. */
export function uncontrolledError({ requests, parked }: Extract<Outcome, { kind: "uncontrolled" }>): ScheduleError {
  return new ScheduleError("LW_UNCONTROLLED", uncontrolledMessage(requests, parked));
}
