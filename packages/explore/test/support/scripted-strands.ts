/**
 * Random programs of strands, externals, timers, ticks and gates, interpreted by code with points as the transform leaves
 * them. A program is data, so a failing one can be printed and kept.
 */
import fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import type { Explorer } from "../../src/runtime/explorer.js";
import { c, p, r } from "../../src/runtime/point.js";
import { issueIo as io } from "../../src/world/io.js";
import { task } from "./run.js";

/** One thing that a strand does. */
export type Act =
  | { readonly do: "io"; readonly min: number; readonly fifo: boolean }
  | { readonly do: "sleep"; readonly ms: number }
  | { readonly do: "null" }
  | { readonly do: "tick" }
  | { readonly do: "immediate" }
  | { readonly do: "timer"; readonly ms: number; readonly isInterval: boolean }
  | { readonly do: "wait"; readonly gate: number }
  | { readonly do: "open"; readonly gate: number }
  | { readonly do: "throw" }
  | { readonly do: "call"; readonly acts: readonly Act[] }
  | { readonly do: "fork"; readonly acts: readonly Act[] }
  | { readonly do: "write"; readonly cell: number };

/** A whole program: its strands. */
export type Script = readonly (readonly Act[])[];

const GATES = 2;
const CELLS = 2;

const simple: fc.Arbitrary<Act> = fc.oneof(
  fc.record({ do: fc.constant("io"), min: fc.constantFrom(0, 0, 0, 5, 40), fifo: fc.boolean() }),
  fc.record({ do: fc.constant("sleep"), ms: fc.integer({ min: 0, max: 60 }) }),
  fc.constant({ do: "null" } as const),
  fc.constant({ do: "tick" } as const),
  fc.constant({ do: "immediate" } as const),
  fc.record({ do: fc.constant("timer"), ms: fc.integer({ min: 0, max: 60 }), isInterval: fc.boolean() }),
  fc.record({ do: fc.constant("wait"), gate: fc.nat(GATES - 1) }),
  fc.record({ do: fc.constant("open"), gate: fc.nat(GATES - 1) }),
  fc.record({ do: fc.constant("write"), cell: fc.nat(CELLS - 1) }),
  fc.constant({ do: "throw" } as const),
) as fc.Arbitrary<Act>;

const nested: fc.Arbitrary<Act> = fc.record({
  do: fc.constantFrom("call" as const, "fork" as const),
  acts: fc.array(simple, { maxLength: 3 }),
});

/** Programs of up to four strands. */
export const scripts: fc.Arbitrary<Script> = fc.array(
  fc.array(fc.oneof({ weight: 5, arbitrary: simple }, { weight: 1, arbitrary: nested }), {
    minLength: 1,
    maxLength: 5,
  }),
  { minLength: 1, maxLength: 4 },
);

interface State {
  readonly log: string[];
  readonly gates: { readonly promise: Promise<void>; readonly open: () => void }[];
  readonly cells: number[];
}

function makeGate(): State["gates"][number] {
  let open = (): void => {};
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open };
}

/** What a strand awaits for an act; undefined when it goes on at once. */
function operandOf(
  act: Act,
  state: State,
  name: string,
): { readonly operand: unknown; readonly isDirect: 0 | 1 } | undefined {
  const waits = (operand: unknown, isDirect: 0 | 1 = 0): ReturnType<typeof operandOf> => ({ operand, isDirect });
  switch (act.do) {
    case "io":
      return waits(io(name, { min: act.min, ...(act.fifo ? { channel: "c", order: "fifo" } : {}) }));
    case "sleep":
      return waits(sleep(act.ms));
    case "null":
      return waits(null);
    case "immediate":
      return waits(new Promise((resolve) => void setImmediate(resolve)));
    case "wait":
      return waits(state.gates[act.gate]!.promise);
    case "call":
      return waits(strand(act.acts, state, `${name}c`), 1);
    default:
      actAtOnce(act, state, name);
      return undefined;
  }
}

function actAtOnce(act: Act, state: State, name: string): void {
  if (act.do === "tick") process.nextTick(() => state.log.push(`${name} tick`));
  else if (act.do === "open") state.gates[act.gate]!.open();
  else if (act.do === "write") state.cells[act.cell]! += 1;
  else if (act.do === "throw") throw new Error(`${name} throws`);
  else if (act.do === "fork")
    void strand(act.acts, state, `${name}f`).catch(() => state.log.push(`${name} fork failed`));
  else if (act.do === "timer") {
    const note = (): void => void state.log.push(`${name} timer ${performance.now()}`);
    if (!act.isInterval) setTimeout(note, act.ms);
    else {
      let left = 2;
      const interval = setInterval(() => {
        note();
        if ((left -= 1) === 0) clearInterval(interval);
      }, act.ms);
    }
  }
}

const strand = task("strand", async ({ a, at }, acts: readonly Act[], state: State, name: string): Promise<void> => {
  for (const [index, act] of acts.entries()) {
    try {
      const wait = operandOf(act, state, `${name}${index}`);
      if (wait !== undefined) r(a, await p(a, at(index), wait.isDirect, wait.operand));
    } catch (error) {
      c(a);
      state.log.push((error as Error).message);
    }
    state.log.push(`${name}${index} ${state.cells.join("/")} @${Date.now() % 100_000}`);
  }
});

/** A body that runs the script and pushes what it does to `log`. */
export function bodyOf(script: Script, log: string[]): (t: Explorer) => Promise<void> {
  return async (t) => {
    const state: State = {
      log,
      gates: Array.from({ length: GATES }, makeGate),
      cells: Array.from({ length: CELLS }, () => 0),
    };
    t.invariant(() => log.push("invariant"));
    const strands = script.map((acts, index) => strand(acts, state, String.fromCharCode(97 + index)));
    await Promise.all(strands);
    await t.settled();
    log.push(`end ${Math.random()}`);
  };
}
