/** Random commands for one resource, chosen against the reference so that many of them hit something. */
import fc from "fast-check";
import type { Command } from "../../../src/leases/lock-store.js";
import { EXCLUSIVE } from "../../../src/leases/lock-store.js";
import type { ReferenceTable } from "./reference-table.js";

export const RESOURCE = "r";

/** One draw: what to do, to whom, with what, after how long. */
export interface Draw {
  readonly what: number;
  readonly who: number;
  readonly size: number;
  readonly flag: number;
  readonly jump: number;
}

export const draws = (length: number): fc.Arbitrary<Draw[]> =>
  fc.array(
    fc.record({
      what: fc.nat(19),
      who: fc.nat(7),
      size: fc.nat(5),
      flag: fc.nat(7),
      jump: fc.oneof(
        { weight: 6, arbitrary: fc.nat(3) },
        { weight: 2, arbitrary: fc.nat(60) },
        { weight: 1, arbitrary: fc.constant(500) },
      ),
    }),
    { maxLength: length, minLength: 1 },
  );

/** `capacity`: of a semaphore; EXCLUSIVE for a read-write lock. */
export function commandOf(draw: Draw, table: ReferenceTable, capacity: number, clients: number): Command {
  const { what, who, size, flag } = draw;
  const resource = RESOURCE;
  const client = who % clients;
  const id = `c${client}`;
  const holder = table.holders[who % Math.max(1, table.holders.length)];
  if (what < 7) return acquireOf(draw, capacity, client);
  if (what < 9)
    return { type: "heartbeat", resource, id: table.queue[who % Math.max(1, table.queue.length)]?.id ?? id };
  if (what < 10) return { type: "heartbeat", resource, id: flag > 3 ? id : (holder?.id ?? id) };
  if (what < 11) return { type: "cancel", resource, id: flag > 5 ? `${id}^1` : (table.queue[0]?.id ?? id) };
  if (what < 12) return { type: "cancel", resource, id: holder?.upgradedBy ?? id };
  if (what < 14) return { type: "release", resource, id: holder?.id ?? id, token: tokenOf(holder, flag) };
  if (what < 15)
    return { type: "renew", resource, id: holder?.id ?? id, token: tokenOf(holder, flag), ttl: 10 + size * 30 };
  if (what < 16) return { type: "dead", resource, process: `p${who % 3}` };
  if (what < 17) return { type: "force", resource, token: tokenOf(holder, flag) };
  if (what < 18) return { type: "resize", resource, capacity: flag === 7 ? EXCLUSIVE : size };
  const readers = table.holders.filter((each) => each.weight === 1 || each.upgradedFrom !== undefined);
  const reader = readers[who % Math.max(1, readers.length)];
  const of = reader?.id ?? id;
  const token = reader?.upgradedFrom ?? tokenOf(reader, flag);
  return {
    type: "upgrade",
    resource,
    id: `${of}^${1 + (size % 2)}`,
    holder: of,
    token,
    patience: 40,
    queue: flag !== 6,
  };
}

function acquireOf({ size, flag, jump }: Draw, capacity: number, client: number): Command {
  const wrongKind = flag === 7 && size === 5;
  const asked = wrongKind ? (capacity === EXCLUSIVE ? 3 : EXCLUSIVE) : capacity;
  const weight = capacity === EXCLUSIVE ? (size < 2 ? EXCLUSIVE : 1) : 1 + (size % 3);
  return {
    type: "acquire",
    resource: RESOURCE,
    id: `c${client}`,
    process: `p${client % 3}`,
    capacity: asked,
    weight,
    ttl: 20 + size * 20,
    patience: 30 + jump,
    queue: flag !== 6,
    barging: flag === 5 || flag === 4,
  };
}

function tokenOf(holder: { token: bigint; upgradedFrom?: bigint | undefined } | undefined, flag: number): bigint {
  if (holder === undefined) return BigInt(flag);
  if (flag === 7) return holder.token - 1n;
  return flag === 6 ? (holder.upgradedFrom ?? holder.token) : holder.token;
}
