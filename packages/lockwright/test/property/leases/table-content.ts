/** What two grant tables must agree on, in one shape; and the invariants that hold of any table. */
import { expect } from "vitest";
import { ArrayTable } from "../../../src/leases/array-table.js";
import type { Header, Step } from "../../../src/leases/grant-table.js";
import type { IndexedTable } from "../../../src/leases/indexed-table.js";
import type { Command, Holder, Result, Waiter } from "../../../src/leases/lock-store.js";
import type { ReferenceTable, RefHolder, RefResult, RefWaiter } from "./reference-table.js";

export interface Content {
  readonly header: Header;
  readonly holders: readonly unknown[];
  readonly queue: readonly unknown[];
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

function holderContent({
  id,
  process,
  weight,
  token,
  ttl,
  expiresAt,
  claimed,
  upgradedBy,
  upgradedFrom,
}: Holder | RefHolder): { id: string } {
  const base = { id, process, weight, token, ttl, expiresAt, claimed };
  return upgradedBy === undefined ? base : Object.assign(base, { upgradedBy, upgradedFrom });
}

function waiterContent({
  id,
  process,
  weight,
  ttl,
  aliveUntil,
  patience,
  barging,
  upgrade,
}: Waiter | RefWaiter): unknown {
  return { id, process, weight, ttl, aliveUntil, patience, barging, upgrade };
}

export function contentOfLists(header: Header, holders: Iterable<Holder>, queue: Iterable<Waiter>): Content {
  const { capacity, pinned, token, used } = header;
  return {
    header: { capacity, pinned, token, used },
    holders: [...holders].map(holderContent).toSorted(byId),
    queue: [...queue].map(waiterContent),
  };
}

export function contentOf(table: ArrayTable | IndexedTable): Content {
  const queue = table instanceof ArrayTable ? table.waiterList : table.queue();
  return contentOfLists(table.header, table.holders(Number.POSITIVE_INFINITY), queue);
}

export function referenceContent({ capacity, pinned, token, used, holders, queue }: ReferenceTable): Content {
  return {
    header: { capacity, pinned, token, used },
    holders: holders.map(holderContent).toSorted(byId),
    queue: queue.map(waiterContent),
  };
}

export function resultOf(result: Result): RefResult {
  if (result.type === "granted") return { type: "granted", token: result.token };
  return result.type === "refused" ? { type: "refused", why: result.why } : { type: result.type };
}

export function wakeIds({ wakes }: Pick<Step, "wakes">): string[] {
  return wakes.map(({ id }) => id).toSorted();
}

/** G1 and G2 of any table, and that its queue is in order. */
export function checkInvariants(
  table: ArrayTable,
  before: { token: bigint; used: number; capacity: number },
  command: Command,
): void {
  const { header, holderList, waiterList } = table;
  const used = holderList.reduce((sum, holder) => sum + holder.weight, 0);
  expect(header.used).toBe(used); // [G1]
  const isDebt = command.type === "resize" || before.used > before.capacity;
  if (!isDebt) expect(used).toBeLessThanOrEqual(header.capacity); // [G1]
  if (isDebt && command.type !== "resize" && used > header.capacity) expect(used).toBeLessThanOrEqual(before.used); // debt only ends
  expect(header.token >= before.token).toBe(true); // [G2]
  const tokens = holderList.map((holder) => holder.token);
  expect(new Set(tokens).size).toBe(tokens.length);
  for (const token of tokens) expect(token <= header.token).toBe(true);
  const places = waiterList.map((waiter) => waiter.seq);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(new Set(places).size).toBe(places.length);
}
