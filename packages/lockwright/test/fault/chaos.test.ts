/**
 * The chaos run (chaos.mjs) under vitest: 16 processes killed, stopped and stalled for 8 seconds (60 with `CI=true`), and
 * every lock that is broken on purpose, which the same checker must report. `LOCKWRIGHT_SEED=n` asks for a run again.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const CHAOS = fileURLToPath(new URL("./chaos.mjs", import.meta.url));
const seconds = process.env["CI"] === "true" ? 60 : 8;
const seed = Number(process.env["LOCKWRIGHT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

interface ChaosResult {
  readonly ok: boolean;
  readonly total: number;
  readonly acquisitions: number;
  readonly kills: number;
  readonly stops: number;
  readonly stalls: number;
  readonly violations: readonly { readonly property: string; readonly lock: string; readonly text: string }[];
}

const running = new Set<ChildProcess>();
/** SIGTERM: the conductor kills its workers on the way out; killed outright, it takes them along through the kernel. */
const reap = (): void => {
  for (const child of running) child.kill("SIGTERM");
};
process.once("exit", reap);
afterAll(() => {
  reap();
  process.off("exit", reap);
});

async function chaos(...options: readonly (string | number)[]): Promise<ChaosResult> {
  const args = ["--no-warnings", CHAOS, "--json", "--seed", String(seed), ...options.map(String)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  await once(child, "close");
  running.delete(child);
  if (stdout === "") throw new Error(`the chaos run (seed ${seed}) ended without a result: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as ChaosResult;
}

describe(`chaos with seed ${seed}`, () => {
  it(
    "16 processes killed, stopped and stalled never break a promise (slow)",
    { timeout: (seconds + 60) * 1000 },
    async () => {
      const { violations, total, ...figures } = await chaos("--seconds", seconds);
      const { acquisitions, kills, stops, stalls } = figures;
      console.log(
        `chaos: ${acquisitions} acquisitions, ${kills} kills, ${stops} stops, ${stalls} stalls, ${total} violations, seed ${seed}`,
      );
      expect(violations).toEqual([]);
      expect(Math.min(acquisitions, kills, stops, stalls)).toBeGreaterThan(0); // a run without its faults proves nothing
    },
  );

  it.each([
    ["a lock that grants always", "no-op-lock", "exclusion"],
    ["a ttl of 1 ms, trusted without a check,", "tiny-ttl", "exclusion"],
    ["a lock without fencing", "no-fencing", "fenced-writes"],
    ["a lock whose token does not grow", "stuck-token", "token-order"],
    ["a store whose release drops waiters", "dropped-waiters", "progress"],
    ["a run() that hides the loss", "deaf-run", "run-tells-loss"],
    ["two stores behind one name", "split-brain", "exclusion"],
  ])("%s is reported (slow)", { timeout: 60_000 }, async (_, control, property) => {
    const { violations, ok } = await chaos("--seconds", 3, "--bound", 5000, "--control", control);
    expect({ ok, control }).toEqual({ ok: true, control });
    expect(violations.map((violation) => violation.property)).toContain(property);
  });
});
