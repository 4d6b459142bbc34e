import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ArrayTable } from "../../../src/leases/array-table.js";
import { freshHeader, type GrantTable, type Step, step } from "../../../src/leases/grant-table.js";
import { IndexedTable } from "../../../src/leases/indexed-table.js";
import { type Command, EXCLUSIVE, type Result } from "../../../src/leases/lock-store.js";
import { ReferenceTable } from "./reference-table.js";
import { commandOf, type Draw, draws } from "./table-commands.js";
import { checkInvariants, contentOf, referenceContent, resultOf, wakeIds } from "./table-content.js";

/** `step` over a table that is frozen through and through: writing to it throws. */
function pureStep(table: ArrayTable, command: Command, now: number): Step {
  for (const entry of [
    ...table.holderList,
    ...table.waiterList,
    table.header,
    table.holderList,
    table.waiterList,
    command,
    table,
  ]) {
    Object.freeze(entry);
  }
  return step(table, command, now);
}

/** Answers of two tables; which of several holders a message names is not part of the contract. */
function comparable(result: Result): unknown {
  if (result.type !== "queued" && result.type !== "busy") return result;
  return { ...result, ahead: [...result.ahead].toSorted(), holders: result.holders.length };
}

function run(sequence: readonly Draw[], capacity: number, clients: number): void {
  const reference = new ReferenceTable();
  const indexed = new IndexedTable();
  let array = new ArrayTable(freshHeader(0n));
  let now = 1000;
  for (const draw of sequence) {
    now += draw.jump;
    const command = commandOf(draw, reference, capacity, clients);
    const before = { token: reference.token, used: reference.used, capacity: reference.capacity };
    const outcome = pureStep(array, command, now);
    const other = step(indexed, command, now);
    const expected = reference.step(command, now);
    array = array.applied(outcome);
    indexed.apply(other);
    expect(resultOf(outcome.result)).toEqual(expected);
    expect(comparable(other.result)).toEqual(comparable(outcome.result));
    expect(wakeIds(other)).toEqual(wakeIds(outcome));
    expect(wakeIds(outcome)).toEqual(expect.arrayContaining(reference.handed));
    expect(contentOf(array)).toEqual(referenceContent(reference));
    expect(contentOf(indexed)).toEqual(referenceContent(reference));
    checkInvariants(array, before, command);
    checkRepeat(array, command, now);
  }
}

/** [G6]: the same command at the same moment changes nothing, and answers as before. */
function checkRepeat(table: ArrayTable, command: Command, now: number): void {
  const again = step(table, command, now);
  const content = contentOf(table);
  if (["busy", "refused"].includes(again.result.type)) return;
  const twice = table.applied(again);
  const third = step(twice, command, now);
  expect(contentOf(twice.applied(third))).toEqual(contentOf(twice));
  if (command.type !== "acquire" && command.type !== "upgrade") expect(contentOf(twice)).toEqual(content);
}

describe.each([
  { kind: "semaphore", capacity: 3, clients: 6 },
  { kind: "semaphore", capacity: 1, clients: 4 },
  { kind: "read-write lock", capacity: EXCLUSIVE, clients: 6 },
])("a $kind of $capacity", ({ capacity, clients }) => {
  test("slow: two tables and the obvious reference agree after every command [G1 G2 G3 G4 G5 G6 G7 G8]", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(draws(60), (sequence) => run(sequence, capacity, clients)),
      { numRuns: 600 },
    );
  });
});

test("a table that was read by a step is as it was before [purity]", () => {
  const table: GrantTable = new IndexedTable();
  const command: Command = {
    type: "acquire",
    resource: "r",
    id: "a",
    process: "p",
    capacity: 1,
    weight: 1,
    ttl: 10,
    patience: 10,
    queue: true,
    barging: false,
  };
  const outcome = step(table, command, 0);
  expect([outcome.changed, table.holding, table.header.token]).toEqual([true, 0, 0n]);
  expect(step(table, command, 0)).toEqual(outcome);
});
