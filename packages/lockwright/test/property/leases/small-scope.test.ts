/**
 * Every sequence of a few commands by a few clients: most mistakes of a state machine show in a short one. The table
 * tests draw long sequences by chance; these leave nothing short to chance.
 */
import { describe, expect, test } from "vitest";
import { ArrayTable } from "../../../src/leases/array-table.js";
import { freshHeader, step } from "../../../src/leases/grant-table.js";
import { type Command, EXCLUSIVE } from "../../../src/leases/lock-store.js";
import { ReferenceTable } from "./reference-table.js";
import { checkInvariants } from "./table-content.js";

type Letter = (table: ReferenceTable) => Command;

const resource = "r";

function acquire(id: string, capacity: number, weight: number, barging = false): Letter {
  const entry = { resource, id, process: id, capacity, weight, ttl: 30, patience: 20, queue: true, barging };
  return () => ({ type: "acquire", ...entry });
}
const heartbeat =
  (id: string): Letter =>
  () => ({ type: "heartbeat", resource, id });
const cancel =
  (id: string): Letter =>
  () => ({ type: "cancel", resource, id });
const release =
  (id: string): Letter =>
  ({ holders }) => {
    const token = holders.find((holder) => holder.id === id)?.token ?? 0n;
    return { type: "release", resource, id, token };
  };
const upgrade =
  (holder: string): Letter =>
  ({ holders }) => {
    const found = holders.find((each) => each.id === holder);
    const token = found?.upgradedFrom ?? found?.token ?? 0n;
    return { type: "upgrade", resource, id: `${holder}^1`, holder, token, patience: 20, queue: true };
  };
/** Time passes: past a patience, not past a ttl. */
const wait: Letter = () => ({ type: "heartbeat", resource, id: "nobody" });

/** Compared as text: a deep comparison by the test runner would take most of the time. */
function shown(
  of: { token: bigint; used: number },
  holders: readonly { id: string; token: bigint }[],
  queue: readonly { id: string }[],
): string {
  const held = holders.map(({ id, token }) => `${id}:${token}`).toSorted();
  return `${of.token} ${of.used} ${held.join(",")} | ${queue.map(({ id }) => id).join(",")}`;
}

function play(letters: readonly Letter[]): string | undefined {
  const reference = new ReferenceTable();
  let table = new ArrayTable(freshHeader(0n));
  let now = 0;
  for (const letter of letters) {
    now += letter === wait ? 21 : 1;
    const command = letter(reference);
    const before = { token: reference.token, used: reference.used, capacity: reference.capacity };
    const outcome = step(table, command, now);
    table = table.applied(outcome);
    const expected = reference.step(command, now);
    const isSame =
      expected.type === outcome.result.type &&
      shown(table.header, table.holderList, table.waiterList) === shown(reference, reference.holders, reference.queue);
    if (!isSame)
      return `${expected.type} and ${outcome.result.type} after ${JSON.stringify(command, (_, value: unknown) => String(value))}`;
    if (table.header.used > table.header.capacity) checkInvariants(table, before, command);
  }
  return undefined;
}

/** The first sequence of up to `length` letters that goes wrong. */
function firstWrong(alphabet: readonly Letter[], length: number): string | undefined {
  const choices = alphabet.length ** length;
  for (let number = 0; number < choices; number += 1) {
    const indices = Array.from({ length }, (_, at) => Math.floor(number / alphabet.length ** at) % alphabet.length);
    const wrong = play(indices.map((index) => alphabet[index]!));
    if (wrong !== undefined) return `${indices.join(" ")}: ${wrong}`;
  }
  return undefined;
}

describe("every sequence of five commands agrees with the obvious reference [G1 G2 G3 G4 G6 G7 G8]", () => {
  test("slow: three clients of a mutex", () => {
    const alphabet = ["a", "b", "c"].flatMap((id) => [acquire(id, EXCLUSIVE, EXCLUSIVE), release(id)]);
    expect(firstWrong([...alphabet, heartbeat("b"), cancel("b"), wait], 5)).toBeUndefined();
  });
  test("slow: two readers that upgrade, and a writer", () => {
    const readers = ["a", "b"].flatMap((id) => [acquire(id, EXCLUSIVE, 1), upgrade(id), cancel(`${id}^1`)]);
    expect(firstWrong([...readers, acquire("w", EXCLUSIVE, EXCLUSIVE), release("a"), wait], 5)).toBeUndefined();
  });
  test("slow: weights and barging of a semaphore", () => {
    const entries = [acquire("a", 2, 2), acquire("b", 2, 1), acquire("c", 2, 1, true), acquire("d", 2, 1, true)];
    expect(
      firstWrong([...entries, heartbeat("c"), heartbeat("d"), release("a"), release("c"), wait], 5),
    ).toBeUndefined();
  });
});
