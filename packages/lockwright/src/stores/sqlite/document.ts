/**
 * A quiet resource as one JSON document, which one UPDATE replaces: that is what makes an uncontended grant cost about
 * one bare write transaction. A crowded resource (more than {@link CROWDED} entries) keeps its holders and waiters as
 * rows, and its document only the header and the counts; it comes back when {@link QUIET} are left.
 */
import { LockwrightError } from "../../errors.js";
import { ArrayTable } from "../../leases/array-table.js";
import type { Header } from "../../leases/grant-table.js";
import type { Holder, Waiter } from "../../leases/lock-store.js";

/** The format of the documents and the schema. A newer one is refused; see `database.ts`. */
export const PROTOCOL = 1;
/** More entries than this are kept as rows. */
export const CROWDED = 64;
/** Rows become a document again at this many. */
export const QUIET = 32;

/** A crowded resource's part of its document. */
export interface CrowdedHeader {
  readonly header: Header;
  readonly holding: number;
  readonly waiting: number;
}

// p protocol, c capacity, n pinned, t token, u used, h holders, w waiters, r [holding, waiting] when they are rows
interface Document {
  readonly p: number;
  readonly c: number;
  readonly n?: 1;
  readonly t: number;
  readonly u?: number;
  readonly h?: readonly HolderTuple[];
  readonly w?: readonly WaiterTuple[];
  readonly r?: readonly [number, number];
}
type HolderTuple = [
  string,
  string,
  number,
  number,
  number,
  number,
  number,
  0 | 1,
  string | null,
  number | null,
  string | null,
];
type WaiterTuple = [
  string,
  string,
  number,
  number,
  number,
  number,
  number,
  number,
  0 | 1,
  string | null,
  string | null,
];

export function encodeTable(table: ArrayTable): string {
  const { capacity, pinned, token, used } = table.header;
  const document: Document = {
    p: PROTOCOL,
    c: capacity,
    ...(pinned ? { n: 1 } : undefined),
    t: Number(token),
    ...(used === 0 ? undefined : { u: used }),
    ...(table.holding === 0 ? undefined : { h: table.holderList.map(holderTuple) }),
    ...(table.waiting === 0 ? undefined : { w: table.waiterList.map(waiterTuple) }),
  };
  return JSON.stringify(document);
}

export function encodeCrowded({ header, holding, waiting }: CrowdedHeader): string {
  const { capacity, pinned, token, used } = header;
  const document: Document = {
    p: PROTOCOL,
    c: capacity,
    ...(pinned ? { n: 1 } : undefined),
    t: Number(token),
    u: used,
    r: [holding, waiting],
  };
  return JSON.stringify(document);
}

/** Throws `LW_PROTOCOL` for a document of a newer lockwright. */
export function decode(text: string): ArrayTable | CrowdedHeader {
  const document = JSON.parse(text) as Document;
  if (document.p > PROTOCOL) throw newerProtocol(document.p);
  const header: Header = {
    capacity: document.c,
    pinned: document.n === 1,
    token: BigInt(document.t),
    used: document.u ?? 0,
  };
  if (document.r !== undefined) return { header, holding: document.r[0], waiting: document.r[1] };
  return new ArrayTable(header, document.h?.map(holderOf), document.w?.map(waiterOf));
}

/** The error for a format this version cannot read. */
export function newerProtocol(found: number): LockwrightError {
  return new LockwrightError(
    "LW_PROTOCOL",
    `the lock database speaks protocol ${found}, this lockwright speaks ${PROTOCOL}: update lockwright in this process`,
  );
}

/** Microseconds are precise enough for a time, and keep the document short. */
function rounded(time: number): number {
  return Math.round(time * 1000) / 1000;
}

function holderTuple(holder: Holder): HolderTuple {
  return [
    holder.id,
    holder.process,
    holder.weight,
    Number(holder.token),
    holder.ttl,
    rounded(holder.since),
    rounded(holder.expiresAt),
    holder.claimed ? 1 : 0,
    holder.upgradedBy ?? null,
    holder.upgradedFrom === undefined ? null : Number(holder.upgradedFrom),
    holder.label ?? null,
  ];
}

function holderOf([
  id,
  process,
  weight,
  token,
  ttl,
  since,
  expiresAt,
  claimed,
  upgradedBy,
  upgradedFrom,
  label,
]: HolderTuple): Holder {
  return {
    id,
    process,
    weight,
    token: BigInt(token),
    ttl,
    since,
    expiresAt,
    claimed: claimed === 1,
    upgradedBy: upgradedBy ?? undefined,
    upgradedFrom: upgradedFrom === null ? undefined : BigInt(upgradedFrom),
    label: label ?? undefined,
  };
}

function waiterTuple(waiter: Waiter): WaiterTuple {
  return [
    waiter.id,
    waiter.process,
    waiter.weight,
    waiter.ttl,
    waiter.seq,
    rounded(waiter.since),
    rounded(waiter.aliveUntil),
    waiter.patience,
    waiter.barging ? 1 : 0,
    waiter.upgrade ?? null,
    waiter.label ?? null,
  ];
}

function waiterOf([
  id,
  process,
  weight,
  ttl,
  seq,
  since,
  aliveUntil,
  patience,
  barging,
  upgrade,
  label,
]: WaiterTuple): Waiter {
  return {
    id,
    process,
    weight,
    ttl,
    seq,
    since,
    aliveUntil,
    patience,
    barging: barging === 1,
    upgrade: upgrade ?? undefined,
    label: label ?? undefined,
  };
}
