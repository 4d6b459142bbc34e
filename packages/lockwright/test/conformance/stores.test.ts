import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type StoreCase,
  storeCases,
  type StoreNeed,
  type StoreSubject,
  type StoreWorld,
} from "../../src/conformance/stores-all.js";
import type { LockStore } from "../../src/leases/index.js";
import { MemoryWorld, memoryStore } from "../../src/stores/memory.js";
import { sqliteStore } from "../../src/stores/sqlite.js";

async function memoryWorld(): Promise<StoreWorld> {
  const world = new MemoryWorld();
  return { open: async () => memoryStore({ world }), destroy: async () => {} };
}

async function sqliteWorld(): Promise<StoreWorld & { readonly path: string }> {
  const folder = mkdtempSync(join(tmpdir(), "lw-conf-"));
  const path = join(folder, "locks.db");
  return { path, open: () => sqliteStore({ path }), destroy: async () => rmSync(folder, { recursive: true }) };
}

/** One connection for everybody: pushes, watches and renewals of several spaces must share it. */
async function oneConnection(): Promise<StoreWorld> {
  const world = await sqliteWorld();
  let store: LockStore | undefined;
  return { destroy: () => world.destroy(), open: async () => (store ??= await world.open()) };
}

const subjects: readonly StoreSubject[] = [
  { name: "memory", has: ["fencing:tokens", "fifo", "two-connections"], make: memoryWorld },
  {
    name: "sqlite",
    has: ["fencing:tokens", "fifo", "persistentTokens", "two-connections", "reopen"],
    make: sqliteWorld,
  },
  { name: "sqlite, one connection", has: ["fencing:tokens", "fifo", "persistentTokens"], make: oneConnection },
];

type Cell = "runs" | readonly StoreNeed[];

function cellOf(subject: StoreSubject, each: StoreCase): Cell {
  const missing = each.needs.filter((need) => !subject.has.includes(need));
  return missing.length === 0 ? "runs" : missing;
}

const ran = new Set<string>();

describe.each(subjects)("$name", (subject) => {
  for (const each of storeCases) {
    if (cellOf(subject, each) !== "runs") continue;
    test(`${each.name}`, async () => {
      expect.hasAssertions();
      ran.add(`${subject.name}/${each.name}`);
      await expect(each.run(subject)).resolves.toBeUndefined();
    });
  }
});

test("every cell of the matrix has run or is excused by a need", () => {
  const holes: string[] = [];
  for (const subject of subjects) {
    for (const each of storeCases) {
      const key = `${subject.name}/${each.name}`;
      if (cellOf(subject, each) === "runs" && !ran.has(key)) holes.push(key);
    }
  }
  expect(holes).toEqual([]);
  expect(new Set(storeCases.map((each) => each.name)).size).toBe(storeCases.length);
  // Nothing may be excused everywhere.
  for (const each of storeCases) expect(subjects.some((subject) => cellOf(subject, each) === "runs")).toBe(true);
});

test("what a subject is said to have agrees with what its store says of itself", async () => {
  for (const subject of subjects) {
    const world = await subject.make();
    const store = await world.open();
    const { fencing, fifo, persistentTokens } = store.capabilities;
    expect([fencing === "tokens", fifo, persistentTokens]).toEqual(
      (["fencing:tokens", "fifo", "persistentTokens"] as const).map((need) => subject.has.includes(need)),
    );
    await store.close();
    await world.destroy();
  }
});
