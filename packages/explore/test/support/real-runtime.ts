/** The real runtime as a subject of the differential tests: native order on either engine. */
import { type Body } from "../../src/runtime/explorer.js";
import { runAsync } from "../../src/runtime/engine-async.js";
import { runFast } from "../../src/runtime/engine-fast.js";
import { installRuntime } from "../../src/runtime/registry.js";
import { Run } from "../../src/runtime/run.js";
import type { Fidelity } from "../../src/schedule.js";
import { nativeOrder } from "../../src/strategies/native.js";
import type { Subject } from "./subjects.ts";

const KEY = Symbol.for("lockwright.explore");
const registry = globalThis as { [KEY]?: unknown };

/** Makes the real runtime the one of the thread; the reference runtime may have been there. */
function install(): void {
  delete registry[KEY];
  installRuntime();
}

function makeRun(fidelity: Fidelity): Run {
  return new Run({ fidelity, strategy: nativeOrder(), maxSteps: 2000, ioMax: 1000, seed: 1 });
}

/** Runs `main` as a body; what went wrong is thrown. */
async function runWith(
  engine: (run: Run, body: Body) => Promise<void>,
  fidelity: Fidelity,
  main: () => Promise<unknown>,
): Promise<unknown> {
  const run = makeRun(fidelity);
  let value: unknown;
  await engine(run, async () => {
    value = await main();
  });
  const { outcome } = run;
  if (outcome?.kind === "failed") throw outcome.error;
  if (outcome?.kind !== "passed") throw new Error(`the run ended as ${outcome?.kind}`);
  return value;
}

const fast = (run: Run, body: Body): Promise<void> =>
  new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(runFast(run, body));
      } catch (error) {
        reject(error as Error);
      }
    });
  });

/** The real runtime, both engines, with and without hold points. */
export const realSubjects: readonly Subject[] = (["external", "holds"] as const).flatMap((fidelity) => [
  { name: `reference engine, ${fidelity}`, install, run: (main) => runWith(runAsync, fidelity, main) },
  { name: `fast engine, ${fidelity}`, install, run: (main) => runWith(fast, fidelity, main) },
]);
