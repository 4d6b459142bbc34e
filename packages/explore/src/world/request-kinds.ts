/**
 * What Node's native resources are, by the names under which async_hooks announces them.
 *
 * | kind | examples | it is open |
 * |---|---|---|
 * | request | FSREQPROMISE, HASHREQUEST, GETADDRINFOREQWRAP, TCPCONNECTWRAP | from its making until its callback begins |
 * | handle | TCPWRAP, PIPEWRAP, PROCESSWRAP, WORKER, MESSAGEPORT | while it is referenced: as long as it would keep a process alive |
 * | listener | TCPSERVERWRAP, UDPWRAP, FSEVENTWRAP | the same, but it completes nothing by itself: the clock may move |
 * | burst | BLOBREADER, whatever is new | until it has been silent for 100 real ms; ZLIB: while it has input |
 *
 * So a connection that a pool keeps idle (Node's agent and undici unreference those), a port without a listener and a
 * closed socket are not open. Resources that a program makes itself (AsyncResource) never count, nor do layers above
 * something that counts (TLS, HTTP/2, HTTP parsers, the write of a stream).
 */
import { modules } from "../natives.js";

/** How a native resource opens and closes. */
export type RequestKind = "request" | "handle" | "listener" | "burst";

/** The names of Node's own resources here; empty where there are no hooks. */
const NATIVE = new Set(
  Object.keys((modules.asyncHooks as { asyncWrapProviders?: object } | undefined)?.asyncWrapProviders ?? {}),
);

const IGNORED = new Set([
  "NONE",
  "PROMISE",
  // Layers: the socket, pipe or process below them counts.
  "HTTP2PING",
  "HTTP2SESSION",
  "HTTP2SETTINGS",
  "HTTP2STREAM",
  "HTTPCLIENTREQUEST",
  "HTTPINCOMINGMESSAGE",
  "JSSTREAM",
  "SHUTDOWNWRAP",
  "STREAMPIPE",
  "TLSWRAP",
  "WRITEWRAP",
  // Open files and directories, resolvers: each thing asked of them is a request of its own.
  "DIRHANDLE",
  "DNSCHANNEL",
  "FILEHANDLE",
  // Instruments.
  "CPUHEAPPROFILE",
  "CPUPROFILE",
  "ELDHISTOGRAM",
  "HEAPPROFILE",
  "HEAPSNAPSHOT",
  "INSPECTORJSBINDING",
  "SIGINTWATCHDOG",
  // The process's own terminal.
  "TTYWRAP",
]);

const LISTENERS = new Set([
  "FSEVENTWRAP",
  "PIPESERVERWRAP",
  "QUIC_ENDPOINT",
  "SIGNALWRAP",
  "STATWATCHER",
  "TCPSERVERWRAP",
  "UDPWRAP",
]);

/** Requests that carry no callback of their own. */
const PLAIN_REQUESTS = new Set(["FILEHANDLECLOSEREQ", "FSREQPROMISE"]);

/** A native resource as its class leaves it to JavaScript. */
export interface NativeResource {
  hasRef?: () => boolean | undefined;
  oncomplete?: unknown;
  ondone?: unknown;
  buffer?: unknown;
}

function isOfProgram(resource: object): boolean {
  const { asyncHooks } = modules;
  return asyncHooks !== undefined && resource instanceof asyncHooks.AsyncResource;
}

/** Says what a resource is, or undefined for one that never counts. */
export function kindOf(type: string, resource: NativeResource): RequestKind | undefined {
  if (!NATIVE.has(type) || IGNORED.has(type) || isOfProgram(resource)) return undefined;
  if (LISTENERS.has(type)) return "listener";
  if (typeof resource.hasRef === "function") return "handle";
  if (PLAIN_REQUESTS.has(type) || /REQ(?:UEST)?$|REQWRAP$|FSREQCALLBACK|QUERYWRAP|CONNECTWRAP|SENDWRAP/.test(type))
    return "request";
  return "burst";
}

/**
 * Says of a request whose callback has not begun whether anything waits for it. Synchronous forms of cryptography make a
 * resource too, and never call back; what Web Cryptography makes has no callback that shows (Node 24 on), but its maker
 * stands on the stack.
 */
export function isAwaited(type: string, resource: NativeResource, origin: Error): boolean {
  if (PLAIN_REQUESTS.has(type)) return true;
  return (
    typeof resource.oncomplete === "function" ||
    typeof resource.ondone === "function" ||
    (origin.stack ?? "").includes("jobPromise (")
  );
}
