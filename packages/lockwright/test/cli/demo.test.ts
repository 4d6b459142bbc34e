/** The demo really runs its five plays; here their figures, as documents. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const BIN = fileURLToPath(new URL("../../bin/lockwright.js", import.meta.url));

test(
  "the demo loses updates without a mutex and none with it, overlaps only under the timer, refuses the late write, orphans nobody, and names both sides of a deadlock (slow)",
  { timeout: 90_000 },
  () => {
    const before = folders();
    const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, "demo", "--json"], {
      encoding: "utf8",
      timeout: 80_000,
    });
    expect([status, stderr]).toEqual([0, ""]);
    const { lostUpdate, busyHolder, frozenHolder, killedWrapper, reportedDeadlock } = JSON.parse(stdout) as Record<
      string,
      Record<string, unknown>
    >;
    expect(lostUpdate).toMatchObject({ deposits: 100, withMutex: 100 });
    expect(lostUpdate?.["without"]).toBeLessThan(100);
    expect(busyHolder?.["timerOverlap"]).toBeGreaterThan(0);
    expect(busyHolder?.["leaseOverlap"]).toBe(0);
    expect(Number(frozenHolder?.["newToken"])).toBeGreaterThan(Number(frozenHolder?.["oldToken"]));
    expect(frozenHolder?.["refusal"]).toMatch(/^(LeaseLostError|StaleTokenError): /);
    expect(frozenHolder?.["content"]).toBe(`{"sold":1,"by":"token ${String(frozenHolder?.["newToken"])}"}`);
    expect(killedWrapper).toMatchObject({ rounds: 5, survivors: 0 });
    expect(reportedDeadlock).toMatchObject({
      tasks: ["order", "refund"],
      victim: "refund",
      code: "LW_DEADLOCK",
      edges: [
        expect.stringMatching(/^body \d+ of "till" in refund waits for "stock", held by body \d+ of "stock" in order$/),
        expect.stringMatching(/^body \d+ of "stock" in order waits for "till", held by body \d+ of "till" in refund$/),
      ],
      other: "done",
    });
    expect(reportedDeadlock?.["after"]).toBeLessThan(50);
    expect(folders().filter((name) => !before.includes(name))).toEqual([]);
  },
);

function folders(): string[] {
  return readdirSync("/tmp").filter((name) => name.startsWith("lockwright-demo-"));
}
