/** What is said of a knot: its edges, by the names of locks and holders, and the sentence that goes with the error. */
import { type DeadlockEdge, DeadlockError } from "../errors.js";
import { platform } from "../platform.js";
import type { Permit, PermitOwner } from "./guard.js";
import type { Knot } from "./wait-graph.js";

/** Edges kept of one knot: a limit of a thousand nested in itself has a million. */
const MOST_EDGES = 100;
/** Edges written into the message; all that are kept are in `edges`. */
const MOST_LINES = 8;

/** Folder of this package, to leave its own lines out of sites. */
const OWN_FOLDER: string = new URL("../", import.meta.url).pathname;

/** Gives the edges of a knot, those of its closing wait first. */
export function edgesOf(knot: Knot): readonly DeadlockEdge[] {
  const edges: DeadlockEdge[] = [];
  for (const wait of knot.waits)
    for (const hold of knot.holds.get(wait.owner) ?? []) {
      if (edges.length === MOST_EDGES) return Object.freeze(edges);
      edges.push(edge(wait, hold));
    }
  return Object.freeze(edges);
}

/** Gives the edges of waits that nothing is left to serve: with the holders, as far as any are known. */
export function drainedEdges(waits: readonly Permit[]): readonly DeadlockEdge[] {
  const edges: DeadlockEdge[] = [];
  for (const wait of waits) {
    const holders = [...(wait.owner.ties?.held ?? [])];
    for (const hold of holders.length === 0 ? [undefined] : holders) {
      if (edges.length === MOST_EDGES) return Object.freeze(edges);
      edges.push(edge(wait, hold));
    }
  }
  return Object.freeze(edges);
}

function edge(wait: Permit, hold: Permit | undefined): DeadlockEdge {
  return Object.freeze({
    lock: wait.owner.name,
    holder: hold === undefined ? undefined : holderName(hold),
    waiter: waiterName(wait),
    held: age(hold?.extra?.tie?.since ?? hold?.extra?.watched?.grantedAt),
    waited: age(wait.extra?.tie?.since ?? wait.extra?.watched?.since),
    holderSite: siteOf(hold?.extra?.tie?.site),
    waiterSite: siteOf(wait.extra?.tie?.site),
  });
}

function age(since: number | undefined): number | undefined {
  return since === undefined ? undefined : Math.round(platform.now() - since);
}

function holderName(hold: Permit): string {
  const tie = hold.extra?.tie;
  return tie?.holder?.name ?? `a ${tie?.isBody === true ? "run body" : "holder"} of "${hold.owner.name}"`;
}

function waiterName(wait: Permit): string | undefined {
  const tie = wait.extra?.tie;
  if (tie?.waiter !== undefined) return tie.waiter.name;
  const behind = tie?.behind?.[0];
  return behind === undefined ? undefined : holderName(behind);
}

/** The first line of a stack that is not ours. */
function siteOf(site: Error | undefined): string | undefined {
  const lines = site?.stack?.split("\n").slice(1) ?? [];
  return (lines.find((line) => !line.includes(OWN_FOLDER)) ?? lines.at(-1))?.trim().replace(/^at /, "");
}

/** Frames that our own calls may take, so that the caller's are still in the stack. */
const OWN_FRAMES = 12;

/** Calls `make`, which makes an error, with room in its stack for the caller's frames. */
export function withDeepStack<T>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  // Not an assignment: where intrinsics are frozen that throws.
  Reflect.set(Error, "stackTraceLimit", limit + OWN_FRAMES);
  try {
    return make();
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}

/** Makes the error of the wait that closed a knot. */
export function deadlocked(lock: PermitOwner, edges: readonly DeadlockEdge[]): DeadlockError {
  const message = `"${lock.name}" can never be granted to this call:${told(edges)}\nWhat helps: ${remedy(edges)}`;
  return withDeepStack(() => new DeadlockError(message, edges));
}

/** Makes the error of one wait that stood when the event loop was empty. */
export function drained(wait: Permit, edges: readonly DeadlockEdge[]): DeadlockError {
  const { name } = wait.owner;
  const others = edges.length > 1 ? `; what stood:${told(edges)}` : ` (${said(edges[0]!)})`;
  return new DeadlockError(
    `"${name}" can never be granted to this call: the event loop is empty, so nobody is left to release it${others}\nWhat helps: give back every guard, as run does by itself; else ${remedy(edges)}`,
    edges,
  );
}

function told(edges: readonly DeadlockEdge[]): string {
  const lines = new Map<string, number>();
  for (const one of edges) lines.set(said(one), (lines.get(said(one)) ?? 0) + 1);
  const shown = [...lines].slice(0, MOST_LINES);
  const more = lines.size > MOST_LINES ? `\n  and ${lines.size - MOST_LINES} more` : "";
  return `${shown.map(([line, times]) => `\n  ${line}${times > 1 ? ` (${times} times)` : ""}`).join("")}${more}`;
}

function said({ lock, holder, waiter, held, waited, holderSite, waiterSite }: DeadlockEdge): string {
  const since = (ms: number | undefined, site: string | undefined): string =>
    `${ms === undefined ? "" : ` for ${ms} ms`}${site === undefined ? "" : ` since ${site}`}`;
  const waits = `${waiter ?? "a caller"} waits for "${lock}"${since(waited, waiterSite)}`;
  return `${waits}, held by ${holder ?? "somebody unknown"}${since(held, holderSite)}`;
}

function remedy(edges: readonly DeadlockEdge[]): string {
  const locks = new Set(edges.map(({ lock }) => lock));
  const way =
    locks.size > 1
      ? "take these locks together with acquireAll, or everywhere in one order"
      : "do not acquire inside what holds it: use a ReentrantMutex (its own guard goes in as holding), or take all that is needed in one acquire";
  return `${way}; where nothing waits for the call, pass detached: true.`;
}
