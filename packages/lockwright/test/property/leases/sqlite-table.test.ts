import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ArrayTable } from "../../../src/leases/array-table.js";
import { freshHeader, step } from "../../../src/leases/grant-table.js";
import { type Command, EXCLUSIVE } from "../../../src/leases/lock-store.js";
import { LockDatabase } from "../../../src/stores/sqlite/database.js";
import { CROWDED } from "../../../src/stores/sqlite/document.js";
import { loadDriver } from "../../../src/stores/sqlite/driver.js";
import { Resources } from "../../../src/stores/sqlite/resources.js";
import { installTestPlatform } from "../../support/test-platform.js";
import { ReferenceTable } from "./reference-table.js";
import { commandOf, type Draw, draws } from "./table-commands.js";
import { contentOf, contentOfLists, referenceContent, resultOf, wakeIds } from "./table-content.js";

const folder = mkdtempSync(join(tmpdir(), "lw-table-"));
const databases: LockDatabase[] = [];
let connections: Resources[] = [];
let nextResource = 0;

beforeAll(async () => {
  const driver = await loadDriver();
  for (let index = 0; index < 2; index += 1) databases.push(await LockDatabase.open(join(folder, "locks.db"), driver));
  connections = databases.map((database) => new Resources(database));
});
afterAll(() => {
  for (const database of databases) database.close();
  rmSync(folder, { recursive: true });
});

/** Long-lived readers or permits that make a resource crowded from the start. */
function filler(index: number, capacity: number): Command {
  const entry = { resource: "r", id: `f${index}`, process: "filler", weight: 1, ttl: 1e6, patience: 1e6 };
  return { type: "acquire", ...entry, capacity, queue: true, barging: false };
}

async function run(sequence: readonly Draw[], kind: number, fillers: number): Promise<void> {
  using clock = installTestPlatform();
  const capacity = kind === EXCLUSIVE ? kind : kind + fillers;
  const resource = `r${(nextResource += 1)}`;
  const reference = new ReferenceTable();
  let array = new ArrayTable(freshHeader(0n));
  const apply = async (command: Command, connection: Resources): Promise<void> => {
    const outcome = step(array, command, clock.now());
    array = array.applied(outcome);
    const expected = reference.step(command, clock.now());
    const { results, wakes } = await connection.execute([{ ...command, resource }]);
    expect(resultOf(results[0]!)).toEqual(expected);
    expect(wakeIds({ wakes })).toEqual(wakeIds(outcome));
    const found = await connection.snapshot(resource);
    const content =
      found === undefined
        ? contentOf(new ArrayTable(freshHeader(0n)))
        : contentOfLists(found.table.header, found.holders, found.waiters);
    expect(content).toEqual(referenceContent(reference));
  };
  for (let index = 0; index < fillers; index += 1) await apply(filler(index, capacity), connections[0]!);
  for (const draw of sequence) {
    clock.advance(draw.jump);
    const dropsFillers = draw.what === 15 && draw.flag > 5;
    const command: Command = dropsFillers
      ? { type: "dead", resource, process: "filler" }
      : commandOf(draw, reference, capacity, 9);
    // Before the first acquire or resize there is no row, and nothing to be done to it.
    if (
      reference.token === 0n &&
      array.header.capacity === 1 &&
      command.type !== "acquire" &&
      command.type !== "resize"
    )
      continue;
    await apply(command, connections[draw.flag % 2]!);
  }
}

describe.each([
  { form: "a document", kind: 3, fillers: 0 },
  { form: "a document", kind: EXCLUSIVE, fillers: 0 },
  { form: "rows", kind: 3, fillers: CROWDED + 2 },
  { form: "rows", kind: EXCLUSIVE, fillers: CROWDED + 2 },
  { form: "now rows, now a document", kind: 2, fillers: CROWDED - 3 },
])("sqlite keeps $kind permits as $form", ({ kind, fillers }) => {
  test("slow: two connections and the obvious reference agree after every command [G1 G2 G3 G4 G5 G6 G7 G8]", async () => {
    expect.hasAssertions();
    await fc.assert(
      fc.asyncProperty(draws(40), (sequence) => run(sequence, kind, fillers)),
      { numRuns: 60 },
    );
  });
});
