/** Without departures a run is what Node does: the same programs outside and inside give the same log [M6]. */
import { describe, expect, test } from "vitest";
import { natives } from "../../../src/natives.js";
import { ENGINES, runBody } from "../../support/run.js";
import { type OrderProgram, orderPrograms } from "../../support/order-programs.js";

/** Starts from a macrotask, as runs do. */
function natively(program: OrderProgram): Promise<string[]> {
  const log: string[] = [];
  return new Promise((resolve, reject) =>
    natives.setImmediate(() => void program((text) => log.push(text)).then(() => resolve(log), reject)),
  );
}

describe.each(ENGINES)("on the %s engine", (engine) => {
  test.each(Object.entries(orderPrograms))("%s", async (_, program) => {
    const expected = await natively(program);
    const log: string[] = [];
    const { run } = await runBody(() => program((text) => log.push(text)), { engine });
    expect(run.outcome).toEqual({ kind: "passed" });
    expect(run.deviations).toEqual([]);
    expect(log).toEqual(expected);
    expect(log.length).toBeGreaterThan(0);
  });
});
