/**
 * Many processes update one JSON file through `fencedWriteFile` while they are killed at random: every acknowledged
 * update is in the file exactly once, none that a reader saw ever goes away, and no reader ever sees a torn file.
 *
 * 6 processes x 30 updates; the whole 20 x 200 with `CI=true` or `LOCKWRIGHT_LONG=1`. `LOCKWRIGHT_SEED=n` replays the kills
 * (not the operating system's schedule).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const WORKER = fileURLToPath(new URL("./file-updates-worker.mjs", import.meta.url));
const isLong = process.env["CI"] === "true" || process.env["LOCKWRIGHT_LONG"] === "1";
const seed = Number(process.env["LOCKWRIGHT_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

type State = Record<string, readonly number[]>;

/** Mulberry32: small, and the same everywhere. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** The processes of one run; a killed one is started again until it has made all its updates. */
class Crew {
  readonly folder: string = mkdtempSync(join(tmpdir(), "file-updates-"));
  readonly problems: string[] = [];
  readonly #updates: number;
  readonly #flags: readonly string[];
  readonly #running: Map<string, ChildProcess> = new Map();
  kills = 0;

  constructor(updates: number, flags: readonly string[] = []) {
    this.#updates = updates;
    this.#flags = flags;
    writeFileSync(this.file, "{}");
  }

  get file(): string {
    return join(this.folder, "state.json");
  }

  get isDone(): boolean {
    return this.#running.size === 0;
  }

  start(name: string): void {
    const args = ["--no-warnings", WORKER, this.folder, name, String(this.#updates), ...this.#flags];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (text: Buffer) => (said += String(text)));
    this.#running.set(name, child);
    child.once("close", (code, signal) => {
      this.#running.delete(name);
      if (signal === "SIGKILL") this.start(name);
      else if (code !== 0) this.problems.push(`${name} ended with ${signal ?? code}: ${said}`);
    });
  }

  kill(random: number): void {
    const running = [...this.#running.values()];
    if (running[Math.floor(random * running.length)]?.kill("SIGKILL") === true) this.kills += 1;
  }

  end(): void {
    for (const child of this.#running.values()) child.removeAllListeners("close").kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  acknowledged(): Map<string, number[]> {
    const logs = readdirSync(this.folder).filter((entry) => entry.endsWith(".log"));
    const read = (entry: string): number[] =>
      readFileSync(join(this.folder, entry), "utf8").split("\n").filter(Boolean).map(Number);
    return new Map(logs.map((entry) => [entry.slice(0, -4), read(entry)]));
  }
}

/** Looks at the file over and over; what was once there must stay there, in its place. */
class Reader {
  readonly problems: string[] = [];
  #seen: State = {};
  looks = 0;

  look(file: string): void {
    this.looks += 1;
    const text = readFileSync(file, "utf8");
    let state: State;
    try {
      state = JSON.parse(text) as State;
    } catch {
      this.problems.push(`torn: ${text.length} characters ending in ${JSON.stringify(text.slice(-20))}`);
      return;
    }
    for (const [name, before] of Object.entries(this.#seen)) {
      const now = state[name] ?? [];
      if (before.some((update, index) => now[index] !== update))
        this.problems.push(`${name} went from ${before.length} updates to ${now.length}`);
    }
    this.#seen = state;
  }
}

/** What is wrong with the file, given what was acknowledged. */
function check(state: State, acknowledged: Map<string, number[]>, updates: number): string[] {
  const problems: string[] = [];
  for (const [name, log] of acknowledged) {
    if (log.length !== updates) problems.push(`${name} acknowledged ${log.length} updates of ${updates}`);
    for (const update of log) {
      const times = (state[name] ?? []).filter((found) => found === update).length;
      if (times !== 1) problems.push(`${name}: update ${update} is there ${times} times`);
    }
  }
  return problems;
}

function finalState(file: string): State {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as State;
  } catch {
    return {}; // torn for good: then every update is missing
  }
}

async function run(
  crew: Crew,
  processes: number,
  updates: number,
  pause: (() => number) | undefined,
): Promise<string[]> {
  const reader = new Reader();
  for (let index = 0; index < processes; index += 1) crew.start(`w${index}`);
  const random = randomFrom(seed);
  let killAt = performance.now() + 300;
  while (!crew.isDone) {
    reader.look(crew.file);
    if (pause !== undefined && performance.now() > killAt) {
      crew.kill(random());
      killAt = performance.now() + pause() * random();
    }
    await sleep(3);
  }
  const found = check(finalState(crew.file), crew.acknowledged(), updates);
  const problems = [...crew.problems, ...reader.problems, ...found];
  if (crew.acknowledged().size !== processes) problems.push(`${crew.acknowledged().size} logs of ${processes}`);
  console.log(`${processes} x ${updates} updates, ${crew.kills} kills, ${reader.looks} looks, seed ${seed}`);
  return problems;
}

describe("one JSON file, many processes", () => {
  const [processes, updates] = isLong ? [20, 200] : [6, 30];

  it(`${processes} x ${updates} fenced updates survive kill -9 of their writers, each exactly once, never torn`, async () => {
    const crew = new Crew(updates);
    try {
      const problems = await run(crew, processes, updates, () => (isLong ? 500 : 200));
      expect(problems.slice(0, 10), `replay with LOCKWRIGHT_SEED=${seed}`).toEqual([]);
      expect(crew.kills).toBeGreaterThan(0);
      const left = readdirSync(crew.folder).filter((entry) => entry.endsWith(".tmp"));
      expect(left.length).toBeLessThanOrEqual(crew.kills); // of killed writers only; swept by a later holder after a minute
    } finally {
      crew.end();
    }
  }, 600_000); // a minute on an idle machine; a busy one is no reason to fail

  it("the same without a lock is caught: the checker is not blind", async () => {
    const crew = new Crew(150, ["--unlocked"]);
    try {
      expect(await run(crew, 4, 150, undefined)).not.toEqual([]);
    } finally {
      crew.end();
    }
  }, 60_000);
});
