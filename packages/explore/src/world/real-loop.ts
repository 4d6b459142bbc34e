/** The real event loop, as the watch over real I/O sees it: its turns, and what keeps it going. */
import { modules, natives } from "../natives.js";
import { clearStack } from "../runtime/activation.js";
import type { Run } from "../runtime/run.js";
import type { NativeResource } from "./request-kinds.js";

/** Counts what would keep the process alive, save timers and requests. */
export function activeHandles(): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const type of natives.process?.getActiveResourcesInfo() ?? [])
    if (!/^(?:Timeout|Immediate)$|Req|REQ|WriteWrap|ShutdownWrap|ConnectWrap|SendWrap/.test(type))
      counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** Adds the counts up. */
export function sum(counts: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

/** Runs the ticks that an arrival left, and what follows from them. Nobody's code is on the stack between two turns. */
export async function quiescence(run: Run): Promise<void> {
  clearStack();
  while (!run.ticks.isEmpty) {
    run.ticks.runAll((error) => run.fail(error));
    // In a microtask first: a tick asked for there runs when no microtask is left.
    await Promise.resolve();
    await new Promise<void>((resolve) => natives.nextTick(() => resolve()));
  }
}

/** One turn of the loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => natives.setImmediate(resolve));
}

/** At least one real millisecond. */
export function pause(): Promise<void> {
  return new Promise((resolve) => natives.setTimeout(resolve, 1));
}

/** Names the native thing whose callback begins, if it is one; `TCP` and the like, as its class is called. */
export function nameOfCaller(): string | undefined {
  const resource = modules.asyncHooks?.executionAsyncResource() as NativeResource & { constructor?: { name?: string } };
  const name = resource?.constructor?.name;
  return typeof resource?.hasRef === "function" && !/^(?:Timeout|Immediate|Virtual)/.test(name ?? "")
    ? name
    : undefined;
}
